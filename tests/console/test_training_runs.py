"""Training runs in the console: read from their files, without torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.console.client import Reader, shown
from tests.console.conftest import StartConsole

from trueline.gateway.console.card_blocks import card_blocks, plain, section
from trueline.gateway.console.run_curves import HEIGHT, WIDTH, run_curves
from trueline.gateway.console.run_folders import metric_lines, training_runs

HOSTILE = "<script>alert(1)</script>"
LONG_AGO = 1_600_000_000


def write_run(
    folder: Path, *, certified: bool = True, finished: bool = True, **record: Any
) -> Path:
    """A run folder as `trueline train` leaves it."""
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text("name: small\ntask: {task: causal}\n", encoding="utf-8")
    lines = [
        {"step": n, "loss": 4 - n / 10, "violation_rate_overall": 0.1 / n} for n in range(1, 21)
    ]
    lines.append({"step": 20, "dev_loss": 2.25})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text, encoding="utf-8")
    claim = {"limit": 0.05, "n": 300, "violations": 0.0 if certified else 40.0, "unscored": 0,
             "bound": 0.0099 if certified else 0.17, "kept": certified}  # fmt: skip
    safety = {"certified": certified, "confidence": 0.95, "claims": {"overall": claim},
              "held_out": ["held.jsonl"], "not_judged": ["cbrne"]}  # fmt: skip
    (folder / "safety_test.json").write_text(json.dumps(safety), encoding="utf-8")
    (folder / "card.md").write_text("# Small\n\nFor tests.\n", encoding="utf-8")
    (folder / "card.zh.md").write_text("# 小模型\n\n仅供测试。\n", encoding="utf-8")
    if finished:
        values = {"name": "small", "task": "causal", "steps": 20, "planned_steps": 20,
                  "best_step": 20, "seconds": 3.5, "parameters": 1234, "main_metric": "loss",
                  "metrics": {"dev": {"loss": 2.25, "perplexity": 9.49}}, **record}  # fmt: skip
        (folder / "run.json").write_text(json.dumps(values), encoding="utf-8")
    return folder


def test_a_finished_run_shows_figures_safety_curves_and_card(
    start: StartConsole, tmp_path: Path
) -> None:
    write_run(tmp_path / "runs/one")
    console = start(runs=str(tmp_path / "runs"))

    with Reader(console.url) as reader, Reader(console.url, "zh") as chinese:
        listed, page = shown(reader.get("/runs")), reader.get("/runs/one")
        words_zh = shown(chinese.get("/runs/one"))

    assert "small one finished causal loss 2.25 dev certified" in listed
    words = shown(page)
    assert "20 of 20, best at 20" in words
    assert "overall 0 / 300 0 0.99% 5.0% kept" in words
    assert "Categories no scorer judged: CBRNE weapons" in words
    assert "For tests." in words
    assert "loss 2 dev_loss 2.25" in words
    assert 'class="chart-limit"' in page.text
    assert "仅供测试。" in words_zh
    assert "守住" in words_zh


def test_a_run_without_a_solution_says_so(start: StartConsole, tmp_path: Path) -> None:
    write_run(tmp_path / "runs/two", certified=False)
    console = start(runs=str(tmp_path / "runs"))

    with Reader(console.url) as reader:
        words = shown(reader.get("/runs/two"))

    assert "Safety test no solution found" in words
    assert "overall 40 / 300 0 17% 5.0% not kept" in words


def test_a_safety_test_that_contradicts_itself_is_not_certified(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "runs/three", certified=False)
    text = (folder / "safety_test.json").read_text("utf-8")
    (folder / "safety_test.json").write_text(
        text.replace('"certified": false', '"certified": true'), encoding="utf-8"
    )

    found = training_runs(tmp_path / "runs")[0]

    assert found.safety is not None
    assert not found.safety.certified


def test_a_run_without_its_record_goes_on_or_was_broken_off(tmp_path: Path) -> None:
    write_run(tmp_path / "runs/now", finished=False)
    old = write_run(tmp_path / "runs/old", finished=False)
    for name in ("recipe.yaml", "metrics.jsonl"):
        os.utime(old / name, (LONG_AGO, LONG_AGO))

    found = {run.id: run for run in training_runs(tmp_path / "runs")}

    assert found["now"].status == "going_on"
    assert found["old"].status == "stopped"
    assert found["old"].steps == 20


def test_folders_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    write_run(tmp_path / "runs/study/trial")
    write_run(tmp_path / "runs/other/trial")

    ids = [run.id for run in training_runs(tmp_path / "runs")]

    assert len(set(ids)) == 2
    assert all(one.startswith("trial-") for one in ids)


@pytest.mark.parametrize("name", ["run.json", "safety_test.json"])
@pytest.mark.parametrize("content", ["{", "[]", '{"claims": 3}', "null", "\x00"])
def test_a_broken_file_is_named_and_the_list_goes_on(
    start: StartConsole, tmp_path: Path, name: str, content: str
) -> None:
    (write_run(tmp_path / "runs/broken") / name).write_text(content, encoding="utf-8")
    write_run(tmp_path / "runs/whole")
    console = start(runs=str(tmp_path / "runs"))

    with Reader(console.url) as reader:
        listed, page = reader.get("/runs"), reader.get("/runs/broken")

    assert listed.status_code == page.status_code == 200
    assert "whole" in shown(listed)
    if content != '{"claims": 3}' or name != "run.json":
        assert f"{name} cannot be read" in shown(page)


def test_a_torn_last_line_of_the_metrics_is_left_out(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "runs/torn")
    with (folder / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 21, "lo')

    assert metric_lines(folder)[-1] == {"step": 20, "dev_loss": 2.25}


@pytest.mark.parametrize("path", ["../secret", "..%2f..%2fetc", "nothing", "%00"])
def test_an_address_leads_to_runs_alone(start: StartConsole, tmp_path: Path, path: str) -> None:
    write_run(tmp_path / "runs/one")
    write_run(tmp_path / "secret")
    console = start(runs=str(tmp_path / "runs"))

    with Reader(console.url) as reader:
        page = reader.get(f"/runs/{path}")

    assert page.status_code == 404


def test_hostile_names_and_cards_are_inert(start: StartConsole, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "runs/one", name=HOSTILE, task=HOSTILE)
    (folder / "card.md").write_text(
        f"# {HOSTILE}\n\n[x](javascript:alert(1)) {HOSTILE}\n", encoding="utf-8"
    )
    (folder / "metrics.jsonl").write_text(
        "".join(json.dumps({"step": n, HOSTILE: n}) + "\n" for n in (1, 2)), encoding="utf-8"
    )
    console = start(runs=str(tmp_path / "runs"))

    with Reader(console.url) as reader:
        listed, page = reader.get("/runs"), reader.get("/runs/one")

    assert HOSTILE not in listed.text
    assert HOSTILE not in page.text
    assert 'href="javascript:' not in page.text


def test_an_empty_folder_says_where_it_looked(start: StartConsole, tmp_path: Path) -> None:
    console = start(runs=str(tmp_path / "none"))

    with Reader(console.url, "zh") as reader:
        words = shown(reader.get("/runs"))

    assert f"在 {tmp_path / 'none'} 中没有找到训练" in words


def test_the_pages_need_no_torch() -> None:
    script = (
        "import sys; import trueline.gateway.console.routes;"
        "print([n for n in ('torch', 'polars', 'scipy', 'transformers') if n in sys.modules])"
    )

    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "[]"


@given(
    st.lists(
        st.fixed_dictionaries(
            {"step": st.integers(0, 10**6), "loss": st.floats(allow_nan=True, allow_infinity=True)},
            optional={"dev_accuracy": st.floats(0, 1)},
        ),
        max_size=30,
    )
)
def test_curves_stay_on_their_chart_whatever_was_logged(lines: list[dict[str, Any]]) -> None:
    ordered = sorted(lines, key=lambda line: line["step"])

    for chart in run_curves(ordered, {"loss": 0.5}):
        for curve in chart.lines:
            for place in curve.path.removeprefix("M").split("h")[0].split("L"):
                x, y = map(float, place.split())
                assert 0 <= x <= WIDTH
                assert -0.1 <= y <= HEIGHT + 0.1


@given(st.text(max_size=400))
def test_any_text_is_read_as_a_card(text: str) -> None:
    for block in card_blocks(text):
        assert block.kind in {"heading", "paragraph", "list", "table", "code"}


def test_a_section_of_a_card_ends_at_the_next_heading() -> None:
    blocks = card_blocks(
        "# A\n\n## Bad at\n\n- one\n  more\n- `two`\n\n## Next\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )

    found = section(blocks, "Bad at")

    assert [plain(line) for line in found[0].lines] == ["one more", "two"]
    assert len(found) == 1
    assert [plain(cell) for cell in blocks[-1].rows[0]] == ["1", "2"]
