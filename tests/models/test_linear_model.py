"""A model file is checked before it is believed, and scores what its weights say."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.errors import InputError
from trueline.models.hashing import hash_pieces
from trueline.models.linear import (
    MAGIC,
    NEVER,
    Head,
    Ladder,
    LinearModel,
    load_linear,
    read_linear,
    save_linear,
)

LADDER = Ladder(
    budgets=(0.1, 0.01, 0.001, 0.0),
    values=(0.1, 0.4, 0.7, 0.95),
    zh=(-3.0, 0.0, 2.0, 4.0),
    en=(-2.0, 1.0, 3.0, 9.0),
)
SHARES = {"violence": {0.1: 0.1, 0.01: 0.001}, "sexual": {0.01: 0.01}}


def write_model(path: Path) -> str:
    """A model that knows one word for each of two heads."""
    slots = [hash_pieces([word]).slots.astype(np.int64) for word in ("zorble", "quimp")]
    kept = np.unique(np.concatenate(slots))
    weights = np.zeros((kept.size, 2), np.float32)
    for head, known in enumerate(slots):
        weights[np.isin(kept, known), head] = 2.0
    heads = (Head("first", "violence", "violence", LADDER), Head("second", "sexual", "x", LADDER))
    return save_linear(path, heads, SHARES, kept, weights, np.array([-3.0, -3.0], np.float32), {})


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    write_model(path)
    return path


@pytest.fixture
def model(model_file: Path) -> LinearModel:
    return read_linear(model_file.read_bytes(), "model.bin")


def test_saving_returns_the_digest_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"

    digest = write_model(path)

    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_known_word_raises_its_head_alone(model: LinearModel) -> None:
    logits, _ = model.logits(["zorble", "quimp", "other"])

    assert logits.argmax(axis=1).tolist()[:2] == [0, 1]
    assert logits[0, 0] > 3 > logits[0, 1]


def test_logits_are_the_sum_of_weights_over_the_root_of_their_number(model: LinearModel) -> None:
    count = hash_pieces(["zorble"]).counts[0]

    logits, known = model.logits(["zorble"])

    assert logits[0, 0] == pytest.approx(2.0 * count / np.sqrt(count) - 3.0, rel=0.01)
    assert known.tolist() == [1.0]


def test_unknown_ngrams_weaken_but_never_push(model: LinearModel) -> None:
    logits, known = model.logits(["zorble", "zorble 天地玄黄宇宙洪荒", "天地玄黄宇宙洪荒"])

    assert logits[0, 0] > logits[1, 0] > logits[2, 0]
    assert known[0] > known[1] > known[2]


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_a_piece_scores_the_same_in_any_company(texts: list[str]) -> None:
    bundled = load_linear()

    together, _ = bundled.logits(texts)

    alone = np.concatenate([bundled.logits([text])[0] for text in texts])
    assert np.array_equal(together, alone)


def test_more_pieces_than_one_batch_holds_are_scored(model: LinearModel) -> None:
    logits, known = model.logits(["zorble"] * 1025)

    assert logits.shape == (1025, 2)
    assert known.shape == (1025,)
    assert (logits == logits[0]).all()


def test_no_pieces_give_no_logits(model: LinearModel) -> None:
    logits, known = model.logits([])

    assert logits.shape == (0, 2)
    assert known.shape == (0,)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_contributions_add_up_to_the_logit(text: str) -> None:
    bundled = load_linear()
    logits, _ = bundled.logits([text])

    for head in (0, len(bundled.heads) - 1):
        total = float(bundled.contributions(text, head).sum())
        alone = float(bundled.logits([text])[0][0, head])
        assert total == pytest.approx(alone - bundled.bias(head), abs=1e-3)
    assert np.isfinite(logits).all()


@pytest.mark.parametrize("place", [0, 9, 60, -1])
def test_a_changed_byte_is_found_out(model_file: Path, place: int) -> None:
    content = bytearray(model_file.read_bytes())
    content[place] ^= 1

    with pytest.raises(InputError):
        read_linear(bytes(content), "model.bin")


def test_a_damaged_file_is_named(model_file: Path) -> None:
    content = model_file.read_bytes()[:-1]

    with pytest.raises(InputError) as caught:
        read_linear(content, "model.bin")

    assert str(caught.value) == (
        "model.bin does not match its checksum: it is damaged or was changed"
    )


def test_a_file_of_another_kind_is_named() -> None:
    with pytest.raises(InputError) as caught:
        read_linear(b"GIF89a", "picture.gif")

    assert str(caught.value) == (
        "picture.gif is not a linear model of this version; train it again"
    )


def test_a_file_cut_short_after_its_magic_is_refused() -> None:
    with pytest.raises(InputError):
        read_linear(MAGIC, "model.bin")


@settings(deadline=None)
@given(st.floats(-60, 60), st.floats(-60, 60))
def test_a_higher_logit_never_has_a_lower_value(one: float, other: float) -> None:
    low, high = sorted((one, other))

    for language in ("zh", "en"):
        below, above = LADDER.value(low, language), LADDER.value(high, language)
        assert 0 <= below <= above <= 1


@pytest.mark.parametrize("rung", range(4))
def test_a_rung_means_the_same_in_both_languages(rung: int) -> None:
    assert LADDER.value(LADDER.zh[rung], "zh") == LADDER.values[rung]
    assert LADDER.value(LADDER.en[rung], "en") == LADDER.values[rung]


@settings(deadline=None)
@given(st.floats(-40, 12), st.floats(0.01, 0.94))
def test_no_logit_below_the_floor_of_a_value_reaches_it(logit: float, value: float) -> None:
    floor = LADDER.logit_of(value)

    if logit < floor - 1e-6:
        assert LADDER.value(logit, "zh") <= value + 1e-9
        assert LADDER.value(logit, "en") <= value + 1e-9


@pytest.mark.parametrize(
    ("budget", "threshold"),
    [(1.0, 0.1), (0.1, 0.1), (0.05, 0.4), (0.01, 0.4), (0.001, 0.7), (0.0005, 0.95)],
)
def test_a_threshold_is_the_first_rung_within_the_budget(budget: float, threshold: float) -> None:
    assert LADDER.threshold(budget) == threshold


def test_a_budget_of_a_category_is_shared_by_its_heads(model: LinearModel) -> None:
    assert model.threshold("violence", "violence", 0.1) == 0.1
    assert model.threshold("violence", "violence", 0.02) == 0.7


def test_a_budget_the_data_cannot_support_is_never_met(model: LinearModel) -> None:
    assert model.threshold("violence", "violence", 0.001) == NEVER
    assert model.threshold("violence", "another label", 0.1) == NEVER
    assert model.threshold("privacy", "violence", 0.1) == NEVER


@settings(deadline=None)
@given(st.floats(1e-5, 0.5), st.floats(1e-5, 0.5))
def test_a_smaller_budget_never_lowers_a_bundled_threshold(one: float, other: float) -> None:
    strict, generous = sorted((one, other))
    bundled = load_linear()

    for head in bundled.heads:
        assert bundled.threshold(head.category, head.label, strict) >= bundled.threshold(
            head.category, head.label, generous
        )


def test_the_bundled_model_fits_the_wheel() -> None:
    path = Path(__import__("trueline.models", fromlist=["x"]).__file__ or "").parent
    files = list((path / "linear_guard").glob("*.bin"))

    assert sum(file.stat().st_size for file in files) <= 4_000_000


def test_the_card_names_the_file_it_describes() -> None:
    folder = Path(__import__("trueline.models", fromlist=["x"]).__file__ or "").parent
    folder /= "linear_guard"
    digest = hashlib.sha256((folder / "linear_guard.bin").read_bytes()).hexdigest()

    for card in ("CARD.md", "CARD.zh.md"):
        assert digest in (folder / card).read_text(encoding="utf-8")
