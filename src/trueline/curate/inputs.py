"""The run's input as chunks, with a memory of files that were read before.

A file whose name, size and time of change are those of an earlier run is not read again when
all its shards are there; git trusts the same three.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trueline.curate.readers.chunk import Chunk, Fields, Reader
from trueline.curate.readers.sources import Source, group_sources, read_group
from trueline.curate.shards import write_atomic

MEMORY = "inputs.json"


@dataclass(frozen=True, slots=True)
class Piece:
    """One chunk in its order: its digest, and its bytes unless they are not needed."""

    source: str
    digest: str
    spent: int
    chunk: Chunk | None


@dataclass
class Inputs:
    """Files, or a reader of the user's own.

    Args:
        sources: the files, in the order in which documents are taken.
        fields: how they are read.
        reader: takes the files' place.
    """

    sources: tuple[Source, ...]
    fields: Fields
    reader: Reader | None = None
    digests: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def size(self) -> int:
        """Bytes on disk, for the progress bar."""
        return sum(source.size for source in self.sources)

    def pieces(self, cache: Path, stored: Callable[[str], bool]) -> Iterator[Piece]:
        """Chunks in order; `stored` says whether a digest's shard exists already."""
        for piece in self._pieces(cache, stored):
            self.digests.setdefault(piece.source, []).append(piece.digest)
            yield piece

    def _pieces(self, cache: Path, stored: Callable[[str], bool]) -> Iterator[Piece]:
        if self.reader is not None:
            yield from (_piece(chunk) for chunk in self.reader.chunks())
            return
        memory = _remembered(cache / MEMORY)
        taken: dict[str, list[tuple[str, str]]] = {}
        for group in group_sources(self.sources, self.fields):
            stamp = repr((self.fields, [source.stamp for source in group]))
            known = memory.get(stamp)
            if known and all(stored(digest) for _, digest in known):
                size = sum(source.size for source in group)
                for number, (source, digest) in enumerate(known):
                    yield Piece(source, digest, 0 if number else size, None)
                taken[stamp] = known
                continue
            taken[stamp] = []
            for chunk in read_group(group, self.fields):
                piece = _piece(chunk)
                taken[stamp].append((piece.source, piece.digest))
                yield piece
        write_atomic(cache / MEMORY, json.dumps(taken).encode())


def _piece(chunk: Chunk) -> Piece:
    return Piece(chunk.source, chunk.digest, chunk.spent, chunk)


def _remembered(path: Path) -> dict[str, list[tuple[str, str]]]:
    try:
        values: Any = json.loads(path.read_bytes())
        return {
            stamp: [(str(source), str(digest)) for source, digest in pieces]
            for stamp, pieces in values.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
