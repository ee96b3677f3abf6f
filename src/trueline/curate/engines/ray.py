"""Ray Core tasks: the same worker, on this machine or on a cluster that shares the folder.

Ray Data is not used: it cost 2.1 times the CPU and 7 times the memory of a pool for this work.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import Any
from uuid import uuid4

from trueline.core.errors import InputError, MissingExtraError
from trueline.curate.engines.engine import Task
from trueline.curate.engines.pool import WAITING
from trueline.curate.phases import Plan
from trueline.curate.worker import Done, Worker

#: A task may be lost with its machine; doing it again gives the same file.
RETRIES = 3

_workers: dict[str, Worker] = {}  # in a Ray worker process: the plan it last worked for


class RayEngine:
    """Up to `workers` tasks at a time on a running Ray cluster, or on one started here.

    With RAY_ADDRESS set, that cluster is used; every machine of it must see the output folder
    under the same path.
    """

    def __init__(self, workers: int) -> None:
        if find_spec("ray") is None:
            raise MissingExtraError("--engine ray", "ray", "ray")
        self.workers = workers
        self._started_here = False

    def run(self, plan: Plan, tasks: Iterable[Task]) -> Iterator[Done]:
        import ray  # pyright: ignore[reportMissingImports]

        self._start()
        remote: Any = ray.remote(num_cpus=1, max_retries=RETRIES)(_work)
        token, held = uuid4().hex, [ray.put(plan)]  # in a list: fetched once, not every task
        waiting: deque[Any] = deque()
        try:
            for task in tasks:
                waiting.append(remote.remote(token, held, task))
                if len(waiting) >= self.workers * WAITING:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            for reference in waiting:
                with contextlib.suppress(Exception):
                    ray.cancel(reference)

    def close(self) -> None:
        if self._started_here:
            import ray  # pyright: ignore[reportMissingImports]

            ray.shutdown()
            self._started_here = False

    def _start(self) -> None:
        import ray  # pyright: ignore[reportMissingImports]

        if ray.is_initialized():
            return
        settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if not os.environ.get("RAY_ADDRESS"):
            settings |= {
                "num_cpus": self.workers,
                "include_dashboard": False,
                "object_store_memory": 200_000_000,
                "configure_logging": False,
                "runtime_env": {"env_vars": {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}},
            }
            self._started_here = True
        try:
            ray.init(**settings)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise InputError(f"cannot reach or start Ray: {_first_line(error)}") from error


def _work(token: str, held: list[Any], task: Task) -> Done:
    worker = _workers.get(token)
    if worker is None:
        import ray  # pyright: ignore[reportMissingImports]

        _workers.clear()
        worker = _workers[token] = Worker(ray.get(held[0]))
    return worker(task)


def _result(reference: Any) -> Done:
    import ray  # pyright: ignore[reportMissingImports]
    from ray.exceptions import RayTaskError, WorkerCrashedError  # pyright: ignore[reportMissingImports]

    try:
        done: Done = ray.get(reference)
    except RayTaskError as error:
        cause = error.cause
        raise cause if isinstance(cause, InputError) else error from None
    except WorkerCrashedError as error:
        raise InputError(
            "a Ray worker ended before its batch was done, perhaps out of memory.\n"
            "  Finished batches are kept: run the same command again to go on."
        ) from error
    return done


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
