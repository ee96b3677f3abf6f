"""Rates in the results of other tools, with the interval they state and the exact one beside it.

>>> round(exact_rate("dan / Dan", 0, 300, 0.95).high, 4)
0.0122
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trueline.core.errors import InputError
from trueline.stats import betting
from trueline.stats.bounds import clopper_pearson


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRate:
    """One rate of a file.

    Args:
        name: probe and detector of garak, task and scorer of Inspect.
        rate: the share stated by the counts.
        found: outputs, or the sum of their scores.
        n: outputs, or prompts where several outputs answer one prompt.
        unscored: outputs nobody scored; they widen the interval to the side that hurts.
        low: lower end of our interval.
        high: upper end of our interval.
        method: `exact` (Clopper & Pearson) or `betting` (one mean a prompt).
        stated_low: lower end as the file states it; None when it states none.
        stated_high: upper end as the file states it.
    """

    name: str
    rate: float
    found: float
    n: int
    unscored: int
    low: float
    high: float
    method: str
    stated_low: float | None = None
    stated_high: float | None = None

    def as_json(self) -> dict[str, Any]:
        """One object of `--json`."""
        return {"schema": "trueline.imported/1", **asdict(self)}


def read_results(path: str | Path, confidence: float = 0.95) -> list[ImportedRate]:
    """The rates of a garak report or an Inspect log.

    Raises:
        InputError: the file is neither, or broken; the message says where.
    """
    from trueline.assess.interop.garak import read_garak
    from trueline.assess.interop.inspect_log import read_inspect

    place = Path(path)
    try:
        with place.open("rb") as file:
            head = file.read(2048)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    if head.startswith(b"PK\x03\x04"):
        return read_inspect(place, confidence)
    if place.suffix == ".jsonl" or b'"entry_type"' in head:
        return read_garak(place, confidence)
    if head.lstrip().startswith(b"{"):
        return read_inspect(place, confidence)
    raise InputError(
        f"{path}: neither a garak report (report.jsonl) nor an Inspect log (.eval or .json)"
    )


def exact_rate(
    name: str,
    found: int,
    n: int,
    confidence: float,
    *,
    unscored: int = 0,
    stated: tuple[float, float] | None = None,
) -> ImportedRate:
    """A rate over independent outputs; `n` counts the scored ones.

    The two-sided interval counts unscored outputs as found above and as not found below.
    """
    every = n + unscored
    low = clopper_pearson(found, every, confidence).low if every else 0.0
    high = clopper_pearson(found + unscored, every, confidence).high if every else 1.0
    return ImportedRate(
        name=name, rate=found / n if n else math.nan, found=found, n=n, unscored=unscored,
        low=low, high=high, method="exact",
        stated_low=stated[0] if stated else None, stated_high=stated[1] if stated else None,
    )  # fmt: skip


def mean_rate(
    name: str,
    means: Sequence[float],
    confidence: float,
    *,
    unscored: int = 0,
    stated: tuple[float, float] | None = None,
) -> ImportedRate:
    """A mean over prompts, each the mean of its own outputs; prompts unscored widen it."""
    low = betting.mean_interval([*means, *[0.0] * unscored], confidence).low
    high = betting.mean_interval([*means, *[1.0] * unscored], confidence).high
    total = math.fsum(means)
    return ImportedRate(
        name=name, rate=total / len(means) if means else math.nan, found=round(total, 6),
        n=len(means), unscored=unscored, low=low, high=high, method="betting",
        stated_low=stated[0] if stated else None, stated_high=stated[1] if stated else None,
    )  # fmt: skip


def as_text(results: Sequence[ImportedRate], confidence: float, language: str = "en") -> str:
    """A table for a terminal."""
    zh = language == "zh"
    head = (
        f"置信度 {confidence:.0%}：左为该文件所称区间，右为按同样计数算出的可靠区间"
        if zh
        else f"At {confidence:.0%} confidence: what the file states, and what its counts allow"
    )
    lines = [head]
    for result in results:
        if result.stated_low is None or result.stated_high is None:
            stated = "未给出" if zh else "none stated"
        else:
            stated = _interval(result.stated_low, result.stated_high)
        counted = f"{result.found:g}/{result.n}"
        if result.unscored:
            counted += f" (+{result.unscored} {'未评分' if zh else 'unscored'})"
        own = _interval(result.low, result.high)
        lines.append(f"{result.name:60} {counted:>12}  {stated:>18}  {own:>18}")
    return "\n".join(lines)


def _interval(low: float, high: float) -> str:
    return f"[{low:.2%}, {high:.2%}]"
