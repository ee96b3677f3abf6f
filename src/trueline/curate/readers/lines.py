"""Cut a stream of lines into chunks, whatever the length of a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trueline.curate.readers.byte_stream import read_blocks
from trueline.curate.readers.chunk import CHUNK_BYTES, Chunk, Fault


def line_chunks(path: Path, source: str, form: str, max_bytes: int) -> Iterator[Chunk]:
    """Chunks of whole lines; a line beyond `max_bytes` becomes a fault and is passed over.

    Memory stays near `max_bytes` plus a chunk, even for a file that is one endless line.
    """
    kept = bytearray()
    faults: list[Fault] = []
    first, skipped, spent = 1, 0, 0
    for block in read_blocks(path):
        data = block.data
        if block.fault:
            at = first + kept.count(b"\n") + bool(kept and not kept.endswith(b"\n"))
            whole_file = not kept and first == 1 and not block.data
            if kept and not kept.endswith(b"\n"):  # half a record is none
                del kept[kept.rfind(b"\n") + 1 :]
                at -= 1
            faults.append(Fault(source, 0 if whole_file else at, block.fault))
            break
        if skipped:
            end = data.find(b"\n")
            skipped += len(data) if end < 0 else end
            if end < 0:
                continue
            faults.append(Fault(source, first, _too_long(skipped, max_bytes)))
            first, skipped, data = first + 1, 0, data[end + 1 :]
        kept += data
        if len(kept) < CHUNK_BYTES:
            continue
        end = kept.rfind(b"\n") + 1
        rest = kept[end:]
        if end:
            yield Chunk(form, source, first, bytes(kept[:end]), faults=tuple(faults),
                        spent=block.position - spent)  # fmt: skip
            first += kept.count(b"\n", 0, end)
            faults, spent = [], block.position
        kept = rest
        if len(kept) > max_bytes:
            skipped, kept = len(kept), bytearray()
    if skipped:
        faults.append(Fault(source, first, _too_long(skipped, max_bytes)))
    if kept or faults:
        size = path.stat().st_size if path.exists() else 0
        yield Chunk(form, source, first, bytes(kept), faults=tuple(faults),
                    spent=max(0, size - spent))  # fmt: skip


def _too_long(size: int, max_bytes: int) -> str:
    return (
        f"the line has {size:,} bytes; at most {max_bytes:,} are read. Raise max_document_mb in "
        "the recipe to read it"
    )
