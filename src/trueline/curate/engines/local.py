"""One process, one batch after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trueline.curate.engines.engine import Task
from trueline.curate.phases import Plan
from trueline.curate.worker import Done, Worker


class LocalEngine:
    """Works in the caller's own process."""

    def run(self, plan: Plan, tasks: Iterable[Task]) -> Iterator[Done]:
        worker = Worker(plan)
        for task in tasks:
            yield worker(task)

    def close(self) -> None:
        """Nothing to stop."""
