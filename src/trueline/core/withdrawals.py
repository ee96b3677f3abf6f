"""Claims of a safety case that production has withdrawn: a hash-chained list beside the case.

`monitor` appends a line when an alarm says that a claim no longer holds, and another when the
alarm was dealt with; the safety case and its gate read them. The file is a chain
(`core.chained_file`): a line that was changed, moved or taken out is told, at the end too, and
several processes may append at a time.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / FILE
    >>> _ = withdraw(path, "violation_rate", alarm="surge-1", reason="rate above the limit",
    ...     time="2026-11-22T09:00:00Z")
    >>> [line.claim for line in open_withdrawals(read_withdrawals(path))]
    ['violation_rate']
    >>> _ = resolve(path, "violation_rate", alarm="surge-1", reason="model rolled back",
    ...     time="2026-11-22T11:00:00Z")
    >>> open_withdrawals(read_withdrawals(path))
    ()
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trueline.core.chained_file import append_after, read_lines
from trueline.core.errors import InputError

FILE = "withdrawals.jsonl"
_TEXTS = ("time", "claim", "alarm", "reason", "hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """One line: a claim withdrawn, or given back.

    Args:
        time: when, in UTC, as `2026-11-22T09:00:00Z`.
        claim: id of the claim, such as `violation_rate.privacy`.
        alarm: which alarm said so; a resolving line names the same one.
        reason: in a sentence; never text of a prompt or a reply.
        resolved: whether the alarm was dealt with and the claim holds again.
        hash: SHA-256 over the line and the hash before it, 64 hexadecimal digits.
    """

    time: str
    claim: str
    alarm: str
    reason: str
    resolved: bool
    hash: str = ""

    def as_json(self) -> dict[str, Any]:
        """The line as plain data."""
        return asdict(self)


def withdraw(path: Path, claim: str, *, alarm: str, reason: str, time: str = "") -> Withdrawal:
    """Append that `claim` no longer holds; durable when this returns.

    Raises:
        InputError: the file is not a whole chain, or cannot be written.
    """

    def line(_: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [_record(claim, alarm, reason, resolved=False)]

    return _read(path, append_after(path, line, time=time))[0]


def resolve(path: Path, claim: str, *, alarm: str, reason: str, time: str = "") -> Withdrawal:
    """Append that `alarm` was dealt with and `claim` holds again.

    Raises:
        InputError: nothing open has that claim and alarm, or the file cannot be used.
    """

    def line(before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        still_open = open_withdrawals(_read(path, before))
        if not any((one.claim, one.alarm) == (claim, alarm) for one in still_open):
            raise InputError(
                f"{path}: claim {claim!r} is not withdrawn by alarm {alarm!r}; nothing to resolve"
            )
        return [_record(claim, alarm, reason, resolved=True)]

    return _read(path, append_after(path, line, time=time))[0]


def read_withdrawals(path: Path) -> tuple[Withdrawal, ...]:
    """Every line, oldest first; none when there is no file.

    Raises:
        InputError: lines that were changed, moved or taken out; all are named.
    """
    return _read(path, read_lines(path))


def open_withdrawals(lines: Sequence[Withdrawal]) -> tuple[Withdrawal, ...]:
    """The withdrawals that no later line resolved, oldest first."""
    last = {(line.claim, line.alarm): line for line in lines}
    return tuple(line for line in last.values() if not line.resolved)


def _record(claim: str, alarm: str, reason: str, *, resolved: bool) -> dict[str, Any]:
    return {"claim": claim, "alarm": alarm, "reason": reason, "resolved": resolved}


def _read(path: Path, lines: Iterable[Mapping[str, Any]]) -> tuple[Withdrawal, ...]:
    found: list[Withdrawal] = []
    for line in lines:
        texts = [line.get(name) for name in _TEXTS]
        resolved = line.get("resolved")
        if not all(isinstance(text, str) for text in texts) or not isinstance(resolved, bool):
            raise InputError(
                f"{path}, line {line['seq']}: not a withdrawal; mend it from a copy of the file"
            )
        found.append(
            Withdrawal(**dict(zip(_TEXTS, map(str, texts), strict=True)), resolved=resolved)
        )
    return tuple(found)
