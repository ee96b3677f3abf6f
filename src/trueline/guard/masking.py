"""Reversible masking: personal data and secrets leave as placeholders and come back.

>>> mask = Mask.avoiding(["mail ann@example.org"])
>>> masked = mask.apply("mail ann@example.org", [Span(5, 20, "email")])
>>> masked
'mail [EMAIL_1]'
>>> mask.restore(masked)
'mail ann@example.org'

Placeholders are ASCII words in square brackets, which models repeat as they are. The same
value has the same placeholder throughout a request; numbers follow first appearance, so a
conversation sent again in full gets the same ones. A placeholder that a text already holds
is never given out, so a user's own `[EMAIL_1]` comes back untouched. The mapping lives in
this object for one request and is never stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from trueline.core.records import Span

_PLACEHOLDER = re.compile(r"\[([A-Z0-9_]{1,80}_[0-9]{1,9})\]")
_NOT_LABEL = re.compile(r"[^A-Z0-9]+")


class Mask:
    """Values and their placeholders, for one request.

    Args:
        reserved: placeholder names (without brackets) that must not be given out.
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._reserved = frozenset(reserved)
        self._by_value: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    @classmethod
    def avoiding(cls, texts: Iterable[str]) -> Mask:
        """A mask that gives out no placeholder which one of `texts` already holds."""
        return cls(name for text in texts if "[" in text for name in _PLACEHOLDER.findall(text))

    def __len__(self) -> int:
        return len(self._values)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Placeholders given out so far, in order."""
        return tuple(self._values)

    def placeholder(self, value: str, label: str) -> str:
        """The placeholder for a value; the same value and label give the same one."""
        kind = _NOT_LABEL.sub("_", label.upper()).strip("_")[:64] or "VALUE"
        known = self._by_value.get((kind, value))
        if known is not None:
            return known
        number = self._numbers.get(kind, 0) + 1
        while f"{kind}_{number}" in self._reserved:
            number += 1
        self._numbers[kind] = number
        placeholder = f"[{kind}_{number}]"
        self._by_value[kind, value] = placeholder
        self._values[placeholder] = value
        return placeholder

    def apply(self, text: str, spans: Sequence[Span]) -> str:
        """Replace spans of `text`; overlapping spans become one, named after the first."""
        pieces: list[str] = []
        done = 0
        for start, end, label in merge_spans(spans):
            pieces += (text[done:start], self.placeholder(text[start:end], label))
            done = end
        pieces.append(text[done:])
        return "".join(pieces)

    def restore(self, text: str, *, in_json: bool = False) -> str:
        """Put the values back; `in_json` escapes them for a JSON string."""
        if not self._values or "[" not in text:
            return text

        def value(match: re.Match[str]) -> str:
            found = self._values.get(match.group())
            if found is None:
                return match.group()
            return json.dumps(found, ensure_ascii=False)[1:-1] if in_json else found

        return _PLACEHOLDER.sub(value, text)

    def stream(self, *, in_json: bool = False) -> MaskStream:
        """Put values back in a text that comes in pieces."""
        return MaskStream(self, in_json=in_json)

    def may_continue(self, tail: str) -> bool:
        """True when `tail` is the beginning of a placeholder that was given out."""
        return any(name.startswith(tail) and name != tail for name in self._values)


class MaskStream:
    """Restores placeholders across piece borders; holds back what may become one."""

    def __init__(self, mask: Mask, *, in_json: bool = False) -> None:
        self._mask = mask
        self._in_json = in_json
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take a piece of text, give what is certain."""
        text = self._held + piece
        self._held = ""
        at = text.rfind("[")
        if at >= 0 and self._mask.may_continue(text[at:]):
            text, self._held = text[:at], text[at:]
        return self._mask.restore(text, in_json=self._in_json)

    def finish(self) -> str:
        """The text has ended; what was held is no placeholder."""
        held, self._held = self._held, ""
        return held


def merge_spans(spans: Iterable[Span]) -> list[tuple[int, int, str]]:
    """Sorted, non-overlapping `(start, end, label)`; touching spans stay apart."""
    merged: list[tuple[int, int, str]] = []
    for start, end, label in sorted((s.start, s.end, s.label) for s in spans if s.end > s.start):
        if merged and start < merged[-1][1]:
            first = merged[-1]
            merged[-1] = (first[0], max(first[1], end), first[2])
        else:
            merged.append((start, end, label))
    return merged
