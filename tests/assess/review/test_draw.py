"""The draw: who is in it, that nobody picks the seed, and what it is planned for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.assess.review.draw import Draw, draw_sample, toss
from trueline.assess.review.population import read_population
from trueline.assess.review.share_plan import gate_after, plan_shares, releases
from trueline.assess.review.status import plan_as_text
from trueline.core.errors import InputError
from trueline.stats.gate import clean_prompts_needed, release_boundary
from trueline.stats.judge_error import Review, reviewed_upper

MakeCase = Callable[..., Path]


def draw_of(case: Path, share: float = 0.5) -> Draw:
    population = read_population(case)
    faults = sum(graded.faulty for graded in population)
    flagged = sum(graded.flagged for graded in population) - faults
    plan = plan_shares(len(population), flagged, faults, 0.01, unflagged_share=share)
    return draw_sample(population, plan, "sha256:policy")


def test_every_flagged_reply_is_drawn_and_about_the_share_of_the_others(
    make_case: MakeCase,
) -> None:
    case = make_case(2000, flagged=tuple(range(100)), faults=(150, 151))

    drawn = draw_of(case, 0.3)

    ids = {graded.id: graded for graded in read_population(case)}
    flagged = [id for id, flag in drawn.drawn.items() if flag]
    assert len(flagged) == 100
    assert abs(len(drawn.drawn) - 100 - 0.3 * 1898) < 4 * (1898 * 0.21) ** 0.5
    assert not any(ids[id].faulty for id in drawn.drawn)
    assert (drawn.n, drawn.flagged, drawn.faults) == (2000, 102, 2)


def test_flagged_replies_are_mixed_with_the_rest(make_case: MakeCase) -> None:
    drawn = draw_of(make_case(400, flagged=tuple(range(100))), 0.5)

    first = list(drawn.drawn.values())[: len(drawn.drawn) // 2]

    assert 25 < sum(first) < 75


def test_the_same_case_gives_the_same_sample_and_other_replies_another(
    make_case: MakeCase,
) -> None:
    first = draw_of(make_case(200))
    again = draw_of(make_case(200))
    other = draw_of(make_case(200, text="another {0}"))

    assert first == again
    assert first.seed != other.seed
    assert Draw.from_json(json.loads(json.dumps(first.as_json()))) == first


@given(st.integers(0, 2**48), st.text("abc0123", min_size=1))
def test_a_toss_lies_in_the_unit_interval(seed: int, id: str) -> None:
    assert 0 <= toss(seed, id, "draw") < 1


def test_tosses_are_even() -> None:
    tosses = [toss(7, f"r{k}", "draw") for k in range(4000)]

    for low in (0.0, 0.25, 0.5, 0.75):
        share = sum(low <= one < low + 0.25 for one in tosses) / 4000
        assert abs(share - 0.25) < 0.03


def test_the_share_is_the_least_with_which_the_gate_says_release() -> None:
    plan = plan_shares(n=3000, flagged=6, faults=1, limit=0.01)

    assert plan.reachable
    assert plan.confirmed == 4
    assert plan.bound == reviewed_upper(Review(3000, 4, 0, plan.unflagged_share))
    gate = gate_after(Review(3000, 4, 0, plan.unflagged_share), 0.01, 0.95)
    assert gate is not None
    assert gate.verdict == "RELEASE"
    assert not releases(Review(3000, 4, 0, plan.unflagged_share - 0.01), 0.01, 0.95)
    assert plan.most == release_boundary(0.01, 0.95, 3000)[-1]
    assert plan.labels < 1500
    assert plan.if_missed[0] == plan.labels
    assert plan.if_missed[1] is not None
    assert plan.if_missed[1] > plan.labels


@pytest.mark.parametrize(("sensitivity", "alarms"), [(0.0, 0.03), (0.5, 0.0), (0.9, 0.03)])
def test_a_share_planned_from_what_the_judge_flagged_keeps_the_bound(
    sensitivity: float, alarms: float
) -> None:
    """The plan sees the judge's flags before it sets the share, and the bound still covers."""
    random = np.random.default_rng(15)
    n, rate, limit, runs = 500, 0.0101, 0.01, 1500
    shares: dict[int, float] = {}
    bounds: dict[tuple[int, int, float], float] = {}
    missed = 0

    for _ in range(runs):
        violations = int(random.binomial(n, rate))
        caught = int(random.binomial(violations, sensitivity))
        flagged = caught + int(random.binomial(n - violations, alarms))
        if flagged not in shares:
            shares[flagged] = plan_shares(n, flagged, 0, limit).unflagged_share
        found = int(random.binomial(violations - caught, shares[flagged]))
        key = (caught, found, shares[flagged])
        if key not in bounds:
            bounds[key] = reviewed_upper(Review(n, *key))
        missed += bounds[key] < rate

    assert missed / runs <= 0.06  # 0.05 and two standard errors; 0.042 to 0.049 in 4,000 runs


