"""Rows of texts for the parts that look inside a model: JSON lines, read with their places."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trueline.core.errors import InputError

_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class TextRow:
    """A text, its label if it has one, and where it stood: `train.jsonl:12`."""

    text: str
    place: str
    label: str = ""
    fields: dict[str, Any] = field(default_factory=dict[str, Any])


def read_text_rows(path: Path, text_field: str = "text", label_field: str = "") -> list[TextRow]:
    """Rows of a JSON-lines file.

    Args:
        path: UTF-8, an object a line; empty lines are passed over.
        text_field: field of the text; must be there and hold a text that is not empty.
        label_field: field of the label; empty where none is needed.

    Raises:
        InputError: the file cannot be read, has no rows, or rows are wrong (twenty are named).
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not valid UTF-8 (byte {error.start}). Save the file as UTF-8"
        ) from error
    rows: list[TextRow] = []
    faults: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        told = _row(line, f"{path}:{number}", text_field, label_field)
        if isinstance(told, str):
            faults.append(f"line {number}, {told}")
        else:
            rows.append(told)
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults[:_MOST_FAULTS])
        more = f"\n  and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
        raise InputError(f"{path} has rows that cannot be used:\n{shown}{more}\n  mend these lines")
    if not rows:
        raise InputError(f"{path} holds no rows. Give a file with a JSON object a line")
    return rows


def drawn(rows: Sequence[TextRow], most: int, seed: int) -> list[TextRow]:
    """A random sample without replacement of at most `most` rows, in the order drawn."""
    order = list(range(len(rows)))
    random.Random(f"rows {seed}").shuffle(order)  # noqa: S311 (a sample, not a secret)
    return [rows[place] for place in order[:most]]


def _row(line: str, place: str, text_field: str, label_field: str) -> TextRow | str:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return "not valid JSON: a row is a JSON object on one line"
    if not isinstance(value, dict):
        return f"a row is a JSON object on one line, not {type(value).__name__}"
    text = value.get(text_field)
    if text_field not in value:
        has = ", ".join(sorted(map(str, value)))[:80] or "nothing"
        return f"{text_field}: missing; the row has: {has}"
    if not isinstance(text, str) or not text.strip():
        return f"{text_field}: a text that is not empty is needed"
    label = ""
    if label_field:
        told = value.get(label_field)
        if isinstance(told, bool) or not isinstance(told, str | int):
            got = "nothing" if told is None else type(told).__name__
            return f"{label_field}: one label is needed (got {got})"
        label = str(told)
    return TextRow(text, place, label, value)
