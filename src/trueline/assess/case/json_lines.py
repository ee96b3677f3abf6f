"""Read a file of JSON lines that a run may still be writing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trueline.core.errors import InputError


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-lines file; nothing when there is none, a torn last line left out.

    Raises:
        InputError: another line that is no JSON object.
    """
    try:
        lines: Sequence[bytes] = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    for number, text in enumerate(lines, 1):
        try:
            record = json.loads(text)
        except ValueError:
            record = None
        if isinstance(record, dict):
            yield record
        elif text.strip() and number < len(lines):
            raise InputError(f"{path}, line {number}: not a JSON object; assess again")
