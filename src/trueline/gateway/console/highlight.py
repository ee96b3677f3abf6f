"""A text cut into pieces for the page: plain, or found by a scorer.

Invisible characters (zero-width, direction marks, tags, controls) are what disguises are
made of, so they are shown by name instead of being left to the browser.

>>> scores = [{"category": "privacy", "label": "cn_mobile", "action": "redact",
...            "spans": [[5, 16]]}]
>>> [(piece.text, piece.action) for piece in pieces("call 13800138000 now", scores)]
[('call ', ''), ('13800138000', 'redact'), (' now', '')]
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trueline.core.records import Action

# What a page shows of one text, and of the findings in it; the rest is told as a number.
MAX_CHARACTERS = 20_000
MAX_SPANS = 2_000
MAX_NAMES = 4

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]+"
)
_PLACEHOLDER = re.compile(r"\[([A-Z][A-Z0-9_]{1,40})\]")
_JOINER = "\u200d"


@dataclass(frozen=True, slots=True)
class Run:
    """Characters to show, or the name of invisible ones in place of them."""

    text: str
    invisible: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text with the same findings.

    `action` is the strictest action among the findings that cover the piece, empty where
    there is none. `names` says which findings (`category:label`) end with it, so that each
    is named once however they overlap.
    """

    runs: tuple[Run, ...]
    action: str = ""
    names: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is shown."""
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class _Range:
    start: int
    end: int
    action: Action
    name: str


def pieces(text: str, scores: Iterable[Mapping[str, Any]]) -> list[Piece]:
    """Cut `text` at the spans of the scores that reached their threshold.

    Args:
        text: the text the spans count in, in code points.
        scores: graded scores in the shape of `GradedScore.as_json`.

    Returns:
        Pieces that cover the first `MAX_CHARACTERS` characters in order.
    """
    shown = text[:MAX_CHARACTERS]
    return list(_cut(shown, _ranges(scores, len(shown))))


def stored_pieces(text: str, scores: Sequence[Mapping[str, Any]], length: int) -> list[Piece]:
    """Cut a text as the log keeps it: as it was judged, or with findings redacted.

    Offsets of scores count in the judged text. Where the stored one is the redacted one its
    placeholders stand exactly where redaction puts them; then every offset is moved along.
    Where neither fits (a text joined from several), only placeholders are marked.

    Args:
        text: the stored text; not empty.
        scores: what was found in the judged text.
        length: characters of the judged text, or of all texts of the request.
    """
    swaps = _swaps(scores)
    last = max((span[1] for score in scores for span in _spans(score.get("spans"))), default=0)
    moved = _moved(text, swaps)
    if moved:
        marks = [_Range(swap.new_start, swap.new_end, swap.action, swap.name) for swap in moved]
        for found in _ranges(scores, last):
            if found.action < Action.REDACT:
                start, end = _shift(found.start, moved), _shift(found.end, moved)
                if start < end <= len(text):
                    marks.append(_Range(start, end, found.action, found.name))
        return list(_cut(text[:MAX_CHARACTERS], _within(marks)))
    known = {swap.placeholder for swap in swaps}
    if len(text) == length or (
        last <= len(text) and not any(placeholder in text for placeholder in known)
    ):
        return pieces(text, scores)
    return placeholder_pieces(text, scores)


def redacted_pieces(text: str, scores: Sequence[Mapping[str, Any]]) -> list[Piece]:
    """The redacted form of a judged text, its placeholders marked; empty when it is the same."""
    swaps = _swaps(scores)
    if not swaps:
        return []
    parts: list[str] = []
    done = 0
    for swap in swaps:
        parts += [text[done : swap.start], swap.placeholder]
        done = swap.end
    return stored_pieces("".join([*parts, text[done:]]), scores, len(text))


def is_redacted(text: str, scores: Sequence[Mapping[str, Any]]) -> bool:
    """Whether `text` is the redacted form of the text that was judged."""
    return bool(_moved(text, _swaps(scores)))


def placeholder_pieces(text: str, scores: Iterable[Mapping[str, Any]]) -> list[Piece]:
    """Cut a redacted text at the placeholders (`[CN_MOBILE]`) that stand for findings.

    A placeholder that no finding explains is the writer's own text and stays plain.
    """
    known: dict[str, tuple[Action, str]] = {}
    for score in scores:
        action = _action(score)
        if action >= Action.REDACT:
            for key in (str(score.get("label", "")), str(score.get("category", ""))):
                known.setdefault(key.upper(), (action, _name(score)))
    ranges: list[_Range] = []
    shown = text[:MAX_CHARACTERS]
    for match in _PLACEHOLDER.finditer(shown):
        found = known.get(match[1])
        if found is not None:
            ranges.append(_Range(match.start(), match.end(), *found))
    return list(_cut(shown, ranges[:MAX_SPANS]))


@dataclass(frozen=True, slots=True)
class _Swap:
    """A span of the judged text, and the placeholder that redaction puts there."""

    start: int
    end: int
    placeholder: str
    action: Action
    name: str
    new_start: int = 0

    @property
    def new_end(self) -> int:
        return self.new_start + len(self.placeholder)


def _swaps(scores: Iterable[Mapping[str, Any]]) -> list[_Swap]:
    """What `trueline.judge.redact` replaces: overlapping spans become one, named by the first."""
    found: list[_Swap] = []
    for score in scores:
        action, name = _action(score), _name(score)
        label = str(score.get("label") or score.get("category", ""))
        if action >= Action.REDACT:
            for start, end in _spans(score.get("spans")):
                if start < end:
                    found.append(_Swap(start, end, f"[{label.upper()}]", action, name))
    found.sort(key=lambda swap: (swap.start, swap.end, swap.placeholder.lower()))
    merged: list[_Swap] = []
    for swap in found:
        if merged and swap.start < merged[-1].end:
            merged[-1] = replace(
                merged[-1],
                end=max(merged[-1].end, swap.end),
                action=max(merged[-1].action, swap.action),
            )
        else:
            merged.append(swap)
    return merged


def _moved(text: str, swaps: Sequence[_Swap]) -> list[_Swap] | None:
    """The swaps with their place in the redacted text; None when they are not there."""
    moved: list[_Swap] = []
    shift = 0
    for swap in swaps:
        start = swap.start + shift
        if not text.startswith(swap.placeholder, start):
            return None
        moved.append(replace(swap, new_start=start))
        shift += len(swap.placeholder) - (swap.end - swap.start)
    return moved


def _shift(offset: int, moved: Sequence[_Swap]) -> int:
    """Where an offset of the judged text lies in the redacted one."""
    index = bisect_right(moved, offset, key=lambda swap: swap.start) - 1
    if index < 0:
        return offset
    swap = moved[index]
    return swap.new_end if offset < swap.end else swap.new_end + offset - swap.end


def _within(ranges: Iterable[_Range]) -> list[_Range]:
    cut = (replace(found, end=min(found.end, MAX_CHARACTERS)) for found in ranges)
    return [found for found in cut if found.start < found.end][:MAX_SPANS]


def _ranges(scores: Iterable[Mapping[str, Any]], length: int) -> list[_Range]:
    found: list[_Range] = []
    for score in scores:
        action = _action(score)
        if action == Action.ALLOW:
            continue
        for span in _spans(score.get("spans")):
            start, end = max(0, span[0]), min(length, span[1])
            if start < end and len(found) < MAX_SPANS:
                found.append(_Range(start, end, action, _name(score)))
    return found


def _spans(value: object) -> Iterator[tuple[int, int]]:
    for span in value if isinstance(value, list | tuple) else ():  # pyright: ignore
        if isinstance(span, list | tuple) and len(span) == 2:  # pyright: ignore
            start, end = span  # pyright: ignore
            if isinstance(start, int) and isinstance(end, int):
                yield start, end


def _action(score: Mapping[str, Any]) -> Action:
    try:
        return Action.parse(str(score.get("action", "allow")))
    except KeyError:
        return Action.ALLOW


def _name(score: Mapping[str, Any]) -> str:
    category, label = str(score.get("category", "")), str(score.get("label", ""))
    return f"{category}:{label}" if label else category


def _cut(text: str, ranges: Iterable[_Range]) -> Iterator[Piece]:
    starts = _joined(ranges)
    edges = sorted({edge for found in starts for edge in (found.start, found.end)})
    done, index = 0, 0
    open_ranges: list[_Range] = []
    for edge in [*edges, len(text)]:
        if edge > done:
            yield _piece(text[done:edge], edge, open_ranges)
            done = edge
        open_ranges = [found for found in open_ranges if found.end > edge]
        while index < len(starts) and starts[index].start <= edge:
            open_ranges.append(starts[index])
            index += 1


def _joined(ranges: Iterable[_Range]) -> list[_Range]:
    """Overlapping ranges of one finding as one, in the order of their starts."""
    joined: list[_Range] = []
    last: dict[tuple[str, Action], int] = {}
    for found in sorted(ranges, key=lambda found: found.start):
        key = (found.name, found.action)
        at = last.get(key)
        if at is not None and found.start < joined[at].end:
            joined[at] = replace(joined[at], end=max(joined[at].end, found.end))
        else:
            last[key] = len(joined)
            joined.append(found)
    return joined


def _piece(text: str, end: int, covering: Sequence[_Range]) -> Piece:
    if not covering:
        return Piece(tuple(_runs(text)))
    strictest = max(found.action for found in covering)
    ending = sorted(
        (found for found in covering if found.end == end), key=lambda found: -found.action
    )
    names = tuple(dict.fromkeys(found.name for found in ending))[:MAX_NAMES]
    return Piece(tuple(_runs(text)), str(strictest), names)


def visible(text: str) -> str:
    """The text in one line, with invisible characters named."""
    return "".join(run.text for run in _runs(text))


def _runs(text: str) -> Iterator[Run]:
    done = 0
    for match in _INVISIBLE.finditer(text):
        if _belongs_to_emoji(text, match):
            continue
        if match.start() > done:
            yield Run(text[done : match.start()])
        yield Run(_told(match[0]), invisible=True)
        done = match.end()
    if done < len(text):
        yield Run(text[done:])


def _belongs_to_emoji(text: str, match: re.Match[str]) -> bool:
    if match[0] != _JOINER or not 0 < match.start() < len(text) - 1:
        return False
    before = text[match.start() - 1]
    return before == "\ufe0f" or unicodedata.category(before) in {"So", "Sk"}


def _told(run: str) -> str:
    tags = "".join(chr(ord(char) - 0xE0000) for char in run if 0xE0020 <= ord(char) <= 0xE007E)
    if tags:
        return f"TAG “{tags[:80]}”"
    kinds = list(dict.fromkeys(run))
    named = " ".join(f"U+{ord(char):04X}" for char in kinds[:3])
    more = "…" if len(kinds) > 3 else ""
    return f"{named}{more}" if len(run) == len(kinds) else f"{named}{more} ×{len(run)}"
