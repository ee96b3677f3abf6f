"""The whole error tree, on one screen.

A message says what is wrong, the value met, and the next step; all faults of a file come
at once. The command line prints the message alone and exits with 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trueline.core.faults import Fault


class TruelineError(Exception):
    """Base of every error a user can cause or meet."""


class InputError(TruelineError):
    """A text, file, argument or request that cannot be used as it stands."""


class PolicyError(TruelineError):
    """A policy file with faults; `faults` lists every one of them.

    Args:
        source: file name or other origin of the policy.
        faults: strings, a line for each: `line 12, categories.violence.action: ...`.
    """

    def __init__(self, source: str, faults: Sequence[Fault]) -> None:
        self.source = source
        self.faults = tuple(faults)
        super().__init__(self.told("en"))

    def told(self, language: str) -> str:
        """The whole message in `zh`, else in English."""
        zh = language == "zh"
        head = f"{self.source} 不是有效的策略：" if zh else f"{self.source} is not a valid policy:"
        return "\n".join((head, *(f"  {fault.told(language)}" for fault in self.faults)))


class StoreError(TruelineError):
    """The event store cannot be read or written."""


class UpstreamError(TruelineError):
    """The language model behind the gateway failed or did not answer in time."""


class MissingExtraError(TruelineError):
    """A feature needs a package that is not installed.

    Args:
        feature: what the user asked for, such as `PostgreSQL`.
        package: the missing package.
        extra: the extra of this project that brings it.
    """

    def __init__(self, feature: str, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(
            f'{feature} needs {package}, which is not installed.\n  pip install "trueline[{extra}]"'
        )
