"""Readers: one file a format, and the small contract that a reader of your own fulfils."""
