"""Training runs: what they came to, their curves, the safety test and the card."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from starlette.responses import Response

from trueline.gateway.console.card_blocks import card_blocks
from trueline.gateway.console.run_curves import number, run_curves
from trueline.gateway.console.run_folders import (
    CARDS,
    RECIPE,
    TrainingRun,
    metric_lines,
    run_by_id,
    training_runs,
    written_file,
)
from trueline.gateway.console.site import Site, Visit

MAX_RECIPE = 200_000


async def runs_page(site: Site, visit: Visit) -> Response:
    """Every run, newest first."""
    root = Path(site.state.settings.runs)
    found = await asyncio.to_thread(training_runs, root)
    return site.page(visit, "runs.html", here="runs", runs=found, root=str(root), number=number)


async def run_page(site: Site, visit: Visit) -> Response:
    """One run in full."""
    root = Path(site.state.settings.runs)
    wanted = str(visit.request.path_params["run_id"])
    run = await asyncio.to_thread(run_by_id, root, wanted)
    if run is None:
        return site.message(visit, 404, visit.say("missing.title"), visit.say("run.missing"))
    parts = await asyncio.to_thread(_parts, run, visit.lang)
    return site.page(visit, "run.html", here="runs", run=run, number=number, **parts)


def _parts(run: TrainingRun, lang: str) -> dict[str, Any]:
    limits = {claim.name: claim.limit for claim in run.safety.claims} if run.safety else {}
    return {
        "charts": run_curves(metric_lines(run.path), limits),
        "card": card_blocks(written_file(run.path, CARDS["zh" if lang == "zh" else "en"])),
        "recipe": written_file(run.path, RECIPE)[:MAX_RECIPE].splitlines(),
    }
