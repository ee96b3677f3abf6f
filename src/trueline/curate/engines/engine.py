"""The contract of an engine, and which one a name means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from trueline.core.errors import InputError
from trueline.curate.phases import Plan
from trueline.curate.worker import ChunkTask, Done, PartTask, ShardTask

Task = ChunkTask | ShardTask | PartTask
ENGINES = ("local", "pool", "ray")


class Engine(Protocol):
    """Works on tasks in any order, hands results back in the order of tasks.

    Tasks are taken from their iterator only as workers need them, so that a long input is
    never in memory at once.
    """

    def run(self, plan: Plan, tasks: Iterable[Task]) -> Iterator[Done]: ...

    def close(self) -> None:
        """Stop the workers; unfinished tasks leave nothing behind."""
        ...


def make_engine(name: str | None, workers: int) -> Engine:
    """The engine a user names; without a name, `local` for one worker and `pool` for more."""
    from trueline.curate.engines.local import LocalEngine
    from trueline.curate.engines.pool import PoolEngine

    if workers < 1:
        raise InputError(f"workers: expected 1 or more (got {workers})")
    name = name or ("local" if workers == 1 else "pool")
    if name == "local":
        if workers > 1:
            raise InputError(
                f"engine local works in one process (got workers {workers}). Use --engine pool"
            )
        return LocalEngine()
    if name == "pool":
        return PoolEngine(workers)
    if name == "ray":
        from trueline.curate.engines.ray import RayEngine

        return RayEngine(workers)
    raise InputError(f"engine: expected one of {', '.join(ENGINES)} (got {name!r})")
