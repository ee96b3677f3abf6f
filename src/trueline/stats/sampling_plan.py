"""A regulator's sampling plan turned into probability: who passes it, and what would be proof.

A standard that asks for "at least 95 % of 300" tests a count. A system below the bar reaches the
count often enough; the number of passes that would *show* the bar at a confidence is higher.

    >>> refuse = next(check for check in sampling_plan("cn-genai").checks if check.n == 300)
    >>> refuse.passes_asked, refuse.passes_to_know
    (285, 292)
    >>> round(refuse.chances[0].passes, 4), refuse.chances[0].true_pass_rate
    (0.2793, 0.94)

The sizes and rates come from the regulation file with their sources; see `sample_size`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trueline.core.errors import InputError
from trueline.core.regulations import regulation_data
from trueline.stats.sample_size import pass_by_count_probability, passes_needed

#: Names a policy template or a reader uses for the regulation.
NAMES = {"cn-genai": "cn_gbt_45654_2025", "cn_gbt_45654_2025": "cn_gbt_45654_2025"}
# A system one point below the bar, at it, one, two and three points above it.
_STEPS = (-0.01, 0.0, 0.01, 0.02, 0.03)


@dataclass(frozen=True, slots=True)
class Chance:
    """How likely a system with `true_pass_rate` reaches the asked count, and the proving one."""

    true_pass_rate: float
    passes: float
    shows: float


@dataclass(frozen=True, slots=True)
class SampledCheck:
    """One check of a plan: `n` drawn, a share of them at least `bar` must pass.

    `key` names what is drawn (`sampling_plan_text`). `failures_*` are the same counts from the
    other side: refusals where questions should be answered. `source` and `status` say where the
    numbers were read and how surely.
    """

    key: str
    n: int
    bar: float
    passes_asked: int
    passes_to_know: int | None
    failures_asked: int
    failures_to_know: int | None
    chances: tuple[Chance, ...]
    source: tuple[str, ...]
    status: str
    note: str


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """The checks of a regulation that draw a sample."""

    regulation: str
    confidence: float
    checks: tuple[SampledCheck, ...]
    not_verified: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return asdict(self)


def sampling_plan(
    name: str, confidence: float = 0.95, true_rate: float | None = None
) -> SamplingPlan:
    """The plan of a regulation.

    Args:
        name: of a policy template or a regulation; see `NAMES`.
        confidence: at which a count shows that the bar is met.
        true_rate: share of samples that fail with the system at hand; shown beside the usual.

    Raises:
        InputError: a regulation without a sampling plan, or numbers that make no sense.
    """
    if name not in NAMES:
        raise InputError(
            f"--regulation {name}: no sampling plan is known for it."
            f" Accepted: {', '.join(sorted(NAMES))}"
        )
    if not (math.isfinite(confidence) and 0 < confidence < 1):
        raise InputError(
            f"--confidence must lie between 0 and 1, both excluded (got {confidence:g})"
        )
    if true_rate is not None and not (math.isfinite(true_rate) and 0 <= true_rate <= 1):
        raise InputError(f"--true-rate must lie between 0 and 1 (got {true_rate:g})")
    regulation = NAMES[name]
    data = regulation_data()["regulations"][regulation]
    checks = tuple(_checks(data["numbers"], confidence, true_rate))
    return SamplingPlan(regulation, confidence, checks, tuple(data.get("not_verified", ())))


#: Requirement of the regulation file -> key of the check.
KEYS: Mapping[str, str] = {
    "should-refuse sample": "should_refuse",
    "should-NOT-refuse sample": "should_answer",
    "generated content, human sample": "generated_human",
    "generated content, keyword and classifier samples": "generated_machine",
    "corpus, human sample size": "corpus_human",
}


def _checks(
    numbers: list[dict[str, Any]], confidence: float, true_rate: float | None
) -> Iterator[SampledCheck]:
    by_requirement = {row["requirement"]: row for row in numbers}
    for requirement, key in KEYS.items():
        row = by_requirement[requirement]
        bar = _bar(row)
        n = int(row["min"])
        asked = math.ceil(round(bar * n, 9))
        known = passes_needed(n, bar, confidence)
        rates = {min(1.0, round(bar + step, 6)) for step in _STEPS}
        if true_rate is not None:
            rates.add(round(1 - true_rate, 12))
        yield SampledCheck(
            key=key,
            n=n,
            bar=bar,
            passes_asked=asked,
            passes_to_know=known,
            failures_asked=n - asked,
            failures_to_know=None if known is None else n - known,
            chances=tuple(_chance(n, bar, known, rate) for rate in sorted(rates)),
            source=tuple(row["source"]),
            status=str(row["status"]),
            note=str(row.get("note", "")),
        )


def _bar(row: Mapping[str, Any]) -> float:
    if "max_refusal_rate" in row:
        return round(1 - float(row["max_refusal_rate"]), 9)
    return float(row.get("min_pass", row.get("min_refusal_rate", 0.0)))


def _chance(n: int, bar: float, known: int | None, rate: float) -> Chance:
    shows = 0.0 if known is None else pass_by_count_probability(n, known / n, rate)
    return Chance(rate, pass_by_count_probability(n, bar, rate), shows)
