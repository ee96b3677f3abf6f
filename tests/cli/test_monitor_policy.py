from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.monitor.test_calibrate import TEXT, reviewed

from trueline.cli.monitor import monitor
from trueline.core.errors import InputError
from trueline.core.policy_file import parse_policy
from trueline.store.events import EventStore
from trueline.store.policy_versions import list_versions


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with sixty reviewed violations and three harmless texts, and their policy."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yaml").write_text(TEXT, "utf-8")
    url = f"sqlite:///{tmp_path / 'events.db'}"
    with EventStore.open(url) as store:
        reviewed(store, [0.3 + 0.007 * n for n in range(60)])
        reviewed(store, [0.02, 0.35, 0.4], violates=False)
    return url


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(monitor, list(arguments))
    if isinstance(result.exception, InputError):
        raise result.exception
    return result


def test_labels_become_a_proposal_a_canary_the_policy_and_go_back(db: str) -> None:
    made = run("calibrate", "--db", db, "--propose", "--as", "ann")
    version = made.stderr.split("proposed: ")[1].strip()
    steps = [
        run("approve", version[:20], "--canary", "0.1", "--db", db, "--as", "bob").stdout,
        run("versions", "--db", db).stdout,
        run("approve", version, "--db", db, "--as", "bob").stdout,
        run("rollback", version, "--db", db, "--as", "bob", "--reason", "too strict").stdout,
    ]

    assert made.exit_code == 0
    assert "violence: 60 violations reviewed, threshold 0.3" in made.stdout
    assert "harmless texts held up: 2 of 3" in made.stdout
    assert [steps[0], *steps[2:]] == [
        f"{version}: canary\n",
        f"{version}: active\n",
        f"{version}: rolled_back\n",
    ]
    assert "canary 10%" in steps[1]


def test_a_budget_that_cannot_be_promised_ends_with_1(tmp_path: Path, db: str) -> None:
    (tmp_path / "policy.yaml").write_text(TEXT.replace("0.2", "0.01"), "utf-8")

    result = run("calibrate", "--db", db)

    assert result.exit_code == 1
    assert result.stdout == (
        "violence: 60 violations reviewed: no threshold can be promised (budget 1% at 95%); "
        "it takes 299 at least\n"
    )


def test_the_export_keeps_a_random_part_apart_and_honours_what_was_kept(
    tmp_path: Path, db: str
) -> None:
    result = run("export", str(tmp_path / "next"), "--db", db, "--json")

    made = json.loads(result.stdout)
    assert (made["train"], made["test"], made["without_text"]) == (0, 0, 63)


def test_reviewed_texts_are_exported_with_their_labels(tmp_path: Path, db: str) -> None:
    with EventStore.open(db) as store:
        for number in range(40):
            reviewed(store, [0.9], text=f"please stop {number % 30}")
            reviewed(store, [0.1], violates=False, text=f"hi {number}", drawn_for="uncertain")

    first = json.loads(run("export", str(tmp_path / "a"), "--db", db, "--json").stdout)
    second = json.loads(run("export", str(tmp_path / "b"), "--db", db, "--json").stdout)

    train = [
        json.loads(s) for s in (tmp_path / "a" / "train.jsonl").read_text("utf-8").splitlines()
    ]
    test = [json.loads(s) for s in (tmp_path / "a" / "test.jsonl").read_text("utf-8").splitlines()]
    assert len(train) + len(test) < 80
    assert 0 < first["test"] < 30
    assert {**first, "folder": ""} == {**second, "folder": ""}
    assert not {row["text"] for row in train} & {row["text"] for row in test}
    assert not any(row["random"] for row in train if row["text"].startswith("hi"))
    assert sum(row["random"] for row in train) + len(test) == 40
    assert all(row["random"] for row in test)
    assert test[0]["labels"] == {"violence": 1}
    assert test[0]["text"].startswith("please stop")


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path, db: str) -> None:
    with pytest.raises(InputError) as error:
        run("export", str(tmp_path), "--db", db)

    assert str(error.value) == f"{tmp_path} is not empty; give a new folder"


def test_a_version_made_from_what_is_not_in_force_is_not_approved(tmp_path: Path, db: str) -> None:
    made = run("calibrate", "--db", db, "--propose", "--as", "ann")
    version = made.stderr.split("proposed: ")[1].strip()
    base = parse_policy(TEXT).hash
    edited = TEXT.replace("max_violation_rate: 0.01", "max_violation_rate: 0.02")
    (tmp_path / "policy.yaml").write_text(edited, "utf-8")
    (tmp_path / "old.yaml").write_text(TEXT, "utf-8")

    for share in ((), ("--canary", "0.1")):
        with pytest.raises(InputError) as error:
            run("approve", version, *share, "--db", db, "--as", "bob")
        assert str(error.value) == (
            f"version {version} was made from {base[7:19]}, which is not in force (in force for "
            f"shop: {parse_policy(edited).hash[7:19]}, the policy file); approved, it would decide "
            "nothing.\n  Reject it and propose anew: trueline monitor calibrate --propose; or name "
            "the policy file it belongs to with --policy."
        )
    assert "proposed" in run("versions", "--db", db).stdout
    approved = run("approve", version, "--policy", "old.yaml", "--db", db, "--as", "bob")
    assert approved.stdout == f"{version}: active\n"


def test_calibration_begins_with_the_version_in_force(db: str) -> None:
    made = run("calibrate", "--db", db, "--propose", "--as", "ann")
    first = made.stderr.split("proposed: ")[1].strip()
    run("approve", first, "--db", db, "--as", "bob")
    with EventStore.open(db) as store:
        reviewed(store, [0.9] * 300)

    again = run("calibrate", "--db", db, "--propose", "--as", "ann")

    assert again.stderr.startswith(f"in force: version {first}\nproposed: ")
    with EventStore.open(db) as store:
        second, before = list_versions(store)
    assert second.parent_hash == before.hash
    assert parse_policy(second.yaml).hash == second.hash != before.hash
