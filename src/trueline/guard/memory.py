"""What a guard remembers: verdicts by digest of the text, and how turns are read together.

The gateway is stateless: a client sends the whole conversation every time. Turns already
judged are found here by a keyed digest, so each costs one hash. Nothing of a text is kept:
an entry holds the verdict without its redacted text, which is made again from the spans.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from secrets import token_bytes

from trueline.core.records import Context, GradedScore, Score, Span, Verdict
from trueline.judge import redact

# 4,096 verdicts without text take about 4 MB.
CACHE_ENTRIES = 4096
# Most characters of a joined window: the newest text and what came before it.
WINDOW_CHARACTERS = 4000
LEAST_EARLIER = 1000  # a long newest text does not push out what came before it
SEPARATOR = "\n"


class VerdictCache:
    """Least-recently-used verdicts, safe to share between threads.

    Args:
        entries: how many are kept.
    """

    def __init__(self, entries: int = CACHE_ENTRIES) -> None:
        self._entries = entries
        self._verdicts: OrderedDict[bytes, Verdict] = OrderedDict()
        self._lock = threading.Lock()
        self._key = token_bytes(16)  # digests mean nothing outside of this process
        self.hits = 0
        self.misses = 0

    def key(self, text: str, context: Context, scope: str) -> bytes:
        """Digest of all that a verdict depends on; `scope` names policy and scorers."""
        digest = hashlib.blake2b(key=self._key, digest_size=16)
        attributes = sorted(context.attributes.items())
        for part in (scope, context.role, context.language, repr(attributes), *context.history):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
        digest.update(text.encode("utf-8", "surrogatepass"))
        return digest.digest()

    def get(self, key: bytes, text: str) -> Verdict | None:
        """The verdict of `text`, or None."""
        with self._lock:
            verdict = self._verdicts.get(key)
            if verdict is None:
                self.misses += 1
                return None
            self.hits += 1
            self._verdicts.move_to_end(key)
        return replace(verdict, redacted_text=redact(text, verdict.scores))

    def put(self, key: bytes, verdict: Verdict) -> None:
        """Keep a verdict, unless a scorer failed: then it must be tried again."""
        if verdict.faults:
            return
        with self._lock:
            self._verdicts[key] = replace(verdict, redacted_text="")
            self._verdicts.move_to_end(key)
            while len(self._verdicts) > self._entries:
                self._verdicts.popitem(last=False)


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


def strictest(verdict: Verdict, extra: Sequence[GradedScore], redacted_text: str) -> Verdict:
    """`verdict` with more graded scores, strictest first."""
    scores = sorted((*extra, *verdict.scores), key=lambda score: (-score.action, -score.value))
    action = scores[0].action if scores else verdict.action
    return replace(verdict, action=action, scores=tuple(scores), redacted_text=redacted_text)
