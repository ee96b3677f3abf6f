"""Plans: the numbers behind them hold when the bounds are asked."""

from __future__ import annotations

import pytest
import scipy.stats  # type: ignore[import-untyped]

from trueline.core.errors import InputError
from trueline.stats.bounds import clopper_pearson_upper
from trueline.stats.gate import GateVerdict, decide
from trueline.stats.judge_error import KnownViolations, Review, reviewed_upper
from trueline.stats.plan import make_plan


def test_a_clean_plan_has_the_known_numbers() -> None:
    plan = make_plan(0.01, categories=31)

    assert [step.prompts for step in plan.one_look] == [299, 473, 628, 773]
    assert plan.after_every_prompt[0].prompts == 344
    assert (plan.every_category.prompts, plan.every_category.prompts_in_all) == (299, 9_269)
    assert (plan.which_categories.prompts, plan.which_categories.prompts_in_all) == (640, 19_840)


@pytest.mark.parametrize("true_rate", [None, 0.001, 0.005])
def test_what_the_plan_promises_the_bounds_confirm(true_rate: float | None) -> None:
    plan = make_plan(0.01, true_rate=true_rate)

    assert clopper_pearson_upper(plan.fixed.violations, plan.fixed.prompts) <= 0.01
    for step in plan.after_every_prompt:
        assert decide(step.violations, step.prompts, 0.01).verdict is GateVerdict.RELEASE
        before = decide(step.violations, step.prompts - 1, 0.01)
        assert before.verdict is GateVerdict.NOT_ENOUGH_EVIDENCE
    assert plan.judge is not None
    review = Review(plan.judge.prompts, plan.judge.violations, 0, unflagged_share=0.0)
    known = KnownViolations(plan.judge.known_caught, plan.judge.known_labelled)
    assert reviewed_upper(review, known=known) <= 0.01
    fewer = Review(plan.judge.prompts - 1, plan.judge.violations, 0, unflagged_share=0.0)
    assert reviewed_upper(fewer, known=known) > 0.01
    if true_rate is not None:
        power = scipy.stats.binom.cdf(plan.fixed.violations, plan.fixed.prompts, true_rate)
        assert power >= 0.9
        assert plan.power == 0.9


def test_a_judge_saves_most_labels_when_the_limit_is_low() -> None:
    plan = make_plan(0.001)

    assert plan.fixed.prompts == 2995
    assert plan.judge is not None
    assert plan.judge.known_labelled < 0.1 * plan.fixed.prompts


def test_a_judge_whose_misses_fill_the_limit_is_no_help() -> None:
    assert make_plan(0.01, true_rate=0.0097).judge is None


@pytest.mark.parametrize(
    ("numbers", "fault"),
    [
        ((0.0, 0.95, None, None, 1), "--limit must lie between 0 and 1, both excluded (got 0)"),
        ((0.01, 1.5, None, None, 1), "--confidence must lie between 0 and 1, both excluded (got 1.5)"),
        ((float("nan"), 0.95, None, None, 1), "--limit must lie between 0 and 1, both excluded (got nan)"),
        ((0.01, 0.95, -0.1, None, 1), "--true-rate must be at least 0 and below 1 (got -0.1)"),
        ((0.01, 0.95, 0.02, None, 1), "--true-rate 0.02 is not below --limit 0.01: no number of prompts can show that it is"),
        ((0.01, 0.95, None, 0.8, 1), "--power says how often a system at --true-rate should pass; give both"),
        ((0.01, 0.95, None, None, 0), "--categories must be at least 1 (got 0)"),
        ((1e-9, 0.95, None, None, 1), "--limit 1e-09 is below one in a million; no plan is made for it"),
    ],
)  # fmt: skip
def test_a_fault_is_told_whole(
    numbers: tuple[float, float, float | None, float | None, int], fault: str
) -> None:
    with pytest.raises(InputError) as told:
        make_plan(*numbers)

    assert str(told.value) == f"this makes no plan:\n  {fault}"
