"""The dual variable: what a violation costs, raised while an upper bound is above its limit.

    minimise  loss(θ)   subject to   violation rate of k  <=  limit of k        for every k

Each constraint has a multiplier of at least 0. Its step is driven by how far the *upper
confidence bound* of the rate is above the aim, so that few observations count as danger: after
20 replies without a violation the 95 % bound is still 13.9 %, where the mean (and a normal
approximation) says 0. The step is the gap as a share of the aim, from -1 to 1: limits of 1 % and
of 30 % need the same gains, and the price falls as fast as it rises.

    >>> dual = Dual({"privacy": 0.05}, DualOptions(rule="ascent", rate=0.5, aim=1.0))
    >>> [dual.step({"privacy": upper})["privacy"] for upper in (0.06, 0.9, 0.05, 0.025)]
    [0.1, 0.6, 0.6, 0.35]

References: Stooke, Achiam & Abbeel (2020), arXiv:2007.03964 (PID); Chittepu et al. (2025),
HC-RLHF, arXiv:2506.08266 (dual step on an upper bound, then a held-out safety test).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from trueline.stats.betting import mean_upper
from trueline.stats.bounds import clopper_pearson_upper


class DualOptions(BaseModel):
    """How the price of a violation moves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["ascent", "pid"] = Field(
        default="pid", description="Dual ascent, or PID control, which swings less."
    )
    rate: float = Field(
        default=0.02, gt=0, le=1000, description="Gain a step: ascent's rate, PID's integral part."
    )
    proportional: float = Field(default=0.5, ge=0, le=1000, description="PID: gain of the gap now.")
    derivative: float = Field(default=0.5, ge=0, le=1000, description="PID: gain of its rise.")
    smoothing: float = Field(
        default=0.8, ge=0, lt=1, description="PID: share of the past in the smoothed gap."
    )
    window: int = Field(
        default=256, ge=8, le=1_000_000, description="Latest observations a bound is made of."
    )
    aim: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="Share of the limit that is aimed at; the rest is room for the held-out test.",
    )
    start: float = Field(default=0.0, ge=0, le=1000, description="Multiplier at the first step.")
    highest: float = Field(default=50.0, gt=0, le=1e6, description="Multiplier at most.")


class Dual:
    """One multiplier for each constraint.

    Args:
        limits: the highest rate (or gap) allowed, by constraint.
        options: how multipliers move.
    """

    def __init__(self, limits: Mapping[str, float], options: DualOptions) -> None:
        self.limits = dict(limits)
        self.options = options
        self._sum = dict.fromkeys(limits, options.start)
        self._smooth: dict[str, float | None] = dict.fromkeys(limits)
        self._multipliers = dict.fromkeys(limits, options.start)

    @property
    def multipliers(self) -> Mapping[str, float]:
        """The price of a violation now, by constraint; each from 0 to `highest`."""
        return dict(self._multipliers)

    @property
    def total(self) -> float:
        """Sum of all multipliers."""
        return sum(self._multipliers.values())

    def step(self, uppers: Mapping[str, float]) -> Mapping[str, float]:
        """Move every multiplier by its upper bound; the new multipliers.

        A bound that is missing or no number counts as 1: what was not measured is a violation.
        """
        for name, limit in self.limits.items():
            upper = uppers.get(name, 1.0)
            upper = upper if 0 <= upper <= 1 else 1.0
            aim = self.options.aim * limit
            gap = round(min((upper - aim) / aim, 1.0), 12)
            self._multipliers[name] = (
                self._ascent(name, gap) if self.options.rule == "ascent" else self._pid(name, gap)
            )
        return self.multipliers

    def state(self) -> dict[str, Any]:
        """Everything a resumed run needs."""
        return {"sum": self._sum, "smooth": self._smooth, "multipliers": self._multipliers}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what `state` gave."""
        self._sum = dict(state["sum"])
        self._smooth = dict(state["smooth"])
        self._multipliers = dict(state["multipliers"])

    def _ascent(self, name: str, gap: float) -> float:
        self._sum[name] = self._clipped(self._sum[name] + self.options.rate * gap)
        return self._sum[name]

    def _pid(self, name: str, gap: float) -> float:
        options = self.options
        before = self._smooth[name]
        smooth = (
            gap if before is None else options.smoothing * before + (1 - options.smoothing) * gap
        )
        rise = 0.0 if before is None else max(0.0, smooth - before)
        self._smooth[name] = smooth
        self._sum[name] = self._clipped(self._sum[name] + options.rate * gap)
        told = options.proportional * smooth + self._sum[name] + options.derivative * rise
        return self._clipped(told)

    def _clipped(self, value: float) -> float:
        return min(max(value, 0.0), self.options.highest)


class Window:
    """The latest costs of one constraint, each from 0 to 1; what was not scored counts as 1."""

    def __init__(self, size: int) -> None:
        self._costs: deque[float] = deque(maxlen=size)

    def __len__(self) -> int:
        return len(self._costs)

    def shrink(self, size: int) -> None:
        """Keep at most so many, because no more rows than that are different."""
        self._costs = deque(self._costs, maxlen=min(size, self._costs.maxlen or size))

    def add(self, costs: Iterable[float | None]) -> None:
        """Take in new costs; None or no number is an item that could not be scored."""
        self._costs.extend(fail_closed(cost) for cost in costs)

    def upper(self, confidence: float) -> float:
        """Exact upper bound on the mean cost; 1 without observations."""
        return upper_bound(list(self._costs), confidence)

    @property
    def mean(self) -> float:
        """Mean cost; 1 without observations."""
        return sum(self._costs) / len(self._costs) if self._costs else 1.0

    def state(self) -> list[float]:
        """The costs, oldest first."""
        return list(self._costs)

    def restore(self, costs: Iterable[float]) -> None:
        """Take up what `state` gave."""
        self._costs.clear()
        self._costs.extend(costs)


def fail_closed(cost: float | None) -> float:
    """A cost as it counts: 1 when it is missing, no number, or outside 0 to 1."""
    return float(cost) if cost is not None and 0 <= cost <= 1 else 1.0


def upper_bound(costs: list[float], confidence: float) -> float:
    """Upper bound on the mean of costs in [0, 1]; 1 without any.

    Clopper-Pearson where every cost is 0 or 1, else betting; both hold at any sample size, a
    normal approximation does not.
    """
    if not costs:
        return 1.0
    if all(cost in (0.0, 1.0) for cost in costs):
        return clopper_pearson_upper(int(sum(costs)), len(costs), confidence)
    return mean_upper(costs, confidence)
