"""Replies on disk: appended as they come, durable before anything else happens.

A process may be killed at any byte. What was written whole is read again; a torn last line is cut
off before more is appended, and its question is put again.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from types import TracebackType

from trueline.assess.reply import Reply
from trueline.core.errors import InputError


def read_replies(path: Path) -> list[Reply]:
    """The replies of a file in the order they came; none when there is no file.

    Raises:
        InputError: a line before the last is no reply; the message names it.
    """
    return _read(path)[0]


def _read(path: Path) -> tuple[list[Reply], int]:
    """The replies, and how many bytes they take."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    replies: list[Reply] = []
    whole = data.rfind(b"\n") + 1
    for number, line in enumerate(data[:whole].split(b"\n")[:-1], start=1):
        try:
            reply = Reply.from_json(json.loads(line))
            if not isinstance(reply.item, str) or not isinstance(reply.text, str):
                raise TypeError
        except (ValueError, TypeError, RecursionError):
            raise InputError(
                f"{path}, line {number}: not a reply. The file was changed; take the line out and "
                "run the same command again, or start anew with --fresh"
            ) from None
        replies.append(reply)
    return replies, whole


class ReplyFile:
    """The replies of a run: what is there already, and where new ones go.

    Thread-safe. One process at a time holds a file.

    Args:
        path: `replies.jsonl`; made when it is missing.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._handle)
            raise InputError(
                f"another run is writing to {path}. Wait for it, or give another --out"
            ) from None
        try:
            replies, whole = _read(path)
            os.ftruncate(self._handle, whole)
            os.lseek(self._handle, whole, os.SEEK_SET)
        except BaseException:
            os.close(self._handle)
            raise
        self._replies: dict[tuple[str, int], Reply] = {}
        for reply in replies:
            self._replies.setdefault(reply.key, reply)

    def __contains__(self, key: tuple[str, int]) -> bool:
        return key in self._replies

    def __getitem__(self, key: tuple[str, int]) -> Reply:
        return self._replies[key]

    def __len__(self) -> int:
        return len(self._replies)

    def __iter__(self) -> Iterator[Reply]:
        return iter(list(self._replies.values()))

    def append(self, replies: Sequence[Reply]) -> None:
        """Add replies; they are on the disk when this returns."""
        lines = "".join(
            json.dumps(reply.as_json(), ensure_ascii=True, separators=(",", ":")) + "\n"
            for reply in replies
        )
        with self._lock:
            data = memoryview(lines.encode("ascii"))
            while data:
                data = data[os.write(self._handle, data) :]
            os.fsync(self._handle)
            for reply in replies:
                self._replies.setdefault(reply.key, reply)

    def close(self) -> None:
        """Let the file go."""
        os.close(self._handle)

    def __enter__(self) -> ReplyFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
