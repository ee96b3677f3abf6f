"""Masked language modelling: the lean computation against the full one, and the masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.train.rows import SMALL, documents
from torch.nn import functional
from transformers import (
    BertConfig,
    BertForMaskedLM,
    RobertaConfig,
    RobertaForMaskedLM,
)

from trueline.train.batching import generator
from trueline.train.masked_lm import MaskedLm
from trueline.train.model_options import ModelOptions
from trueline.train.setup import Setup
from trueline.train.tasks.mlm import IGNORED, MlmOptions, MlmTask
from trueline.train.tokenizer_options import TokenizerOptions
from trueline.train.tokenizers import train_tokenizer

SIZES: dict[str, Any] = {"vocab_size": 90, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2,
         "intermediate_size": 48, "max_position_embeddings": 40, "pad_token_id": 0}  # fmt: skip


def task(**options: object) -> MlmTask:
    texts = [row["text"] for row in documents()]
    tokenizer = train_tokenizer(texts, TokenizerOptions(vocab_size=400))
    found = MlmOptions.model_validate(options).build(Setup(tokenizer, ModelOptions(**SMALL)))
    assert isinstance(found, MlmTask)
    return found


@pytest.mark.parametrize(
    "full",
    [BertForMaskedLM(BertConfig(**SIZES)), RobertaForMaskedLM(RobertaConfig(**SIZES))],
    ids=["bert", "roberta"],
)
@pytest.mark.parametrize("lengths", [(20, 20, 20), (20, 11, 5)])
def test_loss_and_gradients_are_those_of_the_full_computation(
    full: Any, lengths: tuple[int, ...]
) -> None:
    full.eval()
    random = generator(1)
    ids = torch.randint(4, 90, (3, 20), generator=random)
    mask = (torch.arange(20)[None] < torch.tensor(lengths)[:, None]).long()
    ids = ids.masked_fill(mask == 0, 0)
    at = torch.tensor([[1, 3], [4, 2], [0, 3]])
    targets = ids.gather(1, at)
    labels = torch.full_like(ids, IGNORED).scatter(1, at, targets)

    full.zero_grad()
    expected = full(input_ids=ids, attention_mask=mask, labels=labels).loss
    torch.autograd.backward(expected)
    gradients = {name: p.grad.clone() for name, p in full.named_parameters() if p.grad is not None}
    full.zero_grad()
    logits, _ = MaskedLm(full)(ids, at, None if min(lengths) == 20 else mask)
    loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    torch.autograd.backward(loss)

    assert logits.shape == (3, 2, 90)
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), abs=1e-5)
    for name, parameter in full.named_parameters():
        if parameter.grad is not None:
            assert torch.allclose(parameter.grad, gradients[name], atol=1e-5), name


def test_dynamic_masks_change_and_static_masks_stay() -> None:
    for masking, distinct in (("dynamic", 20), ("static", 1)):
        mlm = task(masking=masking)
        example = mlm.encode(documents())[0]

        masks = {
            str(mlm.collate([example], generator(0, turn))["masked_at"].sort().values.tolist())
            for turn in range(20)
        }

        assert (len(masks) == 1) if distinct == 1 else (len(masks) > 15)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.05, 0.6))
def test_masks_keep_their_share_spare_special_tokens_and_hide_the_rest(
    seed: int, rate: float
) -> None:
    mlm = task(mask_rate=rate)
    examples = mlm.encode(documents())[:4]

    batch = mlm.collate(examples, generator(seed))

    special = set(mlm.tokenizer.all_special_ids)
    for row, example in enumerate(examples):
        right = list(example["input_ids"])
        known = batch["targets"][row] != IGNORED
        places = batch["masked_at"][row][known].tolist()
        assert len(set(places)) == len(places)
        allowed = sum(int(token) not in special for token in right)
        assert abs(len(places) - rate * allowed) <= 1
        for place, target in zip(places, batch["targets"][row][known].tolist(), strict=True):
            assert target == right[place]
            assert target not in special
        changed = [i for i, token in enumerate(right) if int(batch["input_ids"][row, i]) != token]
        assert set(changed) <= set(places)


def test_eighty_percent_become_the_mask_and_ten_stay() -> None:
    mlm = task(mask_rate=0.5)
    examples = mlm.encode(documents())
    masked = stayed = total = 0

    for seed in range(20):
        batch = mlm.collate(examples, generator(seed))
        known = batch["targets"] != IGNORED
        read = batch["input_ids"].gather(1, batch["masked_at"])
        masked += int(((read == mlm.tokenizer.mask_token_id) & known).sum())
        stayed += int(((read == batch["targets"]) & known).sum())
        total += int(known.sum())

    assert abs(masked / total - 0.8) < 0.02
    assert abs(stayed / total - 0.1) < 0.02


def test_half_of_the_pairs_follow_each_other() -> None:
    nsp = task(nsp=True, max_length=24)

    examples = nsp.encode(documents(80))

    share = sum(example["apart"] for example in examples) / len(examples)
    assert 0.35 < share < 0.65
    assert all(len(e["input_ids"]) == len(e["token_type_ids"]) <= 24 for e in examples)


def test_a_preview_shows_what_is_read_and_what_was_masked(tmp_path: Path) -> None:
    del tmp_path
    mlm = task()

    shown = mlm.preview(mlm.encode(documents())[0], generator(0))

    assert [line.split()[0] for line in shown.splitlines()] == ["tokens", "read", "masked"]
    assert "[MASK]" in shown.splitlines()[1]
    assert "[MASK]" not in shown.splitlines()[0]
