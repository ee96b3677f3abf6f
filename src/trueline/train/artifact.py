"""A trained model on disk: `model/` with weights, tokenizer, configuration and task.

config.json, model.safetensors, tokenizer.json    as `transformers` reads them
trueline.json                                     task, labels, modifiers, sizes
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from torch import nn
from transformers import PreTrainedTokenizerFast

from trueline.core.errors import InputError
from trueline.core.version import version
from trueline.train.model_options import ModelOptions
from trueline.train.modifiers.catalog import modifier_names
from trueline.train.recipe import Recipe
from trueline.train.setup import Setup
from trueline.train.task import Task
from trueline.train.tasks.catalog import task_names
from trueline.train.tokenizers import load_tokenizer
from trueline.train.weights import bare, load_weights, save_weights

FOLDER, WEIGHTS, TASK = "model", "model.safetensors", "trueline.json"


@dataclass(frozen=True)
class Artifact:
    """A model ready to be used."""

    folder: Path
    task: Task
    model: nn.Module
    tokenizer: PreTrainedTokenizerFast


def save_artifact(
    out: Path, recipe: Recipe, task: Task, model: nn.Module, tokenizer: PreTrainedTokenizerFast
) -> Path:
    """Write `out/model`; returns the folder."""
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    inner = bare(model)
    config: Any = getattr(inner, "config", None) or getattr(
        getattr(inner, "hf", None), "config", None
    )
    if config is not None:
        config.save_pretrained(folder)
    tokenizer.save_pretrained(str(folder))
    save_weights(inner, folder / WEIGHTS)
    told: Mapping[str, Any] = {
        "trueline": version(),
        "name": recipe.name,
        "task": recipe.task.model_dump(mode="json"),
        "facts": dict(task.facts),
        "model": recipe.model.model_dump(mode="json"),
        "modifiers": [modifier.model_dump(mode="json") for modifier in recipe.modifiers],
        "seed": recipe.seed,
    }
    partial = folder / f"{TASK}.partial"
    partial.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    os.replace(partial, folder / TASK)
    return folder


def load_artifact(folder: str | Path) -> Artifact:
    """A finished run, or its `model` folder.

    Raises:
        InputError: there is none, or a file of it is missing or damaged.
    """
    place = Path(folder)
    place = place / FOLDER if (place / FOLDER / TASK).is_file() else place
    try:
        told = orjson.loads((place / TASK).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(
            f"{folder} holds no finished model ({TASK} cannot be read). Give the folder that "
            "`trueline train` wrote"
        ) from error
    tokenizer = load_tokenizer(place)
    options = task_names()[told["task"]["task"]].model_validate(told["task"])
    setup = Setup(
        tokenizer,
        ModelOptions.model_validate(told["model"]),
        seed=told["seed"],
        facts=told["facts"],
        weights=place,
        config_only=True,
    )
    task = options.build(setup)
    model = task.build_model()
    for entry in told["modifiers"]:
        model = modifier_names()[entry["modifier"]].model_validate(entry).reshape(model)
    load_weights(model, place / WEIGHTS)
    return Artifact(place, task, model.eval(), tokenizer)
