"""Models small enough to be trained in a test, and the rows they learn from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.train.rows import make_recipe, reviews

from trueline.train.run import train

_ZH = "天地人山水火木金土日月星云雨风雪花草鸟鱼东西南北春夏秋冬"
_EN = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jade")


def trained_classifier(folder: Path) -> Path:
    """A classifier that tells good reviews from bad ones."""
    return train(make_recipe(folder, reviews(), loop={"steps": 60})).folder


def notes(count: int, seed: int) -> list[dict[str, Any]]:
    """Lines of random words, half of them Chinese: nothing but memory tells two apart."""
    source = random.Random(seed)
    return [
        {"text": "".join(source.choice(_ZH) for _ in range(10))}
        if number % 2
        else {"text": " ".join(source.choice(_EN) for _ in range(6))}
        for number in range(count)
    ]


def trained_language_model(
    folder: Path,
    rows: Sequence[dict[str, Any]],
    *,
    steps: int,
    task: str = "causal",
    width: int = 64,
) -> Path:
    """A language model that reads each row on its own and may learn it by heart."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = "gpt2" if task == "causal" else "bert"
    recipe = make_recipe(
        folder,
        rows,
        task={"task": task, "pack": False},
        model={"kind": kind, "width": width, "max_length": 48},
        tokenizer={"vocab_size": 360},
        data={"dev_share": 0.0},
        optimizer={"lr": 0.005},
        loop={"steps": steps, "batch_size": 32, "evaluate_every": steps, "log_every": steps},
    )
    return train(recipe).folder
