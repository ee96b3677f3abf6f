"""Rows as a CSV file that a spreadsheet can open without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from starlette.responses import Response, StreamingResponse

from trueline.core.spreadsheet import BYTE_ORDER_MARK, safe_cell


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A download called `name` with a header line, then one line a row."""
    return StreamingResponse(
        csv_lines(columns, rows),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """A header line, then one line for each row, in UTF-8; texts are made safe."""
    yield BYTE_ORDER_MARK.encode() + _line(columns)
    for row in rows:
        yield _line(row)


def _line(cells: Iterable[object]) -> bytes:
    safe = [safe_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(safe)
    return out.getvalue().encode("utf-8", "replace")
