r"""Find structured personal information in a whole batch, looking only where some may stand.

Scanning a document costs far more than most documents are worth: nearly all of their
characters are in no number, beside no `@` and after no announcing word. Here one numpy pass
over the joined code points of a batch finds the few places where a finding may begin, and the
patterns and check digits of `trueline.scorers` run there and nowhere else. The findings are
those of `find_pii` over the plain reading of each document, one for one.

    >>> [f.label for f in find_in_batch(["电话１３８００１３８０００", "nothing"])[0]]
    ['cn_mobile']

**What the plain reading undoes**: full-width letters, digits and punctuation, typographic
dashes, quotes and spaces (one character for one). **What it does not undo**, and the full
normaliser does: invisible characters inside a value, enclosed, mathematical and other fancy
letters, homoglyphs of other scripts, Chinese numerals for digits, digits set apart one by one,
HTML and backslash escapes, base64, hex, URL and rot13 layers, and text written backwards. The
`pii` step's option `disguised` reads those too, at a fifteenth of the speed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trueline.curate.pii_cues import Announcements
from trueline.curate.pii_tables import (
    AT,
    BETWEEN,
    COLON,
    DIGIT,
    HEX,
    HYPHEN,
    LETTER,
    PROVINCE,
    UInt32Array,
    classes_of,
    plain_points,
)
from trueline.scorers.bank_card import bank_cards
from trueline.scorers.cn_phone import cn_phones
from trueline.scorers.cn_plate import plates
from trueline.scorers.cn_resident_id import resident_ids
from trueline.scorers.cn_uscc import usccs
from trueline.scorers.coded_document import coded_documents
from trueline.scorers.email import DOMAIN_LIMIT, LOCAL_LIMIT, emails
from trueline.scorers.findings import Claims, Finding
from trueline.scorers.network_address import colon_addresses, ipv4s
from trueline.scorers.person_fact import fact
from trueline.scorers.phone import phones
from trueline.scorers.us_ssn import ssns

IntArray = npt.NDArray[np.int64]

#: Longer than every pattern's look to the left and to the right of a number.
GAP = 40
#: Characters of a batch that are joined at once; the arrays of one join fit a CPU's cache.
JOIN_LIMIT = 200_000
_MOST_BETWEEN = 4
_MARGIN = 6
_SHORTEST = 7  # characters of the shortest number
_LONGEST_HEX_ADDRESS = 39
_LOOK_BACK = 32
_EMAIL_LEFT, _EMAIL_RIGHT = LOCAL_LIMIT + 82, DOMAIN_LIMIT + 4


class _NumberKind(NamedTuple):
    """A finder of numbers: least length of a cluster, least digits a finding has."""

    shortest: int
    digits: int
    find: Callable[[str, int, int], list[Finding]]


# In the order of `trueline.scorers.pii`: the surest first, the first one claims.
_KINDS = (
    _NumberKind(7, 4, ipv4s),
    _NumberKind(15, 15, resident_ids),
    _NumberKind(7, 6, usccs),
    _NumberKind(12, 12, bank_cards),
    _NumberKind(10, 10, cn_phones),
    _NumberKind(9, 9, ssns),
    _NumberKind(7, 7, phones),
)


def find_in_batch(texts: Sequence[str]) -> list[list[Finding]]:
    """Findings of every text, in order of their starts; no two of a text overlap.

    Args:
        texts: any strings; offsets in the result count code points of each text.
    """
    found: list[list[Finding]] = []
    part: list[str] = []
    size = 0
    for text in texts:
        part.append(text)
        size += len(text)
        if size >= JOIN_LIMIT:
            found += _find_joined(part)
            part, size = [], 0
    return found + (_find_joined(part) if part else [])


def plain(text: str) -> str:
    """The reading that is searched: as many characters, full-width and fancy marks as ASCII."""
    return text if text.isascii() else _decoded(plain_points(text))


def _find_joined(texts: Sequence[str]) -> list[list[Finding]]:
    gap = "\n" * GAP
    points = plain_points(gap + gap.join(texts) + gap)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    starts = GAP + np.concatenate([[0], np.cumsum(lengths + GAP)[:-1]])
    joined = _Joined(points, starts, lengths)
    claims = Claims(len(joined.text))
    found: list[list[Finding]] = [[] for _ in texts]
    first = starts.tolist()
    for start, end, label, value in joined.candidates(claims):
        if claims.take(start, end):
            number = bisect_right(first, start) - 1
            at = first[number]
            found[number].append(Finding(start - at, end - at, label, value))
    for findings in found:
        findings.sort()
    return found


class _Joined:
    """The plain texts of some documents, one after the other with gaps between."""

    def __init__(self, points: UInt32Array, starts: IntArray, lengths: IntArray) -> None:
        self.text = _decoded(points)
        self._points = points
        self._classes = classes_of(points)
        self._starts = starts
        self._ends = starts + lengths
        self._digits = self._places(DIGIT)

    def candidates(self, claims: Claims) -> Iterator[Finding]:
        """Everything that looks like something, in the order of `find_pii`.

        Args:
            claims: what is taken so far; the caller takes each candidate before the next.
        """
        yield from self._emails()
        yield from self._colon_addresses()
        chains = _Chains.of(self._classes, self._digits)
        yield from self._coded_documents(chains)
        yield from _numbers(self.text, chains, claims)
        yield from self._plates()
        announcements = Announcements(self._points, self._classes, self.text)
        for start, end in self._documents(announcements.home_numbers()):
            if np.searchsorted(self._digits, start) < np.searchsorted(self._digits, end):
                for found in announcements.addresses(self.text[start:end]):
                    yield _moved(found, start)
        yield from self._facts(announcements)

    def _places(self, bit: np.uint32) -> IntArray:
        return np.flatnonzero((self._classes & bit) != 0)

    def _documents(self, places: Sequence[int]) -> list[tuple[int, int]]:
        """Start and end of each document that has one of `places`, in order."""
        numbers = np.unique(np.searchsorted(self._starts, np.asarray(places, np.int64), "right"))
        return [(int(self._starts[n - 1]), int(self._ends[n - 1])) for n in numbers.tolist()]

    def _facts(self, announcements: Announcements) -> Iterator[Finding]:
        """What announcing words tell; read in the document alone, whose end is an end."""
        cues = announcements.cues()
        owners = np.searchsorted(self._starts, [cue.start for cue in cues], "right") - 1
        last, text, start = -1, "", 0
        for cue, owner in zip(cues, owners.tolist(), strict=True):
            if owner != last:
                last, start = owner, int(self._starts[owner])
                text = self.text[start : int(self._ends[owner])]
            if found := fact(cue.name, text, cue.start - start, cue.end - start):
                yield _moved(found, start)

    def _emails(self) -> Iterator[Finding]:
        at = self._places(AT)
        # Addresses close to each other are read together, else a run of @ is read many times.
        breaks = np.flatnonzero(np.diff(at) > _EMAIL_LEFT + _EMAIL_RIGHT) + 1
        for group in np.split(at, breaks):
            if group.size:
                left = max(0, int(group[0]) - _EMAIL_LEFT)
                for found in emails(self.text[left : int(group[-1]) + _EMAIL_RIGHT]):
                    yield _moved(found, left)

    def _colon_addresses(self) -> Iterator[Finding]:
        """IPv6 and MAC addresses stand in a run of hexadecimal digits with five marks or `::`."""
        colons = self._places(COLON)
        places = [
            colons[:-1][np.diff(colons) == 1],
            colons[:-6][colons[6:] - colons[:-6] < _LONGEST_HEX_ADDRESS],
        ]
        for marks in (colons, self._places(HYPHEN)):
            places.append(marks[:-4][marks[4:] - marks[:-4] == 12])
        done = 0
        for place in np.unique(np.concatenate(places)).tolist():
            if place < done:
                continue
            start, end = self._run(place)
            done = end
            left = max(0, start - _LOOK_BACK)
            for found in colon_addresses(self.text[left : end + 2]):
                if start <= found.start + left:
                    yield _moved(found, left)

    def _run(self, place: int) -> tuple[int, int]:
        """The run of hexadecimal digits, colons and hyphens around a place."""
        wanted = HEX | COLON | HYPHEN
        start = end = place
        classes = self._classes
        while start and classes[start - 1] & wanted:
            start -= 1
        while end < classes.size and classes[end] & wanted:
            end += 1
        return start, end

    def _coded_documents(self, chains: _Chains) -> Iterator[Finding]:
        """Passports, permits and IBANs: one or two letters right before digits."""
        classes, starts = self._classes, chains.starts
        before, second = classes[starts - 1], classes[starts - 2]
        touches = (before & LETTER) != 0
        spaced = (self._points[starts - 1] == 32) & ((second & LETTER) != 0)
        pair = (classes[starts + 1] & DIGIT) != 0
        long = chains.digits >= 6
        coded = pair & ((touches & (long | ((second & LETTER) != 0))) | (spaced & long))
        # A document without any cluster of digits is not searched.
        owners = np.searchsorted(self._starts, starts, "right")
        with_clusters = np.zeros(self._starts.size + 1, np.bool_)
        with_clusters[owners[chains.digits >= 4]] = True
        for digits in starts[coded & with_clusters[owners]].tolist():
            left = digits - _LOOK_BACK
            for found in coded_documents(self.text[left : digits + 72]):
                if digits - 4 < found.start + left < digits:
                    yield _moved(found, left)

    def _plates(self) -> Iterator[Finding]:
        provinces = (self._classes & PROVINCE) != 0
        letters = (self._classes & LETTER) != 0
        for at in np.flatnonzero(provinces[:-1] & letters[1:]).tolist():
            left = at - _LOOK_BACK
            for found in plates(self.text[left : at + 16]):
                if found.start + left == at and self._has_digit_or_plate(at):
                    yield _moved(found, left)

    def _has_digit_or_plate(self, at: int) -> bool:
        ((start, end),) = self._documents([at])
        digits = self._digits
        if np.searchsorted(digits, start) < np.searchsorted(digits, end):
            return True
        return "车牌" in self.text[start:end]


@dataclass(frozen=True, slots=True)
class _Chains:
    """Maximal runs of digits with at most four separators between two of them.

    `starts` and `ends`: offsets in the joined text; `digits`: how many digits each has.
    """

    starts: IntArray
    ends: IntArray
    digits: IntArray

    @classmethod
    def of(cls, classes: UInt32Array, digits: IntArray) -> _Chains:
        """The chains of a joined text, given the offsets of its digits."""
        if not digits.size:
            empty = np.empty(0, np.int64)
            return cls(empty, empty, empty)
        steps = np.diff(digits)
        linked = steps == 1
        near = np.flatnonzero((steps > 1) & (steps <= _MOST_BETWEEN + 1))
        between = np.ones(near.size, np.bool_)
        for offset in range(1, _MOST_BETWEEN + 1):
            inside = offset < steps[near]
            between &= ~inside | ((classes[digits[near] + offset] & BETWEEN) != 0)
        linked[near] = between
        breaks = np.flatnonzero(~linked)
        first = np.concatenate([[0], breaks + 1])
        last = np.concatenate([breaks, [digits.size - 1]])
        return cls(digits[first], digits[last] + 1, last - first + 1)


class _Window(NamedTuple):
    """A cluster of digits, `[start, end)`, and how far its number may reach to both sides."""

    start: int
    end: int
    digits: int
    left: int
    right: int


def _numbers(text: str, chains: _Chains, claims: Claims) -> Iterator[Finding]:
    """As `trueline.scorers.pii` searches clusters, each with a margin that ends at the next."""
    windows = _windows(chains, len(text))
    for kind in _KINDS:
        is_ip = kind.find is ipv4s
        left_over: list[_Window] = []
        for window in windows:
            start, end, digits, left, right = window
            claimed = False
            # A window may hold one digit of each neighbour.
            if (
                end - start >= kind.shortest
                and digits + 2 >= kind.digits
                and (not is_ip or text.count(".", start, end) >= 3)
            ):
                for found in kind.find(text, left, right):
                    if found.start <= start and end <= found.end:
                        claimed = claimed or claims.free(found.start, found.end)
                    yield found
            if not claimed:  # else nothing of the cluster is left for the others
                left_over.append(window)
        windows = left_over


def _windows(chains: _Chains, length: int) -> list[_Window]:
    """The clusters of at least four digits that are long enough for some kind of number."""
    clusters = chains.digits >= 4
    starts, ends = chains.starts[clusters], chains.ends[clusters]
    if not starts.size:
        return []
    right = np.minimum(ends + _MARGIN, np.append(starts[1:] + 1, length))
    left = np.maximum(starts - _MARGIN, np.append([0], right[:-1] - 1))
    columns = (starts, ends, chains.digits[clusters], left, right)
    long = np.flatnonzero(ends - starts >= _SHORTEST)
    return list(map(_Window, *(column[long].tolist() for column in columns)))


def _moved(found: Finding, by: int) -> Finding:
    return Finding(found.start + by, found.end + by, found.label, found.value)


def _decoded(points: UInt32Array) -> str:
    return points.tobytes().decode("utf-32-le", "surrogatepass")
