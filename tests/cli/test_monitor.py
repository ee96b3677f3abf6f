from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.monitor.receivers import web_receiver
from tests.monitor.traffic import exchange, write

from trueline.cli.monitor import monitor
from trueline.core.errors import InputError
from trueline.store.alarms import list_alarms
from trueline.store.events import EventStore


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with a surge of violations, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path / 'events.db'}"
    with EventStore.open(url) as store:
        write(store, (exchange(n, violates=n % 5 == 0) for n in range(300)))
    return url


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(monitor, list(arguments))
    if isinstance(result.exception, InputError):
        raise result.exception
    return result


def alarm_id(db: str) -> str:
    with EventStore.open(db, read_only=True) as store:
        return list_alarms(store)[0].id


def test_one_round_ends_with_1_when_it_raised_an_alarm(db: str) -> None:
    first = run("watch", "--once", "--db", db, "--policy", "default")
    second = run("watch", "--once", "--db", db, "--policy", "default")

    assert (first.exit_code, second.exit_code) == (1, 0)
    assert "violations: replies of the model that break the policy: " in first.stdout
    assert first.stderr.endswith("300 new events\n")


def test_alarms_are_listed_acknowledged_and_resolved(db: str) -> None:
    run("watch", "--once", "--db", db, "--policy", "default")
    identifier = alarm_id(db)

    run("acknowledge", identifier[:16], "--db", db, "--as", "ann")
    listed = run("alarms", "--db", db, "--json")
    run("resolve", identifier, "--db", db, "--as", "ann", "--reason", "rolled back")
    live = run("alarms", "--db", db)
    told = run("alarms", "--db", db, "--state", "all", "--lang", "zh")

    assert json.loads(listed.stdout)["acknowledged_by"] == "ann"
    assert live.stdout == ""
    assert live.stderr == "no alarms\n"
    assert "resolved" in told.stdout
    assert "违反策略的模型回复" in told.stdout


def test_an_alarm_that_is_not_there_is_told(db: str) -> None:
    with pytest.raises(InputError) as error:
        run("resolve", "ffff", "--db", db)

    assert str(error.value) == "there is no alarm ffff; `trueline monitor alarms` lists them"


def test_a_silence_says_until_when(db: str) -> None:
    result = run("silence", "violations", "--until", "2099-01-01T08:00", "--db", db)

    assert result.stdout == "violations: silent until 2099-01-01 08:00 UTC\n"


def test_a_test_message_says_which_channels_took_it(db: str, tmp_path: Path) -> None:
    with web_receiver() as received:
        (tmp_path / "monitor.yaml").write_text(
            "channels:\n"
            f"  - {{name: ops, kind: webhook, url: '{received.url}'}}\n"
            "  - {name: chat, kind: webhook, url_env: NO_SUCH_URL}\n",
            "utf-8",
        )

        result = run("test")

    assert result.exit_code == 1
    assert result.stdout == (
        "ops: sent\nchat: not sent: no URL: set url, or NO_SUCH_URL in the environment\n"
    )
    assert received.requests[0][1]["occasion"] == "test"


def test_the_printed_rules_are_a_file_that_holds(db: str, tmp_path: Path) -> None:
    (tmp_path / "monitor.yaml").write_text(run("rules").stdout, "utf-8")

    result = run("rules", "--check", "monitor.yaml")

    assert result.stdout == "monitor.yaml: 7 rules, 1 channels: fine\n"
