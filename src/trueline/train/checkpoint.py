"""Where a run stands, on disk: all that a killed run needs to end as if it had not been killed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from trueline.core.errors import InputError
from trueline.train.averaging import Average
from trueline.train.modifier import Modifier
from trueline.train.sharding import load_state, whole_state
from trueline.train.state_file import read_state, write_state
from trueline.train.weights import copy_weights, weights_of

CHECKPOINT = "checkpoint.safetensors"


@dataclass
class Tally:
    """Counters of the loop.

    Args:
        epoch: epoch of the next batch; `index`: its number there.
        best: the best figure on dev so far, None before the first look.
        since_best: looks at dev since then.
        loss_sum: sum of the loss over `logged` steps since the last line of the log.
    """

    step: int = 0
    epoch: int = 0
    index: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best: float | None = None
    best_step: int = 0
    since_best: int = 0
    loss_sum: float = 0.0
    logged: int = 0
    logged_tokens: int = 0
    logged_seconds: float = 0.0

    def advance(self, epoch: int, index: int, loss: float, tokens: int, seconds: float) -> None:
        """One step more; `epoch` and `index` of the batch that comes next."""
        self.step += 1
        self.epoch, self.index = epoch, index
        self.tokens += tokens
        self.seconds += seconds
        self.loss_sum += loss
        self.logged += 1
        self.logged_tokens += tokens
        self.logged_seconds += seconds

    def take_figures(self) -> dict[str, float]:
        """Means since the last call, for one line of the log."""
        steps = max(self.logged, 1)
        found = {
            "loss": self.loss_sum / steps,
            "tokens": float(self.tokens),
            "tokens_per_second": round(self.logged_tokens / max(self.logged_seconds, 1e-9), 1),
            "seconds": round(self.seconds, 3),
        }
        self.loss_sum, self.logged, self.logged_tokens, self.logged_seconds = 0.0, 0, 0, 0.0
        return found

    def judge(self, value: float, higher_is_better: bool, min_gain: float) -> bool:
        """Take in a figure on dev; whether it is the best so far."""
        gain = (
            math.inf if self.best is None else (value - self.best) * (1 if higher_is_better else -1)
        )
        if math.isnan(value) or gain <= min_gain:
            self.since_best += 1
            return False
        self.best, self.best_step, self.since_best = value, self.step, 0
        return True

    def spent(self, patience: int | None) -> bool:
        """Whether patience has run out."""
        return patience is not None and self.since_best >= patience


@dataclass(frozen=True)
class Checkpoint:
    """A state of the run; `digest` names the recipe and data it belongs to."""

    digest: str
    tally: Mapping[str, Any]
    model: Mapping[str, Tensor]
    optimizer: Mapping[str, Any]
    average: Mapping[str, Tensor] | None
    modifiers: Sequence[Mapping[str, Any]]

    @classmethod
    def of(
        cls,
        digest: str,
        tally: Tally,
        model: nn.Module,
        optimizer: Any,
        average: Average | None,
        modifiers: Sequence[Modifier],
    ) -> Checkpoint:
        """The state as it is now."""
        return cls(
            digest, asdict(tally), weights_of(model), whole_state(optimizer),
            None if average is None else average.state(),
            [modifier.state_dict() for modifier in modifiers],
        )  # fmt: skip

    def restore(
        self,
        model: nn.Module,
        optimizer: Any,
        average: Average | None,
        modifiers: Sequence[Modifier],
    ) -> Tally:
        """Put the state back; the counters to go on with."""
        copy_weights(model, self.model)
        load_state(optimizer, self.optimizer)
        if average is not None and self.average is not None:
            average.restore(dict(self.average))
        for modifier, state in zip(modifiers, self.modifiers, strict=True):
            modifier.load_state_dict(state)
        return Tally(**self.tally)


def save_checkpoint(out: Path, checkpoint: Checkpoint) -> None:
    """Write it, whole or not at all."""
    write_state(out / CHECKPOINT, {
        "digest": checkpoint.digest, "tally": checkpoint.tally, "model": checkpoint.model,
        "optimizer": checkpoint.optimizer, "average": checkpoint.average,
        "modifiers": list(checkpoint.modifiers),
    })  # fmt: skip


def load_checkpoint(out: Path, digest: str) -> Checkpoint | None:
    """The checkpoint of a folder, or None when there is none.

    Raises:
        InputError: it is damaged, or belongs to another recipe or other data.
    """
    path = out / CHECKPOINT
    if not path.is_file():
        return None
    try:
        state = read_state(path)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {error}. Start again with --fresh") from error
    if state["digest"] != digest:
        raise InputError(
            f"{out} holds a run of another recipe or of other data. Give another --out, or start "
            "again with --fresh"
        )
    return Checkpoint(**state)
