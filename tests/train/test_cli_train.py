"""`trueline train` and `trueline predict`: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.train.rows import make_recipe, reviews

from trueline.cli.main import main
from trueline.train.recipe_file import to_yaml
from trueline.train.run import TrainRun


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, told.out, told.err


def written(tmp_path: Path) -> str:
    path = tmp_path / "recipe.yaml"
    path.write_text(to_yaml(make_recipe(tmp_path, reviews())), encoding="utf-8")
    return str(path)


def test_a_recipe_is_run_and_its_model_predicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")

    trained = run(
        capsys, "train", written(tmp_path), "--out", out, "--set", "loop.steps=4", "--json"
    )
    told = run(capsys, "predict", out, "the parcel was good")

    assert trained[0] == 0
    assert set(json.loads(trained[1])["metrics"]) == {"dev"}
    assert told[0] == 0
    assert json.loads(told[1])["label"] in ("good", "bad")


def test_an_unknown_field_ends_with_two_and_the_nearest_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, told = run(capsys, "train", written(tmp_path), "--set", "loop.epoch=1")

    assert (code, out) == (2, "")
    assert "loop.epoch: is not a field here; did you mean 'epochs'?" in told
    assert "Traceback" not in told


def test_preview_and_schema_print_without_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = run(capsys, "train", "preview", written(tmp_path), "--count", "1")
    schema = run(capsys, "train", "schema")

    assert shown[0] == schema[0] == 0
    assert "tokens  [CLS] | " in shown[1]
    assert json.loads(schema[1])["title"] == "Recipe"
    assert not (tmp_path / "run").exists()


def test_a_folder_without_a_model_says_what_to_give(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, told = run(capsys, "predict", str(tmp_path), "a text")

    assert code == 2
    assert told == (
        f"error: {tmp_path} holds no finished model (trueline.json cannot be read). Give the "
        "folder that `trueline train` wrote\n"
    )


def test_predict_takes_a_text_or_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = run(capsys, "predict", "somewhere")

    assert code == 2
    assert told == 'error: give a text, or --input FILE: trueline predict MODEL_DIR "a text"\n'


def test_a_constraint_without_a_solution_exits_with_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {
        "task": "classify",
        "metrics": {},
        "modifiers": {"constraint": {"result": "no solution found", "certified": False}},
    }
    monkeypatch.setattr("trueline.train.run.train", lambda *_, **__: TrainRun(tmp_path, record))

    code, _, told = run(capsys, "train", "recipe.yaml")

    assert code == 1
    assert told == (
        "no solution found: the held-out bound is above the limit; the counts are in "
        f"{tmp_path}/safety_test.json\n"
    )
