"""Two real processes of torchrun over gloo: the model of one process with twice the batches."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.train.rows import make_recipe, reviews

from trueline.train.recipe_file import to_yaml
from trueline.train.run import train
from trueline.train.weights import read_weights


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_give_the_model_of_one_that_takes_two_batches_a_step(
    tmp_path: Path, parallel: str
) -> None:
    task = {"task": "classify", "head_dropout": 0.0}
    alone = make_recipe(tmp_path, reviews(), task, loop={"accumulate": 2, "ema": 0.5}, device="cpu")
    shared = make_recipe(
        tmp_path, reviews(), task, loop={"parallel": parallel, "ema": 0.5}, device="cpu"
    )
    path = tmp_path / "recipe.yaml"
    path.write_text(to_yaml(shared), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2",
         "--master_port", str(free_port()), "-m", "trueline", "train", str(path),
         "--out", str(tmp_path / "shared"), "--json"],
        capture_output=True, text=True, timeout=240, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    one = train(alone, out=tmp_path / "alone")

    assert done.returncode == 0, [line for line in done.stderr.splitlines() if "rror" in line][:9]
    assert len(done.stdout.splitlines()) == 1
    assert ("the weights are shared out" in done.stderr) is (parallel == "fsdp")
    left = read_weights(tmp_path / "shared" / "model" / "model.safetensors")
    right = read_weights(one.folder / "model" / "model.safetensors")
    assert set(left) == set(right)
    for name, tensor in left.items():
        assert torch.allclose(tensor, right[name], atol=1e-5), name
