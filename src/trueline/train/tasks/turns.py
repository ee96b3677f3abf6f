"""Turns of a conversation, as both dialogue tasks read them.

A row holds turns: `{"turns": [{"role": "user", "text": "订一张去北京的票", "intent": "book",
"slots": [{"name": "city", "value": "北京"}]}, {"role": "assistant", "text": "好的"}]}`. A slot's
value is looked for in its turn; `start` may say where it stands. Earlier turns are read as history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from trueline.core.errors import InputError
from trueline.train.data import place_of
from trueline.train.setup import TaskOptions
from trueline.train.task import Row


class DialogueOptions(TaskOptions):
    """What both dialogue tasks read."""

    turns: str = Field(default="turns", min_length=1, description="Field of the list of turns.")
    history: int = Field(default=3, ge=0, le=100, description="Earlier turns that are read.")
    text: str = Field(default="text", min_length=1, description="Field of a text that comes alone.")

    def texts(self, row: Row) -> list[str]:
        return [turn["text"] for turn in turns_of(self, row)]


def turns_of(options: DialogueOptions, row: Row) -> list[dict[str, Any]]:
    """The turns of a row, each with `role`, `text` and `slots`; a lone text is one user turn.

    Raises:
        InputError: a turn has no text, an unknown role, or slots of another form.
    """
    raw = row.get(options.turns)
    if raw is None and isinstance(row.get(options.text), str):
        return [{"role": "user", "text": row[options.text], "slots": []}]
    if not isinstance(raw, list) or not raw:
        has = ", ".join(sorted(map(str, row))) or "nothing"
        raise InputError(
            f"{place_of(row)}: no list of turns in {options.turns!r}; the row has: {has}. Set "
            "task.turns to one of them"
        )
    found: list[dict[str, Any]] = []
    for number, turn in enumerate(raw):
        place = f"{place_of(row)}: {options.turns}[{number}]"
        if not isinstance(turn, dict) or not isinstance(turn.get("text"), str):
            raise InputError(f"{place} is an object with a text. Mend the row")
        if turn.get("role") not in ("user", "assistant", "system"):
            raise InputError(
                f"{place}.role is user, assistant or system, not {turn.get('role')!r}. Mend the row"
            )
        slots = turn.get("slots", [])
        if not isinstance(slots, list) or not all(
            isinstance(s, dict)
            and isinstance(s.get("name"), str)
            and isinstance(s.get("value"), str)
            for s in slots
        ):
            raise InputError(
                f"{place}.slots is a list of objects with name and value. Mend the row"
            )
        kept: dict[str, Any] = {"role": turn["role"], "text": turn["text"], "slots": slots}
        if turn["role"] == "user" and isinstance(turn.get("intent"), str):
            kept["intent"] = turn["intent"]
        found.append(kept)
    return found


def last_turns(turns: Sequence[Mapping[str, Any]], count: int) -> Sequence[Mapping[str, Any]]:
    """The last `count` turns; none for 0."""
    return turns[-count:] if count else []
