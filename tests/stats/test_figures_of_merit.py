"""Figures of merit against published numbers and independent formulas."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.stats.classification import (
    Counts,
    classification,
    confusion,
    label_counts,
    micro_f1,
)
from trueline.stats.entities import entities, entity_scores
from trueline.stats.generation import bleu, perplexity

LABELS = ["a", "b", "c"]


def test_figures_of_a_worked_example() -> None:
    truth, told = list("aaabbc"), list("aabbca")

    figures = classification(truth, told, LABELS)

    # By hand: a 2/3 and 2/3, b 1/2 and 1/2, c 0.
    assert figures["accuracy"] == 0.5
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert figures["precision"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert confusion(truth, told, LABELS) == [[2, 1, 0], [0, 1, 1], [1, 0, 0]]


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1))
def test_micro_f1_of_single_labels_is_accuracy(pairs: list[tuple[str, str]]) -> None:
    truth, told = [a for a, _ in pairs], [b for _, b in pairs]

    counts = label_counts(truth, told, LABELS)

    assert micro_f1(counts.values()) == pytest.approx(
        classification(truth, told, LABELS)["accuracy"]
    )


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("B-A I-A O B-A", [(0, 2, "A"), (3, 4, "A")]),
        ("B-A B-A", [(0, 1, "A"), (1, 2, "A")]),
        ("I-A I-A I-B", [(0, 2, "A"), (2, 3, "B")]),
        ("O O", []),
        ("B-A I-B I-B", [(0, 1, "A"), (1, 3, "B")]),
    ],
)
def test_entities_are_read_as_the_conll_script_reads_them(
    tags: str, found: list[tuple[int, int, str]]
) -> None:
    assert [tuple(entity) for entity in entities(tags.split())] == found


TAGS = st.lists(st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"]), min_size=4, max_size=4)


@given(st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=10))
def test_entity_f1_counts_whole_entities(rows: list[tuple[list[str], list[str]]]) -> None:
    truth, told = [a for a, _ in rows], [b for _, b in rows]

    values, _ = entity_scores(truth, told)

    right = sum(len(set(entities(a)) & set(entities(b))) for a, b in rows)
    there, found = sum(len(entities(a)) for a in truth), sum(len(entities(b)) for b in told)
    assert values["entity_f1"] == pytest.approx(2 * right / (there + found) if there + found else 0)


def test_perplexity_of_an_even_guess_is_the_number_of_choices() -> None:
    assert perplexity(math.log(50)) == pytest.approx(50)
    assert perplexity(1e6) == math.inf


def test_bleu_splits_chinese_into_characters() -> None:
    told, right = ["今天天气很好"], ["今天天气真好"]

    assert bleu(right, right, "zh")["bleu"] == pytest.approx(100)
    # 5 of 6 characters, 3 of 5 pairs, 2 of 4 and 1 of 3 longer runs agree.
    expected = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    assert bleu(told, right, "zh")["bleu"] == pytest.approx(expected)


def test_nothing_found_and_nothing_there_is_zero_and_no_error() -> None:
    empty = Counts(0, 0, 0)

    assert (empty.precision, empty.recall, empty.f1) == (0.0, 0.0, 0.0)
