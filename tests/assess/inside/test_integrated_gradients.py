"""Integrated gradients: known answers for known functions, and a gap that is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from trueline.assess.explanation.evidence import attribution_lines, pieces_of
from trueline.assess.explanation.integrated_gradients import Attribution, integrated_gradients
from trueline.assess.inspected_model import InspectedModel
from trueline.cli.inspected_model import load_inspected
from trueline.core.errors import InputError


class _Known(nn.Module):
    """A network whose logit is a function of the embeddings that can be integrated by hand."""

    def __init__(self, size: int, power: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(size, 4)
        self.normal = nn.Parameter(torch.randn(4))
        self.power = power

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        each = (self.embedding(input_ids) @ self.normal) ** self.power * attention_mask
        return {"label": torch.stack([each.sum(1), -each.sum(1)], 1)}


class _Step(_Known):
    """Flat but for a cliff that few points of the path meet."""

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        score = (self.embedding(input_ids) @ self.normal).mean(1)
        return {"label": torch.stack([torch.sigmoid(5000 * (score - 0.013)), score * 0], 1)}


def known_model(tokenizer: PreTrainedTokenizerFast, network: Any) -> InspectedModel:
    return InspectedModel(
        name="known", kind="classify", network=network, body=network,
        embedding=network.embedding, tokenizer=tokenizer, longest=32,
        start=(2,), end=(3,), labels=("yes", "no"),
    )  # fmt: skip


@pytest.fixture
def tokenizer(classifier: Path) -> PreTrainedTokenizerFast:
    return load_inspected(str(classifier)).tokenizer


@pytest.mark.parametrize("power", [1, 2, 3])
def test_a_sum_over_tokens_is_attributed_to_each_by_its_own_part(
    tokenizer: PreTrainedTokenizerFast, power: int
) -> None:
    network = _Known(len(tokenizer), power)
    model = known_model(tokenizer, network)

    found = integrated_gradients(model, "the parcel was good", "yes")

    read = model.tokenize(["the parcel was good"])[0]
    with torch.no_grad():
        each = (network.embedding(torch.tensor(read.ids)) @ network.normal) ** power
        empty = float((network.embedding.weight[tokenizer.mask_token_id] @ network.normal) ** power)
    expected = [
        float(value) - empty if own else 0.0 for value, own in zip(each, read.own, strict=True)
    ]
    assert found.values == pytest.approx(expected, abs=1e-4)
    assert abs(found.gap) < 1e-4
    assert (found.points, found.is_complete, found.baseline) == (16, True, "mask")


def test_points_are_added_until_the_gap_is_small_and_their_end_is_told(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    model = known_model(tokenizer, _Step(len(tokenizer), 1))
    text = "the parcel was good on day 7"

    short = integrated_gradients(model, text, "yes", tolerance=1e-6, most_points=64)

    assert short.points == 64
    assert not short.is_complete
    assert attribution_lines(short)[-1].en == (
        "The gap is larger than allowed: the attributions are incomplete and should not be relied "
        "on; raise --points."
    )


def test_a_trained_classifier_is_explained_completely(classifier: Path) -> None:
    model = load_inspected(str(classifier))

    for text in ("the parcel was good on day 3", "快递很差7", "客服满意"):
        found = integrated_gradients(model, text)

        assert found.is_complete
        assert abs(found.logit - found.baseline_logit - sum(found.values)) <= max(
            0.01 * abs(found.logit - found.baseline_logit), 0.001
        )
        assert found.target == ("bad" if "差" in text else "good")


def test_the_word_that_decides_gets_the_most(classifier: Path) -> None:
    model = load_inspected(str(classifier))

    found = integrated_gradients(model, "the parcel was broken on day 7", "bad")

    pieces = {piece.text.strip(): piece.weight for piece in pieces_of(found)}
    assert max(pieces, key=pieces.__getitem__) == "broken"


def test_pieces_spell_the_text_also_where_bytes_share_a_character() -> None:
    found = Attribution("a 鑫b", ("a", "鑫", "鑫", "鑫", "b"), ((0, 1), (2, 3), (2, 3), (2, 3), (3, 4)),
                        (1.0, 0.5, 0.25, 0.25, -1.0), "x", 1, 0, "mask", 16, 0.01)  # fmt: skip

    pieces = pieces_of(found)

    assert [(piece.text, piece.weight) for piece in pieces] == [
        ("a", 1.0), (" ", 0.0), ("鑫", 1.0), ("b", -1.0)
    ]  # fmt: skip


def test_the_next_token_of_a_language_model_is_attributed_too(memoriser: Path) -> None:
    model = load_inspected(str(memoriser))

    found = integrated_gradients(model, "amber birch ced")

    assert found.is_complete
    assert found.target
    assert found.values[-1] == 0.0  # the framing token behind the text is not read


def test_a_masked_model_and_an_empty_text_are_refused(classifier: Path, memoriser: Path) -> None:
    model = load_inspected(str(classifier))

    with pytest.raises(InputError, match="the text has no token to attribute to"):
        integrated_gradients(model, "")
    with pytest.raises(InputError) as told:
        integrated_gradients(model, "good", "superb")

    assert (
        str(told.value) == "the label: run has no label 'superb'; it has: bad, good. Mend the label"
    )
