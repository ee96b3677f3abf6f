"""A file's bytes, decompressed by its name: plain, .gz or .zst, block by block."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import zstandard

BLOCK_BYTES = 262_144
# One zstd block of 4 bytes may unfold to 128 KiB: small slices bound what a hostile file costs.
ZSTD_SLICE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Block:
    """Decompressed bytes, and how far into the file on disk they reach; or why it ends."""

    data: bytes = b""
    position: int = 0
    fault: str = ""


def read_blocks(path: Path) -> Iterator[Block]:
    """Blocks of `path` in order; a broken or unreadable file ends with a block that says why."""
    position = 0
    try:
        with open(path, "rb") as raw:
            for data in _decompressed(raw, path):
                position = raw.tell()
                yield Block(data, position)
            if not raw.tell():
                yield Block(fault="the file is empty")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield Block(b"", position, f"the gzip data is cut off or damaged ({_why(error)})")
    except zstandard.ZstdError as error:
        yield Block(b"", position, f"the zstd data is cut off or damaged ({_why(error)})")
    except OSError as error:
        yield Block(b"", position, f"cannot read the file: {error.strerror or _why(error)}")


def read_whole(path: Path, max_bytes: int) -> tuple[bytes, str]:
    """All bytes of a small file, and what is wrong with it (`""` for nothing)."""
    pieces: list[bytes] = []
    size = 0
    for block in read_blocks(path):
        if block.fault:
            return b"", block.fault
        size += len(block.data)
        if size > max_bytes:
            return b"", f"the document has more than {max_bytes:,} bytes; raise max_document_mb"
        pieces.append(block.data)
    return b"".join(pieces), ""


def _decompressed(raw: IO[bytes], path: Path) -> Iterator[bytes]:
    if path.suffix == ".zst":
        yield from _unzstd(raw)
        return
    stream: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
    while data := stream.read(BLOCK_BYTES):
        yield data


def _unzstd(raw: IO[bytes]) -> Iterator[bytes]:
    # A stream reader would take a truncated file for a finished one.
    frame = zstandard.ZstdDecompressor().decompressobj()
    whole, waiting, size = True, list[bytes](), 0
    while data := raw.read(ZSTD_SLICE_BYTES):
        while data:
            unfolded = frame.decompress(data)
            data = frame.unused_data if frame.eof else b""
            whole = frame.eof
            if frame.eof:
                frame = zstandard.ZstdDecompressor().decompressobj()
            waiting.append(unfolded)
            size += len(unfolded)
        if size >= BLOCK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
    if not whole:
        raise zstandard.ZstdError("the last frame does not end")


def _why(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
