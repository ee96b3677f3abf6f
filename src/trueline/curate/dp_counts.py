"""Release how many documents a data set has of each kind, with differential privacy.

**What is protected**: one document; whether it is in the data set changes the probability of
any release by at most a factor exp(dp_epsilon), but for a share dp_delta. A person with several
documents has the protection of several times dp_epsilon.

**Sensitivity**: adding or removing one document changes one count by one, so it is 1. In a
column of lists (`groups`) a document counts in several cells: at most `most_per_document` of
them are kept, m, and the counts change by m in L1 norm and by the root of m in L2 norm.

**Cells**: which values occur is private too. Values named beforehand are all released, zeros
included. Without them only cells that stay above a threshold after the noise are, and dp_delta
pays for the chance that a single document shows (Korolova et al. 2009).

Every release is written to `dp_ledger.jsonl` in the run folder before it is told. The budget
there is never exceeded (basic composition), and asking the same again gives the same numbers.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from random import Random, SystemRandom
from typing import Any, Literal

import polars as pl

from trueline.core.errors import InputError
from trueline.curate.dp_noise import gaussian_noise, gaussian_sigma, laplace_noise
from trueline.curate.group_terms import GROUP_TERMS

LEDGER = "dp_ledger.jsonl"
Mechanism = Literal["laplace", "gaussian"]
#: Values that are known without looking at the data.
KNOWN_VALUES: dict[str, tuple[str, ...]] = {
    "language": ("zh", "en", "other"),
    "split": ("train", "dev", "test"),
    "groups": tuple(GROUP_TERMS),
}
_MISSING = "(none)"


@dataclass(frozen=True, slots=True)
class Budget:
    """What all releases of one data set may spend together."""

    dp_epsilon: float
    dp_delta: float


@dataclass(frozen=True, slots=True)
class Question:
    """What to count, and at what price.

    `by` is a column of the data set. `values` are cells named beforehand; None takes the known
    ones of the column, or those above the threshold where none are known.
    """

    by: str
    dp_epsilon: float
    dp_delta: float = 0.0
    mechanism: Mechanism = "laplace"
    values: tuple[str, ...] | None = None
    most_per_document: int = 1


@dataclass(frozen=True, slots=True)
class Release:
    """Noisy counts and what they cost; `threshold` is None when the cells were known.

    `scale` is the noise's scale (Laplace) or σ (Gaussian); nine noises in ten are smaller than
    `ninety_percent`.
    """

    by: str
    counts: Mapping[str, int]
    mechanism: str
    dp_epsilon: float
    dp_delta: float
    sensitivity: float
    scale: float
    ninety_percent: float
    threshold: float | None
    spent_epsilon: float
    spent_delta: float


def release(
    run_folder: Path, question: Question, budget: Budget, random: Random | None = None
) -> Release:
    """Count, add noise, write the ledger, and tell.

    Args:
        run_folder: of a finished run.
        question: what to count.
        budget: of the whole data set; the smaller of this and the ledger's first entry holds.
        random: source of noise; None (always, outside tests) is the system's.

    Raises:
        InputError: an impossible question, an unknown column, or a budget that would be exceeded.
    """
    _check(question)
    with _locked(run_folder):
        entries = _entries(run_folder)
        key = sha256(json.dumps(asdict(question), sort_keys=True).encode()).hexdigest()
        for entry in entries:
            if entry["question"] == key:
                return Release(**entry["release"])
        limit, before = _limit(entries, budget), _sum(entries)
        _afford(run_folder, question, before, limit)
        found = _noisy(run_folder, question, before, random or SystemRandom())
        _append(run_folder, {"question": key, "budget": asdict(limit), "release": asdict(found)})
    return found


def spent(run_folder: Path) -> Budget:
    """What the releases of a data set have cost so far."""
    return _sum(_entries(run_folder))


def _sum(entries: Sequence[Mapping[str, Any]]) -> Budget:
    return Budget(
        math.fsum(entry["release"]["dp_epsilon"] for entry in entries),
        math.fsum(entry["release"]["dp_delta"] for entry in entries),
    )


def _check(question: Question) -> None:
    faults: list[str] = []
    if not (math.isfinite(question.dp_epsilon) and question.dp_epsilon > 0):
        faults.append(f"dp_epsilon must be above 0 (got {question.dp_epsilon:g})")
    if not 0 <= question.dp_delta < 1:
        faults.append(f"dp_delta must be at least 0 and below 1 (got {question.dp_delta:g})")
    if question.mechanism == "gaussian" and question.dp_delta == 0:
        faults.append("Gaussian noise needs a dp_delta above 0, such as 1e-6")
    if question.most_per_document < 1:
        faults.append(f"most_per_document must be at least 1 (got {question.most_per_document})")
    if _values(question) is None and question.dp_delta == 0:
        faults.append(
            f"which values {question.by} has is private too: name them beforehand, "
            "or give a dp_delta above 0"
        )
    if faults:
        raise InputError("these counts cannot be released:\n  " + "\n  ".join(faults))


def _limit(entries: Sequence[Mapping[str, Any]], budget: Budget) -> Budget:
    """The budget cannot grow once something was released."""
    if not entries:
        return budget
    first = Budget(**entries[0]["budget"])
    return Budget(min(first.dp_epsilon, budget.dp_epsilon), min(first.dp_delta, budget.dp_delta))


def _afford(run_folder: Path, question: Question, spent: Budget, limit: Budget) -> None:
    slack = 1 + 1e-9  # sums of decimal fractions
    if (
        spent.dp_epsilon + question.dp_epsilon > limit.dp_epsilon * slack
        or spent.dp_delta + question.dp_delta > limit.dp_delta * slack
    ):
        raise InputError(
            f"the privacy budget of {run_folder} does not allow this release: "
            f"spent ε {spent.dp_epsilon:g}, δ {spent.dp_delta:g}; "
            f"asked ε {question.dp_epsilon:g}, δ {question.dp_delta:g}; "
            f"in all ε {limit.dp_epsilon:g}, δ {limit.dp_delta:g}\n"
            "  ask for less, or use what was released before: it costs nothing to ask again"
        )


def _noisy(run_folder: Path, question: Question, before: Budget, random: Random) -> Release:
    counts = _counts(run_folder, question)
    values = _values(question)
    noise = _noise(question, known=values is not None)
    if values is None:
        noisy = {cell: counts[cell] + noise.draw(random) for cell in sorted(counts)}
        told = {cell: count for cell, count in noisy.items() if count > noise.threshold}
    else:
        told = {cell: max(0, counts[cell] + noise.draw(random)) for cell in values}
    return Release(
        by=question.by,
        counts=told,
        mechanism=question.mechanism,
        dp_epsilon=question.dp_epsilon,
        dp_delta=question.dp_delta,
        sensitivity=noise.sensitivity,
        scale=noise.scale,
        ninety_percent=round(noise.ninety_percent, 2),
        threshold=noise.threshold if values is None else None,
        spent_epsilon=before.dp_epsilon + question.dp_epsilon,
        spent_delta=before.dp_delta + question.dp_delta,
    )


@dataclass(frozen=True, slots=True)
class _Noise:
    """How noise is drawn, and how much a count without known cells must exceed."""

    draw: Callable[[Random], int]
    sensitivity: float
    scale: float
    ninety_percent: float
    threshold: int


def _noise(question: Question, known: bool) -> _Noise:
    most = question.most_per_document
    if question.mechanism == "laplace":
        # The nearest fraction below, so that no more is spent than was asked for.
        epsilon = Fraction(math.floor(question.dp_epsilon * 10**9), 10**9)
        exact = Fraction(most) / epsilon
        scale = float(exact)
        # A cell of one document stays hidden with probability 1 - δ/m.
        delta = min(question.dp_delta / most, 0.5) or 0.5
        threshold = 1 + math.ceil(scale * math.log(1 / (2 * delta)) + 1)
        return _Noise(
            lambda random: laplace_noise(exact, random),
            float(most), scale, scale * math.log(10), threshold,
        )  # fmt: skip
    # Half of δ pays for the noise and half for the cells, when these are not known.
    delta = question.dp_delta if known else question.dp_delta / 2
    sigma = gaussian_sigma(question.dp_epsilon, delta, math.sqrt(most))
    variance = Fraction(math.ceil(sigma * 10**6), 10**6) ** 2
    threshold = 1 + math.ceil(sigma * math.sqrt(2 * math.log(most / delta)) + 1)
    return _Noise(
        lambda random: gaussian_noise(variance, random),
        math.sqrt(most), sigma, 1.645 * sigma, threshold,
    )  # fmt: skip


def _values(question: Question) -> tuple[str, ...] | None:
    if question.values is not None:
        return tuple(dict.fromkeys(question.values))
    return KNOWN_VALUES.get(question.by)


def _counts(run_folder: Path, question: Question) -> Counter[str]:
    counts: Counter[str] = Counter()
    files = sorted((run_folder / "data").glob("*.parquet"))
    if not files:
        raise InputError(f"{run_folder} has no documents in data/; there is nothing to count")
    for path in files:
        scan = pl.scan_parquet(path)
        names = scan.collect_schema().names()
        if question.by not in names:
            raise InputError(
                f"the documents in {run_folder} have no column {question.by!r}; "
                f"they have {', '.join(names)}"
            )
        for value in scan.select(question.by).collect()[question.by].to_list():
            cells = value if isinstance(value, list) else [_MISSING if value is None else value]
            counts.update(sorted({str(cell) for cell in cells})[: question.most_per_document])
    return counts


def _entries(run_folder: Path) -> list[dict[str, Any]]:
    path = run_folder / LEDGER
    if not path.exists():
        return []
    try:
        return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except ValueError:
        raise InputError(
            f"{path} is damaged; without it the budget spent is unknown, and nothing is released"
        ) from None


def _append(run_folder: Path, entry: Mapping[str, Any]) -> None:
    """Durable before anything is told: a release that is not in the ledger does not exist."""
    with (run_folder / LEDGER).open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _locked(run_folder: Path) -> Iterator[None]:
    if not run_folder.is_dir():
        raise InputError(f"{run_folder} is not a run folder; make one: trueline curate RECIPE.yaml")
    with (run_folder / f".{LEDGER}.lock").open("w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
