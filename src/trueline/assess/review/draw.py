"""The random sample that people label: each reply by a toss of its own, nobody picks the seed.

The seed is made from every question and answer of the case, so the same case always gives the
same sample and a sample cannot be drawn again until it suits. What the judge had flagged is kept
with the draw: a judge that is changed later does not change who was drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trueline.assess.review.population import GradedReply, population_digest
from trueline.assess.review.share_plan import SharePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A sample as it was drawn.

    Args:
        population: digest of all questions and answers.
        policy: hash of the policy that labels are held against.
        seed: of the tosses.
        n: replies in all.
        flagged: how many of them the judge flagged, faults included.
        faults: replies that never came.
        flagged_share: probability with which a flagged reply was drawn.
        unflagged_share: the same for the others.
        reviewers: people who must label each reply.
        limit: of the claim it was planned for.
        confidence: of that claim.
        drawn: ids of the replies to label, and whether each was flagged, in the order shown.
    """

    population: str
    policy: str
    seed: int
    n: int
    flagged: int
    faults: int
    flagged_share: float
    unflagged_share: float
    reviewers: int
    limit: float
    confidence: float
    drawn: Mapping[str, bool]

    def as_json(self) -> dict[str, Any]:
        """The line of `reviews.jsonl`, without what the chain adds."""
        record = {name: getattr(self, name) for name in _FIELDS}
        return {**record, "kind": "draw", "drawn": [[id, flag] for id, flag in self.drawn.items()]}

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Draw:
        """The draw that `as_json` wrote."""
        drawn = {str(id): bool(flagged) for id, flagged in line["drawn"]}
        return cls(**{name: line[name] for name in _FIELDS}, drawn=drawn)


_FIELDS = (
    "population", "policy", "seed", "n", "flagged", "faults", "flagged_share", "unflagged_share",
    "reviewers", "limit", "confidence",
)  # fmt: skip


def draw_sample(
    population: Sequence[GradedReply], plan: SharePlan, policy: str, reviewers: int = 1
) -> Draw:
    """Toss for every reply that has a text.

    Args:
        population: all graded replies.
        plan: with the shares.
        policy: hash of the policy in force.
        reviewers: people who must label each reply.
    """
    digest = population_digest(population)
    seed = int(digest.removeprefix("sha256:")[:12], 16)
    drawn: list[tuple[str, bool]] = []
    for graded in population:
        share = plan.flagged_share if graded.flagged else plan.unflagged_share
        if not graded.faulty and toss(seed, graded.id, "draw") < share:
            drawn.append((graded.id, graded.flagged))
    drawn.sort(key=lambda entry: toss(seed, entry[0], "order"))
    return Draw(
        population=digest, policy=policy, seed=seed, n=len(population),
        flagged=sum(graded.flagged for graded in population),
        faults=sum(graded.faulty for graded in population),
        flagged_share=plan.flagged_share, unflagged_share=plan.unflagged_share,
        reviewers=reviewers, limit=plan.limit, confidence=plan.confidence, drawn=dict(drawn),
    )  # fmt: skip


def toss(seed: int, id: str, purpose: str) -> float:
    """A number in [0, 1) for one reply, independent of all others."""
    digest = hashlib.sha256(f"{seed}\n{purpose}\n{id}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / (1 << 56)
