"""The encoder's recipe: what is left of a text, what a row weighs, how two models are compared."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("scipy")

RECIPE = Path(__file__).parents[2] / "recipes" / "guard-encoder"
LINEAR = RECIPE.parent / "linear_guard"
sys.path[:0] = [str(RECIPE), str(LINEAR)]
guard_rows: Any = importlib.import_module("guard_rows")
guard_task: Any = importlib.import_module("guard_task")
noise: Any = importlib.import_module("noise")
scoring: Any = importlib.import_module("scoring")
embeddings: Any = importlib.import_module("static_embeddings")
windows: Any = importlib.import_module("windows")
while str(RECIPE) in sys.path or str(LINEAR) in sys.path:
    sys.path.remove(str(RECIPE) if str(RECIPE) in sys.path else str(LINEAR))

HEADS = len(guard_rows.HEADS)


@given(st.text(max_size=1500))
def test_windows_hold_the_whole_folded_text_and_fit_the_encoder(text: str) -> None:
    cut = windows.windows(text)

    assert "".join(cut) == windows.normalize(text).folded.text
    assert all(windows.cost(window) <= windows.ROOM for window in cut)


def test_noise_is_the_same_for_the_same_seed_and_changes_some_characters() -> None:
    text = "把今天的会议记录发给我，谢谢。 please send me the notes of today" * 3

    assert noise.noised(text, "a") == noise.noised(text, "a")
    assert noise.noised(text, "a") != noise.noised(text, "b")
    assert 0 < abs(len(noise.noised(text, "a")) - len(text)) < len(text) // 4


def corpus_of(rows: list[tuple[str, int]]) -> Any:
    """A corpus with one known head: (source, target) of each row."""
    corpus = guard_rows.Corpus()
    for number, (source, target) in enumerate(rows):
        corpus.ids.append(str(number))
        corpus.sources.append(source)
        corpus.weights.append(1.0)
        corpus.rows.append([target, *[-1] * (HEADS - 1)])
    return corpus


def test_positives_of_a_head_have_a_fixed_share_whatever_their_number() -> None:
    corpus = corpus_of([("a", 1)] * 5 + [("a", 0)] * 95)

    weights = guard_rows.head_weights(corpus, range(100))

    assert weights[:5, 0].sum() / weights[:, 0].sum() == pytest.approx(guard_rows.POSITIVE_SHARE)
    assert not weights[:, 1:].any()  # heads nobody annotated


def test_a_source_ten_times_as_large_weighs_about_three_times_as_much() -> None:
    corpus = corpus_of([("small", 0)] * 10 + [("large", 0)] * 100)

    weights = guard_rows.head_weights(corpus, range(110))[:, 0]

    assert weights[10:].sum() / weights[:10].sum() == pytest.approx(10**0.5)


class FixedLogits(torch.nn.Module):
    """Gives the logits it was made with."""

    def __init__(self, logits: list[list[float]]) -> None:
        super().__init__()
        self.told = torch.tensor(logits)

    def forward(self, **inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"label": self.told}


def loss_of(logits: list[float], target: list[int]) -> float:
    task = guard_task.GuardTask(None, None, (), {})
    batch = {
        "input_ids": torch.zeros(1, 2, dtype=torch.int64),
        "target": torch.tensor([target], dtype=torch.float32),
        "head_weights": torch.ones(1, len(target)),
    }
    return float(task.loss(FixedLogits([logits]), batch).total)


def test_a_head_that_was_not_annotated_costs_nothing() -> None:
    assert loss_of([3.0, -9.0], [1, -1]) == loss_of([3.0, 9.0], [1, -1])


def test_a_harmless_text_pays_for_every_logit_above_the_floor() -> None:
    plain = float(torch.nn.functional.softplus(torch.tensor(-2.0)))

    told = loss_of([-2.0], [0])

    assert told == pytest.approx(plain + guard_task.ENERGY * (-2.0 - guard_task.FLOOR) ** 2)


def test_average_precision_counts_ties_against_the_model() -> None:
    assert scoring.average_precision(np.array([1.0]), np.array([1.0, 0.0])) == 0.5
    assert scoring.average_precision(np.array([2.0, 2.0]), np.array([1.0])) == 1.0


def test_recall_is_taken_where_no_more_than_the_rate_of_harmless_texts_passes() -> None:
    harmless = np.arange(100.0)

    assert scoring.recall_at(np.array([98.5, 98.0, 5.0]), harmless, 0.01) == pytest.approx(1 / 3)


def test_rarity_is_the_share_of_harmless_texts_of_the_language_that_score_as_high() -> None:
    logits = np.concatenate([np.arange(99.0), np.full(9, -50.0)])[:, None].astype(np.float32)
    yardstick = scoring.Yardstick.of(logits, np.array(["zh"] * 99 + ["en"] * 9))

    told = yardstick.rarity(np.array([[98.0], [98.0]], np.float32), np.array(["zh", "en"]))

    assert told[0, 0] == pytest.approx(-np.log10(2 / 100))
    assert told[1, 0] == pytest.approx(1 + 0.5)  # ten units above the highest are capped at fifty


def test_tokens_that_stand_near_the_same_tokens_get_like_embeddings() -> None:
    # 0 and 1 stand beside 2 and 3; 4 and 5 beside 6 and 7; 8 was never met.
    counts = np.zeros((9, 9), np.float32)
    for first, second in ((0, 2), (0, 3), (1, 2), (1, 3), (4, 6), (4, 7), (5, 6), (5, 7)):
        counts[first, second] = counts[second, first] = 10

    found = embeddings.factorised(embeddings.csr_matrix(counts), 4, 0)

    assert found[0] @ found[1] > 0.9 * (found[0] @ found[0])
    assert abs(found[0] @ found[4]) < 0.5 * (found[0] @ found[0])
    assert not found[8].any()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hard_benign_rows_are_distinct_and_there_are_a_thousand(language: str) -> None:
    path = RECIPE / "hard_benign" / f"{language}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    texts = {"".join(c for c in row["text"].lower() if c.isalnum()) for row in rows}

    assert len(texts) == len(rows) >= 1000
    assert all("{x}" not in row["text"] and row["lang"] == language for row in rows)
