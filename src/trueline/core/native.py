"""The compiled inner loops, where the machine that installed the package had a C compiler.

The sources are in `src/native`; nothing in them knows Python, so one library serves every
version of it. Each loop has an equal in numpy that runs when the library is missing, and
`TRUELINE_NATIVE=0` asks for that one, to compare.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path


@cache
def native_library() -> ctypes.CDLL | None:
    """The library, or None where it was not compiled, cannot be loaded or is not wanted."""
    if os.environ.get("TRUELINE_NATIVE") == "0":
        return None
    for suffix in EXTENSION_SUFFIXES:
        file = Path(__file__).with_name(f"_native{suffix}")
        if file.exists():
            try:
                return ctypes.CDLL(str(file))
            except OSError:  # built for another machine
                return None
    return None
