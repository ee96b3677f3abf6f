"""What a constraint's cost must offer, whichever way it is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor

from trueline.train.data import place_of
from trueline.train.modifier import LoopState
from trueline.train.safety_test import SafetyTest
from trueline.train.task import Batch, Loss, Row


class Cost(Protocol):
    """Measures violations on three kinds of rows: learned from, watched by the dual, held out."""

    @property
    def limits(self) -> Mapping[str, float]:
        """The highest rate or gap allowed, by constraint."""
        ...

    def start(self, state: LoopState) -> None:
        """Once, when task and model are known; `InputError` when they cannot be measured."""
        ...

    def objective(
        self, state: LoopState, batch: Batch, loss: Loss, multipliers: Mapping[str, float]
    ) -> Tensor:
        """Scalar to go down: (loss + sum of lambda x cost) / (1 + sum of lambda)."""
        ...

    def look(self, state: LoopState) -> Mapping[str, float]:
        """Measure a fresh sample; upper bounds by constraint over the latest observations."""
        ...

    def watched(self, state: LoopState) -> Mapping[str, float]:
        """Upper bounds on all rows that may choose the model, for picking the best weights."""
        ...

    def certify(self, state: LoopState) -> SafetyTest:
        """The held-out safety test."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """What the card should know beside limits and counts."""
        ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: Mapping[str, Any]) -> None: ...


def shared_inputs(held: Sequence[Row], seen: Sequence[Row], field: str) -> tuple[int, str]:
    """How many held-out rows have an input that was seen as well, and where the first stands."""
    known = {str(row.get(field)) for row in seen}
    twins = [row for row in held if str(row.get(field)) in known]
    return len(twins), place_of(twins[0]) if twins else ""
