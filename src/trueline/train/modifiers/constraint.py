"""`constraint`: the task's loss falls while a dual variable prices every violation.

    minimise  loss(θ)   subject to   violation rate  <=  max_violation_rate

The dual moves on an exact upper confidence bound, never on a mean or a normal approximation.
Weights whose bound on dev is above the limit are not kept as the best. The run ends with a test
on held-out rows that neither the loss, the dual nor the choice of the best weights has seen:
certified with counts, or "no solution found".
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import orjson
from pydantic import BeforeValidator, Field
from torch import Tensor, nn

from trueline.core.errors import InputError
from trueline.stats.sample_size import prompts_needed
from trueline.train.dual import Dual, DualOptions
from trueline.train.modifier import LoopState, Modifier
from trueline.train.modifiers.error_cost import ErrorCostOptions
from trueline.train.modifiers.gap_cost import GapCostOptions
from trueline.train.modifiers.limits import Cost
from trueline.train.modifiers.options import ModifierOptions
from trueline.train.modifiers.reply_cost import ReplyCost, ReplyCostOptions
from trueline.train.safety_test import best_bound, shared_confidence
from trueline.train.setup import Setup
from trueline.train.task import Batch, Loss, Task

SAFETY_TEST = "safety_test.json"


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
CostOptions = Annotated[
    ErrorCostOptions | GapCostOptions | ReplyCostOptions, Field(discriminator="of")
]


class ConstraintOptions(ModifierOptions):
    """Keep a violation rate, or a gap between groups, below a limit."""

    modifier: Literal["constraint"] = "constraint"
    cost: CostOptions = Field(
        description="What counts as a violation: `of: replies`, `of: errors` or `of: group_gap`."
    )
    holdout: Names = Field(
        min_length=1,
        description="Files of the safety test: rows that are neither trained on nor in dev.",
    )
    max_violation_rate: float | None = Field(
        default=None, gt=0, lt=1,
        description="The limit; for `of: replies` the policy's own when null.",
    )  # fmt: skip
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Of the bounds; of all claims together."
    )
    dual: DualOptions = Field(
        default_factory=DualOptions, description="How the price of a violation moves."
    )
    every: int = Field(default=1, ge=1, description="Steps between two steps of the dual.")

    def build(self, setup: Setup) -> Constraint:
        cost = self.cost.build(
            setup, self.holdout, self.max_violation_rate, self.confidence, self.dual
        )
        return Constraint(self, cost)


class Constraint(Modifier):
    """The modifier at work.

    Args:
        cost: how violations are measured; any object that offers `limits.Cost`.
    """

    name = "constraint"

    def __init__(self, options: ConstraintOptions, cost: Cost) -> None:
        self.options, self.cost = options, cost
        self.dual = Dual(cost.limits, options.dual)
        self._within = False
        self._refuse_small_window()

    def wrap_model(self, model: nn.Module, task: Task) -> nn.Module:
        if isinstance(self.cost, ReplyCost):
            self.cost.before(model)
        return model

    def on_start(self, state: LoopState) -> None:
        self.cost.start(state)

    def on_loss(self, state: LoopState, batch: Batch, loss: Loss) -> Tensor:
        return self.cost.objective(state, batch, loss, self.dual.multipliers)

    def on_step(self, state: LoopState) -> None:
        if state.step % self.options.every:
            return
        uppers = self.cost.look(state)
        for name, multiplier in self.dual.step(uppers).items():
            state.logged[f"upper_{name}"] = uppers[name]
            state.logged[f"lambda_{name}"] = multiplier

    def on_evaluate(self, state: LoopState, metrics: dict[str, float]) -> None:
        uppers = self.cost.watched(state)
        metrics.update({f"dev_upper_{name}": upper for name, upper in uppers.items()})
        self._within = all(uppers[name] <= limit for name, limit in self.cost.limits.items())
        metrics["dev_within_limits"] = float(self._within)

    def may_keep(self, state: LoopState) -> bool:
        return self._within

    def finish(self, state: LoopState) -> Mapping[str, Any]:
        test = self.cost.certify(state)
        told = {
            **test.as_json(),
            **self.cost.facts(),
            "held_out": list(self.options.holdout),
            "multipliers": dict(self.dual.multipliers),
        }
        partial = state.out / f"{SAFETY_TEST}.partial"
        partial.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        os.replace(partial, state.out / SAFETY_TEST)
        return told

    def state_dict(self) -> dict[str, Any]:
        return {"dual": self.dual.state(), "cost": self.cost.state(), "within": self._within}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.dual.restore(state["dual"])
        self.cost.restore(state["cost"])
        self._within = bool(state["within"])

    def _refuse_small_window(self) -> None:
        """A window too small for the limit would push the price up for ever."""
        if not isinstance(self.options.cost, ErrorCostOptions | ReplyCostOptions):
            return
        share = shared_confidence(self.options.confidence, len(self.cost.limits))
        window, aim = self.options.dual.window, self.options.dual.aim
        for name, limit in self.cost.limits.items():
            bound = best_bound(window, share)
            if bound > aim * limit:
                raise InputError(
                    f"modifiers.constraint.dual.window: {window} observations without a violation "
                    f"give a bound of {bound:.4f} for {name}, above the aim of {aim * limit:.4f}. "
                    f"Give at least {prompts_needed(aim * limit, share)}, or raise the limit"
                )
