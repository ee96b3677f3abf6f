"""Every engine leaves the same bytes, whatever the number of workers."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.curate.runs import outputs, records, run_json, write_jsonl

from trueline.core.errors import InputError, MissingExtraError
from trueline.curate import curate
from trueline.curate.engines.engine import make_engine
from trueline.curate.readers import lines
from trueline.curate.recipe_file import parse_recipe

RECIPE = """
on_error: skip
steps:
  - step: unicode
  - step: lowercase
  - step: exact_duplicates
  - step: near_duplicates
  - step: pii
  - step: anonymize
"""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "CHUNK_BYTES", 2000)
    monkeypatch.setattr("trueline.curate.readers.byte_stream.BLOCK_BYTES", 500)


def _input(folder: Path) -> Path:
    rows = records(120) + [
        {"id": f"copy{n}", "text": records(120)[n]["text"]} for n in range(0, 120, 9)
    ]
    rows += [
        {"id": f"call{n}", "text": f"请拨打1391234567{n}联系我，我们约在桥边见面。"}
        for n in range(9)
    ]
    path = write_jsonl(folder / "a.jsonl", rows)
    with open(path, "a", encoding="utf-8") as stream:
        stream.write("no record\n")
    return path


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_pool_of_any_size_leaves_the_bytes_of_one_process(tmp_path: Path, workers: int) -> None:
    source = _input(tmp_path)
    chosen = parse_recipe(RECIPE)
    curate(chosen, input=str(source), out=tmp_path / "local")

    curate(chosen, input=str(source), out=tmp_path / "pool", workers=workers, engine="pool")

    assert outputs(tmp_path / "pool") == outputs(tmp_path / "local")
    assert run_json(tmp_path / "pool")["engine"] == {"name": "pool", "workers": workers}
    assert run_json(tmp_path / "pool")["counts"]["dropped"] >= 10
    assert run_json(tmp_path / "pool")["counts"]["changed"] >= 60


@pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed (extra `ray`)"
)
def test_ray_tasks_leave_the_bytes_of_one_process(tmp_path: Path) -> None:
    source = _input(tmp_path)
    (tmp_path / "r.yaml").write_text(RECIPE, encoding="utf-8")
    curate(parse_recipe(RECIPE), input=str(source), out=tmp_path / "local")
    # In a process of its own: Ray leaves sockets and threads behind in the one that starts it.
    code = (
        "from trueline.curate import curate\n"
        "from trueline.curate.readers import byte_stream, lines\n"
        "lines.CHUNK_BYTES, byte_stream.BLOCK_BYTES = 2000, 500\n"
        f"curate('r.yaml', input={str(source)!r}, out='ray', engine='ray', workers=2)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}

    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment,
                          capture_output=True, text=True, timeout=300, check=False)  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert outputs(tmp_path / "ray") == outputs(tmp_path / "local")
    assert run_json(tmp_path / "ray")["engine"] == {"name": "ray", "workers": 2}


def test_without_ray_the_engine_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trueline.curate.engines.ray.find_spec", lambda name: None)

    with pytest.raises(MissingExtraError) as told:
        make_engine("ray", 2)

    assert str(told.value) == (
        '--engine ray needs ray, which is not installed.\n  pip install "trueline[ray]"'
    )


def test_a_fault_in_a_worker_process_is_told_like_one_in_this_process(tmp_path: Path) -> None:
    source = _input(tmp_path)
    chosen = parse_recipe(RECIPE.replace("on_error: skip\n", ""))

    with pytest.raises(InputError, match="not valid JSON") as told:
        curate(chosen, input=str(source), out=tmp_path / "pool", workers=2)
    with pytest.raises(InputError) as same:
        curate(chosen, input=str(source), out=tmp_path / "local")

    assert str(told.value) == str(same.value)


def test_a_worker_that_is_killed_ends_the_run_with_advice_and_the_next_one_goes_on(
    tmp_path: Path,
) -> None:
    source = _input(tmp_path)
    chosen = parse_recipe(RECIPE)
    code = (
        "import os, signal, multiprocessing\n"
        "from trueline.curate import curate\n"
        "from trueline.curate.progress import Progress\n"
        "from trueline.curate.readers import byte_stream, lines\n"
        "lines.CHUNK_BYTES, byte_stream.BLOCK_BYTES = 2000, 500\n"
        "class Killer(Progress):\n"
        "    def advance(self, amount, documents=0):\n"
        "        for child in multiprocessing.active_children():\n"
        "            os.kill(child.pid, signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        f"    curate('r.yaml', input={str(source)!r}, out='out', workers=2, progress=Killer(None))\n"
    )
    (tmp_path / "r.yaml").write_text(RECIPE, encoding="utf-8")

    (tmp_path / "kill.py").write_text(code, encoding="utf-8")
    done = subprocess.run([sys.executable, "kill.py"], cwd=tmp_path, capture_output=True,
                          text=True, timeout=120, check=False)  # fmt: skip
    curate(chosen, input=str(source), out=tmp_path / "out")
    curate(chosen, input=str(source), out=tmp_path / "whole")

    assert "a worker process ended before its batch was done" in done.stderr
    assert run_json(tmp_path / "out")["phases"][0]["reused"] >= 1
    assert outputs(tmp_path / "out") == outputs(tmp_path / "whole")
