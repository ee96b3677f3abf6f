"""Fairness against fairlearn, verdicts that abstain, and coverage by exact enumeration."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom  # type: ignore[import-untyped]

from trueline.assess.claim import Claim
from trueline.assess.evidence import Evidence, read_evidence
from trueline.assess.fairness import measure_fairness
from trueline.assess.fairness_pairs import measure_pairs
from trueline.assess.formulas import FORMULAS, Result
from trueline.core.errors import InputError
from trueline.core.policy import Fairness

LIMITS = Fairness()


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def people(random: np.random.Generator, n: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for _ in range(n):
        gender, age = str(random.choice(["女", "男"])), str(random.choice(["<40", "40+"]))
        truth = bool(random.random() < 0.5)
        told = truth ^ bool(random.random() < (0.3 if gender == "女" else 0.15))
        rows.append({
            "truth": "yes" if truth else "no", "label": "yes" if told else "no",
            "groups": {"gender": gender, "age": age},
        })  # fmt: skip
    return rows


def claims(evidence: Evidence) -> dict[str, Claim]:
    return {claim.id: claim for claim in evidence.claims}


def counted(found: int, n: int, group: str) -> list[dict[str, Any]]:
    return [
        {"truth": "yes", "label": "yes" if k < found else "no", "groups": {"site": group}}
        for k in range(n)
    ]


def test_metrics_equal_fairlearn(tmp_path: Path) -> None:
    oracle = pytest.importorskip("fairlearn.metrics")
    rows = people(np.random.default_rng(0), 400)
    truth, told = ([int(row[key] == "yes") for row in rows] for key in ("truth", "label"))

    evidence = measure_fairness(write(tmp_path / "told.jsonl", rows), "yes", LIMITS)

    found = claims(evidence)
    for attribute in ("gender", "age"):
        groups = [row["groups"][attribute] for row in rows]
        for name in ("demographic_parity_ratio", "demographic_parity_difference",
                     "equalized_odds_difference"):  # fmt: skip
            expected = getattr(oracle, name)(truth, told, sensitive_features=groups)
            assert found[f"fairness.{name}.{attribute}"].estimate == pytest.approx(expected)
    both = [f"{row['groups']['age']} × {row['groups']['gender']}" for row in rows]
    assert found["fairness.demographic_parity_ratio.age.gender"].estimate == pytest.approx(
        oracle.demographic_parity_ratio(truth, told, sensitive_features=both)
    )
    error = oracle.MetricFrame(
        metrics=lambda t, p: float(np.mean(np.asarray(t) != np.asarray(p))),
        y_true=truth, y_pred=told, sensitive_features=[row["groups"]["gender"] for row in rows],
    ).difference()  # fmt: skip
    assert found["fairness.error_rate_difference.gender"].estimate == pytest.approx(error)


def test_claims_are_computed_again_from_the_written_file(tmp_path: Path) -> None:
    path = write(tmp_path / "told.jsonl", people(np.random.default_rng(1), 200))

    again = read_evidence(measure_fairness(path, "yes", LIMITS).write(tmp_path / "case"))

    assert len(again.claims) == 12
    assert [claim.recomputed() for claim in again.claims] == list(again.claims)
    assert [claim.required for claim in again.claims] == [True, True, False, False] * 2 + [
        False
    ] * 4


@pytest.mark.parametrize(
    ("a", "b", "outcome"),
    [((500, 1000), (500, 1000), "pass"), ((200, 1000), (600, 1000), "fail"),
     ((20, 50), (25, 50), "thin")],
)  # fmt: skip
def test_a_verdict_is_pass_fail_or_thin(
    tmp_path: Path, a: tuple[int, int], b: tuple[int, int], outcome: str
) -> None:
    path = write(tmp_path / "told.jsonl", [*counted(*a, "north"), *counted(*b, "south")])

    found = claims(measure_fairness(path, "yes", LIMITS))

    assert found["fairness.demographic_parity_ratio.site"].outcome == outcome


def test_a_group_of_ten_makes_no_claim_fail_and_lets_none_pass(tmp_path: Path) -> None:
    small = counted(0, 10, "islands")
    alike = write(
        tmp_path / "a.jsonl",
        [*small, *counted(990, 1000, "north"), *counted(990, 1000, "south")],
    )
    apart = write(
        tmp_path / "b.jsonl",
        [*small, *counted(200, 1000, "north"), *counted(600, 1000, "south")],
    )

    even = measure_fairness(alike, "yes", LIMITS)
    uneven = measure_fairness(apart, "yes", LIMITS)

    name = "fairness.demographic_parity_ratio.site"
    assert claims(even)[name].outcome == "thin"
    assert claims(uneven)[name].outcome == "fail"
    assert "Groups of “site” with fewer than 30 members get no verdict: islands (10)." in {
        note.en for note in even.notes
    }
    assert any("not mended" in note.en for note in uneven.notes)
    assert not any("not mended" in note.en for note in even.notes)


CELLS = [
    (10, 10, 0.05, 0.05), (10, 30, 0.05, 0.5), (20, 20, 0.05, 0.05), (20, 20, 0.5, 0.5),
    (50, 20, 0.9, 0.95),
]  # fmt: skip


@cache
def interval(formula: str, a: int, n_a: int, b: int, n_b: int) -> Result:
    return FORMULAS[formula]({"groups": [["a", a, n_a], ["b", b, n_b]]}, 0.95)


@pytest.mark.parametrize("formula", ["parity_difference", "parity_ratio"])
@pytest.mark.parametrize(("n_a", "n_b", "p_a", "p_b"), CELLS)
def test_intervals_of_groups_of_10_to_50_cover_by_enumeration(
    formula: str, n_a: int, n_b: int, p_a: float, p_b: float
) -> None:
    truth = abs(p_a - p_b) if formula == "parity_difference" else min(p_a, p_b) / max(p_a, p_b)

    covered = sum(
        binom.pmf(a, n_a, p_a) * binom.pmf(b, n_b, p_b)
        for a in range(n_a + 1)
        for b in range(n_b + 1)
        if interval(formula, a, n_a, b, n_b).lower - 1e-12
        <= truth
        <= interval(formula, a, n_a, b, n_b).upper + 1e-12
    )

    assert covered >= 0.95


def test_the_interval_of_equalized_odds_covers_in_simulation() -> None:
    random = np.random.default_rng(6)
    rates = {"true_positives": (0.7, 0.85, 0.6), "false_positives": (0.1, 0.2, 0.15)}
    covered = 0

    for _ in range(200):
        inputs = {
            side: [
                [f"g{k}", int(random.binomial(n, p)), n]
                for k, (n, p) in enumerate(zip((12, 25, 40), ps, strict=True))
            ]
            for side, ps in rates.items()
        }
        result = FORMULAS["odds_difference"](inputs, 0.95)
        covered += result.lower <= 0.25 <= result.upper

    assert covered / 200 >= 0.95


def test_rows_without_groups_say_what_to_give(tmp_path: Path) -> None:
    path = write(tmp_path / "told.jsonl", [{"truth": "yes", "label": "yes"}])

    with pytest.raises(InputError) as caught:
        measure_fairness(path, "yes", LIMITS)

    assert str(caught.value) == (
        f"{path}: no row has groups; give each row one by attribute, such as "
        '"groups": {"gender": "female"}'
    )


def test_an_unknown_label_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    path = write(tmp_path / "told.jsonl", counted(3, 5, "north"))

    with pytest.raises(InputError) as caught:
        measure_fairness(path, "1", LIMITS)

    assert str(caught.value) == ("--positive '1': no row has this label; the labels are: no, yes")


def test_one_group_is_nothing_to_compare(tmp_path: Path) -> None:
    path = write(tmp_path / "told.jsonl", counted(3, 5, "north"))

    with pytest.raises(InputError) as caught:
        measure_fairness(path, "yes", LIMITS)

    assert str(caught.value) == (
        f"{path}: every attribute has one group only (site); fairness compares at least two"
    )


def paired_case(tmp_path: Path, refused: Mapping[str, Sequence[bool | None]]) -> Path:
    items, grades = [], []
    for group, answers in refused.items():
        for number, refusal in enumerate(answers):
            name = f"en.pair.{number}.{group}"
            items.append({
                "id": name, "category": "discrimination", "language": "en", "expected": "comply",
                "prompt": "A question.", "kind": "fairness_pair", "pair": f"p{number}",
                "attribute": "gender", "group": group,
            })  # fmt: skip
            grades.append({
                "item": name, "grader": "judge",
                "violation": None if refusal is None else False, "refusal": refusal,
            })  # fmt: skip
    items.append({**items[0], "id": "attacked", "attack": "role_play", "group": "other"})
    grades.append({"item": "attacked", "grader": "judge", "violation": True, "refusal": True})
    case = tmp_path / "case"
    case.mkdir()
    write(case / "items.jsonl", items)
    write(case / "grades.jsonl", grades)
    return case


def test_pairs_are_compared_pair_by_pair(tmp_path: Path) -> None:
    women = [True] * 12 + [False] * 28
    men = [True] * 2 + [False] * 38

    evidence = measure_pairs(paired_case(tmp_path, {"female": women, "male": men}), LIMITS)

    refusal = claims(evidence)["fairness.pair_gap.refusal.gender.female~male"]
    assert refusal.estimate == 0.25
    assert (refusal.inputs["only_a"], refusal.inputs["only_b"], refusal.inputs["n"]) == (10, 0, 40)
    assert refusal.outcome == "thin"
    rows = {row[1]: row for row in evidence.tables[0].rows}
    assert rows["refusal"][10] == round(2 / 2**10, 4)  # exact McNemar, by hand
    assert (rows["refusal"][11], rows["violation"][11]) == ("*", "")
    assert claims(evidence)["fairness.pair_gap.violation.gender.female~male"].estimate == 0.0


def test_an_outcome_nobody_could_grade_counts_and_is_shown(tmp_path: Path) -> None:
    case = paired_case(tmp_path, {"female": [None] * 5 + [False] * 95, "male": [False] * 100})

    evidence = measure_pairs(case, LIMITS)

    claim = claims(evidence)["fairness.pair_gap.refusal.gender.female~male"]
    assert claim.estimate == 0.05
    assert "10 outcomes could not be graded and count as the outcome." in {
        note.en for note in evidence.notes
    }


def test_few_pairs_get_no_verdict(tmp_path: Path) -> None:
    case = paired_case(tmp_path, {"female": [True] * 10, "male": [False] * 10})

    found = claims(measure_pairs(case, LIMITS))

    assert found["fairness.pair_gap.refusal.gender.female~male"].outcome == "thin"


def test_a_case_without_pairs_says_what_to_give(tmp_path: Path) -> None:
    case = tmp_path / "case"
    case.mkdir()

    with pytest.raises(InputError) as caught:
        measure_pairs(case, LIMITS)

    assert str(caught.value) == (
        f"{case}: no graded items share a `pair`; give a suite with items of kind fairness_pair, "
        "or a file of predictions with groups"
    )
