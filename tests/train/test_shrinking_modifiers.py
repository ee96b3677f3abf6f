"""lora, lowrank and prune, by what they must preserve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.train.rows import make_recipe, reviews
from torch import nn
from transformers import BertConfig, BertModel

from trueline.core.errors import InputError
from trueline.train.artifact import load_artifact
from trueline.train.modifiers.lora import LoraLinear, LoraOptions
from trueline.train.modifiers.lowrank import LowrankOptions, factorize
from trueline.train.modifiers.matrices import chosen_matrices
from trueline.train.modifiers.prune import MagnitudePrune, PruneOptions, masks_of
from trueline.train.modifiers.structure import count_units, cut_units, unit_scores
from trueline.train.predict import predict
from trueline.train.run import train

IDS = torch.arange(1, 13).reshape(2, 6)


def tiny_bert() -> Any:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=20, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=48, max_position_embeddings=16,
    )  # fmt: skip
    model: Any = BertModel(config, add_pooling_layer=False)
    return model.eval()


def states(model: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model(input_ids=IDS)[0]
    return found


@given(st.integers(1, 8), st.integers(2, 12), st.integers(2, 12), st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_merged_change_computes_the_very_same_numbers(
    rank: int, inputs: int, outputs: int, bias: bool
) -> None:
    random = torch.Generator().manual_seed(rank)
    layer = LoraLinear(nn.Linear(inputs, outputs, bias=bias), LoraOptions(rank=rank), random).eval()
    nn.init.normal_(layer.up, generator=random)
    read = torch.randn(5, inputs, generator=random)

    difference = (layer(read) - layer.merged()(read)).abs().max()

    assert float(difference.detach()) == 0.0


def test_a_fresh_change_leaves_the_model_as_it_was() -> None:
    random = torch.Generator().manual_seed(0)
    plain = nn.Linear(6, 4)
    layer = LoraLinear(plain, LoraOptions(rank=2), random).eval()
    read = torch.randn(3, 6)

    assert torch.equal(layer(read), plain(read))


def test_lora_trains_few_weights_and_the_saved_model_is_plain(tmp_path: Path) -> None:
    recipe = make_recipe(
        tmp_path, reviews(80), modifiers=[{"modifier": "lora", "rank": 2}], loop={"steps": 4}
    )

    run = train(recipe)

    told = run.record["modifiers"]["lora"]
    artifact = load_artifact(run.folder)
    # 2 layers x 4 matrices of 32 x 32, two factors of rank 2 each; the head: 32 x 2 + 2.
    assert told["trained"] == 2 * 4 * 2 * (32 + 32) + 66
    assert not [name for name, _ in artifact.model.named_parameters() if "down" in name]
    assert (run.folder / "adapter.safetensors").is_file()
    assert len(list(predict(artifact, [{"text": "很好"}]))) == 1


def test_full_rank_factors_give_the_same_outputs() -> None:
    model = tiny_bert()
    before = states(model)

    # 32 x 48 matrices have rank 32, which is not smaller; 19 is the largest rank that shrinks.
    factorize(model, LowrankOptions(rank=19, where="feed_forward"))
    apart = float((states(model) - before).abs().max())
    model = tiny_bert()
    for _, matrix in chosen_matrices(model, "feed_forward"):
        u, s, v = torch.linalg.svd(matrix.weight.detach(), full_matrices=False)
        matrix.weight.data = (u[:, :10] * s[:10]) @ v[:10]
    before = states(model)
    factorize(model, LowrankOptions(rank=10, where="feed_forward"))

    assert apart > 1e-3
    assert torch.allclose(states(model), before, atol=1e-5)


def test_factors_are_the_nearest_of_their_rank() -> None:
    model = tiny_bert()
    weight = chosen_matrices(model, "feed_forward")[0][1].weight.detach().clone()

    factorize(model, LowrankOptions(rank=8, where="feed_forward"))
    made: Any = model.encoder.layer[0].intermediate.dense
    left = torch.linalg.svdvals(weight)[8:]

    apart = torch.linalg.matrix_norm(made.up.weight @ made.down.weight - weight)
    assert float(apart.detach()) == pytest.approx(float(left.pow(2).sum().sqrt()), rel=1e-4)


@pytest.mark.parametrize("modifier", [
    {"modifier": "lowrank", "share": 0.5},
    {"modifier": "prune", "what": "heads", "amount": 0.5},
    {"modifier": "prune", "what": "neurons", "amount": 0.25, "importance": "gradient", "rows": 16},
])  # fmt: skip
def test_a_smaller_model_is_saved_and_loaded_in_its_new_shape(
    tmp_path: Path, modifier: dict[str, Any]
) -> None:
    rows = reviews(80)
    plan: dict[str, Any] = {"loop": {"steps": 4}}
    whole = train(make_recipe(tmp_path, rows, out=str(tmp_path / "whole"), **plan))

    run = train(
        make_recipe(tmp_path, rows, modifiers=[modifier], out=str(tmp_path / "small"), **plan)
    )

    told = run.record["modifiers"][modifier["modifier"]]
    artifact = load_artifact(run.folder)
    loaded = sum(p.numel() for p in artifact.model.parameters())
    assert loaded == run.record["parameters"] == told["parameters"]
    assert loaded < whole.record["parameters"] == told["parameters_before"]
    assert {p["label"] for p in predict(artifact, rows[:4])} <= {"good", "bad"}


def test_heads_that_matter_nothing_are_cut_without_a_trace() -> None:
    model = tiny_bert()
    for layer in model.encoder.layer:
        for name in ("query", "key", "value"):
            getattr(layer.attention.self, name).weight.data[8:16] = 0  # the second head
            getattr(layer.attention.self, name).bias.data[8:16] = 0
        layer.attention.output.dense.weight.data[:, 8:16] = 0
    before = states(model)

    left = cut_units(model, "heads", 0.25, unit_scores(model, "heads", None, [], 0))

    assert list(left.values()) == [3, 3]
    assert count_units(model, "heads") == left
    assert torch.allclose(states(model), before, atol=1e-6)


def test_neurons_that_matter_nothing_are_cut_without_a_trace() -> None:
    model = tiny_bert()
    for layer in model.encoder.layer:
        layer.intermediate.dense.weight.data[:12] = 0
        layer.intermediate.dense.bias.data[:12] = 0
        layer.output.dense.weight.data[:, :12] = 0
    before = states(model)

    left = cut_units(model, "neurons", 0.25, unit_scores(model, "neurons", None, [], 0))

    assert list(left.values()) == [36, 36]
    assert torch.allclose(states(model), before, atol=1e-6)


@given(
    st.lists(st.lists(st.integers(-3, 3), min_size=1, max_size=12), min_size=1, max_size=4),
    st.floats(0, 0.99),
    st.sampled_from(["model", "matrix"]),
)
def test_exactly_the_share_of_smallest_weights_is_left_out(
    rows: list[list[int]], share: float, across: str
) -> None:
    weights = {str(i): torch.tensor(row, dtype=torch.float32) for i, row in enumerate(rows)}

    masks = masks_of(weights, share, across)

    groups = [list(weights)] if across == "model" else [[name] for name in weights]
    for names in groups:
        size = torch.cat([weights[name].abs() for name in names])
        kept = torch.cat([masks[name] for name in names])
        assert int((~kept).sum()) == int(share * len(size))
        if kept.any() and not kept.all():
            assert float(size[~kept].max()) <= float(size[kept].min())


def test_sparsity_follows_its_schedule_and_ends_at_the_amount() -> None:
    prune = MagnitudePrune(PruneOptions(amount=0.6, begin=0.2, end=0.8))

    told = [prune.sparsity_at(step, 100) for step in (0, 20, 50, 80, 100)]

    assert told == pytest.approx([0, 0, 0.6 * (1 - 0.5**3), 0.6, 0.6])


def test_a_pruned_model_keeps_its_zeros_to_the_end(tmp_path: Path) -> None:
    entry = {"modifier": "prune", "amount": 0.7, "every": 2}
    recipe = make_recipe(
        tmp_path, reviews(80), modifiers=[entry], loop={"steps": 10, "evaluate_every": 2}
    )

    run = train(recipe)

    matrices = chosen_matrices(load_artifact(run.folder).model, "all")
    zeros = sum(int((m.weight == 0).sum()) for _, m in matrices)
    size = sum(m.weight.numel() for _, m in matrices)
    assert zeros == int(0.7 * size) == run.record["modifiers"]["prune"]["zeros"]
    assert run.record["best_step"] >= 7  # weights of before the last cut are not kept


@pytest.mark.parametrize(("modifier", "message"), [
    (
        {"modifier": "prune", "begin": 0.9, "end": 0.5},
        "modifiers.prune: begin (0.9) must come before end (0.5)",
    ),
    (
        {"modifier": "lowrank", "rank": 400},
        "modifiers.lowrank: no matrix gets smaller at rank 400. Lower it",
    ),
])  # fmt: skip
def test_options_that_cannot_work_say_why(
    tmp_path: Path, modifier: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        train(make_recipe(tmp_path, reviews(40), modifiers=[modifier]))

    assert str(caught.value) == message


def test_a_stack_that_cannot_work_is_refused_with_its_reason(tmp_path: Path) -> None:
    stack = [{"modifier": "lora"}, {"modifier": "prune"}, {"modifier": "lora"}]

    with pytest.raises(InputError) as caught:
        make_recipe(tmp_path, reviews(40), modifiers=stack)

    assert (
        "modifiers[1]: prune cannot stand behind lora: merging the change would undo the zeros"
        in str(caught.value)
    )
    assert "modifiers[2]: lora is given twice; leave one of them out" in str(caught.value)
