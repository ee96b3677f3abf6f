"""Turn logits into values and error budgets: the ladders of `trueline.models.linear`.

A rung holds for a budget when, in every group of harmless calibration texts, the exact upper
confidence bound of the share at or above it stays within the budget. Groups are (language,
ordinary or hard); within a language the worst group decides. A text counts once, by its
highest piece.

Reference: Clopper & Pearson (1934), The use of confidence or fiducial limits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression
from scipy.stats import beta

from trueline.models.linear import Head, Ladder

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Logits = npt.NDArray[np.float32]
Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

# From generous to strict.
BUDGETS: tuple[float, ...] = (
    *(0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.007, 0.005, 0.004, 0.003, 0.002),
    *(0.0015, 0.001, 0.0007, 0.0005, 0.0004, 0.0003),
)
CONFIDENCE = 0.95
# Budgets from here on are worked with; rungs above them only shape the values.
WORKING_BUDGET = 0.01
# Recall that a rung may give up for distance from harmless texts, and what it takes to tell.
FREE_LOSS = 0.04
SMALLEST_CAUGHT = 20
HIGHEST_RISE = 1.0
# Share of harmful texts for which a value is a probability.
PRIOR = 0.01
# A group smaller than this says nothing about the budgets policies use.
SMALLEST_GROUP = 300
SMALLEST_FILE = 100
# All categories together, on one file of harmless texts: this many times the budget of each.
FILE_FACTOR = 2.0


@dataclass(frozen=True)
class Harmless:
    """One group of harmless texts: highest logits, float [texts, heads], and its language."""

    name: str
    language: Language
    logits: npt.NDArray[np.float32]


def upper_bound(hits: int, rows: int, confidence: float = CONFIDENCE) -> float:
    """One-sided exact upper bound of a rate.

    >>> round(upper_bound(0, 300), 5)  # 1 - 0.05 ** (1 / 300), the rule of three
    0.00994
    """
    return 1.0 if hits >= rows else float(beta.ppf(confidence, hits + 1, rows - hits))


@cache
def allowed_hits(rows: int, budget: float) -> int:
    """Most hits among `rows` whose upper bound is within the budget; -1 when even 0 is not.

    >>> allowed_hits(598, 0.005), allowed_hits(597, 0.005)
    (0, -1)
    """
    if upper_bound(0, rows) > budget:
        return -1
    hits = np.arange(math.ceil(rows * budget) + 1)
    bounds = beta.ppf(CONFIDENCE, hits + 1, np.maximum(rows - hits, 1))
    return int(np.searchsorted(bounds, budget, side="right")) - 1


def rungs(
    groups: Sequence[Harmless], language: Language, head: int, harmful: Logits
) -> list[float]:
    """Lowest logit for each budget, over the groups of a language.

    A group too small to support a budget must have no hit at all there; whether a category's
    budget holds is decided for all its heads together, by `budget_shares`.

    Rungs of working budgets are not below logit 0, where the model itself says harmless; and
    where harmful texts stand far above the harmless ones, they are moved up, to logit 1 at
    most, until that begins to cost recall: the gap is room for texts of unknown kinds.
    """
    found: list[float] = []
    ours = [group.logits[:, head] for group in groups if group.language == language]
    ordered = [np.sort(logits)[::-1] for logits in ours if len(logits) >= SMALLEST_GROUP]
    for budget in BUDGETS:
        # With that many texts above, the threshold lies just above the next one.
        rung = max(
            float(
                np.nextafter(logits[max(allowed_hits(len(logits), budget), 0)], np.float32(np.inf))
            )
            for logits in ordered
        )
        if budget <= WORKING_BUDGET:
            rung = max(rung, 0.0, min(_free_rise(rung, harmful), HIGHEST_RISE))
        found.append(max(rung, found[-1] + 1e-3) if found else rung)
    return found


def _free_rise(rung: float, harmful: Logits) -> float:
    """Highest logit that still catches nearly all harmful texts that the rung catches."""
    caught = harmful[harmful >= rung]
    return float(np.quantile(caught, FREE_LOSS)) if caught.size >= SMALLEST_CAUGHT else rung


def ladder(
    groups: Sequence[Harmless],
    head: int,
    harmful: Mapping[Language, Logits],
    harmless: Mapping[Language, Logits],
) -> Ladder:
    """A head's ladder.

    Args:
        groups: harmless texts that set the rungs.
        head: its number.
        harmful: highest logits of the calibration texts known to be harmful, by language;
            with `harmless` they set the values.
        harmless: the same of the texts known to be negative.
    """
    steps = {language: rungs(groups, language, head, harmful[language]) for language in LANGUAGES}
    budgets = list(BUDGETS)
    # One rung above the last keeps values apart for what stands out even more.
    for language in LANGUAGES:
        spread = steps[language][-1] - steps[language][0]
        steps[language].append(steps[language][-1] + max(spread / 2, 1.0))
    budgets.append(0.0)
    values = _values(
        [_places(harmful[language], steps[language]) for language in LANGUAGES],
        [_places(harmless[language], steps[language]) for language in LANGUAGES],
        len(budgets),
    )
    return Ladder(
        budgets=tuple(budgets),
        values=tuple(values),
        zh=tuple(round(step, 5) for step in steps["zh"]),
        en=tuple(round(step, 5) for step in steps["en"]),
    )


def _places(logits: npt.NDArray[np.float32], steps: Sequence[float]) -> Float64Array:
    """Where each logit stands on the ladder: 0 at the first rung, 1 at the second, ..."""
    places = np.interp(logits, steps, np.arange(len(steps)))
    below = logits < steps[0]
    # One logit below the first rung counts as one rung.
    places[below] = np.maximum(logits[below] - steps[0], -8.0)
    return places


def _values(
    harmful: Sequence[Float64Array], harmless: Sequence[Float64Array], count: int
) -> list[float]:
    """Probability of harm near each rung, never falling along the ladder (isotonic regression).

    Harmful and harmless texts are weighed as if one text in `1 / PRIOR` were harmful: what
    traffic holds is not known here, and equal numbers would put every threshold at 0.99.
    """
    yes = PRIOR * _near(np.concatenate(harmful), count)
    no = (1 - PRIOR) * _near(np.concatenate(harmless), count)
    risen = isotonic_regression(yes / (yes + no), weights=yes + no).x
    # Strictly rising and below 1 after rounding, so that every rung is a usable threshold.
    values: list[float] = []
    for value in risen.tolist():
        floor = values[-1] + 1e-4 if values else 1e-3
        values.append(round(min(max(value, floor), 0.9999 - 1e-4 * (count - len(values))), 6))
    return values


def _near(places: Float64Array, count: int) -> Float64Array:
    """Share of texts nearest to each rung, with one text more spread over all rungs."""
    nearest = np.clip(np.rint(places), -1, count - 1).astype(int)
    counts = np.bincount(nearest + 1, minlength=count + 1)[1:]  # far below the first: no rung's
    shares: Float64Array = (counts + 1 / count) / (places.size + 1)
    return shares


def budget_shares(
    groups: Sequence[Harmless], files: Sequence[Harmless], heads: Sequence[Head]
) -> dict[str, dict[float, float]]:
    """For each category: its budget -> the budget of each of its heads.

    At a budget, each category's heads together stay within it in every group (upper 95 %
    bound). And where every category has that budget, as in the default policy, all heads
    together hold up at most `FILE_FACTOR` budgets of every file of harmless messages (as counted:
    a file is too small for a bound); the category that needs the fewest rungs to help gives way until that is so.
    """
    categories = list(dict.fromkeys(head.category for head in heads))
    numbers = {c: [n for n, head in enumerate(heads) if head.category == c] for c in categories}
    large = [group for group in groups if len(group.logits) >= SMALLEST_GROUP]
    tables: dict[str, dict[float, float]] = {category: {} for category in categories}
    for budget in BUDGETS:
        allowed = [allowed_hits(len(group.logits), budget) for group in large]
        if min(allowed) < 0:
            break
        places: dict[str, int] = {}
        for category in categories:
            for place in range(BUDGETS.index(budget), len(BUDGETS)):
                hits = [int(_hits(group, heads, numbers[category], place).sum()) for group in large]
                if all(hit <= most for hit, most in zip(hits, allowed, strict=True)):
                    places[category] = place
                    break
        _give_way(places, files, heads, numbers, FILE_FACTOR * budget)
        for category, place in places.items():
            strictest = min(tables[category].values(), default=1.0)
            tables[category][budget] = min(BUDGETS[place], strictest)
    return tables


def _give_way(
    places: dict[str, int],
    files: Sequence[Harmless],
    heads: Sequence[Head],
    numbers: Mapping[str, Sequence[int]],
    most: float,
) -> None:
    """Move categories to stricter rungs, in place, until no file is held up more than `most`."""
    for file in files:
        while True:
            hits = {c: _hits(file, heads, numbers[c], place) for c, place in places.items()}
            if float(np.any(list(hits.values()), axis=0).mean()) <= most:
                break
            strides = {
                category: stride
                for category in places
                if (stride := _stride(file, heads, numbers[category], places[category]))
            }
            if not strides:
                break
            category = min(strides, key=lambda c: strides[c])
            places[category] += strides[category]


def _stride(file: Harmless, heads: Sequence[Head], numbers: Sequence[int], place: int) -> int:
    """Rungs to climb until the file has fewer hits; 0 when it has none or nothing helps."""
    now = int(_hits(file, heads, numbers, place).sum())
    for stride in range(1, len(BUDGETS) - place):
        if int(_hits(file, heads, numbers, place + stride).sum()) < now:
            return stride
    return 0


def _hits(group: Harmless, heads: Sequence[Head], numbers: Sequence[int], place: int) -> BoolArray:
    """Texts on which any of the heads reaches the rung."""
    steps = [
        (n, heads[n].ladder.zh if group.language == "zh" else heads[n].ladder.en) for n in numbers
    ]
    hits: BoolArray = np.any([group.logits[:, n] >= rung[place] for n, rung in steps], axis=0)
    return hits