def test_a_case_too_small_for_its_limit_is_told_before_anybody_labels() -> None:
    plan = plan_shares(n=200, flagged=1, faults=0, limit=0.01)

    assert not plan.reachable
    assert plan.most == -1
    assert plan.if_missed == (None, None, None)
    assert plan.unflagged_share == 1
    assert plan.prompts_more == clean_prompts_needed(0.01) - 200


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Label everything; even then the gate needs 24 more prompts without a violation."),
        ("zh", "请全部标注；即便如此，发布判定还需 24 条无违规的提示。"),
    ],
)
def test_replies_enough_for_one_look_and_too_few_for_the_gate_are_told(
    language: str, told: str
) -> None:
    plan = plan_shares(n=320, flagged=0, faults=0, limit=0.01)

    lines = plan_as_text(plan, 1, language).splitlines()

    assert plan.bound < 0.01
    assert not plan.reachable
    assert lines[-1] == told


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"flagged_share": 0.0}, "--flagged-share must lie above 0 and at most at 1 (got 0.0)"),
        (
            {"flagged_share": 0.5, "unflagged_share": 0.7},
            "--unflagged-share must lie above 0 and at most at --flagged-share 0.5 (got 0.7)",
        ),
    ],
)
def test_shares_that_make_no_design_are_refused(shares: dict[str, float], message: str) -> None:
    with pytest.raises(InputError) as told:
        plan_shares(100, 1, 0, 0.01, **shares)

    assert str(told.value) == message


def test_attacked_items_and_items_after_the_first_without_reply_are_left_out(
    make_case: MakeCase,
) -> None:
    case = make_case(6)
    lines = (case / "items.jsonl").read_text("utf-8").splitlines()
    attacked = json.dumps({**json.loads(lines[1]), "attack": "leet", "origin": "i1"})
    (case / "items.jsonl").write_text("\n".join([lines[0], attacked, *lines[2:]]) + "\n", "utf-8")
    replies = (case / "replies.jsonl").read_text("utf-8").splitlines(keepends=True)
    (case / "replies.jsonl").write_text("".join(replies[:4] + replies[5:]), "utf-8")

    assert [graded.item.id for graded in read_population(case)] == ["i0", "i2", "i3"]


def test_a_reply_without_a_grade_or_with_one_that_cannot_tell_is_flagged(
    make_case: MakeCase,
) -> None:
    case = make_case(4, flagged=(), faults=(3,))
    grades = (case / "grades.jsonl").read_text("utf-8").splitlines(keepends=True)
    (case / "grades.jsonl").write_text("".join(grades[1:]), "utf-8")

    population = read_population(case)

    assert [graded.flagged for graded in population] == [True, False, False, True]
    assert [graded.faulty for graded in population] == [False, False, False, True]


def test_faults_are_left_out_when_the_case_leaves_unscored_replies_out(
    make_case: MakeCase,
) -> None:
    case = make_case(4, faults=(3,), unscored="exclude")

    assert len(read_population(case)) == 3


def test_a_case_without_grades_says_what_to_do(make_case: MakeCase) -> None:
    case = make_case(4)
    (case / "grades.jsonl").unlink()

    with pytest.raises(InputError) as told:
        read_population(case)

    assert str(told.value) == (
        f"{case / 'grades.jsonl'} has no line: there is nothing to review.\n"
        "  Make a case with: trueline assess TARGET --policy POLICY --out CASE"
    )
