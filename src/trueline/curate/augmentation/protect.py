"""Which words of a text carry its label, so that no change may touch them.

Negations with what they negate, numbers, marks of redaction ([EMAIL]), terms the recipe lists
and entities are protected.

>>> from trueline.curate.words.segment import tokens
>>> found = tokens("not good but cheap")
>>> [found[at].text for at in free_words(found, frozenset(), [])]
['but', 'cheap']
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from trueline.curate.augmentation.draft import EntitySpan
from trueline.curate.words.segment import Token
from trueline.curate.words.stop_lists import negation_words

# Words behind a negation that may be what it negates ("not at all good"): they stay as well,
# up to the end of the clause. Two keep most sentences open to change.
NEGATED = 2
_LONGEST_MARK = 8  # tokens, brackets and underscores included
_NUMERALS = frozenset("一二三四五六七八九十百千万亿两零半")


def free_words(
    tokens: Sequence[Token], terms: frozenset[str], entities: Sequence[EntitySpan]
) -> list[int]:
    """Positions of the words that may change.

    Args:
        tokens: the text's tokens.
        terms: lower-case words or phrases that bear the label; a token that holds one or is
            part of one is protected.
        entities: spans whose characters may not change.
    """
    protected = _negated(tokens) | _marks(tokens)
    protected |= _terms(tokens, terms) | _entities(tokens, entities)
    return [
        at
        for at, token in enumerate(tokens)
        if token.is_word and at not in protected and not is_number(token)
    ]


def is_number(token: Token) -> bool:
    """A number in digits or in Chinese numerals."""
    return any(char.isdigit() for char in token.text) or all(c in _NUMERALS for c in token.text)


def is_negation(token: Token) -> bool:
    """A negating word, or a Chinese word that begins with one (不好, 没用)."""
    low = token.text.lower()
    return low in negation_words() or low[:1] in {"不", "没", "無", "无", "未", "非", "别", "莫"}


def guarded_words(tokens: Iterable[Token], terms: frozenset[str]) -> list[str]:
    """What must come back from a rewriting of the whole text: negations, numbers, terms."""
    return sorted(
        token.text.lower()
        for token in tokens
        if token.is_word and (is_number(token) or is_negation(token) or token.text.lower() in terms)
    )


def _negated(tokens: Sequence[Token]) -> set[int]:
    found: set[int] = set()
    for at, token in enumerate(tokens):
        if not is_negation(token):
            continue
        found.add(at)
        for following in range(at + 1, min(len(tokens), at + 1 + NEGATED)):
            if not tokens[following].is_word:
                break
            found.add(following)
    return found


def _marks(tokens: Sequence[Token]) -> set[int]:
    """Words in brackets of their own, as redaction leaves them: [EMAIL], [CN_MOBILE], [电话]."""
    found: set[int] = set()
    opened = -1
    for at, token in enumerate(tokens):
        if token.text == "[":
            opened = at
        elif token.text == "]" and opened >= 0:
            found.update(range(opened, at) if at - opened <= _LONGEST_MARK else ())
            opened = -1
    return found


def _terms(tokens: Sequence[Token], terms: frozenset[str]) -> set[int]:
    """Tokens that overlap an occurrence of a term in the text they came from."""
    if not terms or not tokens:
        return set()
    # The text again, with a space wherever anything lay between two tokens.
    pieces: list[str] = []
    places: list[int] = []
    length = 0
    for at, token in enumerate(tokens):
        space = " " if at and token.start > tokens[at - 1].end else ""
        low = token.text.lower()
        places.append(length + len(space))
        pieces += [space, low]
        length += len(space) + len(low)
    text = "".join(pieces)
    found: set[int] = set()
    for term in terms:
        start = text.find(term)
        while start >= 0:
            end = start + len(term)
            found.update(range(max(0, bisect_right(places, start) - 1), bisect_left(places, end)))
            start = text.find(term, end)
    return found


def _entities(tokens: Sequence[Token], entities: Sequence[EntitySpan]) -> set[int]:
    starts, ends = [token.start for token in tokens], [token.end for token in tokens]
    found: set[int] = set()
    for span in entities:
        found.update(range(bisect_right(ends, span.start), bisect_left(starts, span.end)))
    return found
