"""Models: the bundled ones with what they can and cannot do, and the scorers that ask them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from starlette.responses import Response

from trueline.core.version import version
from trueline.gateway.console.card_blocks import Block, card_blocks, section
from trueline.gateway.console.site import Site, Visit
from trueline.models.bundled import BUNDLED, Weights, weights_of
from trueline.scorers.base import Scorer
from trueline.scorers.plugins import Plugin, load_plugins


@dataclass(frozen=True, slots=True)
class Measured:
    """One head in one language, or one source: recall with its interval, None where too few."""

    name: str
    language: str
    auc: float | None
    recall: Mapping[str, Any] | None
    threshold: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class ModelView:
    """A bundled model as the page shows it; `changed` when the file is not the one measured."""

    name: str
    version: str
    weights: Weights
    changed: bool
    used_by: tuple[str, ...]
    heads: tuple[Measured, ...]
    sources: tuple[Measured, ...]
    unknown: tuple[Measured, ...]
    limits: tuple[Block, ...]
    card: tuple[Block, ...]


async def models_page(site: Site, visit: Visit) -> Response:
    """Bundled models, the scorers in running order, and installed plug-ins."""
    models = [await asyncio.to_thread(model_view, model.name, visit.lang) for model in BUNDLED]
    plugins = await asyncio.to_thread(_plugins)
    installed = {plugin.scorer.name for plugin in plugins if plugin.scorer is not None}
    scorers = site.state.policies.current.guard.judge.scorers
    return site.page(
        visit,
        "models.html",
        here="models",
        models=models,
        scorers=[
            (scorer.name, _categories(scorer), scorer.name in installed) for scorer in scorers
        ],
        asks={name: model.name for model in BUNDLED for name in model.used_by},
        plugins=plugins,
    )


@lru_cache(maxsize=8)
def model_view(name: str, lang: str) -> ModelView:
    """Everything about a bundled model; the files are read once a language."""
    model = next(model for model in BUNDLED if model.name == name)
    measured = model.measured()
    split = measured["split"]
    weights = weights_of(model.name)
    blocks = card_blocks(model.card(lang))
    language = "zh" if lang == "zh" else "en"
    thresholds = split["thresholds"]
    return ModelView(
        model.name,
        version(),
        weights,
        weights.sha256 != measured["sha256"],
        model.used_by,
        tuple(_measured(row, thresholds) for row in split["heads"]),
        tuple(_measured(row, {}) for row in split["sources"]),
        tuple(_measured(row, {}) for part in measured["left_out"] for row in part["heads"]),
        tuple(section(blocks, model.limits[language])),
        tuple(blocks),
    )


@lru_cache(maxsize=1)
def _plugins() -> tuple[Plugin, ...]:
    """What is installed cannot change while the process runs."""
    return tuple(load_plugins())


def _categories(scorer: Scorer) -> tuple[str, ...]:
    return tuple(scorer.categories)


def _measured(row: Mapping[str, Any], thresholds: Mapping[str, float]) -> Measured:
    return Measured(
        str(row["head"]), str(row["language"]), row.get("auc"), row.get("recall"),
        thresholds.get(row["head"]), str(row.get("source", "")),
    )  # fmt: skip
