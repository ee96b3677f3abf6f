"""Inspect's evaluation logs: `.eval` (a zip) and `.json`.

Scores are read from the samples themselves. Epochs of one sample are not independent, so each
sample becomes one mean.
"""

from __future__ import annotations

import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any

from trueline.assess.interop.imported import ImportedRate, exact_rate, mean_rate
from trueline.core.errors import InputError

MAX_MEMBER_BYTES = 200_000_000
MAX_JSON_BYTES = 2_000_000_000
_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}


def read_inspect(path: Path, confidence: float) -> list[ImportedRate]:
    """One rate for each scorer: the mean score of the samples, which is Inspect's accuracy.

    Raises:
        InputError: the file is no log, cut off, or holds no scored sample.
    """
    try:
        header, samples = _read_zip(path) if zipfile.is_zipfile(path) else _read_json(path)
        scores = _scores(samples)
        rates = [_rate(header, name, values, confidence) for name, values in sorted(scores.items())]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path}: not an Inspect log, or cut off ({type(error).__name__}); give the .eval or "
            ".json file that `inspect eval` wrote"
        ) from None
    if not rates:
        raise InputError(
            f"{path}: no sample with a score from 0 to 1, C, I, P or N; only such scores are rates"
        )
    return rates


def _read_zip(path: Path) -> tuple[Mapping[str, Any], Iterator[Mapping[str, Any]]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            header = _member(archive, "header.json", path) if "header.json" in names else {}
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise InputError(f"{path}: the zip cannot be read ({type(error).__name__})") from None
    return header, _zip_samples(path)


def _zip_samples(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if name.startswith("samples/") and name.endswith(".json"):
                    yield _member(archive, name, path)
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise InputError(f"{path}: the zip cannot be read ({type(error).__name__})") from None


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> Mapping[str, Any]:
    if archive.getinfo(name).file_size > MAX_MEMBER_BYTES:
        raise InputError(f"{path}: {name} is larger than {MAX_MEMBER_BYTES:,} bytes")
    with archive.open(name) as file:
        data = file.read(MAX_MEMBER_BYTES + 1)
    record: Mapping[str, Any] = json.loads(data)
    return record


def _read_json(path: Path) -> tuple[Mapping[str, Any], Iterable[Mapping[str, Any]]]:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise InputError(f"{path}: larger than {MAX_JSON_BYTES:,} bytes; give the .eval form")
    log = json.loads(path.read_bytes())
    return log, log.get("samples") or ()


def _scores(
    samples: Iterable[Mapping[str, Any]],
) -> dict[str, dict[str, list[float | None]]]:
    """Scores by scorer and sample; None for an epoch without a usable one."""
    found: dict[str, dict[str, list[float | None]]] = defaultdict(lambda: defaultdict(list))
    missing: list[str] = []
    for sample in samples:
        identity = str(sample["id"])
        scores = sample.get("scores") or {}
        if not scores:
            missing.append(identity)
        for name, score in scores.items():
            value = score.get("value")
            parts = value.items() if isinstance(value, dict) else [("", value)]
            for part, one in parts:
                scorer = f"{name}.{part}" if part else str(name)
                found[scorer][identity].append(_number(one))
    usable = {
        name: values
        for name, values in found.items()
        if any(one is not None for each in values.values() for one in each)
    }
    for values in usable.values():
        for identity in missing:
            values[identity].append(None)
    return usable


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        return _LETTERS.get(value)
    if isinstance(value, bool | int | float) and 0 <= value <= 1:
        return float(value)
    return None


def _rate(
    header: Mapping[str, Any],
    scorer: str,
    values: Mapping[str, list[float | None]],
    confidence: float,
) -> ImportedRate:
    task = str((header.get("eval") or {}).get("task", "task"))
    name = f"{task} / {scorer}"
    stated = _stated(header, scorer, confidence)
    scored = {sample: [one for one in each if one is not None] for sample, each in values.items()}
    means = [sum(each) / len(each) for each in scored.values() if each]
    unscored = sum(not each for each in scored.values())
    if all(len(each) <= 1 for each in scored.values()) and set(means) <= {0.0, 1.0}:
        return exact_rate(
            name, int(sum(means)), len(means), confidence, unscored=unscored, stated=stated
        )
    return mean_rate(name, means, confidence, unscored=unscored, stated=stated)


def _stated(
    header: Mapping[str, Any], scorer: str, confidence: float
) -> tuple[float, float] | None:
    """The normal interval from the log's mean and standard error, as Inspect's users read them."""
    for score in (header.get("results") or {}).get("scores") or ():
        if score.get("name") != scorer:
            continue
        metrics = score.get("metrics") or {}
        middle = next((metrics[m]["value"] for m in ("accuracy", "mean") if m in metrics), None)
        error = (metrics.get("stderr") or {}).get("value")
        if isinstance(middle, int | float) and isinstance(error, int | float):
            half = NormalDist().inv_cdf((1 + confidence) / 2) * error
            return float(middle) - half, float(middle) + half
    return None
