"""Search every reading of a text for the entries of word lists.

The folded view is read plainly; the squeezed view finds words split by separators, the
pinyin view words written by sound, the decoded views words inside base64, hex and the like.
Reversed and rot13 forms stand in the automaton beside the plain ones, so those two disguises
need no reading of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from trueline.core.records import Span
from trueline.scorers.lexicon_automaton import Hit, pinyin_automaton, text_automaton
from trueline.scorers.lexicon_entries import Entry
from trueline.scorers.splitting import WINDOW, Alignment, is_deliberate, is_latin
from trueline.text.normalize import NormalizedText, View, normalize
from trueline.text.pinyin import pinyin_of

# These readings are searched by forms in the automaton instead.
_IN_AUTOMATON = ("rot13", "reversed")


@dataclass(frozen=True, slots=True)
class Finding:
    """An entry in the original text, and the disguise it wore (empty: none)."""

    entry: Entry
    span: Span
    disguise: str


class LexiconSearch:
    """Entries, excepted phrases and allowed phrases, ready to search.

    Args:
        entries: what to find.
        exceptions: longer harmless phrases, folded; nothing inside them counts.
        allow: phrases of the policy, as written; nothing inside them counts either.
    """

    def __init__(
        self, entries: Sequence[Entry], exceptions: Iterable[str] = (), allow: Iterable[str] = ()
    ) -> None:
        exceptions = tuple(exceptions)
        allowed = [normalize(phrase) for phrase in allow]
        self._text = text_automaton(entries, exceptions, allowed)
        self._pinyin = pinyin_automaton(entries, exceptions, allowed)
        guards = (*exceptions, *(phrase.folded.text for phrase in allowed))
        self.reach = _reach(entries, guards)

    def find(self, text: NormalizedText) -> Iterator[Finding]:
        """Every finding; the same place may be found in several ways."""
        folded = text.folded
        plain = self._text.search(folded.text)
        yield from _findings(folded, plain)
        yield from self._find_split(text, plain)
        yield from self._find_sounds(text)
        for view in text.decoded:
            if view.name not in _IN_AUTOMATON:
                yield from self._find_decoded(view)

    def _find_decoded(self, view: View) -> Iterator[Finding]:
        # An encoded run is one span, however long: streams hold such runs back whole.
        folded = view.folded
        for hit in self._text.search(folded.text):
            span = folded.span(hit.start, hit.end, hit.entry.label)
            yield Finding(hit.entry, span, view.name)

    def _find_split(self, text: NormalizedText, plain: Sequence[Hit]) -> Iterator[Finding]:
        squeezed = text.squeezed.text
        if len(squeezed) == len(text.folded.text):
            return
        hits = self._text.search_squeezed(squeezed)
        if not hits:
            return
        align = Alignment(text.folded.text, squeezed)
        known = {(hit.start, hit.end) for hit in plain}
        for hit in hits:
            start, end = align.place(hit.start, hit.end)
            if (start, end) in known or end <= start:
                continue
            if is_deliberate(align.text, start, end, hit.entry.folded):
                span = text.folded.span(start, end, hit.entry.label)
                yield Finding(hit.entry, span, "split")

    def _find_sounds(self, text: NormalizedText) -> Iterator[Finding]:
        if self._pinyin.is_empty:
            return
        view = text.pinyin
        for hit in self._pinyin.search_anywhere(view.text):
            if not view.aligned(hit.start, hit.end):
                continue
            span = view.span(hit.start, hit.end, hit.entry.label)
            if _sounds_deliberate(text.original, span):
                yield Finding(hit.entry, span, "pinyin")


def _findings(view: View, hits: Iterable[Hit]) -> Iterator[Finding]:
    for hit in hits:
        yield Finding(hit.entry, view.span(hit.start, hit.end, hit.entry.label), hit.disguise)


def _reach(entries: Iterable[Entry], guards: Iterable[str]) -> int:
    """In characters of the squeezed view, where separators count for nothing."""
    longest = max((max(len(e.squeezed), len(e.pinyin)) for e in entries), default=0)
    guard = max((max(len(phrase), len(pinyin_of(phrase))) for phrase in guards), default=0)
    return max(longest, guard) + WINDOW if longest else 1


def _sounds_deliberate(original: str, span: Span) -> bool:
    """A sound hit must be whole: no Latin word cut, no separators but inside pinyin."""
    start, end = span.start, span.end
    if start and is_latin(original[start - 1]) and is_latin(original[start]):
        return False
    if end < len(original) and is_latin(original[end - 1]) and is_latin(original[end]):
        return False
    return original[start:end].isalnum()
