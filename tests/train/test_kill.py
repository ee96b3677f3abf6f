"""A run that is killed, for real, ends bit for bit where it would have ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.train.rows import make_recipe, reviews

from trueline.train.recipe_file import to_yaml

SECONDS = 120


def command(recipe: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "trueline", "train", str(recipe), "--out", str(out)]


def test_a_killed_run_resumes_to_the_same_result_bit_for_bit(tmp_path: Path) -> None:
    recipe = make_recipe(
        tmp_path, reviews(), model={"dropout": 0.1}, log={"tensorboard": False},
        loop={"steps": 400, "evaluate_every": 50, "checkpoint_every": 5, "ema": 0.9, "patience": None},
    )  # fmt: skip
    path = tmp_path / "recipe.yaml"
    path.write_text(to_yaml(recipe), encoding="utf-8")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    killed, whole = tmp_path / "killed", tmp_path / "whole"

    first = subprocess.Popen(command(path, killed), env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + SECONDS
    while not (killed / "checkpoint.safetensors").exists() and first.poll() is None:
        assert time.monotonic() < deadline, "no checkpoint came"
    first.send_signal(signal.SIGKILL)
    code = first.wait(SECONDS)
    again = subprocess.run([*command(path, killed), "--resume"], env=environment,
                           capture_output=True, text=True, timeout=SECONDS)  # fmt: skip
    straight = subprocess.run(command(path, whole), env=environment, capture_output=True,
                              text=True, timeout=SECONDS)  # fmt: skip

    assert code == -signal.SIGKILL
    assert again.returncode == 0, again.stderr
    assert "going on from step " in again.stderr
    assert straight.returncode == 0, straight.stderr
    name = Path("model") / "model.safetensors"
    assert (killed / name).read_bytes() == (whole / name).read_bytes()


def test_an_interrupted_run_keeps_its_checkpoint_and_says_so(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, reviews(), loop={"steps": 100_000, "patience": None})
    path = tmp_path / "recipe.yaml"
    path.write_text(to_yaml(recipe), encoding="utf-8")
    out = tmp_path / "out"

    run = subprocess.Popen(command(path, out), stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + SECONDS
    while not (out / "checkpoint.safetensors").exists() and run.poll() is None:
        assert time.monotonic() < deadline, "no checkpoint came"
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=SECONDS)

    assert run.returncode == 130
    assert told.splitlines()[-1] == (
        "stopped: the checkpoint is kept; run the same command again to go on"
    )
