from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from trueline.cli.events import events
from trueline.cli.main import main
from trueline.core.exchange import Exchange, now
from trueline.core.records import Action
from trueline.store.events import EventStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Four exchanges: ten days, one day, one hour and no time ago."""
    path = tmp_path / "events.db"
    ages = (timedelta(days=10), timedelta(days=1), timedelta(hours=1), timedelta())
    with EventStore.open(f"sqlite:///{path}") as store:
        for number, age in enumerate(ages):
            exchange = Exchange(
                time=now() - age,
                action=Action.BLOCK if number % 2 else Action.ALLOW,
                categories=("privacy",) if number % 2 else (),
                prompt_text=f"问题 {number}",
            )
            store.append(exchange).result(60)
    return path


def run(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(events, [*arguments, "--db", f"sqlite:///{path}"])


def prompts(result: Result) -> list[str]:
    assert result.exit_code == 0, result.exception
    return [json.loads(line)["prompt_text"] for line in result.stdout.splitlines()]


def test_export_prints_every_exchange_oldest_first(path: Path) -> None:
    result = run(path, "export")

    assert prompts(result) == ["问题 0", "问题 1", "问题 2", "问题 3"]
    record = json.loads(result.stdout.splitlines()[1])
    assert len(record["id"]) == 32
    assert datetime.fromisoformat(record["time"]).tzinfo == UTC
    assert record["action"] == "block"
    assert record["categories"] == ["privacy"]
    assert record["chain"]["seq"] == 3


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--since", "2d"], ["问题 1", "问题 2", "问题 3"]),
        (["--since", "2d", "--until", "30m"], ["问题 1", "问题 2"]),
        (["--until", "2000-01-01"], []),
        (["--since", "2000-01-01T08:00:00+08:00"], ["问题 0", "问题 1", "问题 2", "问题 3"]),
        (["--action", "block"], ["问题 1", "问题 3"]),
        (["--category", "privacy", "--limit", "1"], ["问题 1"]),
        (["--category", "violence"], []),
    ],
)
def test_export_takes_filters(path: Path, arguments: list[str], wanted: list[str]) -> None:
    assert prompts(run(path, "export", *arguments)) == wanted


def test_verify_prints_a_line_for_each_chain(path: Path) -> None:
    result = run(path, "verify")

    (line,) = result.stdout.splitlines()
    assert result.exit_code == 0
    assert ": 5 records, 0 pruned, head " in line
    assert line.endswith(": ok")


def test_verify_takes_the_head_it_printed_as_a_receipt(path: Path) -> None:
    line = run(path, "verify").stdout
    head = line.split("head ")[1].split(": ok")[0]

    assert run(path, "verify", "--receipt", head).exit_code == 0
    assert run(path, "verify", "--receipt", head[:-4] + "beef").exit_code == 1


def test_verify_exits_1_and_names_the_record(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE exchanges SET action = 0 WHERE seq = 3")
    connection.close()

    result = run(path, "verify")

    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert first.endswith(": 1 FAULT")
    assert second.startswith("FAULT chain ")
    assert "seq 3" in second
    assert second.endswith("its content was changed after it was written")


def test_verify_gives_json(path: Path) -> None:
    record = json.loads(run(path, "verify", "--json").stdout)

    assert (record["records"], record["seq"], record["ok"]) == (5, 5, True)


def test_prune_removes_what_is_old(path: Path) -> None:
    pruned = run(path, "prune", "--older-than", "7d")

    assert pruned.stdout == "removed 1 exchanges and 0 remarks\n"
    assert prompts(run(path, "export")) == ["问题 1", "问题 2", "问题 3"]
    assert run(path, "verify").exit_code == 0


def test_prune_can_remove_texts_alone(path: Path) -> None:
    pruned = run(path, "prune", "--older-than", "7d", "--texts-only", "--json")

    report = json.loads(pruned.stdout)
    assert (report["exchanges"], report["texts_only"]) == (1, True)
    assert prompts(run(path, "export")) == ["", "问题 1", "问题 2", "问题 3"]
    assert run(path, "verify").exit_code == 0


@pytest.mark.parametrize("command", [["export"], ["verify"], ["prune", "--older-than", "1d"]])
def test_a_wrong_path_exits_2_with_one_message(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "typo.db"

    with pytest.raises(SystemExit) as stopped:
        main(["events", *command, "--db", f"sqlite:///{path}"])

    assert stopped.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"error: there is no event store at {path}; give its place with --db or in TRUELINE_DB\n"
    )
    assert not path.exists()


@pytest.mark.parametrize("wrong", ["yesterday", "5y", "-3d", "99999999999d", "999999w"])
def test_a_moment_that_is_none_is_refused(path: Path, wrong: str) -> None:
    result = run(path, "export", f"--since={wrong}")

    assert result.exit_code == 2
    assert "give a date (2026-03-01), a time (2026-03-01T08:00) or a span" in result.output


@pytest.mark.parametrize("wrong", ["abc", "a:b:c", "a:1"])
def test_a_receipt_that_is_none_is_refused(path: Path, wrong: str) -> None:
    result = run(path, "verify", "--receipt", wrong)

    assert "a receipt reads CHAIN:SEQ:HASH" in str(result.exception)
