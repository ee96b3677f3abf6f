"""Many tests at once: which of them may be believed together.

    >>> p_values = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]
    >>> sum(holm(p_values)), sum(benjamini_hochberg(p_values))
    (1, 2)
    >>> e_benjamini_hochberg([600, 250, 120, 90, 3, 1])
    [True, True, True, True, False, False]

First choose the claim. "Every category is below its limit" needs no correction: test each at
the full level and claim it when all pass (`all_pass`, the intersection-union test). "These
categories are below their limits" needs `holm`. `e_benjamini_hochberg` is for many alarms that
depend on one another: a bounded share of the ones it lets through is false.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def all_pass(p_values: Sequence[float], level: float = 0.05) -> bool:
    """Whether "every one of these holds" may be claimed; each tested at the full level.

    Reference: Berger (1982), Technometrics 24(4), 295-300.
    """
    _check_p_values(p_values, level)
    return bool(p_values) and max(p_values) <= level


def holm(p_values: Sequence[float], level: float = 0.05) -> list[bool]:
    """Which may be claimed so that one false claim at all has probability at most `level`.

    Any dependence between the tests is allowed.

    Reference: Holm (1979), Scand. J. Statist. 6(2), 65-70.
    """
    _check_p_values(p_values, level)
    claimed = [False] * len(p_values)
    for rank, place in enumerate(_in_order(p_values)):
        if p_values[place] > level / (len(p_values) - rank):
            break
        claimed[place] = True
    return claimed


def benjamini_hochberg(p_values: Sequence[float], level: float = 0.05) -> list[bool]:
    """Which may be claimed so that the expected share of false ones is at most `level`.

    For independent or positively dependent tests; otherwise use `e_benjamini_hochberg`.

    Reference: Benjamini & Hochberg (1995), JRSS-B 57(1), 289-300.
    """
    _check_p_values(p_values, level)
    m = len(p_values)
    order = _in_order(p_values)
    passed = [rank for rank, place in enumerate(order, 1) if p_values[place] <= level * rank / m]
    return _first(order, passed[-1] if passed else 0)


def e_benjamini_hochberg(e_values: Sequence[float], level: float = 0.05) -> list[bool]:
    """As `benjamini_hochberg`, from e-values and under any dependence between them.

    Reference: Wang & Ramdas (2022), JRSS-B 84(3), 822-852.
    """
    if not 0 < level < 1:
        raise ValueError(f"need 0 < level < 1, got {level}")
    if not all(value >= 0 for value in e_values):
        raise ValueError("an e-value must not be negative or missing")
    m = len(e_values)
    order = sorted(range(m), key=lambda place: -e_values[place])
    passed = [rank for rank, place in enumerate(order, 1) if e_values[place] >= m / (level * rank)]
    return _first(order, passed[-1] if passed else 0)


def shared_confidence(confidence: float, claims: int) -> float:
    """The confidence each of `claims` bounds needs so that all hold at `confidence`.

    Independent or not (Bonferroni).
    """
    if not 0 < confidence < 1 or claims < 1:
        raise ValueError(f"need 0 < confidence < 1 and claims >= 1, got {confidence} and {claims}")
    return 1 - (1 - confidence) / claims


def _in_order(p_values: Sequence[float]) -> list[int]:
    return sorted(range(len(p_values)), key=lambda place: p_values[place])


def _first(order: list[int], count: int) -> list[bool]:
    kept = set(order[:count])
    return [place in kept for place in range(len(order))]


def _check_p_values(p_values: Sequence[float], level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"need 0 < level < 1, got {level}")
    if any(math.isnan(value) or not 0 <= value <= 1 for value in p_values):
        raise ValueError("a p-value must lie from 0 to 1")
