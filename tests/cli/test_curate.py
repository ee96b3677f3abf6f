"""`trueline curate`, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner
from tests.curate.runs import LOWERCASE, records, write_jsonl

from trueline.cli.main import cli

COMMAND = (sys.executable, "-m", "trueline", "curate")


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


def _folder(tmp_path: Path) -> Path:
    write_jsonl(tmp_path / "a.jsonl", records(20))
    (tmp_path / "r.yaml").write_text(LOWERCASE, encoding="utf-8")
    return tmp_path


def test_a_run_says_what_came_of_it_and_where_to_look(tmp_path: Path) -> None:
    done = run("r.yaml", "--input", "a.jsonl", "--out", "out", cwd=_folder(tmp_path))

    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "20 documents in out/data, of 20 read\n"
        "  lowercase          10 changed\n"
        "why, document by document: out/ledger.parquet\n"
    )
    lines = done.stderr.splitlines()
    assert lines[0] == "self-test: no fault is planted for the steps of this recipe"
    assert lines[1].startswith("lowercase: 20 documents in ")
    assert "\r" not in done.stderr
    for name in ("run.json", "ledger.parquet", "data/part-00000.parquet"):
        assert (tmp_path / "out" / name).exists()


def test_json_prints_one_object(tmp_path: Path) -> None:
    done = run("r.yaml", "--input", "a.jsonl", "--out", "out", "--json", "--workers", "2",
               cwd=_folder(tmp_path))  # fmt: skip

    told = json.loads(done.stdout)
    assert told["counts"]["documents"] == 20
    assert told["folder"] == "out"
    assert [step["step"] for step in told["steps"]] == ["read", "lowercase"]


def test_faults_of_the_input_are_one_message_and_exit_2(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    with open(folder / "a.jsonl", "a", encoding="utf-8") as stream:
        stream.write("oops\n")

    done = run("r.yaml", "--input", "a.jsonl", "--out", "out", cwd=folder)

    assert done.returncode == 2
    assert done.stderr.endswith(
        "error: 1 record cannot be read:\n"
        "  a.jsonl, line 21: not valid JSON (column 1)\n"
        "  Mend the input, or set `on_error: skip` in the recipe: such records then become "
        "`fault` rows of the ledger and the run goes on.\n"
    )
    assert "Traceback" not in done.stderr


def test_a_recipe_whose_step_is_blind_exits_1(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    blind = "steps:\n  - step: near_duplicates\n    similarity: 1\n"
    (folder / "r.yaml").write_text(blind, encoding="utf-8")

    done = run("r.yaml", "--input", "a.jsonl", "--out", "out", cwd=folder)

    assert done.returncode == 1
    assert "step near_duplicates: an English near copy was not dropped" in done.stderr


def test_a_run_without_input_says_how_to_give_one(tmp_path: Path) -> None:
    done = run("r.yaml", cwd=_folder(tmp_path))

    assert done.returncode == 2
    assert done.stderr == "error: no input: give --input GLOB, or `input:` in the recipe\n"


def test_input_and_follow_together_are_refused(tmp_path: Path) -> None:
    done = run("r.yaml", "--input", "a.jsonl", "--follow", ".", cwd=_folder(tmp_path))

    assert done.returncode == 2
    assert done.stderr == (
        "error: give --input or --follow, not both: --follow reads every file of DIR\n"
    )


def test_a_watch_takes_files_in_and_ends_at_ctrl_c_with_a_state_that_goes_on(
    tmp_path: Path,
) -> None:
    folder = _folder(tmp_path)
    inbox = folder / "inbox"
    inbox.mkdir()
    path = write_jsonl(inbox / "one.jsonl", records(5))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    command = [*COMMAND, "r.yaml", "--follow", "inbox", "--out", "out", "--json"]

    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as watching:  # fmt: skip
        assert watching.stdout is not None
        first = json.loads(watching.stdout.readline())
        watching.send_signal(signal.SIGINT)
        _, words = watching.communicate(timeout=60)

    assert first["counts"]["documents"] == 5
    assert watching.returncode == 130
    assert words.endswith(
        "stopped: finished batches are kept; run the same command again to go on\n"
    )
    assert (folder / "out" / "run.json").exists()


def test_help_shows_runs_and_exit_codes(tmp_path: Path) -> None:
    done = run("--help", cwd=tmp_path)

    assert 'trueline curate default --input "pages/*.jsonl.gz" --out curated' in done.stdout
    assert "Exit codes: 0 done, 1 the self-test found" in " ".join(done.stdout.split())


def test_what_could_not_be_read_is_told_with_its_first_place(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text('{"text": "a calm morning by the lake, with a boat"}\n[1]\n[2]\n', "utf-8")
    recipe = tmp_path / "r.yaml"
    recipe.write_text("on_error: skip\nsteps:\n  - step: unicode\n", "utf-8")

    done = CliRunner().invoke(
        cli, ["curate", str(recipe), "--input", str(source), "--out", str(tmp_path / "out")]
    )

    assert done.exit_code == 0
    assert (
        f"unreadable: 2 x expected a JSON object, got a list (first: {source}, line 2)"
        in done.stderr
    )
