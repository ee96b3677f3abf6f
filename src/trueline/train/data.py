"""Rows from JSON-lines files: read with their place, hashed, split so that twins stay together."""

from __future__ import annotations

import glob
import gzip
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from trueline.core.errors import InputError
from trueline.core.extras import require
from trueline.train.recipe import DataOptions
from trueline.train.task import Row


class DataRow(dict[str, Any]):
    """One row that knows where it stood: `train.jsonl:12`."""

    __slots__ = ("place",)

    def __init__(self, values: dict[str, Any], place: str) -> None:
        super().__init__(values)
        self.place = place


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that was read: its name, bytes on disk, rows and sha256."""

    name: str
    bytes: int
    rows: int
    sha256: str


@dataclass(frozen=True)
class Data:
    """Everything a run reads; `files` by split."""

    train: Sequence[Row]
    dev: Sequence[Row]
    test: Sequence[Row]
    files: dict[str, tuple[DataFile, ...]]


def place_of(row: Row) -> str:
    """Where a row stood, as messages name it."""
    return getattr(row, "place", "a row")


def read_data(options: DataOptions, seed: int) -> Data:
    """Read and split what a recipe names.

    Raises:
        InputError: a file is missing, unreadable or empty; the message names it.
    """
    rows: dict[str, list[DataRow]] = {}
    told: dict[str, tuple[DataFile, ...]] = {}
    for split in ("train", "dev", "test"):
        rows[split], told[split] = read_files(getattr(options, split), f"data.{split}")
    train = thinned(rows["train"], options.max_rows)
    dev = rows["dev"]
    if not options.dev and options.dev_share > 0:
        train, dev = split_share(train, options.dev_share, seed)
    return Data(train, dev, rows["test"], told)


def read_files(patterns: Sequence[str], field: str) -> tuple[list[DataRow], tuple[DataFile, ...]]:
    """Rows of all files in order of their names; `field` is what messages call the list."""
    rows: list[DataRow] = []
    told: list[DataFile] = []
    for path in find_files(patterns, field):
        before = len(rows)
        digest, size = _read_file(path, rows)
        if len(rows) == before:
            raise InputError(
                f"{field}: {path} holds no rows. Give a file with a JSON object a line"
            )
        told.append(DataFile(str(path), size, len(rows) - before, digest))
    return rows, tuple(told)


def find_files(patterns: Sequence[str], field: str) -> list[Path]:
    """Files that names and globs stand for, each once."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        expanded = str(Path(pattern).expanduser())
        names = sorted(glob.glob(expanded, recursive=True)) if _is_glob(pattern) else [expanded]
        files = [Path(name) for name in names if Path(name).is_file()]
        if not files:
            kind = "file matches" if _is_glob(pattern) else "file is called"
            raise InputError(
                f"{field}: no {kind} {pattern!r} (from {Path.cwd()}). Mend the name in the recipe, "
                f"or give one with --set {field}=FILE"
            )
        found |= dict.fromkeys(files)
    return list(found)


def thinned(rows: list[DataRow], most: int | None) -> list[DataRow]:
    """At most `most` rows, evenly spread over the list."""
    if most is None or len(rows) <= most:
        return rows
    return [rows[index * len(rows) // most] for index in range(most)]


def split_share(
    rows: Sequence[DataRow], share: float, seed: int
) -> tuple[list[DataRow], list[DataRow]]:
    """Two parts, the second with about `share` of the rows; equal rows go to the same part."""
    parts = max(2, round(1 / share)) if share > 0 else 2
    if share <= 0.5:
        return fold(rows, 0, parts, seed)
    train, dev = fold(rows, 0, max(2, round(1 / (1 - share))), seed)
    return dev, train


def fold(
    rows: Sequence[DataRow], number: int, folds: int, seed: int
) -> tuple[list[DataRow], list[DataRow]]:
    """Rows outside and inside fold `number` of `folds`; equal rows are in the same fold."""
    digests = [_digest(row, seed) for row in rows]
    fold_of = {digest: index % folds for index, digest in enumerate(sorted(set(digests)))}
    inside = [row for row, digest in zip(rows, digests, strict=True) if fold_of[digest] == number]
    outside = [row for row, digest in zip(rows, digests, strict=True) if fold_of[digest] != number]
    return outside, inside


def _digest(row: Row, seed: int) -> bytes:
    text = orjson.dumps(dict(row), option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16, salt=seed.to_bytes(8, "little")).digest()


def _is_glob(pattern: str) -> bool:
    return any(mark in pattern for mark in "*?[")


def _read_file(path: Path, rows: list[DataRow]) -> tuple[str, int]:
    try:
        data = path.read_bytes()
        for number, line in enumerate(_lines(path, data), 1):
            if line.strip():
                rows.append(_row(line, f"{path}:{number}"))
    except (OSError, EOFError) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot read {path}: {told}. Mend or replace the file") from error
    return hashlib.sha256(data).hexdigest(), len(data)


def _lines(path: Path, data: bytes) -> Iterator[bytes]:
    stream: Any = io.BytesIO(data)
    if path.suffix == ".gz":
        stream = gzip.GzipFile(fileobj=stream)
    elif path.suffix == ".zst":
        require("zstandard", extra="curate", feature=f"reading {path.name}")
        import zstandard

        stream = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(stream))
    yield from stream


def parse_row(line: bytes, place: str, text_field: str) -> DataRow:
    """A row from a line that is a JSON object, or a text on its own.

    Raises:
        InputError: the line is neither.
    """
    if line.lstrip().startswith(b"{"):
        return _row(line, place)
    try:
        return DataRow({text_field: line.decode("utf-8").strip("\r\n")}, place)
    except UnicodeDecodeError as error:
        raise InputError(f"{place}: not valid UTF-8. Save the file as UTF-8") from error


def _row(line: bytes, place: str) -> DataRow:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(
            f"{place}: not valid JSON ({error.msg}). A row is a JSON object on one line"
        ) from error
    if not isinstance(value, dict):
        raise InputError(f"{place}: a row is a JSON object on one line, not {type(value).__name__}")
    return DataRow(value, place)
