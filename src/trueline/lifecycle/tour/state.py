"""Which steps of a tour are finished, and what they found: one small file, whole or as before."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trueline.core.errors import InputError
from trueline.lifecycle.tour.place import write_whole


class TourState:
    """The finished steps.

    Args:
        path: the file.

    Raises:
        InputError: it is no state of a tour.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            self._steps: dict[str, dict[str, Any]] = dict(stored["steps"])
            self._size = stored.get("size")
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(f"{path} is no state of a tour; give --fresh to begin anew") from None

    def check_size(self, size: Mapping[str, Any]) -> None:
        """Refuse to go on with a tour of another size.

        Raises:
            InputError: the tour was begun in another size.
        """
        if self._size is None:
            self._size = dict(size)
            self._write()
        elif self._size != dict(size):
            raise InputError(
                f"{self._path.parent} holds a tour of another length; run it as it was begun "
                "(with or without --short), or give --fresh to begin anew"
            )

    def finished(self, step: str) -> Mapping[str, Any] | None:
        """What a finished step found; None when it is not finished."""
        return self._steps.get(step)

    def finish(self, step: str, facts: Mapping[str, Any]) -> None:
        """Note that a step is finished."""
        self._steps[step] = dict(facts)
        self._write()

    def _write(self) -> None:
        told = {"size": self._size, "steps": self._steps}
        write_whole(self._path, json.dumps(told, ensure_ascii=False, indent=1) + "\n")


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep other tours out of the folder meanwhile; the system lets go when the process ends.

    Raises:
        InputError: another tour is under way there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("w", encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write to {path.parent}: {error.strerror or error}") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                f"a tour is under way in {path.parent}; wait for it, or give another --out"
            ) from None
        yield
