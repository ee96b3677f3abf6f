"""Kinds of data that can be learned, one file each."""
