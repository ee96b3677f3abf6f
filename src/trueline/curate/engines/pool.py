"""A pool of processes on this machine, each started afresh.

Processes are spawned, never forked: polars runs threads, and a fork of a process with threads
may stand still for ever.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from trueline.core.errors import InputError
from trueline.curate.engines.engine import Task
from trueline.curate.phases import Plan
from trueline.curate.worker import Done, Worker

#: Tasks under way per worker: one being worked on, one waiting so that no worker idles.
WAITING = 2

_worker: Worker | None = None


class PoolEngine:
    """`workers` processes that live as long as the engine.

    Args:
        workers: how many.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._plan: Plan | None = None

    def run(self, plan: Plan, tasks: Iterable[Task]) -> Iterator[Done]:
        pool = self._started(plan)
        waiting: deque[Future[Done]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(_work, task))
                if len(waiting) >= self.workers * WAITING:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise InputError(
                "a worker process ended before its batch was done: out of memory, killed, or a "
                'script that starts workers outside `if __name__ == "__main__":`.\n'
                "  Finished batches are kept: run the same command again to go on, perhaps with "
                "fewer --workers."
            ) from error
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _started(self, plan: Plan) -> ProcessPoolExecutor:
        if self._pool is not None and self._plan is plan:
            return self._pool
        self.close()
        os.environ.setdefault("POLARS_MAX_THREADS", "1")  # workers are the threads here
        self._plan = plan
        self._pool = ProcessPoolExecutor(
            self.workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(plan,),
        )
        return self._pool


def _start(plan: Plan) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    _worker = Worker(plan)


def _work(task: Task) -> Done:
    if _worker is None:
        raise RuntimeError("the worker has no plan")
    return _worker(task)
