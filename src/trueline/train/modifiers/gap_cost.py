"""A limit on how differently groups are treated: fairness as a constraint.

`selection_rate`: how often the label is told. `true_positive_rate` and `false_positive_rate`:
the same among rows that have the label, or have it not (equalized odds limits both).

The gap is held by its exact upper bound (`safety_test.gap_upper`); small groups make that bound
wide, so that too little data ends in "no solution found" and never in a claim.

Reference: Agarwal et al. (2018), A Reductions Approach to Fair Classification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from trueline.core.errors import InputError
from trueline.train.data import place_of
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
    GroupCount,
    SafetyTest,
    certify_gaps,
    gap_upper,
    shared_confidence,
)
from trueline.train.setup import Setup
from trueline.train.task import Batch, Loss, Row

Gap = Literal["selection_rate", "true_positive_rate", "false_positive_rate"]


class GapCostOptions(BaseModel):
    """Differences between groups."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: Literal["group_gap"] = "group_gap"
    group: str = Field(min_length=1, description="Field that names a row's group.")
    label: str = Field(min_length=1, description="The label that is given or withheld.")
    gaps: tuple[Gap, ...] = Field(
        default=("selection_rate",), min_length=1, description="Rates that may not differ."
    )
    max_gap: float = Field(gt=0, lt=1, description="Largest difference allowed.")
    rows: int = Field(default=32, ge=2, le=4096, description="Rows a step from each group.")
    sample: int = Field(
        default=64, ge=2, le=100_000, description="Rows of each look of the dual, from each group."
    )

    def build(
        self, setup: Setup, holdout: Sequence[str], limit: float | None, confidence: float,
        dual: DualOptions,
    ) -> GapCost:  # fmt: skip
        """The cost; the constraint's own limit is for rates and must be absent."""
        if limit is not None:
            raise InputError(
                "modifiers.constraint.max_violation_rate: a gap between groups has its limit in "
                "cost.max_gap. Take max_violation_rate out"
            )
        return GapCost(self, setup, holdout, confidence, dual)


