from __future__ import annotations

import json
import math
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random

import polars as pl
import pytest

from trueline.core.errors import InputError
from trueline.curate.dp_counts import Budget, Question, release, spent
from trueline.curate.dp_noise import (
    discrete_delta,
    gaussian_delta,
    gaussian_noise,
    gaussian_sigma,
    laplace_noise,
)

LIMIT = Budget(2.0, 1e-5)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    pl.DataFrame({
        "id": [f"d{n}" for n in range(600)],
        "language": ["zh"] * 400 + ["en"] * 200,
        "label": ["common"] * 590 + ["rare"] * 9 + ["single"],
        "groups": [["gender:female", "gender:male", "age:older"]] * 300 + [[]] * 300,
    }).write_parquet(tmp_path / "data" / "part-00000.parquet")  # fmt: skip
    return tmp_path


def test_counts_are_whole_numbers_near_the_truth_with_zeros_for_absent_cells(run: Path) -> None:
    found = release(run, Question("language", 1.0), LIMIT, Random(1))

    assert list(found.counts) == ["zh", "en", "other"]
    assert all(isinstance(count, int) and count >= 0 for count in found.counts.values())
    assert abs(found.counts["zh"] - 400) < 20
    assert abs(found.counts["en"] - 200) < 20
    assert found.scale == 1.0


def test_asking_the_same_again_costs_nothing_and_tells_the_same(run: Path) -> None:
    first = release(run, Question("language", 1.0), LIMIT)
    second = release(run, Question("language", 1.0), LIMIT)

    assert first == second
    assert spent(run) == Budget(1.0, 0.0)


def test_the_budget_is_never_exceeded(run: Path) -> None:
    release(run, Question("language", 1.5), LIMIT)

    with pytest.raises(InputError) as fault:
        release(run, Question("split", 0.6, values=("train",)), LIMIT)

    assert str(fault.value) == (
        f"the privacy budget of {run} does not allow this release: "
        "spent ε 1.5, δ 0; asked ε 0.6, δ 0; in all ε 2, δ 1e-05\n"
        "  ask for less, or use what was released before: it costs nothing to ask again"
    )
    assert spent(run) == Budget(1.5, 0.0)


def test_a_later_larger_budget_does_not_lift_the_first(run: Path) -> None:
    release(run, Question("language", 1.5), LIMIT)

    with pytest.raises(InputError, match="in all ε 2,"):
        release(run, Question("groups", 1.0), Budget(100.0, 1e-5))


