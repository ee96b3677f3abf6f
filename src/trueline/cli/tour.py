"""`trueline tour`: the whole life-cycle on bundled samples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trueline.cli.options import json_option

if TYPE_CHECKING:
    from trueline.core.i18n import Language
    from trueline.lifecycle.tour.run import StepReport


@click.command()
@click.option("--out", default="tour", show_default=True, metavar="DIR",
              help="Folder; the same command goes on with a tour that was broken off.")  # fmt: skip
@click.option("--fresh", is_flag=True, help="Remove an earlier tour in the folder, begin anew.")
@click.option("--short", is_flag=True, help="Do less of everything: faster, and proves less.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@json_option
def tour(out: str, fresh: bool, short: bool, lang: Language, as_json: bool) -> None:
    """Walk the whole life-cycle on bundled samples: curate, train, assess, guard, monitor.

    Takes a few minutes on two cores and needs no network. The folder then holds a data set, a
    model, a safety case and an event store to look at in the console.

    \b
    trueline tour
    trueline tour --out demo --lang zh

    Exit codes: 0 done, 1 the safety case does not verify, 2 something to mend.
    """
    import os

    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    from trueline.assess.case.verify import verify
    from trueline.cli.assess import builtin_targets
    from trueline.lifecycle.tour.place import SHORT, WHOLE, Place
    from trueline.lifecycle.tour.run import STEPS, run_tour
    from trueline.lifecycle.tour.words import ending

    place = Place(Path(out))
    seconds = 0.0
    try:
        for number, report in enumerate(
            run_tour(
                place.folder, assistant=builtin_targets()["builtin:assistant"],
                open_gateway=_open_gateway, size=SHORT if short else WHOLE, fresh=fresh,
            ),
            1,
        ):  # fmt: skip
            seconds += report.seconds
            _show(report, number, len(STEPS), lang, as_json)
    except KeyboardInterrupt:
        click.echo("stopped: run the same command again to go on", err=True)
        raise SystemExit(130) from None
    found = verify(place.case, place.case)
    if as_json:
        told = {
            "folder": out, "case": str(place.case), "verified": found.holds, "db": place.store,
            "seconds": round(seconds, 2),
        }  # fmt: skip
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for line in ending(
            lang, seconds=seconds, settings=place.shown("trueline.yaml"),
            case=place.case / "case.html", folder=place.shown("case"),
        ):  # fmt: skip
            click.echo(line)
    if not found.holds:
        click.echo(f"{found.source}: {found.fault}", err=True)
        raise SystemExit(1)


def _open_gateway(values: Mapping[str, Any], upstream: Any) -> AbstractContextManager[str]:
    from trueline.apps.assistant.assistant import Assistant
    from trueline.gateway.in_process import running_gateway
    from trueline.gateway.settings import Settings

    return running_gateway(Settings.model_validate(values), upstream or Assistant())


def _show(report: StepReport, number: int, total: int, lang: Language, as_json: bool) -> None:
    from trueline.lifecycle.tour.words import by_hand, headline, lines_of, skipped

    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
        return
    click.echo(headline(number, total, report.step, lang, before=report.before))
    if report.missing:
        click.echo(f"  {skipped(report.missing, report.extra, lang)}")
        return
    for line in lines_of(report.step, report.facts, lang):
        click.echo(f"  {line}")
    click.echo(f"  {by_hand(report.by_hand, lang)}")
