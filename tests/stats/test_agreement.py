"""Agreement against published values, independent formulas and simulated coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.stats.agreement import (
    cohen_kappa,
    cohen_kappa_interval,
    krippendorff_alpha,
    krippendorff_alpha_interval,
)

# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section C: four observers,
# twelve units, five categories, missing data; nominal alpha 0.743.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3),
    (0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0),
)
tables = st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=3, max_size=3)


def units_of(table: list[list[int]]) -> list[list[int]]:
    """A table of two people as items with label counts."""
    found = []
    for a, row in enumerate(table):
        for b, count in enumerate(row):
            unit = [(a == k) + (b == k) for k in range(len(table))]
            found += [unit] * count
    return found


def kappa_by_definition(table: list[list[int]]) -> float:
    total = sum(map(sum, table))
    observed = sum(table[k][k] for k in range(len(table))) / total
    rows = [sum(row) / total for row in table]
    columns = [sum(row[k] for row in table) / total for k in range(len(table))]
    chance = sum(a * b for a, b in zip(rows, columns, strict=True))
    return (observed - chance) / (1 - chance)


def alpha_by_coincidences(units: list[list[int]]) -> float:
    """The coincidence matrix, pair by pair, as Krippendorff (2011) writes it."""
    width = len(units[0])
    matrix = np.zeros((width, width))
    for unit in units:
        values = [label for label, count in enumerate(unit) for _ in range(count)]
        for i, one in enumerate(values):
            for j, other in enumerate(values):
                if i != j:
                    matrix[one, other] += 1 / (len(values) - 1)
    marginal = matrix.sum(1)
    total = marginal.sum()
    equal = sum(m * (m - 1) for m in marginal)
    return float(((total - 1) * np.trace(matrix) - equal) / (total * (total - 1) - equal))


def test_kappa_is_the_published_one() -> None:
    # Cohen's kappa of 50 proposals read by two people, a standard worked example: 0.40.
    assert cohen_kappa([[20, 5], [10, 15]]) == pytest.approx(0.40)
    # Fleiss, Cohen & Everitt (1969), Table 1: 200 patients, three diagnoses, kappa 0.429.
    assert cohen_kappa([[106, 10, 4], [22, 28, 10], [2, 12, 6]]) == pytest.approx(0.429, abs=5e-4)


def test_alpha_is_the_published_one() -> None:
    units = [
        [sum(row[unit] == label for row in OBSERVERS) for label in range(1, 6)]
        for unit in range(12)
    ]

    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=5e-4)
    low, high = krippendorff_alpha_interval(units)
    assert low < 0.743 < high


@given(tables)
def test_kappa_and_alpha_equal_their_definitions(table: list[list[int]]) -> None:
    kappa, alpha = cohen_kappa(table), krippendorff_alpha(units_of(table))

    rows = [sum(row) for row in table]
    columns = [sum(row[k] for row in table) for k in range(3)]
    if not sum(rows) or any(rows[k] == columns[k] == sum(rows) for k in range(3)):
        assert math.isnan(kappa)
        assert math.isnan(alpha)
        return
    assert kappa == pytest.approx(kappa_by_definition(table))
    assert alpha == pytest.approx(alpha_by_coincidences(units_of(table)))


@settings(max_examples=30)
@given(tables)
def test_an_interval_holds_its_estimate_and_has_a_width(table: list[list[int]]) -> None:
    for value, interval in (
        (cohen_kappa(table), cohen_kappa_interval(table)),
        (krippendorff_alpha(units_of(table)), krippendorff_alpha_interval(units_of(table))),
    ):
        assert interval.low < interval.high
        assert math.isnan(value) or interval.low <= value <= interval.high


def test_full_agreement_on_few_items_is_no_certainty() -> None:
    few, many = ([[2, 0], [0, 18]], [[40, 0], [0, 360]])

    assert cohen_kappa(few) == 1.0
    assert cohen_kappa_interval(few).low < 0.6
    assert 0.9 < cohen_kappa_interval(many).low < 1.0
    assert krippendorff_alpha_interval(units_of(few)).low < 0.6


def test_an_item_with_one_label_says_nothing_of_agreement() -> None:
    assert krippendorff_alpha([[1, 0], [2, 0], [0, 2], [1, 1]]) == krippendorff_alpha(
        [[2, 0], [0, 2], [1, 1]]
    )
    assert math.isnan(krippendorff_alpha([[1, 0], [0, 1]]))
    assert krippendorff_alpha_interval([[1, 0]]) == (-1.0, 1.0)
    assert cohen_kappa_interval([[0, 0], [0, 0]]) == (-1.0, 1.0)


def test_a_table_that_is_not_square_is_refused() -> None:
    with pytest.raises(ValueError, match=r"need a square table of counts, got shape \(1, 2\)"):
        cohen_kappa([[1, 2]])
    with pytest.raises(ValueError, match="need counts of the same labels for every item"):
        krippendorff_alpha([[1, 1], [1, 1, 1]])


def test_the_intervals_cover_what_they_say() -> None:
    random = np.random.default_rng(7)
    covered: dict[str, list[bool]] = {"kappa": [], "alpha": []}
    by_cell: list[float] = []

    for n in (30, 100, 300):
        for p in (0.02, 0.1, 0.3, 0.5):
            for k in (0.2, 0.6, 0.8, 0.95):
                # With equal marginals kappa and alpha of the population are the same number.
                cells = [p * p + k * p * (1 - p), p * (1 - p) * (1 - k)]
                cells += [cells[1], (1 - p) ** 2 + k * p * (1 - p)]
                hits = []
                for drawn in random.multinomial(n, cells, size=20):
                    table = drawn.reshape(2, 2).tolist()
                    low, high = cohen_kappa_interval(table)
                    hits.append(low <= k <= high)
                    low, high = krippendorff_alpha_interval(units_of(table))
                    covered["alpha"].append(low <= k <= high)
                covered["kappa"] += hits
                by_cell.append(float(np.mean(hits)))

    assert np.mean(covered["kappa"]) >= 0.955
    assert np.mean(covered["alpha"]) >= 0.955
    assert min(by_cell) >= 0.75  # 20 runs a cell: four standard errors below 0.95
