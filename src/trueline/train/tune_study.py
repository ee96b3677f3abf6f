"""A study file: which recipe, which of its values are searched, how, and what is better.

recipe: news.yaml
out: runs/news-search
space:
  optimizer.lr: {low: 0.0001, high: 0.01, log: true}
  model.layers: {low: 1, high: 4}
  model.dropout: {choices: [0, 0.1, 0.3]}
search: {method: tpe, trials: 30}
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from trueline.core.errors import InputError
from trueline.core.strict_yaml import (
    YamlFaults,
    compose,
    construct,
    describe,
    duplicate_keys,
    in_order,
    read_yaml,
    validation_faults,
)

STRICT = ConfigDict(extra="forbid", frozen=True)
Value = bool | int | float | str | None
#: A grid beyond this is refused: it would not end.
MOST_POINTS = 10_000


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Range(BaseModel):
    """The values a field of the recipe may take."""

    model_config = STRICT

    choices: tuple[Value, ...] | None = Field(
        default=None, min_length=1, description="These values."
    )
    low: int | float | None = Field(
        default=None, description="From here; whole numbers stay whole."
    )
    high: int | float | None = Field(default=None, description="To here, included.")
    log: bool = Field(default=False, description="Search by factors, not by differences.")
    points: int = Field(default=4, ge=2, le=1000, description="Values of a grid between both ends.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Range:
        if (self.choices is None) == (self.low is None or self.high is None):
            raise ValueError("give `choices`, or `low` and `high`")
        if self.choices is None and self.low is not None and self.high is not None:
            if self.low >= self.high:
                raise ValueError(f"low ({self.low}) must be below high ({self.high})")
            if self.log and self.low <= 0:
                raise ValueError(f"log needs a low above 0, not {self.low}")
        return self

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def ends(self) -> list[Value]:
        """The values that are checked against the recipe before the search."""
        return list(self.choices) if self.choices is not None else [self.low, self.high]

    def grid(self) -> list[Value]:
        """The values of a grid."""
        if self.choices is not None:
            return list(self.choices)
        low, high = float(self.low or 0), float(self.high or 0)
        steps = [number / (self.points - 1) for number in range(self.points)]
        found = [low * (high / low) ** s if self.log else low + (high - low) * s for s in steps]
        found[-1] = high
        if self.whole:
            return list(dict.fromkeys(round(value) for value in found))
        return [float(f"{value:.6g}") for value in found]

    def holds(self, value: Any) -> bool:
        """Whether a value of another study lies in here."""
        if self.choices is not None:
            return any(value == one and type(value) is type(one) for one in self.choices)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        inside = float(self.low or 0) <= value <= float(self.high or 0)
        return inside and (not self.whole or isinstance(value, int))


class SearchOptions(BaseModel):
    """How values are picked."""

    model_config = STRICT

    method: Literal["tpe", "random", "grid"] = Field(
        default="tpe", description="TPE learns from trials that are done (Bergstra et al. 2011)."
    )
    trials: int = Field(
        default=20, ge=1, le=100_000, description="Trials in all; a grid has its own number."
    )
    startup: int = Field(default=8, ge=1, description="`tpe`: random trials before it learns.")
    seed: int = Field(default=0, ge=0, lt=2**32, description="Feeds every random choice.")
    parallel: int = Field(default=1, ge=1, le=256, description="Trials at the same time.")


class PruneOptions(BaseModel):
    """When a trial is given up before its end."""

    model_config = STRICT

    method: Literal["median", "halving", "none"] = Field(
        default="median",
        description="Worse than the median of others at the same look at dev, or successive halving.",
    )
    startup: int = Field(default=4, ge=0, description="Trials that always run to their end.")
    warmup: int = Field(default=1, ge=0, description="Looks at dev before a trial may be given up.")


class StudyOptions(BaseModel):
    """A whole study; unknown fields are faults."""

    model_config = STRICT

    name: str = Field(default="study", min_length=1, description="Shown in the report.")
    recipe: str = Field(min_length=1, description="The recipe; beside the study, or a path.")
    out: str = Field(default="runs/study", min_length=1, description="Folder to write to.")
    space: Mapping[str, Range] = Field(min_length=1, description="Field of the recipe to values.")
    metric: str | None = Field(
        default=None, description="Figure on dev; the task's main metric when null."
    )
    direction: Literal["maximize", "minimize"] | None = Field(
        default=None, description="What is better; told by the metric's name when null."
    )
    search: SearchOptions = Field(
        default_factory=SearchOptions, description="How values are picked."
    )
    prune: PruneOptions = Field(
        default_factory=PruneOptions, description="When a trial is given up."
    )
    history: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        default=(), description="Folders of earlier studies to begin with."
    )
    keep: Literal["best", "all"] = Field(
        default="best", description="Whose models stay on disk when the study ends."
    )

    def grid(self) -> list[dict[str, Value]]:
        """Every combination.

        Raises:
            InputError: there are too many.
        """
        columns = {name: one.grid() for name, one in self.space.items()}
        count = math.prod(len(column) for column in columns.values())
        if count > MOST_POINTS:
            raise InputError(
                f"search.method: a grid of {count:,} combinations does not end; at most "
                f"{MOST_POINTS:,}. Lower `points`, or take method tpe"
            )
        return [
            dict(zip(columns, values, strict=True))
            for values in itertools.product(*columns.values())
        ]


class StudyError(InputError):
    """A study file with faults; `faults` lists every one of them."""

    def __init__(self, source: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"{source} is not a valid study:\n{lines}")


def load_study(path: str | Path) -> StudyOptions:
    """Read a study file; the recipe is looked for beside it.

    Raises:
        InputError: the file cannot be read.
        StudyError: it has faults; all are listed.
    """
    place = Path(path)
    try:
        text = read_yaml(place)
        root = compose(text, "study")
        faults = duplicate_keys(root)
        data = construct(root)
    except OSError as error:
        raise InputError(
            f"cannot read study {path}: {error.strerror or error}. Start from docs/en/tune.md"
        ) from error
    except YamlFaults as error:
        raise StudyError(str(path), error.faults) from error
    study: StudyOptions | None = None
    try:
        study = StudyOptions.model_validate(data)
    except ValidationError as error:
        found = validation_faults(error, StudyOptions)
        faults += [describe(fault, root) for fault in found]
    if faults or study is None:
        raise StudyError(str(path), in_order(faults))
    beside = place.parent / study.recipe
    return study.model_copy(update={"recipe": str(beside)}) if beside.is_file() else study
