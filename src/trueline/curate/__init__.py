"""Turn raw text into a data set one can account for.

    import trueline

    run = trueline.curate("default", input="pages/*.jsonl.gz", out="curated", workers=2)
    print(run.counts)

`trueline.curate` is this package and can be called, since a package of that name holds the
parts and a function of that name is what most people want. `from trueline.curate import curate`
gives the function itself; both take the same arguments (`trueline.curate.run.curate`).
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from trueline.core.errors import MissingExtraError

if TYPE_CHECKING:
    from trueline.curate.run import curate

__all__ = ["curate", "require_curate"]
NEEDED = ("polars", "xxhash", "zstandard", "selectolax")


def require_curate() -> None:
    """Say which package is missing, and what brings it.

    Raises:
        MissingExtraError: the extra `curate` is not installed.
    """
    for package in NEEDED:
        if find_spec(package) is None:
            raise MissingExtraError("trueline curate", package, "curate")


def __getattr__(name: str) -> Any:
    if name != "curate":
        raise AttributeError(f"module 'trueline.curate' has no attribute {name!r}")
    require_curate()
    from trueline.curate.run import curate

    globals()["curate"] = curate
    return curate


class _CallablePackage(ModuleType):
    """`trueline.curate(...)` calls `trueline.curate.curate(...)`."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.curate(*arguments, **named)


sys.modules[__name__].__class__ = _CallablePackage
