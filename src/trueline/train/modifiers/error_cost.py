"""A limit on how often a classifier errs in a way that matters, label by label.

`missed`: of the rows that have the label, the share that is not told. `false_alarm`: of the rows
that have it not, the share that is told. The dual is moved by decisions as they would ship; the
weights by -log2 p of the right decision, which is never below the error it stands for.

Reference: Cotter et al. (2019), JMLR 20(172), two-player games with a proxy for the gradient.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from trueline.core.errors import InputError
from trueline.train.dual import DualOptions, Window
from trueline.train.modifier import LoopState
from trueline.train.modifiers.row_pools import (
    Pool,
    Pools,
    batch_of,
    drawn,
    in_turn,
    make_pools,
    predictions,
    read_held,
)
from trueline.train.safety_test import (
    SafetyTest,
    certify_rates,
    items_needed,
    shared_confidence,
)
from trueline.train.setup import Setup
from trueline.train.task import Batch, Example, Loss

_STRICT = ConfigDict(extra="forbid", frozen=True)
_SMALLEST = 1e-6  # of a probability inside a logarithm


class ErrorLimit(BaseModel):
    """One kind of error with its limit."""

    model_config = _STRICT

    label: str = Field(min_length=1, description="The label.")
    error: Literal["missed", "false_alarm"] = Field(
        description="Present and not told, or told and not present."
    )
    max_violation_rate: float | None = Field(
        default=None, gt=0, lt=1, description="Limit of this error; the constraint's when null."
    )

    @property
    def name(self) -> str:
        """As reports call it: `fraud.missed`."""
        return f"{self.label}.{self.error}"


class ErrorCostOptions(BaseModel):
    """Errors of a classifier, told apart by label."""

    model_config = _STRICT

    of: Literal["errors"] = "errors"
    limits: tuple[ErrorLimit, ...] = Field(min_length=1, description="Errors that are limited.")
    weight: str | None = Field(
        default=None,
        description="Field of what an error on the row costs, 0 to 1; 1 without it. The rate is "
        "then a mean cost, bounded by betting.",
    )
    rows: int = Field(default=32, ge=1, le=4096, description="Rows a step for each limit.")
    sample: int = Field(
        default=64, ge=1, le=100_000, description="Rows of each look of the dual, for each limit."
    )

    def build(
        self, setup: Setup, holdout: Sequence[str], limit: float | None, confidence: float,
        dual: DualOptions,
    ) -> ErrorCost:  # fmt: skip
        """The cost; `limit` is that of errors without their own."""
        return ErrorCost(self, setup, holdout, limit, confidence, dual)


class ErrorCost:
    """See `trueline.train.modifiers.limits.Cost`."""

    def __init__(
        self,
        options: ErrorCostOptions,
        setup: Setup,
        holdout: Sequence[str],
        limit: float | None,
        confidence: float,
        dual: DualOptions,
    ) -> None:
        self._options, self._setup, self._confidence = options, setup, confidence
        self._aim = dual.aim
        self._limits: dict[str, float] = {}
        for entry in options.limits:
            own = entry.max_violation_rate if entry.max_violation_rate is not None else limit
            if own is None:
                raise InputError(
                    f"modifiers.constraint: {entry.name} has no max_violation_rate. Give it one, "
                    "or give the constraint one"
                )
            if entry.name in self._limits:
                raise InputError(f"modifiers.constraint.cost.limits: {entry.name} is given twice")
            self._limits[entry.name] = own
        lowest = min(self._limits.values())
        self._needed = items_needed(lowest, confidence, len(self._limits))
        told = f"a rate of at most {lowest:g} at confidence {confidence:g}"
        self._held = read_held(holdout, self._needed, told)
        self._windows = {name: Window(dual.window) for name in self._limits}
        self._pools: Pools | None = None
        self._members: dict[tuple[str, str], list[int]] = {}

    @property
    def limits(self) -> Mapping[str, float]:
        return self._limits

    def start(self, state: LoopState) -> None:
        labels = state.task.facts.get("labels")
        if state.task.name != "classify" or not labels:
            raise InputError(
                f"modifiers.constraint.cost: `of: errors` is for the task classify, not "
                f"{state.task.name}. Limit a model that writes texts with `of: replies`"
            )
        for entry in self._options.limits:
            if entry.label not in labels:
                raise InputError(
                    f"modifiers.constraint.cost.limits: no label is called {entry.label!r}. "
                    f"Accepted: {', '.join(labels)}"
                )
        self._labels = {label: number for number, label in enumerate(labels)}
        self._pools = make_pools(state.task, self._setup, self._held)
        for kind in ("train", "watch", "held"):
            pool: Pool = getattr(self._pools, kind)
            for entry in self._options.limits:
                members = [i for i, e in enumerate(pool.examples) if self._concerned(entry, e)]
                self._members[kind, entry.name] = members
        for entry in self._options.limits:
            self._refuse_thin(entry)
            self._windows[entry.name].shrink(len(self._members["watch", entry.name]))

    def objective(
        self, state: LoopState, batch: Batch, loss: Loss, multipliers: Mapping[str, float]
    ) -> Tensor:
        del batch
        total = loss.total
        for number, entry in enumerate(self._options.limits):
            price = multipliers[entry.name]
            if price > 0:
                total = total + price * self._proxy(state, entry, number)
        return total / (1 + sum(multipliers.values()))

    def look(self, state: LoopState) -> Mapping[str, float]:
        assert self._pools is not None
        for entry in self._options.limits:
            members = self._members["watch", entry.name]
            chosen = in_turn(members, self._options.sample, state.step, state.seed)
            self._windows[entry.name].add(
                self._costs(state, entry, self._pools.watch.where(chosen))
            )
        share = shared_confidence(self._confidence, len(self._limits))
        return {name: window.upper(share) for name, window in self._windows.items()}

    def watched(self, state: LoopState) -> Mapping[str, float]:
        test = certify_rates(self._measured(state, "watch"), self._limits, self._confidence)
        return {claim.name: claim.bound for claim in test.claims}

    def certify(self, state: LoopState) -> SafetyTest:
        return certify_rates(self._measured(state, "held"), self._limits, self._confidence)

    def facts(self) -> Mapping[str, Any]:
        return {"of": "errors"}

    def state(self) -> dict[str, Any]:
        return {name: window.state() for name, window in self._windows.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        for name, costs in state.items():
            self._windows[name].restore(costs)

    def _concerned(self, entry: ErrorLimit, example: Example) -> bool:
        """Whether the row can be in error this way; rows that were not annotated cannot tell."""
        target = example["target"]
        number = self._labels[entry.label]
        present = target == number if isinstance(target, int) else target[number]
        return int(present) == (1 if entry.error == "missed" else 0)

    def _refuse_thin(self, entry: ErrorLimit) -> None:
        for kind, name in (("train", "the training rows"), ("watch", "the rows of dev")):
            if not self._members[kind, entry.name]:
                raise InputError(
                    f"modifiers.constraint: none of {name} can show {entry.name}. Add rows "
                    f"{'with' if entry.error == 'missed' else 'without'} the label {entry.label!r}"
                )
        limit = self._limits[entry.name]
        aim = items_needed(self._aim * limit, self._confidence, len(self._limits)) or 0
        watched = len(self._members["watch", entry.name])
        if watched < aim:
            raise InputError(
                f"modifiers.constraint: {watched} rows of dev can show {entry.name}; the dual needs "
                f"at least {aim} to tell that a limit of {limit:g} is kept. Give more rows (data.dev, "
                "data.dev_share) or raise the limit"
            )
        needed = items_needed(limit, self._confidence, len(self._limits)) or 0
        found = len(self._members["held", entry.name])
        if found < needed:
            raise InputError(
                f"modifiers.constraint.holdout: {found} rows can show {entry.name}; a rate of at "
                f"most {limit:g} at confidence {self._confidence:g} needs at least {needed}. Give "
                "more rows or raise the limit"
            )

    def _proxy(self, state: LoopState, entry: ErrorLimit, number: int) -> Tensor:
        """Differentiable stand-in for the rate: mean of weight x -log2 p(right)."""
        assert self._pools is not None
        members = self._members["train", entry.name]
        chosen = drawn(members, self._options.rows, state.seed, state.step, number, 7)
        pool = self._pools.train.where(chosen)
        logits = state.task.loss(state.model, batch_of(state, pool.examples)).logits
        assert logits is not None
        index = self._labels[entry.label]
        multi = not isinstance(pool.examples[0]["target"], int)
        odds = logits.sigmoid() if multi else logits.softmax(-1)
        right = odds[:, index] if entry.error == "missed" else 1 - odds[:, index]
        weights = torch.tensor([self._weight(row) for row in pool.rows], device=logits.device)
        return (weights * -right.clamp_min(_SMALLEST).log() / math.log(2)).mean()

    def _measured(self, state: LoopState, kind: str) -> dict[str, list[float | None]]:
        assert self._pools is not None
        pool: Pool = getattr(self._pools, kind)
        return {
            entry.name: self._costs(state, entry, pool.where(self._members[kind, entry.name]))
            for entry in self._options.limits
        }

    def _costs(self, state: LoopState, entry: ErrorLimit, pool: Pool) -> list[float | None]:
        found: list[float | None] = [None] * len(pool)
        for i, prediction in predictions(state, state.model, pool):
            told = (
                entry.label in prediction["labels"]
                if "labels" in prediction
                else entry.label == prediction["label"]
            )
            wrong = told == (entry.error == "false_alarm")
            found[i] = self._weight(pool.rows[i]) if wrong else 0.0
        return found

    def _weight(self, row: Mapping[str, Any]) -> float:
        if self._options.weight is None:
            return 1.0
        value = row.get(self._options.weight)
        good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
        return float(value) if good and value is not None else 1.0
