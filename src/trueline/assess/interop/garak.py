"""garak's `report.jsonl`: how often each detector met what its probe asked for.

A report counts outputs. Where several answer one prompt they are not independent, so the attempts
of the same file are read and each prompt becomes one mean.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trueline.assess.interop.imported import ImportedRate, exact_rate, mean_rate
from trueline.core.errors import InputError

MAX_LINE_BYTES = 20_000_000
_THRESHOLD = 0.5  # garak's own default of run.eval_threshold


def read_garak(path: Path, confidence: float) -> list[ImportedRate]:
    """One rate for each probe and detector: the share of outputs the detector met.

    Raises:
        InputError: no line of results, or a line that cannot be read.
    """
    found: list[ImportedRate] = []
    prompts: dict[tuple[str, str], list[list[float | None]]] = defaultdict(list)
    threshold = _THRESHOLD
    for number, entry in _entries(path):
        kind = entry.get("entry_type")
        if kind == "start_run setup":
            given = entry.get("run.eval_threshold")
            threshold = float(given) if isinstance(given, int | float) else threshold
        elif kind == "attempt" and entry.get("status") == 2:
            _add_attempt(entry, threshold, prompts)
        elif kind == "eval":
            found.append(_rate(entry, prompts, confidence, f"{path}, line {number}"))
    if not found:
        raise InputError(
            f"{path}: no line with entry_type `eval`. The run may not have finished: run garak to "
            "its end and give its report.jsonl"
        )
    return found


def _entries(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES):
            number += 1
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                raise InputError(
                    f"{path}, line {number}: not JSON; the report is cut off or was changed"
                ) from None
            if isinstance(entry, dict):
                yield number, entry


def _add_attempt(
    entry: dict[str, Any],
    threshold: float,
    prompts: dict[tuple[str, str], list[list[float | None]]],
) -> None:
    results = entry.get("detector_results")
    probe = entry.get("probe_classname")
    if not isinstance(results, dict) or not isinstance(probe, str):
        return
    for detector, scores in results.items():
        if isinstance(scores, list):
            prompts[probe, str(detector)].append(
                [
                    float(score >= threshold) if isinstance(score, int | float) else None
                    for score in scores
                ]
            )


def _rate(
    entry: dict[str, Any],
    prompts: dict[tuple[str, str], list[list[float | None]]],
    confidence: float,
    place: str,
) -> ImportedRate:
    try:
        probe, detector = str(entry["probe"]), str(entry["detector"])
        total = int(entry["total_evaluated"] if "total_evaluated" in entry else entry["total"])
        passed = int(entry["passed"]) if "passed" in entry else total - int(entry["fails"])
        unscored = int(entry.get("nones", 0))
        if not 0 <= passed <= total or unscored < 0:
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{place}: an `eval` line needs probe, detector, passed and total_evaluated, with "
            f"0 <= passed <= total (got passed {entry.get('passed')!r:.40} of "
            f"{entry.get('total_evaluated', entry.get('total'))!r:.40})"
        ) from None
    stated = None
    low, high = entry.get("confidence_lower"), entry.get("confidence_upper")
    if isinstance(low, int | float) and isinstance(high, int | float):
        stated = (float(low), float(high))
    name = f"{probe} / {detector.removeprefix('detector.')}"
    outputs = prompts.get((probe, detector.removeprefix("detector.")), [])
    several = any(len(scores) > 1 for scores in outputs)
    if several and sum(map(len, outputs)) == total + unscored:
        scored = [[s for s in scores if s is not None] for scores in outputs]
        means = [sum(scores) / len(scores) for scores in scored if scores]
        return mean_rate(name, means, confidence, unscored=len(outputs) - len(means), stated=stated)
    return exact_rate(name, total - passed, total, confidence, unscored=unscored, stated=stated)
