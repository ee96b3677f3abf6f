"""What an item of the ethics checklist is called, whatever shape it comes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES = ("item", "id", "key", "name")


def item_name(entry: Any) -> str:
    """The id of a checklist item: a text, or the field of a record that names it."""
    if isinstance(entry, Mapping):
        for name in _NAMES:
            if isinstance(entry.get(name), str):
                return str(entry[name])
    return str(entry)
