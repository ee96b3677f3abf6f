"""What other thresholds would have done to stored traffic, from the scores that were kept.

No text is read and no model runs: the stored scores are held against the new thresholds. A
category whose scores are 0 or 1 by their nature answers the same for every threshold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import select

from trueline.core.policy import Policy
from trueline.core.records import Action
from trueline.monitor.reviewed import Reviewed, part_scores
from trueline.stats.bounds import clopper_pearson
from trueline.store.events import EventStore
from trueline.store.reviews import PARTS
from trueline.store.schema import exchanges


@dataclass(frozen=True, slots=True)
class ReplayedChange:
    """What one category's new threshold would have changed.

    Args:
        texts: prompts and replies looked at.
        acted_before, acted_after: texts the category acted on (flagged or stricter).
        fine: reviewed random texts that people found harmless.
        over_refused_before, over_refused_after: of those, how many it acted on.
        over_refusal_low, over_refusal_high: interval of the rate after, at the policy's
            confidence.
    """

    texts: int
    acted_before: int
    acted_after: int
    fine: int
    over_refused_before: int
    over_refused_after: int
    over_refusal_low: float
    over_refusal_high: float


def replay(
    store: EventStore,
    policy: Policy,
    thresholds: Mapping[str, float],
    reviewed: Sequence[Reviewed],
    *,
    limit: int = 20_000,
) -> dict[str, ReplayedChange]:
    """The expected change of each category's threshold.

    Args:
        store: its newest exchanges are held against the thresholds.
        policy: in force; gives the confidence.
        thresholds: the new ones, by category.
        reviewed: settled random items; their harmless ones show the over-refusal.
        limit: exchanges looked at.

    Raises:
        StoreError: the store cannot be read.
    """
    if not thresholds:
        return {}
    texts = 0
    before = dict.fromkeys(thresholds, 0)
    after = dict.fromkeys(thresholds, 0)
    for scores, acted in _newest(store, limit):
        for part in PARTS:
            texts += 1
            highest = part_scores(scores, part)
            for name, threshold in thresholds.items():
                before[name] += name in acted[part]
                after[name] += highest.get(name, 0.0) >= threshold
    fine = [one for one in reviewed if one.violates is False]
    changes = {}
    for name, threshold in thresholds.items():
        was = sum(one.blocked and name in one.scores for one in fine)
        now = sum(one.scores.get(name, 0.0) >= threshold for one in fine)
        interval = clopper_pearson(now, len(fine), policy.confidence)
        changes[name] = ReplayedChange(
            texts, before[name], after[name], len(fine), was, now, interval.low, interval.high
        )
    return changes


def _newest(
    store: EventStore, limit: int
) -> Iterator[tuple[Mapping[str, list[Mapping[str, object]]], dict[str, set[str]]]]:
    columns = exchanges.c
    query = select(columns.scores).order_by(columns.time_us.desc(), columns.id.desc()).limit(limit)
    with store.reading() as connection:
        for (stored,) in connection.execute(query):
            scores = orjson.loads(stored)
            acted: dict[str, set[str]] = {part: set() for part in PARTS}
            for channel, graded in scores.items():
                part = "prompt" if channel.startswith("prompt") else "reply"
                acted[part] |= {
                    str(score["category"])
                    for score in graded
                    if Action.parse(str(score.get("action", "allow"))) > Action.ALLOW
                }
            yield scores, acted
