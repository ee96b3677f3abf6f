"""Turns of a conversation read as one text, against a text split over several.

>>> joined = join_turns(["my number is 138"], ["00138000"])
>>> joined.starts if joined else None
(0, 17)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trueline.core.records import Action, Context, GradedScore, Score, Span, Verdict
from trueline.guard.messages import ChatText
from trueline.judge import Judge, redact
from trueline.scorers.base import Scorer

# Most characters of a joined window: the newest text and what came before it.
WINDOW_CHARACTERS = 4000
LEAST_EARLIER = 1000  # a long newest text does not push out what came before it
SEPARATOR = "\n"


@dataclass(frozen=True, slots=True)
class JoinedTurns:
    """Several texts read as one; `starts[i]` is where the i-th begins."""

    text: str
    starts: tuple[int, ...]
    newest: int  # offset where the newest turn begins

    def across(self, scores: Sequence[Score]) -> list[Score]:
        """Scores whose spans reach into the newest turn over a border between texts.

        What lies within one text is found when that text is judged by itself; what ends
        before the newest turn was found when that one was new.
        """
        kept: list[Score] = []
        for score in scores:
            spans = tuple(span for span in score.spans if self._crosses(span))
            if spans and not score.fault:
                kept.append(replace(score, spans=spans, reason=f"{score.reason}, across turns"))
        return kept

    def part(self, spans: Sequence[Span], index: int) -> list[Span]:
        """The piece of each span that lies in text `index`, in that text's offsets."""
        start = self.starts[index]
        last = index + 1 == len(self.starts)
        end = len(self.text) if last else self.starts[index + 1] - len(SEPARATOR)
        return [
            Span(max(span.start, start) - start, min(span.end, end) - start, span.label)
            for span in spans
            if span.start < end and span.end > start
        ]

    def _crosses(self, span: Span) -> bool:
        return span.end > self.newest and any(
            span.start < start < span.end for start in self.starts[1:]
        )


def join_turns(earlier: Sequence[str], newest: Sequence[str]) -> JoinedTurns | None:
    """Read the newest turn's texts together with what came before; None when there is one.

    Earlier texts are cut from the left so that the whole stays within WINDOW_CHARACTERS and
    the work for a request does not grow with the conversation.
    """
    room = max(LEAST_EARLIER, WINDOW_CHARACTERS - sum(map(len, newest)))
    kept: list[str] = []
    for text in reversed(earlier):
        if room <= 0:
            break
        kept.append(text[-room:])
        room -= len(text)
    texts = [*reversed(kept), *newest]
    if len(texts) < 2:
        return None
    starts: list[int] = []
    at = 0
    for text in texts:
        starts.append(at)
        at += len(text) + len(SEPARATOR)
    return JoinedTurns(SEPARATOR.join(texts), tuple(starts), starts[len(kept)])


def judge_together(
    judge: Judge,
    scorers: Sequence[Scorer],
    items: Sequence[ChatText],
    verdicts: Sequence[Verdict],
    newest_from: int,
    base: Context,
) -> dict[int, Verdict]:
    """Find what is there only when the user's texts are read as one.

    Args:
        judge: its policy says how many earlier turns are read.
        scorers: those of the judge that are quick.
        items: the texts of a request.
        verdicts: on each text alone.
        newest_from: index of the first message of the newest turn.
        base: context of the request.

    Returns:
        The new verdicts of the texts for which there is more, by index.
    """
    turns = judge.policy.memory.turns
    users = [i for i, item in enumerate(items) if item.speaker == "user" and item.message >= 0]
    newest = [i for i in users if items[i].message >= newest_from]
    past = sorted({items[i].message for i in users if items[i].message < newest_from})
    recent = set(past[-turns:]) if turns else set[int]()
    # What was blocked is withdrawn: the model never reads it beside the newest turn.
    earlier = [i for i in users if items[i].message in recent and verdicts[i].action < Action.BLOCK]
    if not newest:
        return {}
    joined = join_turns(
        [items[i].judged_text for i in earlier], [items[i].judged_text for i in newest]
    )
    if joined is None:
        return {}
    context = replace(base, role="prompt")
    scores = joined.across(judge.score(joined.text, context, scorers))
    first = len(joined.starts) - len(newest)
    found: dict[int, Verdict] = {}
    for place, index in enumerate(newest):
        here = [
            replace(score, spans=spans)
            for score in scores
            if (spans := tuple(joined.part(score.spans, first + place)))
        ]
        if here:
            start = joined.starts[first + place]
            across = judge.grade(joined.text[start:], here, context)
            found[index] = _with(verdicts[index], across, items[index].judged_text)
    return found


def _with(verdict: Verdict, across: Verdict, text: str) -> Verdict:
    extra = [score for score in across.scores if score.action > Action.ALLOW]
    if not extra:
        return verdict
    merged = _strictest(verdict, extra, "")
    return replace(merged, redacted_text=redact(text, merged.scores))


def _strictest(verdict: Verdict, extra: Sequence[GradedScore], redacted_text: str) -> Verdict:
    """`verdict` with more graded scores, strictest first."""
    scores = sorted((*extra, *verdict.scores), key=lambda score: (-score.action, -score.value))
    action = scores[0].action if scores else verdict.action
    return replace(verdict, action=action, scores=tuple(scores), redacted_text=redacted_text)
