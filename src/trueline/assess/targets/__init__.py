"""Targets: a URL, a model folder, a Python function, and a guard in front of any of them."""