def test_the_ledger_is_written_before_anything_is_told(run: Path) -> None:
    found = release(run, Question("language", 0.5), LIMIT)

    (line,) = (run / "dp_ledger.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["release"]["counts"] == found.counts


def test_a_damaged_ledger_releases_nothing(run: Path) -> None:
    (run / "dp_ledger.jsonl").write_text("{", "utf-8")

    with pytest.raises(InputError) as fault:
        release(run, Question("language", 0.5), LIMIT)

    assert str(fault.value) == (
        f"{run / 'dp_ledger.jsonl'} is damaged; without it the budget spent is unknown, "
        "and nothing is released"
    )


def test_unknown_cells_show_only_above_the_threshold(run: Path) -> None:
    question = Question("label", 1.0, 1e-6)

    shown = Counter(
        cell
        for seed in range(200)
        for cell in _once(run, question, seed)
    )  # fmt: skip

    assert shown["common"] == 200
    assert shown["single"] == 0


def _once(run: Path, question: Question, seed: int) -> list[str]:
    (run / "dp_ledger.jsonl").unlink(missing_ok=True)
    return list(release(run, question, LIMIT, Random(seed)).counts)


def test_a_document_counts_in_at_most_so_many_cells(run: Path) -> None:
    found = release(run, Question("groups", 1.0, most_per_document=2), LIMIT, Random(2))

    assert found.sensitivity == 2
    assert abs(found.counts["age:older"] - 300) < 40
    assert abs(found.counts["gender:female"] - 300) < 40
    assert found.counts["gender:male"] < 40


def test_all_faults_of_a_question_come_at_once(run: Path) -> None:
    with pytest.raises(InputError) as fault:
        release(run, Question("source", 0, 0, "gaussian", most_per_document=0), LIMIT)

    assert str(fault.value) == (
        "these counts cannot be released:\n"
        "  dp_epsilon must be above 0 (got 0)\n"
        "  Gaussian noise needs a dp_delta above 0, such as 1e-6\n"
        "  most_per_document must be at least 1 (got 0)\n"
        "  which values source has is private too: name them beforehand, "
        "or give a dp_delta above 0"
    )


def test_an_unknown_column_is_named_with_those_there_are(run: Path) -> None:
    with pytest.raises(InputError) as fault:
        release(run, Question("sourc", 1.0, 1e-6), LIMIT)

    assert str(fault.value) == (
        f"the documents in {run} have no column 'sourc'; they have id, language, label, groups"
    )


@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(1), Fraction(7, 2)])
def test_laplace_noise_has_its_distribution(scale: Fraction) -> None:
    random = Random(4)
    draws = Counter(laplace_noise(scale, random) for _ in range(40_000))

    q = math.exp(-1 / scale)
    for k in range(-3, 4):
        expected = (1 - q) / (1 + q) * q ** abs(k)
        assert draws[k] / 40_000 == pytest.approx(expected, abs=0.008)


def test_laplace_noise_keeps_the_promised_ratio() -> None:
    scale = Fraction(2)

    # P(count + noise = k) for neighbouring counts differs by at most exp(1 / scale), exactly.
    q = math.exp(-1 / scale)
    weight = [q ** abs(k) for k in range(-50, 51)]
    ratios = [a / b for a, b in pairwise(weight)]
    assert max(*ratios, *(1 / r for r in ratios)) <= math.exp(0.5) * (1 + 1e-12)


def test_gaussian_noise_has_its_variance() -> None:
    random = Random(5)
    draws = [gaussian_noise(Fraction(9), random) for _ in range(20_000)]

    assert sum(draws) / 20_000 == pytest.approx(0, abs=0.1)
    assert sum(d * d for d in draws) / 20_000 == pytest.approx(9, rel=0.05)


@pytest.mark.parametrize(("epsilon", "delta"), [(0.1, 1e-5), (1.0, 1e-6), (4.0, 1e-6), (10, 1e-9)])
def test_sigma_is_the_smallest_that_keeps_delta(epsilon: float, delta: float) -> None:
    sigma = gaussian_sigma(epsilon, delta, 1.0)

    assert gaussian_delta(epsilon, sigma, 1.0) <= delta
    assert discrete_delta(epsilon, sigma, 1) <= delta
    if sigma > 1:
        assert (
            max(
                gaussian_delta(epsilon, sigma * 0.99, 1.0), discrete_delta(epsilon, sigma * 0.99, 1)
            )
            > delta
        )


def test_sigma_is_below_the_classic_formula() -> None:
    # Dwork & Roth (2014), theorem A.1, holds for epsilon below 1 and is known to be loose.
    classic = math.sqrt(2 * math.log(1.25 / 1e-5)) / 0.5

    assert gaussian_sigma(0.5, 1e-5, 1.0) < classic
    # Scale: twice the sensitivity, twice the noise.
    assert gaussian_sigma(0.5, 1e-5, 2.0) == pytest.approx(
        2 * gaussian_sigma(0.5, 1e-5, 1.0), rel=1e-2
    )


def test_gaussian_releases_cost_their_delta(run: Path) -> None:
    found = release(run, Question("language", 0.5, 1e-6, "gaussian"), LIMIT, Random(6))

    assert abs(found.counts["zh"] - 400) < 60
    assert (found.spent_epsilon, found.spent_delta) == (0.5, 1e-6)
