"""The models in the package: what they are, which file holds them, and which scorers use them.

>>> [(model.name, model.used_by) for model in BUNDLED]
[('linear_guard', ('linear',))]
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any


@dataclass(frozen=True, slots=True)
class BundledModel:
    """One model with its card.

    Args:
        name: folder in `trueline.models`.
        file: the weights.
        used_by: names of the scorers that ask it.
        limits: heading of the card's section on what it is bad at, by language.
    """

    name: str
    file: str
    used_by: tuple[str, ...]
    limits: Mapping[str, str]

    @property
    def folder(self) -> Traversable:
        """Where its files lie."""
        return files("trueline.models") / self.name

    def card(self, language: str) -> str:
        """The model card, in `zh` or else in English."""
        name = "CARD.zh.md" if language == "zh" else "CARD.md"
        return (self.folder / name).read_text("utf-8")

    def measured(self) -> Mapping[str, Any]:
        """The figures behind the card, `metrics.json`."""
        found: Mapping[str, Any] = json.loads((self.folder / "metrics.json").read_text("utf-8"))
        return found


BUNDLED: tuple[BundledModel, ...] = (
    BundledModel(
        "linear_guard",
        "linear_guard.bin",
        ("linear",),
        {"en": "What it is bad at", "zh": "不擅长什么"},
    ),
)


@dataclass(frozen=True, slots=True)
class Weights:
    """Size in bytes and SHA-256 of a model's file, as it lies on this machine."""

    size: int
    sha256: str


@cache
def weights_of(name: str) -> Weights:
    """The file of a bundled model, read once."""
    model = next(model for model in BUNDLED if model.name == name)
    data = (model.folder / model.file).read_bytes()
    return Weights(len(data), hashlib.sha256(data).hexdigest())
