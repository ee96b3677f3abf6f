"""Claims of a safety case that production has withdrawn: a hash-chained list beside the case.

`monitor` appends a line when an alarm says that a claim no longer holds, and another when the
alarm was dealt with; the safety case and its gate read them. A line that was changed, moved or
taken from the middle breaks the chain and is refused.

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

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trueline.core.errors import InputError

FILE = "withdrawals.jsonl"
#: Before the first line.
GENESIS = "0" * 64
# Part of every hash, so that a later layout of lines cannot pass for this one.
_LAYOUT = "trueline-withdrawals-1"


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
    return _append(path, claim, alarm, reason, resolved=False, time=time)


def resolve(path: Path, claim: str, *, alarm: str, reason: str, time: str = "") -> Withdrawal:
    """Append that `alarm` was dealt with and `claim` holds again.

    Raises:
        InputError: nothing open has that claim and alarm, or the file cannot be used.
    """
    open_ones = open_withdrawals(read_withdrawals(path))
    if not any((line.claim, line.alarm) == (claim, alarm) for line in open_ones):
        raise InputError(
            f"{path}: claim {claim!r} is not withdrawn by alarm {alarm!r}; nothing to resolve"
        )
    return _append(path, claim, alarm, reason, resolved=True, time=time)


def read_withdrawals(path: Path) -> tuple[Withdrawal, ...]:
    """Every line, oldest first; none when there is no file.

    Raises:
        InputError: a line that is broken, changed or out of its place, with its number.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    lines: list[Withdrawal] = []
    before = GENESIS
    for number, text in enumerate(raw.splitlines(), 1):
        try:
            record = json.loads(text)
            line = Withdrawal(**{entry.name: record[entry.name] for entry in fields(Withdrawal)})
            whole = _line_hash(before, line)
        except (ValueError, KeyError, TypeError):
            raise InputError(
                f"{path}, line {number}: not a withdrawal; mend it from a copy of the file"
            ) from None
        if line.hash != whole:
            raise InputError(
                f"{path}, line {number}: the hash does not fit the line and those before it, so"
                " a line was changed, moved or taken out; mend it from a copy of the file"
            )
        lines.append(line)
        before = line.hash
    return tuple(lines)


def open_withdrawals(lines: Sequence[Withdrawal]) -> tuple[Withdrawal, ...]:
    """The withdrawals that no later line resolved, oldest first."""
    last = {(line.claim, line.alarm): line for line in lines}
    return tuple(line for line in last.values() if not line.resolved)


def _append(
    path: Path, claim: str, alarm: str, reason: str, *, resolved: bool, time: str
) -> Withdrawal:
    lines = read_withdrawals(path)
    draft = Withdrawal(
        time=time or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        claim=claim, alarm=alarm, reason=reason, resolved=resolved,
    )  # fmt: skip
    before = lines[-1].hash if lines else GENESIS
    line = Withdrawal(**{**asdict(draft), "hash": _line_hash(before, draft)})
    text = json.dumps(line.as_json(), ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None
    return line


def _line_hash(before: str, line: Withdrawal) -> str:
    said = [_LAYOUT, before, line.time, line.claim, line.alarm, line.reason, line.resolved]
    if not all(isinstance(part, str) for part in said[:-1]) or not isinstance(line.resolved, bool):
        raise TypeError("a withdrawal holds texts and one truth value")
    canonical = json.dumps(said, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
