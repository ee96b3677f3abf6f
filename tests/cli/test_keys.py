from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from trueline.cli.keys import keys
from trueline.core.errors import InputError, StoreError
from trueline.store.events import EventStore
from trueline.store.keyring import KeyRing


@pytest.fixture
def db(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'events.db'}"


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(keys, list(arguments), env=env or {})


def test_create_prints_the_key_alone_on_stdout(db: str) -> None:
    made = run("create", "--db", db, "--name", "bot", "--role", "reviewer")

    assert made.exit_code == 0
    assert made.stdout.startswith("tl-")
    assert len(made.stdout.strip()) == 46
    assert "for bot, role reviewer; it is not shown again" in made.stderr
    with EventStore.open(db) as store, KeyRing(store) as ring:
        key = ring.authenticate(made.stdout.strip())
    assert key is not None
    assert key.role == "reviewer"


def test_list_shows_every_key_and_no_secret(db: str) -> None:
    secret = run("create", "--db", db, "--name", "one", "--rate-limit", "60").stdout.strip()
    run("create", "--db", db, "--name", "two", "--policy", "strict", "--expires", "90d")

    lines = run("list", "--db", db).stdout.splitlines()

    assert len(lines) == 2
    assert "  60/min          never used" in lines[0]
    assert "one" in lines[0]
    assert "  server default  never used" in lines[1]
    assert "no limit" not in lines[1]
    assert "two  policy strict" in lines[1]
    assert secret not in "".join(lines)


def test_help_says_whose_limit_holds_without_one() -> None:
    told = " ".join(run("create", "--help").stdout.split())

    assert "Requests a minute; else the server's." in told


def test_list_says_when_there_is_none(db: str) -> None:
    EventStore.open(db).close()

    listed = run("list", "--db", db)

    assert listed.stdout == ""
    assert listed.stderr == "no keys yet; `trueline keys create --name NAME` makes one\n"


def test_revoke_closes_a_key(db: str) -> None:
    made = json.loads(run("create", "--db", db, "--name", "bot", "--json").stdout)

    revoked = run("revoke", "--db", db, made["id"][:24], "--json")

    assert json.loads(revoked.stdout)["state"] == "revoked"
    listed = json.loads(run("list", "--db", db, "--json").stdout)
    assert listed["state"] == "revoked"
    assert "key" not in listed


def test_the_database_may_come_from_the_environment(db: str) -> None:
    run("create", "--name", "bot", env={"TRUELINE_DB": db})

    assert "bot" in run("list", "--db", db).stdout


@pytest.mark.parametrize("command", [["list"], ["revoke", "abc"]])
def test_a_wrong_path_is_an_error_and_makes_no_file(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "typo.db"

    result = run(*command, "--db", f"sqlite:///{path}")

    assert isinstance(result.exception, StoreError)
    assert str(result.exception).startswith(f"there is no event store at {path}")
    assert not path.exists()


def test_an_unknown_key_is_the_users_error(db: str) -> None:
    EventStore.open(db).close()

    result = run("revoke", "--db", db, "nobody")

    assert isinstance(result.exception, InputError)


@pytest.mark.parametrize(
    "wrong", [["--role", "root"], ["--rate-limit", "0"], ["--expires", "soon"], []]
)
def test_wrong_options_are_refused_with_code_2(db: str, wrong: list[str]) -> None:
    name = ["--name", "bot"] if wrong else []

    assert run("create", "--db", db, *name, *wrong).exit_code == 2
