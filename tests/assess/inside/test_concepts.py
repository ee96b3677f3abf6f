"""TCAV: a concept that decides is told from one that does not, and chance is kept to its level."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from tests.train.rows import reviews

from trueline.assess.explanation.tcav import _Directions, measure_concept
from trueline.cli.inspected_model import load_inspected
from trueline.core.errors import InputError

TEXTS = [row["text"] for row in reviews(120)]
BAD = ("bad", "slow", "rude", "broken", "很差", "太慢", "粗鲁", "损坏")


def of_kind(*words: str) -> list[str]:
    return [text for text in TEXTS if any(word in text for word in words)]


def test_what_decides_the_label_is_a_significant_concept(classifier: Path) -> None:
    model = load_inspected(str(classifier))
    complaints = of_kind(*BAD)
    praise = [text for text in TEXTS if text not in complaints]

    against = measure_concept(
        model, "complaint", complaints[:25], praise[:25], praise[25:], "good", 2, deals=199
    )
    towards = measure_concept(
        model, "complaint", complaints[:25], praise[:25], praise[25:], "bad", 2, deals=199
    )

    assert (against.score, towards.score) == (0.0, 1.0)
    assert against.sensitivity < 0 < towards.sensitivity
    assert against.p_value == 1 / 200
    assert against.separated > 0.9


def test_random_texts_are_a_concept_as_rarely_as_promised(classifier: Path) -> None:
    model = load_inspected(str(classifier))
    source, runs, false = random.Random(0), 60, 0

    for seed in range(runs):
        drawn = source.sample(TEXTS, 60)
        found = measure_concept(
            model, "nothing", drawn[:20], drawn[20:40], drawn[40:], "good", 1, deals=99, seed=seed
        )
        false += found.p_value <= 0.05

    assert false <= 0.05 * runs + 3 * (0.05 * 0.95 * runs) ** 0.5


def test_the_direction_is_that_of_fishers_discriminant() -> None:
    random_ = np.random.default_rng(0)
    states = random_.normal(size=(60, 5)) * [1, 3, 1, 1, 1]
    chosen = np.arange(60) < 30
    states[chosen] += [1, 1, 0, 0, 0]

    direction = _Directions(states).of(chosen)

    within = (np.cov(states[chosen].T, ddof=0) + np.cov(states[~chosen].T, ddof=0)) / 2
    plain = np.linalg.solve(within, states[chosen].mean(0) - states[~chosen].mean(0))
    cosine = direction @ plain / np.linalg.norm(plain)
    assert cosine > 0.99
    assert np.linalg.norm(direction) == pytest.approx(1.0)


def test_one_seed_gives_one_result(classifier: Path) -> None:
    model = load_inspected(str(classifier))

    first, again = (
        measure_concept(model, "x", TEXTS[:20], TEXTS[20:40], TEXTS[40:60], "good", 2, deals=50)
        for _ in range(2)
    )

    assert first == again


def test_wrong_layers_and_too_few_texts_are_told(classifier: Path) -> None:
    model = load_inspected(str(classifier))

    with pytest.raises(InputError) as layer:
        measure_concept(model, "x", TEXTS[:20], TEXTS[20:40], TEXTS[:5], "good", 3)
    with pytest.raises(InputError) as few:
        measure_concept(model, "x", TEXTS[:7], TEXTS[20:40], TEXTS[:5], "good", 1)

    assert str(layer.value) == "--layer: run has layers 1 to 2, not 3"
    assert str(few.value) == "TCAV needs at least 8 concept texts, got 7. Give more rows"
