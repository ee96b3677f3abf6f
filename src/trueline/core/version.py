"""The version of the installed package."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version


@cache
def version() -> str:
    """Such as `0.1.0`; `0` when run from a tree that was never installed."""
    try:
        return installed_version("trueline")
    except PackageNotFoundError:
        return "0"
