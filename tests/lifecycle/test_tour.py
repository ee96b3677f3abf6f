"""The tour: what it leaves, that it goes on after a kill, and that it says what is missing."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from trueline.assess.case.verify import verify
from trueline.cli.main import main
from trueline.cli.tour import tour
from trueline.core.errors import InputError
from trueline.core.withdrawals import FILE, open_withdrawals, read_withdrawals
from trueline.lifecycle.tour.place import KNOWN_TRUTH, Place
from trueline.lifecycle.tour.traffic import read_log
from trueline.store.alarms import list_alarms
from trueline.store.events import EventStore
from trueline.store.feedback import list_feedback
from trueline.store.queries import Filter, count_exchanges
from trueline.store.reviews import list_labels, queue_counts

pytest.importorskip("polars")
STEPS = ["curate", "train", "assess", "guard", "monitor"]
# The command without torch, as on a machine where only the base and `curate` are installed.
WITHOUT_TORCH = """\
import sys, trueline.train
from importlib.util import find_spec
trueline.train.find_spec = lambda name: None if name == "torch" else find_spec(name)
from trueline.cli.tour import tour
tour()
"""


def until(holds: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", WITHOUT_TORCH, "--short", "--out", str(folder), *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finish(folder: Path, *arguments: str) -> str:
    with started(folder, *arguments) as process:
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        return output


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """A tour that was killed while it sent messages, and then finished by the same command."""
    folder = tmp_path_factory.mktemp("tour") / "killed"
    log = folder / "traffic.jsonl"
    with started(folder, "--json") as process:
        until(lambda: log.exists() and log.read_bytes().count(b"\n") >= 3)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    told = [json.loads(line) for line in finish(folder, "--json").splitlines()]
    return folder, told


@pytest.fixture
def copied(resumed: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> Path:
    """The folder of a finished tour, to change at will."""
    folder = tmp_path / "tour"
    shutil.copytree(resumed[0], folder)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(tour, [str(one) for one in arguments], catch_exceptions=True)


def test_a_tour_that_was_killed_goes_on_and_sends_no_message_twice(
    resumed: tuple[Path, list[dict[str, Any]]],
) -> None:
    folder, told = resumed

    steps = {one["step"]: one for one in told[:-1]}
    assert [one["step"] for one in told[:-1]] == STEPS
    assert steps["curate"]["before"]
    assert steps["assess"]["before"]
    assert not steps["monitor"]["before"]
    sent = read_log(folder / "traffic.jsonl")
    assert len({one.sample for one in sent}) == len(sent) == steps["guard"]["facts"]["sent"] == 40


def test_it_leaves_a_case_that_verifies_and_a_store_to_look_at(
    resumed: tuple[Path, list[dict[str, Any]]],
) -> None:
    folder, told = resumed

    assert told[-1]["verified"] is True
    assert verify(folder / "case", folder / "case").holds
    with EventStore.open(Place(folder).store, read_only=True) as store:
        assert count_exchanges(store, Filter()) >= 100
        assert queue_counts(store).open > 0
        assert {label.reviewer for label in list_labels(store)} == {KNOWN_TRUTH}
        assert len(list_feedback(store, limit=1000).items) >= 40
        (alarm,) = list_alarms(store)
    assert (alarm.state, alarm.resolved_by) == ("resolved", KNOWN_TRUTH)


def test_the_alarm_withdrew_the_claim_and_its_end_gave_it_back(
    resumed: tuple[Path, list[dict[str, Any]]],
) -> None:
    folder, told = resumed

    facts = told[4]["facts"]
    lines = read_withdrawals(folder / "case" / FILE)
    assert [(line.claim, line.resolved) for line in lines] == [
        ("violation_rate", False), ("violation_rate", True),
    ]  # fmt: skip
    assert open_withdrawals(lines) == ()
    assert facts["withdrawn"]
    assert facts["given_back"]


def test_a_step_whose_package_is_missing_is_skipped_in_one_line_and_the_tour_goes_on(
    resumed: tuple[Path, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueline.train.find_spec", lambda name: None)

    english, chinese = (
        run("--short", "--out", resumed[0]),
        run("--short", "--out", resumed[0], "--lang", "zh"),
    )

    assert english.exit_code == chinese.exit_code == 0
    lines = english.output.splitlines()
    at = lines.index("2/5 train")
    assert lines[at + 1 : at + 3] == [
        "  skipped: torch is not installed. Install it and run the tour again to fill this in: "
        'pip install "trueline[train]"',
        "3/5 assess (done before)",
    ]
    assert (
        '  跳过：没有安装 torch。安装后再次运行即补上：pip install "trueline[train]"'
        in chinese.output
    )


def test_a_finished_tour_is_told_again_in_either_language(
    resumed: tuple[Path, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueline.train.find_spec", lambda name: None)
    folder = resumed[0]

    english = run("--short", "--out", folder).output.splitlines()
    chinese = run("--short", "--out", folder, "--lang", "zh").output.splitlines()

    assert english[:2] == [
        "1/5 curate (done before)",
        "  350 texts read, 321 kept: 23 were duplicates, 6 broke the policy; numbers in 214 were "
        "replaced by surrogates.",
    ]
    assert chinese[:2] == [
        "1/5 整理数据（先前已完成）",
        "  读入 350 条，留下 321 条：完全重复 23 条，违反策略 6 条，214 条中的号码换成了替代号码。",
    ]
    assert english[-3:] == [
        f"  trueline up --config {folder}/trueline.yaml      then http://127.0.0.1:8080",
        f"  the safety case: {folder}/case/case.html",
        f"  compute it again: trueline verify {folder}/case",
    ]
    assert len(english) == len(chinese)


def test_the_whole_short_tour_trains_a_model_under_the_limit(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("accelerate")

    done = run("--short", "--json", "--out", tmp_path / "tour")

    assert done.exit_code == 0, done.output
    told = [json.loads(line) for line in done.stdout.splitlines()]
    facts = told[1]["facts"]
    assert (tmp_path / "tour/model/model/model.safetensors").is_file()
    assert (facts["steps"], facts["limit"], facts["n"]) == (4, 0.05, 400)
    assert told[-1]["verified"] is True


def test_a_case_that_was_changed_ends_the_tour_with_exit_code_1(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trueline.train.find_spec", lambda name: None)
    page = copied / "case" / "case.html"
    page.write_text(
        page.read_text("utf-8").replace("</body>", "<p>all is well</p></body>"), "utf-8"
    )

    assert run("--short", "--out", copied).exit_code == 1


def test_a_tour_of_another_length_is_not_mixed_with_the_one_that_is_there(copied: Path) -> None:
    with pytest.raises(InputError) as error:
        _raise(run("--out", copied))

    assert str(error.value) == (
        f"{copied} holds a tour of another length; run it as it was begun (with or without "
        "--short), or give --fresh to begin anew"
    )


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")

    with pytest.raises(InputError) as error:
        _raise(run("--fresh", "--out", tmp_path))

    assert str(error.value) == (
        f"{tmp_path} is not empty and holds no tour; give another folder with --out"
    )
    assert (tmp_path / "thesis.txt").read_text("utf-8") == "mine"


def test_fresh_removes_what_a_tour_made_and_nothing_else(copied: Path) -> None:
    from trueline.lifecycle.tour.place import SHORT, prepare

    (copied / "notes.txt").write_text("mine", "utf-8")

    prepare(Place(copied), SHORT, fresh=True)

    assert {entry.name for entry in copied.iterdir()} - {"tour.lock"} == {
        "notes.txt", "tour.json", "samples", "policy.yaml", "monitor.yaml", "trueline.yaml",
    }  # fmt: skip


def test_two_tours_do_not_share_a_folder(tmp_path: Path) -> None:
    with (tmp_path / "tour.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(InputError) as error:
            _raise(run("--out", tmp_path))

    assert str(error.value) == (
        f"a tour is under way in {tmp_path}; wait for it, or give another --out"
    )


def test_a_broken_state_is_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "trueline.cli.main.COMMANDS", {"tour": ("tour", "tour", "Walk the life-cycle.")}
    )
    (tmp_path / "tour.json").write_text("[]", "utf-8")

    with pytest.raises(SystemExit) as end:
        main(["tour", "--out", str(tmp_path)])

    assert end.value.code == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path}/tour.json is no state of a tour; give --fresh to begin anew\n"
    )


def _raise(result: Result) -> None:
    assert result.exception is not None, result.output
    raise result.exception
