"""Ask for a package that an extra brings, before it is imported.

>>> require("json", extra="train", feature="nothing")
"""

from __future__ import annotations

from importlib.util import find_spec

from trueline.core.errors import MissingExtraError


def require(package: str, *, extra: str, feature: str) -> None:
    """Say which extra brings `package`, when it is not installed.

    Raises:
        MissingExtraError: the package is absent; a broken install shows its own error later.
    """
    if find_spec(package) is None:
        raise MissingExtraError(feature, package, extra)
