"""Step 1: from an export of raw exchanges to a data set with a ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trueline.curate import require_curate
from trueline.lifecycle.tour.place import Place, write_whole, yaml_of


def curate_samples(place: Place) -> dict[str, Any]:
    """Curate the raw samples and say what became of them.

    Raises:
        MissingExtraError: the extra `curate` is not installed.
    """
    require_curate()
    from trueline.curate.run import curate

    here = place.folder.resolve()
    recipe = {
        "name": "tour",
        "input": str(here / "samples" / "raw.jsonl"),
        "output": "jsonl",
        "steps": [
            {"step": "encoding_repair"},
            {"step": "html_to_text"},
            {"step": "unicode"},
            {"step": "language"},
            {"step": "exact_duplicates"},
            # Numbers are kept here, because the next step puts surrogates in their place.
            {"step": "policy", "categories": {"privacy": {"action": "keep"}}},
            {"step": "anonymize", "default": "surrogate", "key_file": str(here / "anonymize.key")},
        ],
    }
    path = place.folder / "curate.yaml"
    write_whole(path, yaml_of(recipe))
    run = curate(path, out=place.data, policy=place.policy_file)
    steps = {step["step"]: step for step in run.steps}
    return {
        "read": run.counts.inputs,
        "kept": run.counts.documents,
        "duplicates": steps["exact_duplicates"]["dropped"],
        "against_policy": steps["policy"]["dropped"],
        "anonymized": steps["anonymize"]["changed"],
    }


def training_rows(place: Place) -> list[Path]:
    """The curated rows; the raw ones where nothing was curated."""
    curated = sorted((place.data / "data").glob("*.jsonl"))
    return curated or [place.sample("raw.jsonl")]
