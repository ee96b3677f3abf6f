"""JSON lines that people's decisions are kept in: appended, chained by hash, never rewritten.

Each line holds its number and the hash of the line before it, and its own hash is taken over all
of it. A byte changed, a line taken out, put in or moved breaks the chain. The number of lines and
the last hash also stand in a small file beside it (`NAME.head`), so that lines cut off at the end
show too. The head is written before the first line and again after each append: a file may be
ahead of its head, never behind it, so a process that is killed leaves a file that can be read. A
torn last line, left by such a process, is passed over and cut off before more is appended.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "reviews.jsonl"
    >>> _ = append_lines(path, [{"label": "ok"}], time="2026-11-22T09:00:00Z")
    >>> [line["label"] for line in read_lines(path)]
    ['ok']

The chain proves order and wholeness, not who wrote: whoever may write the folder can write a new
chain. The safety case keeps the file's hash, so a chain written anew does not fit the case.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trueline.core.errors import InputError

#: Before the first line.
GENESIS = "0" * 64
# Part of every hash, so that a later layout of lines cannot pass for this one.
_LAYOUT = "trueline-chained-lines-1"
_OWN = ("seq", "time", "before", "hash")
_MAX_FAULTS_SHOWN = 20

Line = Mapping[str, Any]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Every line, oldest first; none when there is no file.

    Raises:
        InputError: lines that were changed, moved or taken out; all are named.
    """
    return _read(path)[0]


def append_lines(path: Path, records: Sequence[Line], *, time: str = "") -> list[dict[str, Any]]:
    """Append records in one go; they are on the disk when this returns.

    Safe beside other processes that append to the same file.

    Args:
        path: made when it is missing.
        records: plain data; `seq`, `time`, `before` and `hash` are added.
        time: UTC as `2026-11-22T09:00:00Z`; now when empty.

    Returns:
        The lines as they stand in the file.

    Raises:
        InputError: the chain is broken, or the file cannot be written.
    """
    return append_after(path, lambda _: records, time=time)


def append_after(
    path: Path, records: Callable[[Sequence[Line]], Sequence[Line]], *, time: str = ""
) -> list[dict[str, Any]]:
    """Append what `records` makes of the lines so far; nobody else writes in between.

    Args:
        path: made when it is missing.
        records: gets the lines that stand in the file; what it raises passes through and
            nothing is appended.
        time: as in `append_lines`.

    Returns:
        The new lines as they stand in the file.

    Raises:
        InputError: as in `append_lines`.
    """
    stamp = time or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        lines, whole = _read(path)
        before, seq = (lines[-1]["hash"], len(lines)) if lines else (GENESIS, 0)
        added: list[dict[str, Any]] = []
        for record in records(lines):
            seq += 1
            line = {**record, "seq": seq, "time": stamp, "before": before}
            before = line["hash"] = _line_hash(line)
            added.append(line)
        if not lines and _head_text(path) is None:
            _write_head(path, 0, GENESIS)
        _write(handle, whole, b"".join(_bytes(line) for line in added))
        _write_head(path, seq, before)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        os.close(handle)
    return added


def _read(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The lines, and how many bytes they take."""
    # The head first: what somebody appends meanwhile only puts the file ahead of it.
    told = _head_text(path)
    data = _data(path)
    if told is None and data and (told := _head_text(path)) is not None:
        data = _data(path)  # the first append began between the two looks
    whole = data.rfind(b"\n") + 1
    lines: list[dict[str, Any]] = []
    faults: list[str] = []
    before = GENESIS
    for number, text in enumerate(data[:whole].split(b"\n")[:-1], 1):
        line = _parsed(text)
        if line is None:
            faults.append(f"line {number}: was changed: its hash does not fit it")
            continue
        if line["seq"] != number or line["before"] != before:
            faults.append(f"line {number}: does not follow the line before it")
        before = line["hash"]
        lines.append(line)
    faults += _head_faults(path, told, lines) if not faults else []
    if faults:
        shown = [f"  {fault}" for fault in faults[:_MAX_FAULTS_SHOWN]]
        if len(faults) > _MAX_FAULTS_SHOWN:
            shown.append(f"  and {len(faults) - _MAX_FAULTS_SHOWN} more")
        raise InputError(
            "\n".join((f"{path} was tampered with:", *shown))
            + f"\n  Put back a copy of {path.name} and {_head(path).name} that is whole."
        )
    return lines, whole


def _data(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None


def _parsed(text: bytes) -> dict[str, Any] | None:
    """The line, if it is spelled as it was written and its hash fits."""
    try:
        line = json.loads(text)
        if not isinstance(line, dict) or not isinstance(line.get("seq"), int):
            return None
        whole = _bytes(line) == text + b"\n" and line["hash"] == _line_hash(line)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return line if whole and {*_OWN} <= line.keys() else None


def _head(path: Path) -> Path:
    return path.with_name(path.name + ".head")


def _head_text(path: Path) -> str | None:
    """What the head says, None when there is none; empty when it cannot be read."""
    try:
        return _head(path).read_text("ascii")
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return ""


def _head_faults(path: Path, head: str | None, lines: Sequence[Line]) -> list[str]:
    """Lines that were cut off at the end; a file one write ahead of its head is whole."""
    if head is None:
        return [f"{_head(path).name} is missing"] if lines else []
    told = head.split()
    if len(told) != 2 or not told[0].isdigit():
        return [f"{_head(path).name} was changed or cannot be read"]
    count, last = int(told[0]), told[1]
    if count > len(lines):
        return [f"{count - len(lines)} of {count} lines are missing at the end"]
    if last != (lines[count - 1]["hash"] if count else GENESIS):
        return [f"line {count}: is not the line that {_head(path).name} names"]
    return []


def _write(handle: int, whole: int, data: bytes) -> None:
    os.ftruncate(handle, whole)  # a torn last line
    os.lseek(handle, whole, os.SEEK_SET)
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]
    os.fsync(handle)


def _write_head(path: Path, count: int, last: str) -> None:
    partial = _head(path).with_name(_head(path).name + ".partial")
    with partial.open("w", encoding="ascii") as file:
        file.write(f"{count} {last}\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(_head(path))


def _bytes(line: Line) -> bytes:
    return (_canonical(line) + "\n").encode("ascii")


def _canonical(record: Line) -> str:
    return json.dumps(record, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _line_hash(line: Line) -> str:
    said = {name: value for name, value in line.items() if name != "hash"}
    return hashlib.sha256(f"{_LAYOUT}\n{_canonical(said)}".encode("ascii")).hexdigest()
