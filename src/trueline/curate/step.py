"""What a step of a recipe is: strict options that build a pure function over a batch.

Two plans only. A *map* step looks at one batch and nothing else. A *set* step measures small
columns batch by batch (a digest, a sketch, scores) and then decides over those columns for all
documents at once; it never sees a text while deciding.

Each step lives in a file of `trueline.curate.steps` with its options:

    class LowercaseOptions(StepOptions):
        step: Literal["lowercase"] = "lowercase"

        def build(self, run: RunSettings) -> MapStep: ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from trueline.curate.batch import Batch, Column, Drop, Result

if TYPE_CHECKING:
    from trueline.core.policy import Policy


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What every step may know about the run, beside its own options.

    `seed` feeds every random choice, always together with a document's id, so that a choice
    depends neither on the order of documents nor on the number of workers.
    """

    policy: Policy
    seed: int = 0
    out: Path = Path("curated")


class StepOptions(BaseModel):
    """Base of every step's options in a recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Raised whenever the step's outputs change, so that stored results are not reused.
    version: int = 1

    def build(self, run: RunSettings) -> MapStep | SetStep:
        """The step itself; raises `InputError` when an option or a file it names is unusable."""
        raise NotImplementedError

    def depends_on(self, run: RunSettings) -> str:
        """A digest of what else the step's stored outputs come from; "" for nothing else.

        Stored outputs are reused while the options, the seed and this digest stay the same. A
        step whose `run` or `measure` looks at the policy returns a digest of the part it looks
        at; one that reads a key file returns a digest of the key. A set step whose `decide`
        alone looks at the policy returns a constant such as "policy in decide", so that a new
        threshold needs no new measurement. A step that returns "" may not touch `run.policy`.
        """
        return ""


@runtime_checkable
class MapStep(Protocol):
    """A pure function over one batch."""

    @property
    def name(self) -> str:
        """The step's name in recipes and in the ledger."""
        ...

    def run(self, batch: Batch) -> Result:
        """Measure, change or drop documents of `batch`."""
        ...


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a set step decided, by row of the gathered columns."""

    drops: Mapping[int, Drop] = field(default_factory=dict[int, Drop])
    columns: Mapping[str, Column] = field(default_factory=dict[str, Column])


@runtime_checkable
class SetStep(Protocol):
    """Measures a batch, then decides over all documents' small columns."""

    @property
    def name(self) -> str: ...

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns gathered for `decide`: those `measure` writes and earlier steps' own."""
        ...

    def measure(self, batch: Batch) -> Result:
        """Write the small columns that `decide` reads; may not drop or change documents."""
        ...

    def decide(self, ids: Sequence[str], columns: Mapping[str, Column]) -> Decisions:
        """Decide over all documents, in reading order; pure, and blind to texts.

        A fixed-width `bytes` column arrives as a numpy array of uint8, [documents, width].
        """
        ...
