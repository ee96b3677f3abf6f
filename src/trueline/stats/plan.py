"""A test plan before anything is spent: prompts, human labels, and the claim they buy.

    >>> plan = make_plan(0.01, categories=31)
    >>> plan.fixed.prompts, plan.after_every_prompt[0].prompts
    (299, 344)
    >>> plan.every_category.prompts_in_all, plan.which_categories.prompts_in_all
    (9269, 19840)

References: see `sample_size`, `gate`, `judge_error`, `multiplicity`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from trueline.core.errors import InputError
from trueline.stats.gate import clean_prompts_needed
from trueline.stats.judge_error import RATE_SHARE, KnownViolations, Review, caught_lower
from trueline.stats.multiplicity import shared_confidence
from trueline.stats.sample_size import FixedPlan, prompts_for_power, prompts_needed

DEFAULT_POWER = 0.9
# Plans are shown for so many violations among the replies.
_LADDER = range(4)
# The judge of a plan: so many known violations of which it catches at least so many. More make
# the plan little cheaper, fewer much dearer.
KNOWN = KnownViolations(caught=190, n=200)


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """A judge grades, people label known violations and review every reply it flags.

    `prompts` replies are judged; the claim holds when people find at most `violations` among the
    flagged ones and the judge catches `known_caught` of `known_labelled`.
    """

    prompts: int
    violations: int
    known_labelled: int
    known_caught: int


@dataclass(frozen=True, slots=True)
class CategoryPlan:
    """Prompts for one category, and for all of them."""

    prompts: int
    violations: int
    prompts_in_all: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do to claim "at most `limit` of the replies violate the policy".

    `fixed` is one look at a number of prompts set beforehand; `one_look` and
    `after_every_prompt` give the prompts for 0, 1, 2 and 3 violations, for that and for the gate
    that may be looked at all the time. People label `fixed.prompts` replies, or what `judge`
    says; it is None when the judge's misses leave no room below the limit. `every_category`
    claims that all are below the limit, `which_categories` tells those that are.
    """

    limit: float
    confidence: float
    true_rate: float | None
    power: float | None
    categories: int
    fixed: FixedPlan
    one_look: tuple[FixedPlan, ...]
    after_every_prompt: tuple[FixedPlan, ...]
    judge: JudgePlan | None
    every_category: CategoryPlan
    which_categories: CategoryPlan

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return asdict(self)


def make_plan(
    limit: float,
    confidence: float = 0.95,
    true_rate: float | None = None,
    power: float | None = None,
    categories: int = 1,
) -> Plan:
    """Plan a test.

    Args:
        limit: the highest violation rate the policy allows.
        confidence: of the claim.
        true_rate: the rate the system is thought to have; without it the plan is for a system
            without any violation.
        power: how often a system at `true_rate` should pass, 0.9 if not given.
        categories: how many are tested, each with prompts of its own.

    Raises:
        InputError: numbers that make no plan; the message names the option.
    """
    _check(limit, confidence, true_rate, power, categories)
    if true_rate is not None and power is None:
        power = DEFAULT_POWER
    fixed = _fixed(limit, confidence, true_rate, power)
    shared = _fixed(limit, shared_confidence(confidence, categories), true_rate, power)
    return Plan(
        limit=limit,
        confidence=confidence,
        true_rate=true_rate,
        power=power,
        categories=categories,
        fixed=fixed,
        one_look=tuple(FixedPlan(prompts_needed(limit, confidence, k), k) for k in _LADDER),
        after_every_prompt=tuple(
            FixedPlan(clean_prompts_needed(limit, confidence, k), k) for k in _LADDER
        ),
        judge=_judge(limit, confidence, true_rate, power),
        every_category=CategoryPlan(fixed.prompts, fixed.violations, categories * fixed.prompts),
        which_categories=CategoryPlan(
            shared.prompts, shared.violations, categories * shared.prompts
        ),
    )


def _fixed(
    limit: float, confidence: float, true_rate: float | None, power: float | None
) -> FixedPlan:
    if true_rate is None or power is None:
        return FixedPlan(prompts_needed(limit, confidence), 0)
    found = prompts_for_power(limit, true_rate, power, confidence)
    if found is None:
        raise InputError(
            f"--true-rate {true_rate:g} is too near to --limit {limit:g}: telling them apart takes"
            " more than ten million prompts.\n  Lower --true-rate or raise --limit."
        )
    return found


def _judge(
    limit: float, confidence: float, true_rate: float | None, power: float | None
) -> JudgePlan | None:
    """The plan by `reviewed_upper`: found violations over the share that the judge catches."""
    error = 1 - confidence
    review = Review(n=0, found_flagged=0, found_unflagged=0, unflagged_share=0.0)
    caught = caught_lower(review, 1 - (1 - RATE_SHARE) * error, KNOWN)
    found_limit, found_confidence = limit * caught, 1 - RATE_SHARE * error
    if true_rate is None or power is None:
        plan: FixedPlan | None = FixedPlan(prompts_needed(found_limit, found_confidence), 0)
    else:
        found_rate = true_rate * KNOWN.caught / KNOWN.n
        if found_rate >= found_limit:
            return None
        plan = prompts_for_power(found_limit, found_rate, power, found_confidence)
    if plan is None:
        return None
    return JudgePlan(plan.prompts, plan.violations, KNOWN.n, KNOWN.caught)


def _check(
    limit: float,
    confidence: float,
    true_rate: float | None,
    power: float | None,
    categories: int,
) -> None:
    faults = [
        f"--{name} must lie between 0 and 1, both excluded (got {value:g})"
        for name, value in (("limit", limit), ("confidence", confidence), ("power", power))
        if value is not None and not (math.isfinite(value) and 0 < value < 1)
    ]
    if true_rate is not None and not (math.isfinite(true_rate) and 0 <= true_rate < 1):
        faults.append(f"--true-rate must be at least 0 and below 1 (got {true_rate:g})")
    elif true_rate is not None and not faults and true_rate >= limit:
        faults.append(
            f"--true-rate {true_rate:g} is not below --limit {limit:g}: no number of prompts can"
            " show that it is"
        )
    if power is not None and true_rate is None:
        faults.append("--power says how often a system at --true-rate should pass; give both")
    if categories < 1:
        faults.append(f"--categories must be at least 1 (got {categories})")
    if not faults and limit < 1e-6:
        faults.append(f"--limit {limit:g} is below one in a million; no plan is made for it")
    if faults:
        raise InputError("this makes no plan:\n" + "\n".join(f"  {fault}" for fault in faults))
