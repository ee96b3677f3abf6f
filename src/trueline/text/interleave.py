"""Undo separators put between all characters, or after every few of them.

    >>> join_singles("i.g.n.o.r.e. .t.h.i.s").text, join_singles("U.S.A. in 3.14 a b c").text
    ('ignore this', 'U.S.A. in 3.14 a b c')
    >>> join_chunks("my p**assw**ord **is h**unte**r").text
    'my password is hunter'

A decision looks at the beginning of one regular run, so that it holds whatever follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from trueline.text.offsets import Step, rewrite

FAMILY = "separators"
# Runs shorter than these are ordinary writing: "e.g.", "U.S.A.", "a b c" have three
# characters, addresses, versions and dates up to six digits, and lists of single
# characters are common in code and tables.
LEAST = 4
LEAST_LISTED = 8
LEAST_DIGITS = 7
LEAST_LISTED_DIGITS = 10
MOST_LISTED_DIGITS = 20
_LISTING = frozenset(",;，、；+=<>×|\t[]{}\"'")
_MOST_MARKS_IN_A_ROW = 3
_LONGEST_GAP = 6

# Shape of an ASCII text: every letter or digit an `a`, everything else a space.
_SHAPE = str.maketrans({chr(c): "a" if chr(c).isalnum() else " " for c in range(128)})
_SINGLES = (" a a ", "  a  a  ", "   a   a   ", "    a    a    ")
_TRIGGER = re.compile(r"[\W_][^\W_][\W_]{1,4}[^\W_][\W_]")
_START = re.compile(r"[^\W_]([\W_]{1,4}?)[^\W_]\1[^\W_](?=\1|\Z)")
_GAP = re.compile(r"[\W_]{1,6}(?=[^\W_])")

_CHUNK_MARKS = ("**", "__", "~~", "\n")
LEAST_MARKS = 3
SHORTEST_CHUNK = 2
LONGEST_CHUNK = 8
_LINES_READ = 6  # lines that decide whether a text was broken into equal pieces


def join_singles(text: str) -> Step:
    """Drop a separator that stands between single characters."""
    if text.isascii():
        shape = text.translate(_SHAPE)
        if not any(single in shape for single in _SINGLES):
            return Step(text)
    elif _TRIGGER.search(text) is None:
        return Step(text)
    return rewrite(text, _single_changes(text), (FAMILY,))


def _single_changes(text: str) -> Iterator[tuple[int, int, str]]:
    done = 0
    while (match := _START.search(text, done)) is not None:
        separator = match[1]
        stride = 1 + len(separator)
        first = match.start()
        while first - stride >= done and text.startswith(separator, first - len(separator)):
            first -= stride
        last = _walk(text, first, separator)
        done = last  # a run with another separator may begin here
        first, last = _trim(text, first, last, separator)
        if not _is_disguise(text[first : last + 1 : stride], separator):
            continue
        yield from _deletions(first, last, stride)
        # Words of the same writing that follow behind a wider gap may be shorter.
        while (gap := _GAP.match(text, last + 1)) is not None:
            first, end = gap.end(), _walk(text, gap.end(), separator)
            end = _trim(text, first, end, separator)[1]
            if end <= first:
                break
            if gap[0].isspace() and len(gap[0]) > 1:
                yield gap.start(), gap.end(), " "
            yield from _deletions(first, end, stride)
            last = end
        done = max(done, last)


def _walk(text: str, first: int, separator: str) -> int:
    """Index of the last character of the run that begins at `first`."""
    stride = 1 + len(separator)
    length = len(text)
    marks = 0
    at = first
    while text.startswith(separator, at + 1) and at + stride < length:
        at += stride
        marks = 0 if text[at].isalnum() else marks + 1
        if marks > _MOST_MARKS_IN_A_ROW:
            break
    return at


def _trim(text: str, first: int, last: int, separator: str) -> tuple[int, int]:
    """The run without spaces and separators at its ends, and without parts of whole words."""
    stride = 1 + len(separator)
    if first > 0 and _same_word(text[first - 1], text[first]):
        first += stride
    if last + 1 < len(text) and _same_word(text[last], text[last + 1]):
        last -= stride
    while first < last and (text[first].isspace() or text[first] in separator):
        first += stride
    while last > first and (text[last].isspace() or text[last] in separator):
        last -= stride
    return first, last


def _same_word(one: str, other: str) -> bool:
    return one.isalnum() and other.isalnum() and one.isascii() == other.isascii()


def _is_disguise(characters: str, separator: str) -> bool:
    kept = "".join(c for c in characters[:64] if c.isalnum())
    if len(kept) < LEAST:
        return False
    steps = {ord(b) - ord(a) for a, b in pairwise(kept[:4])}
    if steps in ({1}, {-1}):  # a b c d, 1 2 3 4
        return False
    if sum(a.isascii() != b.isascii() for a, b in pairwise(kept[:9])) * 2 >= len(kept[:9]) - 1:
        return False  # spaces between Chinese and numbers: 2020 年 1 月 9 日
    listed = not _LISTING.isdisjoint(separator)
    if kept.isdigit():
        if set(kept) <= {"0", "1"} or len(set(kept)) == 1:
            return False
        if listed:  # a disguise has no space after the comma; an array of numbers has
            return " " not in separator and LEAST_LISTED_DIGITS <= len(kept) <= MOST_LISTED_DIGITS
        return len(kept) >= LEAST_DIGITS
    return not listed or len(kept) >= LEAST_LISTED


def _deletions(first: int, last: int, stride: int) -> Iterator[tuple[int, int, str]]:
    for at in range(first, last, stride):
        yield at + 1, at + stride, ""


def join_chunks(text: str) -> Step:
    """Drop marks and line ends that come after every few characters."""
    changes = {  # the mark that ends one run may begin the next
        change
        for mark in _CHUNK_MARKS
        if mark in text and text.count(mark) >= LEAST_MARKS
        for change in _chunk_changes(text, mark)
    }
    return rewrite(text, sorted(changes), (FAMILY,))


def _chunk_changes(text: str, mark: str) -> Iterator[tuple[int, int, str]]:
    size = len(mark)
    run: list[int] = []
    for match in re.finditer(re.escape(mark), text):
        at = match.start()
        if len(run) > 1 and at - run[-1] != run[1] - run[0]:
            yield from _chunk_deletions(text, run, size)
            run = run[-1:]
        run.append(at)
    yield from _chunk_deletions(text, run, size)


def _chunk_deletions(text: str, run: list[int], size: int) -> Iterator[tuple[int, int, str]]:
    if len(run) < LEAST_MARKS:
        return
    chunk = run[1] - run[0] - size
    if not SHORTEST_CHUNK <= chunk <= LONGEST_CHUNK:
        return
    if size == 1:
        if not _broken_lines(text, run[:_LINES_READ], chunk):
            return
    elif sum(_inside_word(text, at, at + size) for at in run) * 2 < len(run):
        return  # **emphasis** stands around words
    for at in run:
        yield at, at + size, ""


def _broken_lines(text: str, ends: list[int], length: int) -> bool:
    """Whether equal lines are pieces of one text, not a list or a poem.

    Pieces differ in shape (letters, digits, spaces), and somewhere a line end stands inside
    an ASCII word or number.
    """
    shapes = {"".join(map(_kind, text[max(0, end - length) : end])) for end in ends}
    inside = any(text[end - 1].isascii() and _inside_word(text, end, end + 1) for end in ends)
    return inside and len(shapes) > 1


def _inside_word(text: str, start: int, end: int) -> bool:
    return start > 0 and end < len(text) and _same_word(text[start - 1], text[end])


def _kind(character: str) -> str:
    if character.isdigit():
        return "0"
    if character.isalpha():
        return "a" if character.isascii() else "字"
    return "." if not character.isspace() else " "