class GapCost:
    """See `trueline.train.modifiers.limits.Cost`."""

    def __init__(
        self,
        options: GapCostOptions,
        setup: Setup,
        holdout: Sequence[str],
        confidence: float,
        dual: DualOptions,
    ) -> None:
        self._options, self._setup, self._confidence = options, setup, confidence
        self._limits = {f"gap.{gap}": options.max_gap for gap in options.gaps}
        self._held = read_held(holdout, 2, "a gap between groups")
        self._groups = sorted({_group(row, options.group) for row in setup.rows})
        if len(self._groups) < 2:
            raise InputError(
                f"modifiers.constraint.cost.group: the training rows hold {len(self._groups)} "
                f"groups in field {options.group!r}; at least 2 are needed. Name another field"
            )
        self._windows: dict[tuple[Gap, str], Window] = {
            (gap, group): Window(dual.window) for gap in options.gaps for group in self._groups
        }
        self._pools: Pools | None = None
        self._members: dict[tuple[str, Gap, str], list[int]] = {}

    @property
    def limits(self) -> Mapping[str, float]:
        return self._limits

    def start(self, state: LoopState) -> None:
        labels = list(state.task.facts.get("labels") or [])
        if state.task.name != "classify" or self._options.label not in labels:
            raise InputError(
                "modifiers.constraint.cost: `of: group_gap` needs the task classify and one of its "
                f"labels, not {self._options.label!r}. Accepted: {', '.join(labels) or 'none'}"
            )
        self._index = labels.index(self._options.label)
        self._pools = make_pools(state.task, self._setup, self._held)
        for kind in ("train", "watch", "held"):
            pool: Pool = getattr(self._pools, kind)
            names = [_group(row, self._options.group) for row in pool.rows]
            strange = sorted(set(names) - set(self._groups))
            if strange:
                raise InputError(
                    f"modifiers.constraint.cost.group: {strange[0]!r} is no group of the training "
                    f"rows. Accepted: {', '.join(self._groups)}"
                )
            for gap in self._options.gaps:
                for group in self._groups:
                    members = [
                        i for i, name in enumerate(names)
                        if name == group and self._counts(gap, pool.examples[i]["target"])
                    ]  # fmt: skip
                    self._members[kind, gap, group] = members
                    if not members:
                        raise InputError(
                            f"modifiers.constraint: no row of {_ROWS[kind]} shows the {gap} of "
                            f"group {group!r}. Add rows, or leave the group out"
                        )
                    if kind == "watch":
                        self._windows[gap, group].shrink(len(members))

    def objective(
        self, state: LoopState, batch: Batch, loss: Loss, multipliers: Mapping[str, float]
    ) -> Tensor:
        del batch
        total = loss.total
        for number, gap in enumerate(self._options.gaps):
            price = multipliers[f"gap.{gap}"]
            if price > 0:
                total = total + price * self._proxy(state, gap, number)
        return total / (1 + sum(multipliers.values()))

    def look(self, state: LoopState) -> Mapping[str, float]:
        assert self._pools is not None
        for gap, group in self._windows:
            members = self._members["watch", gap, group]
            chosen = in_turn(members, self._options.sample, state.step, state.seed)
            told = self._selected(state, self._pools.watch.where(chosen))
            self._windows[gap, group].add(float(one) for one in told)
        share = shared_confidence(self._confidence, len(self._limits))
        found: dict[str, float] = {}
        for gap in self._options.gaps:
            windows = [self._windows[gap, group] for group in self._groups]
            counts = [GroupCount(round(w.mean * len(w)), len(w)) for w in windows]
            found[f"gap.{gap}"] = gap_upper(counts, share)
        return found

    def watched(self, state: LoopState) -> Mapping[str, float]:
        test = certify_gaps(self._measured(state, "watch"), self._limits, self._confidence)
        return {claim.name: claim.bound for claim in test.claims}

    def certify(self, state: LoopState) -> SafetyTest:
        return certify_gaps(self._measured(state, "held"), self._limits, self._confidence)

    def facts(self) -> Mapping[str, Any]:
        return {"of": "group_gap", "groups": list(self._groups)}

    def state(self) -> dict[str, Any]:
        return {"windows": [window.state() for window in self._windows.values()]}

    def restore(self, state: Mapping[str, Any]) -> None:
        for window, costs in zip(self._windows.values(), state["windows"], strict=True):
            window.restore(costs)

    def _counts(self, gap: Gap, target: Any) -> bool:
        """Whether a row is among those the rate is taken of."""
        if gap == "selection_rate":
            return True
        single = isinstance(target, int)
        present = int(target == self._index) if single else int(target[self._index])
        return present == (1 if gap == "true_positive_rate" else 0)

    def _proxy(self, state: LoopState, gap: Gap, number: int) -> Tensor:
        """Largest less smallest mean probability of the label over groups."""
        assert self._pools is not None
        chosen: list[int] = []
        for at, group in enumerate(self._groups):
            members = self._members["train", gap, group]
            chosen += drawn(members, self._options.rows, state.seed, state.step, number, at, 9)
        pool = self._pools.train.where(chosen)
        logits = state.task.loss(state.model, batch_of(state, pool.examples)).logits
        assert logits is not None
        multi = not isinstance(pool.examples[0]["target"], int)
        odds = (logits.sigmoid() if multi else logits.softmax(-1))[:, self._index]
        names = [_group(row, self._options.group) for row in pool.rows]
        means = torch.stack([
            odds[torch.tensor([name == group for name in names], device=odds.device)].mean()
            for group in self._groups
        ])  # fmt: skip
        return means.max() - means.min()

    def _measured(self, state: LoopState, kind: str) -> dict[str, dict[str, GroupCount]]:
        assert self._pools is not None
        pool: Pool = getattr(self._pools, kind)
        told = self._selected(state, pool)
        return {
            f"gap.{gap}": {
                group: GroupCount(
                    sum(told[i] for i in self._members[kind, gap, group]),
                    len(self._members[kind, gap, group]),
                )
                for group in self._groups
            }
            for gap in self._options.gaps
        }

    def _selected(self, state: LoopState, pool: Pool) -> list[bool]:
        found = [False] * len(pool)
        for i, prediction in predictions(state, state.model, pool):
            label = self._options.label
            found[i] = label in prediction["labels"] if "labels" in prediction else (
                label == prediction["label"]
            )  # fmt: skip
        return found


_ROWS = {"train": "train", "watch": "dev", "held": "holdout"}


def _group(row: Row, field: str) -> str:
    value = row.get(field)
    if value is None or isinstance(value, dict | list):
        raise InputError(
            f"{place_of(row)}: no group in field {field!r}. Mend the row, or name another field in "
            "modifiers.constraint.cost.group"
        )
    return str(value)
