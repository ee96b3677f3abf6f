"""Tell a word that was split on purpose from words that merely stand side by side.

Without separators, "who re-elected" holds an insult and "he has so" does not look any
different from a word spread over three runs. What gives a split away is its regularity or
the marks nobody writes inside a word.

    >>> is_deliberate("you b-a-d-w-o-r-d you", 4, 17, "badword")
    True
    >>> is_deliberate("a bad word here", 2, 10, "badword")
    False
"""

from __future__ import annotations

# How far beside a hit the line breaks are counted.
WINDOW = 16
# Lines this short on average were broken to split words, not to be read.
SHORT_LINE = 8
# Marks that nobody writes between two letters of a word, nor between Han characters.
MARKS = frozenset("*_~|^+=#<>\\`@$%&{}[]·•¸¦§※★☆●○◆◇■□▲△→←↑↓")
ORDINARY = frozenset("，。！？、；：,.!?;:\"'“”‘’（）()《》〈〉【】…—")


class Alignment:
    """Places of a squeezed text's characters in the folded text it was made from."""

    def __init__(self, text: str, squeezed: str) -> None:
        self.text = text
        self.squeezed = squeezed
        places = [index for index, character in enumerate(text) if character.isalnum()]
        if len(places) != len(squeezed):
            places = _subsequence(text, squeezed)
        self._places = places

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where `[start, end)` of the squeezed text stands; an empty range when unknown."""
        if end > len(self._places):
            return 0, 0
        return self._places[start], self._places[end - 1] + 1


def _subsequence(text: str, squeezed: str) -> list[int]:
    """Where the characters of `squeezed` stand in `text`, each as early as possible."""
    places: list[int] = []
    for index, character in enumerate(text):
        if len(places) < len(squeezed) and character == squeezed[len(places)]:
            places.append(index)
    return places


def is_deliberate(text: str, start: int, end: int, natural: str) -> bool:
    """True when `text[start:end]` is one piece or was split to hide what it says.

    Args:
        text: the text with its separators.
        start: first character of the hit.
        end: one past its last character.
        natural: the entry with its own spaces: splits at these places are no disguise and count.
    """
    return not cuts_a_word(text, start, end) and is_split_well(text, start, end, natural)


def is_split_well(text: str, start: int, end: int, natural: str) -> bool:
    """`is_deliberate` without the look at the letters before and after."""
    runs, gaps = _pieces(text[start:end])
    if not gaps:
        return True
    if any(ord(character) > 0x2E7F for run in runs for character in run):
        return _han_split(text, start, end, runs, gaps)
    return _latin_split(text, start, end, runs, gaps, natural)


def _latin_split(
    text: str, start: int, end: int, runs: list[str], gaps: list[str], natural: str
) -> bool:
    single = sum(len(run) == 1 for run in runs)
    if single == len(runs) or (single >= 2 and len(runs) >= 3 and end - start >= 6):
        return True
    broken = any("\n" in gap for gap in gaps) and _lines_are_short(text, start, end)
    joined = [runs[0]]
    for gap, run in zip(gaps, runs[1:], strict=True):
        if MARKS.issuperset(gap) or (broken and gap == "\n"):
            joined[-1] += run
        else:
            joined.append(run)
    return len(joined) == 1 or [len(run) for run in joined] == [
        len(word) for word in _pieces(natural)[0]
    ]


def _han_split(text: str, start: int, end: int, runs: list[str], gaps: list[str]) -> bool:
    if all(MARKS.issuperset(gap) for gap in gaps):
        return True
    if any("\n" in gap for gap in gaps):
        return _lines_are_short(text, start, end)
    if any(not ORDINARY.isdisjoint(gap) for gap in gaps):
        return len(runs) >= 3 and all(len(run) == 1 for run in runs) and len(set(gaps)) == 1
    return True


def _lines_are_short(text: str, start: int, end: int) -> bool:
    around = text[max(0, start - WINDOW) : end + WINDOW]
    return around.count("\n") * SHORT_LINE >= len(around) - SHORT_LINE


def _pieces(text: str) -> tuple[list[str], list[str]]:
    runs: list[str] = []
    gaps: list[str] = []
    run = gap = ""
    for character in text:
        if character.isalnum():
            if gap:
                runs.append(run)
                gaps.append(gap)
                run = gap = ""
            run += character
        else:
            gap += character
    runs.append(run)
    return runs, gaps


def cuts_a_word(text: str, start: int, end: int) -> bool:
    """True when a Latin word goes on before or after `text[start:end]`."""
    before = start > 0 and is_latin(text[start]) and is_latin(text[start - 1])
    return before or (end < len(text) and is_latin(text[end - 1]) and is_latin(text[end]))


def is_latin(character: str) -> bool:
    """True for an ASCII letter."""
    return character.isascii() and character.isalpha()
