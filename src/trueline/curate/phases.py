"""Cut a recipe into phases: map steps, then at most one set step that ends the phase.

A shard's key is made here as well, since a key holds exactly what a phase's output comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import orjson
import xxhash

from trueline.core.policy import Policy
from trueline.core.version import version
from trueline.curate.recipe import Recipe
from trueline.curate.step import MapStep, RunSettings, SetStep, StepOptions

#: Raised when the shape of shards or the meaning of a reader changes.
ENGINE_VERSION = 1


@dataclass(frozen=True)
class Plan:
    """All that a worker needs to know to do its part of a run; small, and it pickles."""

    recipe: Recipe
    policy: Policy
    folder: Path

    @property
    def settings(self) -> RunSettings:
        return RunSettings(policy=self.policy, seed=self.recipe.seed, out=self.folder)

    @property
    def cache(self) -> Path:
        """Where shards lie."""
        return self.folder / ".cache"

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """The recipe's phases; there is at least one, so that documents are read."""
        phases: list[Phase] = []
        maps: list[MapStep] = []
        parts: list[str] = []
        for options in self.recipe.steps:
            needs = options.depends_on(self.settings)
            step = options.build(self.settings if needs else _without_policy(self, options))
            # A step with a key of its own tells by `fingerprint` which one it holds.
            mark = str(getattr(step, "fingerprint", ""))
            parts.append(options.model_dump_json() + needs + mark)
            if isinstance(step, SetStep):
                phases.append(Phase(tuple(maps), step, _digest(*parts)))
                maps, parts = [], []
            else:
                maps.append(step)
        if maps or not phases:
            phases.append(Phase(tuple(maps), None, _digest(*parts)))
        return tuple(phases)

    @cached_property
    def reading_key(self) -> str:
        """Digest of what parsing depends on, beside the bytes."""
        return _digest(repr(self.recipe.fields))

    def chunk_key(self, digest: str) -> str:
        """Name of the first phase's shard for a chunk."""
        return _digest("0", self._base, self.phases[0].key, self.reading_key, digest)

    def shard_key(self, phase: int, previous: str, decisions: str) -> str:
        """Name of a later phase's shard: what it was, and what the set step said."""
        return _digest(str(phase), self._base, self.phases[phase].key, previous, decisions)

    @cached_property
    def _base(self) -> str:
        return f"{ENGINE_VERSION} {version()} {self.recipe.seed}"

    def needed(self, phase: int) -> frozenset[str]:
        """Columns that set steps read from `phase` on."""
        return frozenset(name for later in self.phases[phase:] for name in later.reads)


@dataclass(frozen=True)
class Phase:
    """Map steps in order, and the set step at the end; `key` is what their outputs come from."""

    maps: tuple[MapStep, ...]
    last: SetStep | None
    key: str

    @property
    def title(self) -> str:
        """`unicode .. near_duplicates`, for people."""
        names = [step.name for step in self.maps] + ([self.last.name] if self.last else [])
        if not names:
            return "read"
        return names[0] if len(names) == 1 else f"{names[0]} .. {names[-1]}"

    @property
    def reads(self) -> tuple[str, ...]:
        return self.last.reads if self.last else ()


class _NoPolicy:
    """Stands where the policy would for a step that says it does not look at it."""

    def __init__(self, step: str) -> None:
        self._step = step

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(
            f"step {self._step} looks at the policy, but its options' depends_on() says it does "
            "not; stored results would be reused wrongly"
        )


def _without_policy(plan: Plan, options: StepOptions) -> RunSettings:
    stand_in = _NoPolicy(str(options.model_dump().get("step")))
    return RunSettings(policy=cast(Policy, stand_in), seed=plan.recipe.seed, out=plan.folder)


def _digest(*parts: str) -> str:
    return xxhash.xxh3_128(orjson.dumps(parts)).hexdigest()
