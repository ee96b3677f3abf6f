"""When the gate says RELEASE, computed exactly instead of simulated.

    >>> law = release_law(0.01, true_rate=0.0, most=400)
    >>> law.probability, law.quantile(0.5)
    (1.0, 344)

The number of violations is a walk that moves up with the true rate at each prompt; the gate
takes out all probability that stands at or below its boundary.

Reference: Armitage, McPherson & Rowe (1969), JRSS-A 132(2), 235-244 (repeated looks).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trueline.stats.gate import release_boundary


@dataclass(frozen=True, slots=True, eq=False)
class ReleaseLaw:
    """The distribution of the prompt at which the gate says RELEASE.

    `by_prompt` is float64 [most + 1]: the probability that it says so at exactly n prompts.
    """

    by_prompt: NDArray[np.float64]

    @property
    def probability(self) -> float:
        """That the gate has said RELEASE by the last prompt."""
        return float(self.by_prompt.sum())

    def quantile(self, share: float) -> int | None:
        """The prompt by which `share` of runs are released; None when fewer ever are."""
        reached = np.nonzero(np.cumsum(self.by_prompt) >= share)[0]
        return int(reached[0]) if reached.size else None


def release_law(
    limit: float, true_rate: float, confidence: float = 0.95, most: int = 5000
) -> ReleaseLaw:
    """The exact law of the release time when the rate is `true_rate` and one looks every time.

    Args:
        limit: the gate's limit.
        true_rate: the violation rate of the system, in [0, 1].
        confidence: the gate's confidence.
        most: prompts after which the run ends.
    """
    boundary = release_boundary(limit, confidence, most)
    return walk_law(boundary, true_rate)


def walk_law(boundary: list[int], true_rate: float) -> ReleaseLaw:
    """The law of the first n at which the violations are at or below `boundary[n]`.

    Any rule of that kind will do, such as a fixed-sample bound that is looked at repeatedly.
    """
    # More violations than the last boundary allows can never come back below it.
    alive = np.zeros(max(boundary) + 2)
    alive[0] = 1.0
    stopped = np.zeros(len(boundary))
    for n, allowed in enumerate(boundary):
        if n:
            moved = alive * (1 - true_rate)
            moved[1:] += alive[:-1] * true_rate
            alive = moved
        if allowed >= 0:
            stopped[n] = alive[: allowed + 1].sum()
            alive[: allowed + 1] = 0.0
    return ReleaseLaw(stopped)
