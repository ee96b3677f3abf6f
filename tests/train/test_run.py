"""A whole run: what its folder holds, going on, cross-validation, and what ends it early."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from tests.train.rows import documents, make_recipe, reviews
from torch import nn

from trueline.core.errors import InputError
from trueline.train.checkpoint import CHECKPOINT, Tally
from trueline.train.curves import read_metrics
from trueline.train.loop import BEST
from trueline.train.recipe_file import load_recipe
from trueline.train.run import train
from trueline.train.signals import StopRequest
from trueline.train.task import Batch, Loss
from trueline.train.tasks.classify import ClassifyTask
from trueline.train.weights import read_weights


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return read_weights(folder / "model" / "model.safetensors")


def assert_same(a: Path, b: Path) -> None:
    left, right = weights(a), weights(b)
    assert list(left) == list(right)
    assert all(torch.equal(left[name], right[name]) for name in left)


def test_a_finished_folder_says_where_the_model_came_from(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, reviews(), notes="For tests alone.", license="Apache-2.0")

    run = train(recipe)

    names = {path.name for path in run.folder.iterdir()}
    assert names == {".lock", "recipe.yaml", "run.json", "metrics.jsonl", "loss.svg", "card.md",
                     "card.zh.md", "model"}  # fmt: skip
    assert load_recipe(run.folder / "recipe.yaml") == recipe
    record = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    assert record == run.record
    assert len(record["data"]["train"][0]["sha256"]) == 64
    assert {"python", "torch", "transformers"} <= set(record["versions"])
    assert (record["seed"], record["steps"], record["task"]) == (0, 12, "classify")
    lines = read_metrics(run.folder / "metrics.jsonl")
    assert [line["step"] for line in lines if "loss" in line] == [3, 6, 9, 12]
    assert [line["step"] for line in lines if "dev_loss" in line] == [6, 12]
    ElementTree.parse(run.folder / "loss.svg")
    card = (run.folder / "card.md").read_text(encoding="utf-8")
    assert "license: Apache-2.0" in card
    assert "For tests alone." in card
    assert "用于任务 `classify`" in (run.folder / "card.zh.md").read_text(encoding="utf-8")


def test_the_same_recipe_and_seed_give_the_same_model_and_another_seed_another(
    tmp_path: Path,
) -> None:
    model = {"dropout": 0.1}

    first = train(make_recipe(tmp_path, reviews(), model=model), out=tmp_path / "a")
    second = train(make_recipe(tmp_path, reviews(), model=model), out=tmp_path / "b")
    third = train(make_recipe(tmp_path, reviews(), model=model, seed=1), out=tmp_path / "c")

    assert_same(first.folder, second.folder)
    assert not torch.equal(*(next(iter(weights(r.folder).values())) for r in (first, third)))


def test_a_run_that_was_stopped_goes_on_to_the_same_model(tmp_path: Path) -> None:
    recipe = make_recipe(
        tmp_path, reviews(), model={"dropout": 0.1}, loop={"ema": 0.9, "accumulate": 2, "clip": 0.5}
    )
    whole = train(recipe, out=tmp_path / "whole")

    for step in (1, 5, 6, 7, 11):
        stopped_at(step, recipe, tmp_path / "parts")
    run = train(recipe, out=tmp_path / "parts", resume=True)

    assert_same(run.folder, whole.folder)
    timeless = [
        [{k: v for k, v in line.items() if k not in ("seconds", "tokens_per_second")}
         for line in read_metrics(folder / "metrics.jsonl")]
        for folder in (run.folder, whole.folder)
    ]  # fmt: skip
    assert timeless[0] == timeless[1]


def stopped_at(step: int, recipe: Any, out: Path) -> None:
    """Run until somebody asks to stop behind `step`."""
    from trueline.train import loop

    class Asking(Tally):
        def advance(self, *arguments: Any) -> None:
            super().advance(*arguments)
            request.asked = self.step >= step

    request = StopRequest()
    patch = pytest.MonkeyPatch()
    patch.setattr(loop, "Tally", Asking)
    patch.setattr("trueline.train.checkpoint.Tally", Asking)
    patch.setattr(loop.LoopPlan, "stop", request, raising=False)
    original = loop.run_loop

    def with_request(plan: Any) -> Any:
        plan.stop = request
        return original(plan)

    patch.setattr("trueline.train.run.run_loop", with_request)
    try:
        with pytest.raises(KeyboardInterrupt):
            train(recipe, out=out)
    finally:
        patch.undo()
    assert (out / CHECKPOINT).is_file()


def test_a_finished_run_is_not_run_again_unless_asked(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, reviews())
    first = train(recipe)
    stamp = (first.folder / "run.json").stat().st_mtime_ns

    again = train(recipe)

    assert again.record == first.record
    assert (first.folder / "run.json").stat().st_mtime_ns == stamp
    train(recipe, fresh=True)
    assert (first.folder / "run.json").stat().st_mtime_ns > stamp


def test_a_folder_of_another_recipe_is_not_touched(tmp_path: Path) -> None:
    train(make_recipe(tmp_path, reviews()))

    with pytest.raises(InputError) as told:
        train(make_recipe(tmp_path, reviews(), seed=5))

    assert str(told.value) == (
        f"{tmp_path}/run holds a run of another recipe or of other data. Give another --out, or "
        "start again with --fresh"
    )


def test_resume_without_a_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        train(make_recipe(tmp_path, reviews()), resume=True)

    assert str(told.value) == (
        f"--resume: {tmp_path}/run has no checkpoint. Leave out --resume to start from the first "
        "step"
    )


def test_a_run_without_gains_stops_early_and_keeps_the_best_weights(tmp_path: Path) -> None:
    recipe = make_recipe(
        tmp_path, reviews(), optimizer={"name": "sgd", "lr": 1e-9},
        loop={"steps": 40, "evaluate_every": 2, "patience": 2},
    )  # fmt: skip

    run = train(recipe)

    assert run.record["steps"] == 6
    assert run.record["best_step"] == 2
    assert run.record["stopped_early"]


def test_batches_put_together_are_one_large_batch(tmp_path: Path) -> None:
    small = make_recipe(
        tmp_path, reviews(), {"task": "classify", "head_dropout": 0.0},
        loop={"batch_size": 8, "accumulate": 16, "steps": 3, "bucket": False},
        optimizer={"name": "sgd", "lr": 0.1},
    )  # fmt: skip
    large = small.model_copy(
        update={"loop": small.loop.model_copy(update={"batch_size": 128, "accumulate": 1})}
    )

    first, second = train(small, out=tmp_path / "a"), train(large, out=tmp_path / "b")

    # Both take 128 of the rows a step, in the same order; only the grouping differs.
    left, right = weights(first.folder), weights(second.folder)
    assert max(float((left[n] - right[n]).abs().max()) for n in left) < 1e-6


@pytest.mark.parametrize(
    "optimizer",
    [
        {"name": "sgd", "lr": 1.0},
        {"name": "momentum"},
        {"name": "adagrad"},
        {"name": "adam"},
        {"name": "adamw"},
    ],
    ids=lambda options: options["name"],
)
def test_every_optimizer_lowers_the_loss_and_goes_on_after_a_stop(
    tmp_path: Path, optimizer: dict[str, Any]
) -> None:
    recipe = make_recipe(
        tmp_path, reviews(), optimizer=optimizer, loop={"steps": 20, "log_every": 1}
    )
    whole = train(recipe, out=tmp_path / "whole")

    stopped_at(10, recipe, tmp_path / "parts")
    train(recipe, out=tmp_path / "parts")

    losses = [
        line["loss"] for line in read_metrics(whole.folder / "metrics.jsonl") if "loss" in line
    ]
    assert sum(losses[-5:]) < sum(losses[:5])
    assert_same(tmp_path / "parts", whole.folder)


def test_bf16_and_averaged_weights_train_too(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, documents(), "mlm", loop={"bf16": True, "ema": 0.5})

    run = train(recipe)

    assert math.isfinite(run.metrics["dev"]["loss"])
    assert all(tensor.dtype == torch.float32 for tensor in weights(run.folder).values())


def test_cross_validation_trains_a_model_a_fold_and_tells_mean_and_spread(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, reviews(60), data={"folds": 3, "dev_share": 0.0})

    run = train(recipe)

    inner = [fold["metrics"]["dev"]["accuracy"] for fold in run.record["folds"]]
    assert len(inner) == 3
    assert run.metrics["dev"]["accuracy"] == pytest.approx(sum(inner) / 3)
    assert run.metrics["dev"]["accuracy_sd"] >= 0
    rows = [json.loads((run.folder / f"fold-{n}" / "run.json").read_text())["examples"]["dev"]
            for n in (1, 2, 3)]  # fmt: skip
    assert sum(rows) == 60
    assert "standard deviation" in (run.folder / "card.md").read_text(encoding="utf-8")


def test_a_loss_that_is_no_number_ends_the_run_with_step_and_next_step(tmp_path: Path) -> None:
    recipe = make_recipe(
        tmp_path, reviews(), optimizer={"name": "sgd", "lr": 1e30}, loop={"clip": None},
        schedule={"warmup": 0.0},
    )  # fmt: skip

    with pytest.raises(InputError) as told:
        train(recipe)

    words = str(told.value).split(". Lower ")
    assert words[0].startswith("step ")
    assert words[0].split("is ")[-1] in ("nan", "inf")
    assert words[1] == (
        "optimizer.lr (now 1e+30), raise schedule.warmup (now 0), set loop.clip=1.0, then start "
        "again with --fresh"
    )


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        MemoryError(),
    ],
    ids=["cuda", "cpu", "python"],
)
def test_running_out_of_memory_names_step_batch_and_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(self: ClassifyTask, model: nn.Module, batch: Batch) -> Loss:
        raise error

    monkeypatch.setattr(ClassifyTask, "loss", full)
    recipe = make_recipe(tmp_path, reviews())

    with pytest.raises(InputError) as told:
        train(recipe)

    shape = str(told.value).split(" batch of ")[1].split(" tokens")[0]
    assert shape.startswith("16 x ")
    assert str(told.value) == (
        f"step 1: out of memory on cpu with a batch of {shape} tokens; set loop.batch_size=8 and "
        "loop.accumulate=2 for the same step in less memory. The same command then goes on from "
        "the last checkpoint with --resume"
    )


def test_an_error_that_is_not_about_memory_keeps_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: ClassifyTask, model: nn.Module, batch: Batch) -> Loss:
        raise RuntimeError("a shape is wrong")

    monkeypatch.setattr(ClassifyTask, "loss", broken)

    with pytest.raises(RuntimeError, match=r"^a shape is wrong$"):
        train(make_recipe(tmp_path, reviews()))


def test_a_model_starts_from_a_finished_run_with_its_tokenizer(tmp_path: Path) -> None:
    language_model = train(make_recipe(tmp_path, documents(), "mlm"), out=tmp_path / "mlm")
    recipe = make_recipe(
        tmp_path, reviews(), tokenizer={}, model={"start": str(language_model.folder)},
        optimizer={"name": "sgd", "lr": 1e-12},
    )  # fmt: skip

    run = train(recipe.model_copy(update={"tokenizer": type(recipe.tokenizer)()}))

    name = "embeddings.word_embeddings.weight"
    before = weights(language_model.folder)[f"bert.{name}"]
    after = weights(run.folder)[f"encoder.{name}"]
    assert torch.allclose(before, after, atol=1e-6)


def test_a_start_that_is_not_there_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, reviews(), model={"start": str(tmp_path / "none")},
                         tokenizer={"folder": str(tmp_path)})  # fmt: skip

    with pytest.raises(InputError) as told:
        train(recipe)

    assert str(told.value) == (
        f"no tokenizer in {tmp_path}: it needs tokenizer.json. Give the folder of a finished run "
        "or of a Hugging Face model"
    )


def test_a_folder_that_another_run_writes_to_is_refused(tmp_path: Path) -> None:
    import fcntl

    recipe = make_recipe(tmp_path, reviews())
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)

        with pytest.raises(InputError) as told:
            train(recipe)

    assert str(told.value) == (
        f"another run is writing to {tmp_path}/run. Wait for it, or give another --out"
    )
    assert not (tmp_path / "run" / BEST).exists()
