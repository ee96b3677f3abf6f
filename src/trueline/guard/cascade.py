"""Judge one text within a time budget: cheap scorers first, slow ones only when needed.

The remote judge, and any scorer with an attribute `slow = True`, runs in a thread, after the
others, and only if they do not block already and a category it can find applies to the role.
A scorer that does not finish in time counts as failed: its categories get a fault, and the
policy's `on_error` says whether that blocks.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout

from trueline.core.records import Action, Context, Score, Verdict
from trueline.judge import Judge, fault_scores
from trueline.scorers.base import Scorer
from trueline.text.normalize import NormalizedText, normalize

# Waiting calls to judge models; each is bounded by the scorer's own timeout.
SLOW_WORKERS = 16
LATE = "did not answer within the time budget"


class Cascade:
    """A Judge's scorers, in order of cost, under the policy's `time_budget_ms`."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.quick = tuple(s for s in judge.scorers if not _is_slow(s))
        self.slow = tuple(s for s in judge.scorers if _is_slow(s))
        self._budget = judge.policy.time_budget_ms / 1000
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def needs_slow(self, context: Context) -> bool:
        """True when a slow scorer can find something that the policy acts upon."""
        return bool(self._slow_for(context))

    def judge_text(self, text: str, context: Context, *, slow: bool = True) -> Verdict:
        """Judge `text`; `slow=False` leaves the slow scorers out."""
        deadline = time.monotonic() + self._budget
        normalized = normalize(text)
        scores: list[Score] = []
        for scorer in self.quick:
            if time.monotonic() < deadline:
                scores += self.judge.score(normalized, context, (scorer,))
            if time.monotonic() >= deadline:
                scores += fault_scores(scorer, LATE)
        wanted = self._slow_for(context) if slow else ()
        if not wanted:
            return self.judge.grade(text, scores, context)
        quick = self.judge.grade(text, scores, context)
        if quick.action >= Action.BLOCK:
            return quick
        scores += self._ask(wanted, normalized, context, deadline)
        return self.judge.grade(text, scores, context)

    def close(self) -> None:
        """Free the threads; calls that wait are given up."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _slow_for(self, context: Context) -> tuple[Scorer, ...]:
        if not self.slow:
            return ()
        return tuple(
            scorer
            for scorer in self.slow
            if any(self._acts_on(category, context) for category in scorer.categories)
        )

    def _acts_on(self, category: str, context: Context) -> bool:
        rule = self.judge.policy.rule(category)
        return rule is not None and rule.action != "allow" and context.role in rule.applies_to

    def _ask(
        self,
        scorers: tuple[Scorer, ...],
        text: NormalizedText,
        context: Context,
        deadline: float,
    ) -> list[Score]:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(SLOW_WORKERS, thread_name_prefix="slow-scorer")
        waiting: list[tuple[Scorer, Future[list[Score]]]] = [
            (scorer, self._pool.submit(self.judge.score, text, context, (scorer,)))
            for scorer in scorers
        ]
        scores: list[Score] = []
        for scorer, answer in waiting:
            try:
                scores += answer.result(max(0.0, deadline - time.monotonic()))
            except FutureTimeout:
                answer.cancel()
                scores += fault_scores(scorer, LATE)
        return scores


def _is_slow(scorer: Scorer) -> bool:
    return bool(getattr(scorer, "slow", scorer.name == "remote"))
