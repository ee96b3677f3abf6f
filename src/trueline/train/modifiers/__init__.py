"""Hooks on the loop, one file each."""
