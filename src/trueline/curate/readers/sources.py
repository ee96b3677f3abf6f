"""Which files an input names, in which format, and how to read one of them.

>>> format_of(Path("pages/index.HTML.gz"))
'html'
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trueline.core.errors import InputError
from trueline.curate.readers.chunk import CHUNK_BYTES, Chunk, Fields
from trueline.curate.readers.csv_rows import csv_chunks
from trueline.curate.readers.lines import line_chunks
from trueline.curate.readers.tables import dataset_chunks, dataset_files, parquet_chunks
from trueline.curate.readers.whole_files import file_chunks

FORMATS = ("jsonl", "csv", "tsv", "txt", "html", "parquet", "huggingface")
SUFFIXES = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".txt": "txt",
    ".html": "html", ".htm": "html", ".parquet": "parquet",
}  # fmt: skip
COMPRESSED = (".gz", ".zst")


@dataclass(frozen=True, slots=True)
class Source:
    """One file, or one folder that holds a Hugging Face data set."""

    path: Path
    name: str
    format: str

    @property
    def files(self) -> list[Path]:
        return dataset_files(self.path) if self.format == "huggingface" else [self.path]

    @property
    def size(self) -> int:
        """Bytes on disk; 0 for what cannot be looked at."""
        return sum(_stat(path)[0] for path in self.files)

    @property
    def stamp(self) -> str:
        """Size and time of change of every file: the same stamp is taken for the same bytes."""
        return repr([(self.name, self.format, *_stat(path)) for path in self.files])


def find_sources(
    patterns: Sequence[str], form: str = "auto", apart_from: Path | None = None
) -> list[Source]:
    """The files that `patterns` name, without repetition, sorted within each pattern.

    Args:
        patterns: files, folders (searched to any depth) or globs with `*`, `?` and `**`.
        form: one of FORMATS for all files, or `auto` to go by each name.
        apart_from: the run's own folder, whose files are no input.

    Raises:
        InputError: a pattern matches nothing, or a name has no known ending.
    """
    found: dict[str, Source] = {}
    for pattern in patterns:
        paths = _matches(pattern)
        if not paths:
            raise InputError(
                f"input {pattern}: no such file. Give a file, a folder or a quoted glob, "
                'such as --input "data/**/*.jsonl.gz"'
            )
        paths = [path for path in paths if not _within(path, apart_from)]
        sources = [source for path in paths for source in _expand(path, form, len(paths) > 1)]
        sources = [source for source in sources if not _within(source.path, apart_from)]
        if not sources:
            raise InputError(f"input {pattern}: holds no file that can be read. {_accepted()}")
        for source in sources:
            found.setdefault(str(source.path.absolute()), source)
    return list(found.values())


def format_of(path: Path) -> str | None:
    """The format by the name's ending, compression aside; None for an unknown one."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return SUFFIXES.get(suffixes[-1]) if suffixes else None


def group_sources(sources: Sequence[Source], fields: Fields) -> Iterator[list[Source]]:
    """Sources that are read together: small whole files share a chunk, others stand alone."""
    group: list[Source] = []
    size = 0
    for source in sources:
        small = source.format == "html" or (
            source.format == "txt" and fields.txt_document == "file"
        )
        if group and (not small or group[0].format != source.format or size >= CHUNK_BYTES):
            yield group
            group, size = [], 0
        if not small:
            yield [source]
            continue
        group.append(source)
        size += source.size
    if group:
        yield group


def read_group(group: Sequence[Source], fields: Fields) -> Iterator[Chunk]:
    """The chunks of one group, read now."""
    first = group[0]
    match first.format:
        case "jsonl":
            yield from line_chunks(first.path, first.name, "jsonl", fields.max_bytes)
        case "txt" if fields.txt_document == "line":
            yield from line_chunks(first.path, first.name, "txt_lines", fields.max_bytes)
        case "csv" | "tsv":
            yield from csv_chunks(first.path, first.name, first.format, fields)
        case "parquet":
            yield from parquet_chunks(first.path, first.name, fields)
        case "huggingface":
            yield from dataset_chunks(first.path, first.name, fields)
        case _:
            yield from file_chunks([(source.path, source.name) for source in group],
                                   first.format, fields)  # fmt: skip


def _matches(pattern: str) -> list[Path]:
    path = Path(pattern)
    if path.exists() or path.is_symlink():
        return [path]
    return [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]


def _expand(path: Path, form: str, one_of_many: bool) -> Iterator[Source]:
    if path.is_dir():
        if (path / "state.json").exists() and (path / "dataset_info.json").exists():
            yield Source(path, path.as_posix(), "huggingface")
            return
        inner = sorted(child for child in path.iterdir() if not child.name.startswith("."))
        for child in inner:
            if child.is_dir() or form != "auto" or format_of(child) is not None:
                yield from _expand(child, form, True)
        return
    known = form if form != "auto" else format_of(path)
    if known is None:
        if one_of_many and path.name.endswith((".json", ".arrow")):
            return  # parts of a data set folder that a glob also matches
        raise InputError(f"input {path}: its format cannot be told by its name. {_accepted()}")
    yield Source(path, path.as_posix(), known)


def _within(path: Path, folder: Path | None) -> bool:
    return folder is not None and path.absolute().is_relative_to(folder.absolute())


def _accepted() -> str:
    return (
        f"Known endings: {', '.join(SUFFIXES)}, each also with .gz or .zst (not parquet); or set "
        "`format` in the recipe"
    )


def _stat(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns
