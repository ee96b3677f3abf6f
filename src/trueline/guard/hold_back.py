"""How much of a growing reply is settled: no later character can change what was found.

See `trueline.guard.stream` for why the offsets computed here are enough.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from trueline.core.policy import Policy
from trueline.core.records import Action, Role
from trueline.judge import Judge
from trueline.scorers.base import Scorer
from trueline.text.normalize import NormalizedText, View, open_tail
from trueline.text.segments import segments

# Squeezed characters a scorer may look back from the start of a finding.
CONTEXT = 64
# Squeezed characters at the end whose normal form may still change: six broken lines of eight
# decide whether they are joined (`trueline.text.interleave`), and an escape has up to ten.
STABLE = 60


class HoldBack:
    """How far a window is settled, and where the next may start. Holds no text.

    Args:
        judge: its policy says which findings change a text.
        scorers: those that may be used before the end of a text.
        role: of the text.
    """

    def __init__(self, judge: Judge, scorers: Sequence[Scorer], role: Role = "reply") -> None:
        scorers = tuple(s for s in scorers if _changes_text(judge.policy, s, role))
        self.scorers = scorers
        rules = judge.policy
        least = max(STABLE, rules.streaming.hold_back_characters or 0)
        own = [(scorer, getattr(scorer, "hold_from", None)) for scorer in scorers]
        reaches = [scorer.reach for scorer, hold_from in own if hold_from is None]
        phrase = max((len(phrase) for phrase in rules.allow), default=0)
        self.reach = max([least, phrase, *reaches])
        self.context = max(CONTEXT, phrase)
        self.segmented = any(scorer.reach == 0 for scorer in scorers)
        self._own: list[Callable[[NormalizedText], int]] = [
            hold_from for _, hold_from in own if hold_from is not None
        ]

    def settled(self, text: NormalizedText) -> tuple[int, list[int]]:
        """Offset before which nothing can change, and the starts of closed segments."""
        squeezed = text.squeezed
        settled = _offset_from_end(squeezed, self.reach)
        clean = text.clean
        settled = min(settled, open_tail(text.original))
        run = open_tail(clean.text)
        if run < len(clean.text):
            settled = min(settled, clean.span(run, run + 1).start)
        for hold_from in self._own:
            settled = min(settled, hold_from(text))
        if not self.segmented or settled <= 0:
            return max(settled, 0), [0]
        folded = text.folded
        stable = _offset_from_end(squeezed, STABLE)
        starts = [0]
        for start, end in segments(folded.text):
            first = folded.span(start, start + 1).start if start else 0
            if first > starts[-1]:
                starts.append(first)
            if folded.span(end - 1, end).end > stable:
                break
        return min(settled, starts[-1]), starts

    def window_start(self, text: NormalizedText, done: int, starts: Sequence[int]) -> int:
        """Start of the next window: a segment's or a word's, with context before `done`."""
        squeezed = text.squeezed
        index = _index_at(squeezed, done) - self.context
        if index <= 0:
            return 0
        least = squeezed.span(index, index + 1).start
        if self.segmented:
            return max((start for start in starts if start <= least), default=0)
        space = max(text.original.rfind(mark, 0, least) for mark in " \n。，")
        return space + 1 if space >= 0 and least - space < CONTEXT else least


def _changes_text(policy: Policy, scorer: Scorer, role: Role) -> bool:
    """True when a finding of `scorer` can redact or stop a text of this role."""
    for category in scorer.categories:
        rule = policy.rule(category)
        if rule is None or role not in rule.applies_to:
            continue
        actions = [rule.action, *(label.action for label in rule.labels.values() if label.action)]
        if any(Action.parse(action) >= Action.REDACT for action in actions):
            return True
    return False


def _offset_from_end(view: View, count: int) -> int:
    """Original offset of the character `count` before the end of the view."""
    index = len(view.text) - count
    return view.span(index, index + 1).start if index > 0 else 0


def _index_at(view: View, offset: int) -> int:
    """Index in the view of the first character at or after an original offset."""
    return bisect_left(
        range(len(view.text)), offset, key=lambda index: view.span(index, index + 1).start
    )
