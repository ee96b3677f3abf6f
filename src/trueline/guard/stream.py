"""A reply in pieces: safe text out as early as it can be, nothing blocked ever.

>>> from trueline.core.policy_file import policy_from_template
>>> from trueline.judge import Judge
>>> from trueline.scorers.pii import PiiScorer
>>> stream = ReplyStream(Judge(policy_from_template("default"), [PiiScorer()]))
>>> sent = stream.feed("Write to ann@exam") + stream.feed("ple.org today")
>>> tail, verdict = stream.finish()
>>> sent + tail
'Write to [EMAIL] today'

What is promised, for a text T that came in any pieces:

1. No character of a blocked span is delivered.
2. When nothing is blocked, what was delivered is `judge.judge(T).redacted_text`.
3. The verdict of `finish` is `judge.judge(T)`, and neither it nor what was delivered depends
   on how T was cut.

Why it holds. The text is looked at only at *ticks*, positions p that depend on T alone, never
on the pieces; this gives independence of the cut without any assumption. At a tick the window
`T[w:p]` is judged, where w lies left of everything undelivered. Characters before the
*settled* offset r are delivered, where r is the least of

a. for each scorer, the original offset of the character that lies `reach` characters before
   the end, counted in the squeezed view: invisible characters, spaces and punctuation do not
   count, so a span cannot be stretched past the hold-back (a scorer with a method
   `hold_from(text) -> int` says the offset itself);
b. the start of the first segment that is not closed, when a scorer works on segments;
c. the start of an encoded run that may still grow (`open_tail`);
d. the start of a redacted span that reaches over r.

A finding that starts before r can no longer change, by the definition of `reach`; so a
blocking one stops the stream before any of its characters left (its start was never before
an earlier r, or it would have been found at that tick), and a redacted one is replaced as in
the whole text, because by (d) clusters of overlapping spans are delivered as one.

Assumptions: a scorer finds in `T[w:p]` what it finds in T between w + CONTEXT and r (it reads
at most CONTEXT squeezed characters to the left of a finding, and `reach` to the right of its
start); the normaliser changes no more than STABLE squeezed characters before the end when
more text comes; segments are stable under growth. A scorer that keeps none of this (one that
reads the whole text, such as a remote judge) makes the guard hold the reply back whole.

Work. A tick costs one judgement of the window, and the distance to the next is at least STEP
and at least two thirds of what is held, so the work for each character is bounded even when an
endless encoded run is held back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from trueline.core.records import Action, Context, GradedScore, Span, Verdict
from trueline.guard.hold_back import STABLE, HoldBack
from trueline.guard.json_text import PairJoiner, Part
from trueline.guard.masking import merge_spans
from trueline.judge import Judge
from trueline.text.normalize import normalize
from trueline.text.segments import LONGEST, SHORTEST

# Characters between ticks; benchmarks/streaming.py chose it (delay against CPU).
STEP = 64
# Ends of sentences before and after normalisation; only decides when a look is worth it.
_SENTENCE_END = re.compile("[.!?;\\n\\r。！？；．｡…⋯‼⁇⁈⁉\u2028\u2029\u0085\v\f]")

Final = Callable[[str, Context], Verdict]


class ReplyStream:
    """Judges a reply while it streams; see the module for what it promises.

    Args:
        judge: what the text is held against.
        context: role (a reply by default), language and so on.
        final: judges the whole text at the end; `judge.judge` by default.
        hold_back: how much is held, by which scorers; computed from the Judge by default.
        hold_whole: deliver nothing before the end.
        shadow: deliver everything at once, judge all the same.
    """

    def __init__(
        self,
        judge: Judge,
        context: Context | None = None,
        *,
        final: Final | None = None,
        hold_back: HoldBack | None = None,
        hold_whole: bool = False,
        shadow: bool = False,
    ) -> None:
        self._judge = judge
        self._context = context or Context(role="reply")
        self._final: Final = final or judge.judge
        self._hold = hold_back or HoldBack(judge, judge.scorers, self._context.role)
        self._hold_whole = hold_whole
        self._shadow = shadow
        self._pairs = PairJoiner()
        self._pieces: list[str] = []  # T as it came
        self._fresh: list[str] = []  # the part of T after the last tick
        self._window = ""  # T[window_start : last tick]
        self._window_start = 0
        self._done = 0  # T[:done] is delivered, redacted or replaced
        self._tick = 0
        self._next = self._hold.reach + STEP
        self._length = 0
        self._open_segment: int | None = None  # start, when it is what holds the text back
        self._stopped: Verdict | None = None

    @property
    def blocked(self) -> bool:
        """True once a finding stopped the stream; nothing more is delivered."""
        return self._stopped is not None

    @property
    def stopped(self) -> Verdict | None:
        """The verdict that stopped the stream."""
        return self._stopped

    @property
    def text(self) -> str:
        """All that came so far."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def held(self) -> int:
        """Characters that came and are not delivered yet."""
        return self._length - self._done

    def feed(self, piece: str) -> str:
        """Take a piece, give what may be delivered now."""
        parts = self.feed_parts(piece)
        return "".join([part.text for part in parts]) if parts else ""

    def finish(self) -> tuple[str, Verdict]:
        """The reply has ended: the rest of what may be delivered, and the verdict on all."""
        parts, verdict = self.finish_parts()
        return "".join([part.text for part in parts]), verdict

    def feed_parts(self, piece: str) -> list[Part]:
        """As `feed`, by offsets in the text, for callers that keep it in another form."""
        piece = self._pairs.feed(piece)
        if not piece:
            return []
        self._pieces.append(piece)
        start, self._length = self._length, self._length + len(piece)
        if self._shadow:
            self._done = self._length
            return [Part(start, self._length, piece)]
        if self._hold_whole or self._stopped is not None:
            return []
        self._fresh.append(piece)
        if self._length < self._next:
            return []
        fresh = "".join(self._fresh)
        at = 0
        parts: list[Part] = []
        while self._next <= self._length and self._stopped is None:
            take = self._next - self._tick
            self._window += fresh[at : at + take]
            at += take
            self._tick = self._next
            if not self._is_worth_a_look():
                self._next = self._tick + STEP
                continue
            parts += self._look()
        self._fresh = [fresh[at:]]
        return parts

    def finish_parts(self) -> tuple[list[Part], Verdict]:
        """As `finish`, by offsets in the text."""
        parts: list[Part] = []
        if half := self._pairs.close():
            self._pieces.append(half)
            self._length += 1
            if self._shadow:
                parts = [Part(self._length - 1, self._length, half)]
        text = self.text
        verdict = self._final(text, self._context)
        if self._shadow:
            return parts, verdict
        if self._stopped is not None:
            return [], verdict if verdict.action >= Action.REWRITE else self._stopped
        if verdict.action >= Action.REWRITE:
            self._stopped = verdict
            return [], verdict
        clusters = merge_spans(_covering(verdict.scores))
        parts = _parts(text, 0, self._done, len(text), clusters)
        self._done = len(text)
        return parts, verdict

    def _is_worth_a_look(self) -> bool:
        """False when no segment can have closed; a wrong guess delays, it never leaks."""
        if self._open_segment is None:
            return True
        start, end = self._open_segment - self._window_start, len(self._window)
        if end - start > LONGEST + STABLE:
            return True
        first = start + SHORTEST - STEP // 4
        return _SENTENCE_END.search(self._window, first, end - STABLE) is not None

    def _look(self) -> list[Part]:
        text, base = self._window, self._window_start
        normalized = normalize(text)
        scores = self._judge.score(normalized, self._context, self._hold.scorers)
        verdict = self._judge.grade(text, scores, self._context)
        settled, starts = self._hold.settled(normalized)
        by_segment = self._hold.segmented and settled == starts[-1]
        done = self._done - base
        clusters: list[tuple[int, int, str]] = []
        if verdict.action >= Action.REDACT:
            if _stops(verdict.scores, done, settled):
                self._stopped = verdict
                self._window = ""
                self._fresh = []
                return []
            clusters = merge_spans(_covering(verdict.scores))
            for start, end, _ in clusters:
                if start < settled < end:
                    settled, by_segment = start, False
        parts: list[Part] = []
        if settled > done:
            parts = _parts(text, base, done, settled, clusters)
            self._done = settled + base
            keep = self._hold.window_start(normalized, settled, starts)
            self._window = text[keep:]
            self._window_start = base + keep
        self._open_segment = base + settled if by_segment else None
        self._next = self._tick + max(STEP, (self._tick - self._done) * 2 // 3)
        return parts


def _stops(scores: Sequence[GradedScore], done: int, settled: int) -> bool:
    """True when a finding that stops the stream is certain, or has no place in the text."""
    return any(
        not score.spans or any(span.start < settled and span.end > done for span in score.spans)
        for score in scores
        if score.action >= Action.REWRITE
    )


def _covering(scores: Sequence[GradedScore]) -> list[Span]:
    return [
        Span(span.start, span.end, span.label or score.label or score.category)
        for score in scores
        if score.action >= Action.REDACT
        for span in score.spans
    ]


def _parts(
    text: str, base: int, start: int, end: int, clusters: Sequence[tuple[int, int, str]]
) -> list[Part]:
    """Delivery of `text[start:end]`, clusters replaced; `base` is the offset of `text`."""
    parts: list[Part] = []
    at = start
    for first, last, label in clusters:
        if last <= at:
            continue
        if first >= end:
            break
        if first > at:
            parts.append(Part(at + base, first + base, text[at:first]))
        at = max(first, at)
        parts.append(Part(at + base, last + base, f"[{label.upper()}]", replaced=True))
        at = last
    if at < end:
        parts.append(Part(at + base, end + base, text[at:end]))
    return parts
