"""Views: readings of a text whose characters map back to the original.

>>> view = View("clean", "K1LL")
>>> view.folded.text, view.folded.span(0, 4, "word")
('kill', Span(start=0, end=4, label='word'))
"""

from __future__ import annotations

from trueline.core.records import Span
from trueline.text.fold import fold, squeeze
from trueline.text.offsets import Offsets, Step


class View:
    """One reading of a text.

    `name` says how it was read (`clean`, `folded`, `base64`), `text` is what to search, and
    `span` leads back to the original. `folded` and `squeezed` are the same reading folded
    further, so that every reading can be searched in the same ways.
    """

    __slots__ = ("_chain", "_folded", "_squeezed", "families", "name", "text")

    def __init__(
        self,
        name: str,
        text: str,
        chain: tuple[Offsets, ...] = (),
        families: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.text = text
        self.families = families  # disguises undone on the way from the view before
        self._chain = chain  # from the original to this text
        self._folded: View | None = None
        self._squeezed: View | None = None

    def __repr__(self) -> str:
        return f"View({self.name!r}, {len(self.text)} characters)"

    def then(self, name: str, *steps: Step) -> View:
        """The view that further steps, applied to this one, lead to."""
        chain = self._chain
        families: tuple[str, ...] = ()
        for _, offsets, undone in steps:
            if offsets is not None:
                chain = (*chain, offsets)
            if undone:
                families += undone
        return View(name, steps[-1].text if steps else self.text, chain, families)

    def span(self, start: int, end: int, label: str = "") -> Span:
        """The characters of the original behind `text[start:end]`.

        Positions beyond the text are brought back into it; an empty range gives an empty
        span. Where many characters became one, or a whole run was decoded, the span covers
        all of them.
        """
        length = len(self.text)
        start = min(max(start, 0), length)
        end = min(max(end, start), length)
        if start == end:
            if not length:
                return Span(0, 0, label)
            at = (
                self._source(start, start + 1)[0]
                if start < length
                else self._source(start - 1, start)[1]
            )
            return Span(at, at, label)
        start, end = self._source(start, end)
        return Span(start, end, label)

    def aligned(self, start: int, end: int) -> bool:
        """Whether `text[start:end]` begins and ends where characters of the original do.

        In the pinyin view of 方案, `fang` is aligned and `fan` is not.
        """
        if not self._chain or not 0 <= start < end <= len(self.text):
            return True
        if start and self._source(start - 1, start) == self._source(start, start + 1):
            return False
        return end == len(self.text) or self._source(end - 1, end) != self._source(end, end + 1)

    @property
    def folded(self) -> View:
        """This reading with case, script variants and spelling tricks folded away."""
        if self._folded is None:
            self._folded = self.then(
                "folded" if self.name == "clean" else self.name, *fold(self.text)
            )
        return self._folded

    @property
    def squeezed(self) -> View:
        """The folded reading with letters and digits only."""
        if self._squeezed is None:
            folded = self.folded
            name = "squeezed" if self.name == "clean" else self.name
            self._squeezed = folded.then(name, squeeze(folded.text))
        return self._squeezed

    def _source(self, start: int, end: int) -> tuple[int, int]:
        for offsets in reversed(self._chain):
            start, end = offsets.source(start, end)
        return start, end
