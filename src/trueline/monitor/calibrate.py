"""Thresholds from reviewed labels, so that the policy's miss budgets hold.

For each category with a `max_miss_rate` the texts that people found to violate it, drawn at
random, are the calibration sample. Learn-then-test (Angelopoulos et al. 2021, arXiv:2110.01052;
`stats.risk_control`) gives the highest threshold whose miss rate is within the budget at the
policy's confidence, or says that no threshold can promise it with these labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trueline.core.errors import InputError
from trueline.core.policy import Policy
from trueline.core.policy_edit import with_thresholds
from trueline.core.policy_file import parse_policy
from trueline.monitor.replay import ReplayedChange, replay
from trueline.monitor.reviewed import Reviewed, random_sample, read_reviewed
from trueline.stats.risk_control import calibrate_threshold
from trueline.stats.sample_size import prompts_needed
from trueline.store.events import EventStore
from trueline.store.policy_versions import PolicyVersion, propose

# Candidates, fixed before any label is looked at: scores are calibrated to this grain.
GRID = tuple(round(0.01 * step, 2) for step in range(1, 100))


@dataclass(frozen=True, slots=True)
class CategoryProposal:
    """What the labels say about one category.

    Args:
        category: of the policy.
        violations: reviewed random texts that violate it.
        unsure: reviewed random texts people could not decide; they count for nothing here.
        max_miss_rate, confidence: the policy's budget.
        threshold: the proposed one; None when none can be promised.
        missed: violations below it; `miss_rate_upper` bounds their rate.
        needed: violations that must be reviewed before any threshold can be promised.
        change: what the proposal would have done to stored traffic.
    """

    category: str
    violations: int
    unsure: int
    max_miss_rate: float
    confidence: float
    threshold: float | None
    missed: int
    miss_rate_upper: float
    needed: int
    change: ReplayedChange | None = None

    @property
    def possible(self) -> bool:
        """Whether a threshold can be promised."""
        return self.threshold is not None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Proposals for every category with a miss budget, and the policy text that holds them."""

    policy_hash: str
    proposals: tuple[CategoryProposal, ...]
    yaml: str
    new_hash: str

    @property
    def changes(self) -> bool:
        """Whether anything would change."""
        return self.new_hash != self.policy_hash

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json` and the version's evidence."""
        return {
            "policy_hash": self.policy_hash,
            "new_hash": self.new_hash,
            "proposals": [asdict(one) for one in self.proposals],
        }


def calibrate(
    store: EventStore,
    policy: Policy,
    text: str,
    *,
    replayed: int = 20_000,
    folder: Path | None = None,
) -> Calibration:
    """Propose thresholds from the reviewed labels of a store.

    Args:
        store: holds the labels and the traffic.
        policy: in force; gives the budgets and the confidence.
        text: its YAML, in which the thresholds are changed.
        replayed: newest exchanges that show the expected change.
        folder: where the word lists lie that the text names.

    Raises:
        InputError: no category has a miss budget, or the text cannot be changed.
        StoreError: the store cannot be read.
    """
    budgets = {
        name: rule.max_miss_rate
        for name, rule in (*policy.categories.items(), *policy.topics.items())
        if rule.max_miss_rate is not None and 0 < rule.max_miss_rate < 1
    }
    if not budgets:
        raise InputError(
            "no category of the policy has a miss budget; set max_miss_rate, such as\n"
            "  categories:\n    violence: {action: block, max_miss_rate: 0.2}"
        )
    sample = random_sample(read_reviewed(store))
    proposals = [
        _propose(sample, name, budget, policy.confidence) for name, budget in budgets.items()
    ]
    thresholds = {p.category: p.threshold for p in proposals if p.threshold is not None}
    changed = with_thresholds(text, thresholds)
    new = (
        parse_policy(changed, source="the proposed policy", folder=folder) if thresholds else policy
    )
    changes = replay(store, policy, thresholds, sample, limit=replayed)
    filled = tuple(
        CategoryProposal(**{**_fields(one), "change": changes.get(one.category)})
        for one in proposals
    )
    return Calibration(policy.hash, filled, changed, new.hash)


def propose_version(
    store: EventStore, calibration: Calibration, policy: Policy, author: str
) -> PolicyVersion:
    """Put a calibration up for a person's decision.

    Raises:
        InputError: it changes nothing.
        StoreError: the store cannot be written.
    """
    if not calibration.changes:
        raise InputError(
            "the labels call for no change; `trueline monitor calibrate --json` shows why"
        )
    version = PolicyVersion(
        policy=policy.name, hash=calibration.new_hash, parent_hash=policy.hash,
        yaml=calibration.yaml, evidence=calibration.as_json(), author=author,
        reason="calibrated from reviewed labels",
    )  # fmt: skip
    return propose(store, version)


def _propose(
    sample: Sequence[Reviewed], category: str, budget: float, confidence: float
) -> CategoryProposal:
    scores = [
        one.scores.get(category, 0.0)
        for one in sample
        if one.violates and category in one.categories
    ]
    unsure = sum(one.violates is None for one in sample)
    needed = prompts_needed(budget, confidence)
    found = calibrate_threshold(scores, GRID, budget, confidence) if scores else None
    if found is None:
        below = sum(score < GRID[0] for score in scores)
        return CategoryProposal(
            category, len(scores), unsure, budget, confidence, None, below, 1.0, needed
        )
    return CategoryProposal(
        category, len(scores), unsure, budget, confidence, found.threshold, found.missed,
        found.miss_rate_upper, needed,
    )  # fmt: skip


def _fields(proposal: CategoryProposal) -> dict[str, Any]:
    return {name: getattr(proposal, name) for name in proposal.__slots__}
