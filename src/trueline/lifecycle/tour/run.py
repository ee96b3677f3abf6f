"""Run the tour: five steps in order, each kept when it is finished.

    from trueline.lifecycle.tour.run import run_tour

    for report in run_tour("tour", assistant=answer, open_gateway=open_gateway):
        print(report.step, report.facts)

`trueline tour` does that. A tour that was killed goes on at the step it was in, and that step at
the document, checkpoint, reply or message it had reached.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trueline.assess.targets.function import ReplyFunction
from trueline.core.errors import MissingExtraError
from trueline.lifecycle.tour import assessing
from trueline.lifecycle.tour.assessing import assess_assistant
from trueline.lifecycle.tour.curating import curate_samples
from trueline.lifecycle.tour.guarding import OpenGateway, guard_assistant
from trueline.lifecycle.tour.monitoring import monitor_traffic
from trueline.lifecycle.tour.place import STATE, WHOLE, Place, Size, prepare
from trueline.lifecycle.tour.state import TourState, held
from trueline.lifecycle.tour.training import train_model

STEPS = ("curate", "train", "assess", "guard", "monitor")


@dataclass(frozen=True, slots=True)
class StepReport:
    """What came of one step.

    Args:
        step: one of STEPS.
        facts: its numbers; empty when it was skipped.
        by_hand: the command that does the same.
        seconds: it took, in this run or the one that finished it.
        before: whether an earlier run finished it.
        missing, extra: the package that is not installed, and the extra that brings it, when
            the step was skipped.
    """

    step: str
    facts: Mapping[str, Any]
    by_hand: str
    seconds: float = 0.0
    before: bool = False
    missing: str = ""
    extra: str = ""

    def as_json(self) -> dict[str, Any]:
        """The object of `--json`."""
        return asdict(self)


def run_tour(
    folder: str | Path,
    *,
    assistant: ReplyFunction,
    open_gateway: OpenGateway,
    size: Size = WHOLE,
    fresh: bool = False,
) -> Iterator[StepReport]:
    """Do the steps one after the other, and give a report behind each.

    Args:
        folder: where everything goes; a tour that is there goes on.
        assistant: what is assessed: messages in, the reply's text out.
        open_gateway: opens a gateway for the length of a `with` block.
        size: how much is done.
        fresh: remove what an earlier tour left and begin anew.

    Raises:
        InputError: the folder holds something else, another tour is under way there, or this
            one was begun in another size.
    """
    place = Place(Path(folder))
    doing: dict[str, Callable[[], dict[str, Any]]] = {
        "curate": lambda: curate_samples(place),
        "train": lambda: train_model(place, size),
        "assess": lambda: assess_assistant(place, size, assistant),
        "guard": lambda: guard_assistant(place, size, open_gateway),
        "monitor": lambda: monitor_traffic(place, size, open_gateway),
    }
    with held(place.lock):
        prepare(place, size, fresh=fresh)
        state = TourState(place.folder / STATE)
        state.check_size(asdict(size))
        for step in STEPS:
            command = _command(step, place, size)
            kept = state.finished(step)
            if kept is not None:
                yield StepReport(step, kept["facts"], command, kept["seconds"], before=True)
                continue
            began = time.monotonic()
            try:
                facts = doing[step]()
            except MissingExtraError as missing:
                yield StepReport(step, {}, command, missing=missing.package, extra=missing.extra)
                continue
            seconds = round(time.monotonic() - began, 2)
            state.finish(step, {"facts": facts, "seconds": seconds})
            yield StepReport(step, facts, command, seconds)


def _command(step: str, place: Place, size: Size) -> str:
    policy, db = place.shown("policy.yaml"), shlex.quote(place.store)
    return {
        "curate": f"trueline curate {place.shown('curate.yaml')} --policy {policy} "
        f"--out {place.shown('data')}",
        "train": f"trueline train {place.shown('train.yaml')}",
        "assess": shlex.join(assessing.by_hand(place, size)),
        "guard": f"trueline up --config {place.shown('trueline.yaml')}",
        "monitor": f"trueline monitor calibrate --db {db} --policy {policy}",
    }[step]
