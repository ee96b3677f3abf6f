r"""Read the text inside a JSON document as it streams, and write changes back into it.

Tool-call arguments are JSON inside a string. Their escapes hide a text from a Judge
(`"\u0041"` is `A`), so the Judge reads them undone, while what is delivered is the very
JSON that came, except where a span is replaced.

>>> lens = JsonText()
>>> lens.feed('{"to":"\\u0041nn')
'{"to":"Ann'
>>> lens.render([Part(0, 10, '{"to":"Ann')])
'{"to":"\\u0041nn'
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
# A quote, or an escape; a surrogate pair counts as one character.
_TOKEN = re.compile(
    r'"|\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|u([0-9a-f]{4})|[^u])', re.IGNORECASE
)
# An escape that may still be incomplete at the end of what has come.
_OPEN = re.compile(
    r"\\(?:u(?:d[89ab][0-9a-f]{2}(?:\\(?:u[0-9a-f]{0,3})?)?|[0-9a-f]{0,3}))?\Z", re.IGNORECASE
)
_LONGEST_ESCAPE = 12
_BARE_VALUE = re.compile(r"[^\s{}\[\],:]+")


_SURROGATE = re.compile("[\ud800-\udfff]")


class Part(NamedTuple):
    """Characters `[start, end)` of a text, and what is delivered for them."""

    start: int
    end: int
    text: str
    replaced: bool = False


class JsonText:
    """A JSON document in pieces: `feed` gives its text with escapes undone.

    Offsets count characters of that text. Parts are rendered once each, in order.
    """

    def __init__(self) -> None:
        self._pairs = PairJoiner()
        self._pending = ""
        self._raw: list[str] = []  # raw JSON not rendered yet
        self._raw_start = 0  # offset of that in the document
        self._raw_end = 0
        self._length = 0  # characters of text so far
        self._marks_text: list[int] = [0]  # text offset -> raw offset, at escapes
        self._marks_raw: list[int] = [0]
        self._quotes: list[int] = []  # text offsets of quotes that open or close a string

    def feed(self, raw: str) -> str:
        """Take a piece of JSON, give the text it completes."""
        raw = self._pending + self._pairs.feed(raw)
        self._pending = ""
        tail = raw[-_LONGEST_ESCAPE:]
        if "\\" in tail and (cut := self._open_escape(raw)) is not None:
            raw, self._pending = raw[:cut], raw[cut:]
        return self._take(raw)

    def close(self) -> str:
        """The document has ended; gives what waited for the rest of an escape."""
        raw, self._pending = self._pending + self._pairs.close(), ""
        return self._take(raw)

    def render(self, parts: Iterable[Part]) -> str:
        """Raw JSON for parts of the text; replacements are escaped and keep it JSON."""
        pieces: list[str] = []
        for start, end, text, replaced in parts:
            pieces.append(self._replaced(start, end, text) if replaced else self._slice(start, end))
        return "".join(pieces)

    @staticmethod
    def _open_escape(raw: str) -> int | None:
        start = max(0, len(raw) - _LONGEST_ESCAPE)
        for match in re.finditer(r"\\+", raw[start:]):
            run_start = start + match.start()
            while run_start and raw[run_start - 1] == "\\":
                run_start -= 1
            run = start + match.end() - run_start
            at = start + match.end() - 1
            if run % 2 and _OPEN.match(raw, at):
                return at
        return None

    def _take(self, raw: str) -> str:
        if not raw:
            return ""
        self._raw.append(raw)
        offset, self._raw_end = self._raw_end, self._raw_end + len(raw)
        if "\\" not in raw and '"' not in raw:
            self._length += len(raw)
            return _plain(raw)
        out: list[str] = []
        done = 0
        length = self._length
        for match in _TOKEN.finditer(raw):
            start, end = match.span()
            length += start - done
            out.append(raw[done:start])
            done = end
            if raw[start] == '"':
                self._quotes.append(length)
                out.append('"')
                length += 1
                continue
            text = _unescape(match)
            out.append(text)
            self._mark(length, offset + start)
            length += len(text)
            self._mark(length, offset + end)
        out.append(raw[done:])
        self._length = length + len(raw) - done
        return _plain("".join(out))

    def _mark(self, text_offset: int, raw_offset: int) -> None:
        self._marks_text.append(text_offset)
        self._marks_raw.append(raw_offset)

    def _raw_at(self, offset: int) -> int:
        mark = bisect_right(self._marks_text, offset) - 1
        return self._marks_raw[mark] + offset - self._marks_text[mark]

    def _slice(self, start: int, end: int) -> str:
        first, last = self._raw_at(start), self._raw_at(end)
        whole = "".join(self._raw)
        piece = whole[first - self._raw_start : last - self._raw_start]
        self._raw = [whole[last - self._raw_start :]]
        self._raw_start = last
        return piece

    def _replaced(self, start: int, end: int, replacement: str) -> str:
        """Put `replacement` where the first value was; drop other words, keep structure."""
        escaped = json.dumps(replacement, ensure_ascii=False)
        pieces: list[str] = []
        written = False
        at = start
        while at < end:
            index = bisect_left(self._quotes, at)
            inside = index % 2 == 1
            border = self._quotes[index] if index < len(self._quotes) else end
            stop = min(border, end)
            if inside:
                self._slice(at, stop)
                if not written:
                    pieces.append(escaped[1:-1])
                    written = True
            elif stop > at:
                outside = self._slice(at, stop)
                if not written and _BARE_VALUE.search(outside):
                    outside = _BARE_VALUE.sub(lambda _: escaped, outside, count=1)
                    written = True
                    head, _, tail = outside.partition(escaped)
                    outside = head + escaped + _BARE_VALUE.sub("null", tail)
                else:
                    outside = _BARE_VALUE.sub("null", outside)
                pieces.append(outside)
            at = stop
            if at < end:  # a quote of the document's own
                pieces.append(self._slice(at, at + 1))
                at += 1
        return "".join(pieces)


def _plain(text: str) -> str:
    """Lone surrogates replaced, so that no two of them can be taken for a pair later."""
    return text if text.isascii() else _SURROGATE.sub("�", text)


def _unescape(match: re.Match[str]) -> str:
    high, low, single = match.groups()
    if high:
        point = 0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00
        return chr(point)
    if single:
        point = int(single, 16)
        return "�" if 0xD800 <= point <= 0xDFFF else chr(point)
    return _SHORT.get(match.group()[1], match.group())


def join_surrogates(text: str) -> str:
    r"""Pairs of surrogates become the character they stand for; lone ones stay.

    >>> join_surrogates("\ud83d\ude00") == "😀"
    True
    """
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


class PairJoiner:
    r"""Joins halves of a character that came in two pieces (`\ud83d`, then `\ude00`)."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, piece: str) -> str:
        """Take a piece; a first half at its end waits for the next."""
        if not self._half and (piece.isascii() or not _SURROGATE.search(piece)):
            return piece
        piece = self._half + piece
        self._half = ""
        if "\ud800" <= piece[-1:] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        return join_surrogates(piece)

    def close(self) -> str:
        """A first half whose second never came."""
        half, self._half = self._half, ""
        return half
