from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from click.testing import CliRunner
from tests.train.rows import SMALL, reviews, write_rows

from trueline.cli.tune import tune as command
from trueline.core.errors import InputError
from trueline.train.tune import tune
from trueline.train.tune_study import Range, StudyError, load_study

Tell = Callable[[str, float], None]


def make_study(folder: Path, **more: Any) -> Path:
    recipe = {
        "data": {"train": str(write_rows(folder / "train.jsonl", reviews(80))), "dev_share": 0.25},
        "tokenizer": {"vocab_size": 300}, "model": {**SMALL, "layers": 1}, "task": "classify",
        "optimizer": {"name": "adamw"},
        "loop": {"steps": 4, "evaluate_every": 2, "batch_size": 16},
    }  # fmt: skip
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    study: dict[str, Any] = {
        "recipe": "recipe.yaml",
        "out": str(folder / "out"),
        "space": {
            "optimizer.lr": {"low": 0.0001, "high": 0.1, "log": True},
            "model.layers": {"low": 1, "high": 4},
            "model.dropout": {"choices": [0.0, 0.1]},
        },
        "search": {"trials": 12},
        "prune": {"method": "none"},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump({**study, **more}), encoding="utf-8")
    return folder / "study.yaml"


def figure(changes: Sequence[str]) -> float:
    """Best at lr 0.01 and three layers; dropout does not matter."""
    values = {one.split("=")[0]: json.loads(one.split("=")[1]) for one in changes}
    told: float = 1 - abs(values["optimizer.lr"] - 0.01) * 5 - 0.1 * abs(values["model.layers"] - 3)
    return told


def measured(recipe: str, changes: Sequence[str], folder: Path, tell: Tell) -> Mapping[str, float]:
    del recipe
    folder.mkdir(parents=True, exist_ok=True)
    value = figure(changes)
    for look in range(1, 4):
        tell("macro_f1", value * look / 3)
    return {"macro_f1": value, "loss": 1 - value}


@pytest.mark.parametrize("method", ["tpe", "random"])
def test_a_search_reports_the_best_values_and_what_mattered(tmp_path: Path, method: str) -> None:
    path = make_study(tmp_path, search={"method": method, "trials": 30})

    report = tune(path, run_trial=measured)

    assert report.best is not None
    assert report.best["value"] == max(trial["value"] for trial in report.trials)
    assert len(report.trials) == 30
    assert sum(report.importance.values()) == pytest.approx(1)
    assert min(report.importance, key=lambda name: report.importance[name]) == "model.dropout"
    assert {"report.txt", "report.json", "report.svg", "best.yaml"} <= {
        file.name for file in (tmp_path / "out").iterdir()
    }
    best = yaml.safe_load((tmp_path / "out" / "best.yaml").read_text("utf-8"))
    assert best["optimizer"]["lr"] == pytest.approx(report.best["values"]["optimizer.lr"])


def test_a_grid_tries_every_combination_once(tmp_path: Path) -> None:
    space = {"model.layers": {"low": 1, "high": 3, "points": 3},
             "optimizer.lr": {"low": 0.001, "high": 0.1, "log": True, "points": 3}}  # fmt: skip
    path = make_study(tmp_path, space=space, search={"method": "grid"})

    report = tune(path, run_trial=measured)

    tried = sorted(
        (t["values"]["model.layers"], t["values"]["optimizer.lr"]) for t in report.trials
    )
    assert tried == [(n, lr) for n in (1, 2, 3) for lr in (0.001, 0.01, 0.1)]
    assert report.best is not None
    assert report.best["values"] == {"model.layers": 3, "optimizer.lr": 0.01}


def test_a_study_that_was_broken_off_goes_on(tmp_path: Path) -> None:
    path = make_study(tmp_path, search={"method": "random", "trials": 6})
    done: list[tuple[str, ...]] = []

    def killed(
        recipe: str, changes: Sequence[str], folder: Path, tell: Tell
    ) -> Mapping[str, float]:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(tuple(changes))
        return measured(recipe, changes, folder, tell)

    def goes_on(
        recipe: str, changes: Sequence[str], folder: Path, tell: Tell
    ) -> Mapping[str, float]:
        done.append(tuple(changes))
        return measured(recipe, changes, folder, tell)

    with pytest.raises(KeyboardInterrupt):
        tune(path, run_trial=killed)

    report = tune(path, run_trial=goes_on)

    assert len(done) == len(set(done)) == 6
    assert [trial["state"] for trial in report.trials] == ["complete"] * 6


def test_hopeless_trials_are_given_up(tmp_path: Path) -> None:
    path = make_study(
        tmp_path, search={"method": "random", "trials": 16}, prune={"startup": 2, "warmup": 0}
    )

    report = tune(path, run_trial=measured)

    states = [trial["state"] for trial in report.trials]
    assert states.count("pruned") > 3
    assert report.best is not None


def test_a_study_begins_with_what_an_earlier_one_found(tmp_path: Path) -> None:
    earlier = tune(
        make_study(tmp_path, search={"method": "random", "trials": 8}), run_trial=measured
    )
    tried: list[Sequence[str]] = []

    def watched(
        recipe: str, changes: Sequence[str], folder: Path, tell: Tell
    ) -> Mapping[str, float]:
        tried.append(changes)
        return measured(recipe, changes, folder, tell)

    same = make_study(tmp_path, out=str(tmp_path / "same"), history=str(tmp_path / "out"),
                      search={"trials": 3})  # fmt: skip
    report = tune(same, run_trial=watched)
    rows = tmp_path / "train.jsonl"
    other = make_study(tmp_path, out=str(tmp_path / "other"), history=str(tmp_path / "out"),
                       search={"trials": 3})  # fmt: skip
    write_rows(rows, reviews(90))
    tune(other, run_trial=watched)

    assert len(report.trials) == 3  # earlier results steer the search and are not counted
    assert report.importance  # 8 + 3 trials are enough to tell
    assert earlier.best is not None
    assert figure(tried[3]) == pytest.approx(earlier.best["value"])  # the best one is tried first


def test_failed_trials_are_told_and_the_search_goes_on(tmp_path: Path) -> None:
    def fails(recipe: str, changes: Sequence[str], folder: Path, tell: Tell) -> Mapping[str, float]:
        if figure(changes) < 0.8:
            raise InputError("step 3: the loss is nan.\n  more")
        return measured(recipe, changes, folder, tell)

    report = tune(make_study(tmp_path, search={"method": "random", "trials": 12}), run_trial=fails)

    states = {trial["state"] for trial in report.trials}
    assert states == {"complete", "fail"}
    assert "first failure: step 3: the loss is nan." in report.as_text()


def test_a_study_without_any_result_says_why(tmp_path: Path) -> None:
    def fails(recipe: str, changes: Sequence[str], folder: Path, tell: Tell) -> Mapping[str, float]:
        raise InputError("step 1: the loss is nan")

    with pytest.raises(InputError) as caught:
        tune(make_study(tmp_path, search={"trials": 2}), run_trial=fails)

    assert str(caught.value) == "every trial failed; the first: step 1: the loss is nan"


def test_real_runs_are_searched_and_only_the_best_model_stays(tmp_path: Path) -> None:
    space = {"model.layers": {"low": 1, "high": 2, "points": 2}}
    path = make_study(tmp_path, space=space, search={"method": "grid"})

    told = CliRunner().invoke(command, [str(path), "--json"])

    report = json.loads(told.stdout)
    models = list((tmp_path / "out").glob("trials/*/model/model.safetensors"))
    assert [trial["state"] for trial in report["trials"]] == ["complete", "complete"]
    assert [str(model.parents[1].relative_to(tmp_path / "out")) for model in models] == [
        report["best"]["folder"]
    ]


def test_trials_run_at_the_same_time(tmp_path: Path) -> None:
    space = {"model.layers": {"low": 1, "high": 2, "points": 2}}
    path = make_study(tmp_path, space=space, search={"method": "grid", "parallel": 2})

    report = tune(path)

    assert sorted(trial["values"]["model.layers"] for trial in report.trials) == [1, 2]
    assert {trial["state"] for trial in report.trials} == {"complete"}


def test_another_study_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    tune(make_study(tmp_path, search={"trials": 1}), run_trial=measured)
    other = make_study(
        tmp_path, search={"trials": 1}, space={"model.layers": {"low": 1, "high": 2}}
    )

    with pytest.raises(InputError) as caught:
        tune(other, run_trial=measured)

    assert str(caught.value).replace(str(tmp_path), "DIR") == (
        "DIR/out holds another study (other recipe, rows, space or metric). Give another --out, and "
        "name DIR/out in `history` to begin with what it found"
    )


def test_values_that_do_not_fit_the_recipe_are_found_before_the_search(tmp_path: Path) -> None:
    path = make_study(tmp_path, space={"model.layerz": {"low": 1, "high": 2}})

    with pytest.raises(InputError) as caught:
        tune(path, run_trial=measured)

    assert str(caught.value).startswith("space.model.layerz: 1 does not fit the recipe: ")
    assert "did you mean 'layers'?" in str(caught.value)


def test_all_faults_of_a_study_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(
        "recipe: r.yaml\nspase: {}\nspace:\n  a.b: {low: 2, high: 1}\nsearch: {trials: 0}\n",
        encoding="utf-8",
    )

    with pytest.raises(StudyError) as caught:
        load_study(path)

    assert str(caught.value).replace(str(tmp_path), "DIR") == (
        "DIR/study.yaml is not a valid study:\n"
        "  line 2, spase: is not a field here; did you mean 'space'? Accepted: name, recipe, out, "
        "space, metric, direction, search, prune, history, keep\n"
        "  line 4, space.a.b: low (2) must be below high (1)\n"
        "  line 5, search.trials: Input should be greater than or equal to 1 (got 0)"
    )


def test_a_range_holds_its_own_grid() -> None:
    ranges = [
        Range(low=1, high=9),
        Range(low=0.001, high=1.0, log=True),
        Range(choices=("a", None)),
    ]

    assert all(one.holds(value) for one in ranges for value in one.grid())
    assert not ranges[0].holds(10)
    assert not ranges[0].holds(1.5)
    assert not ranges[0].holds(True)


def test_optuna_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tune(make_study(tmp_path, search={"trials": 3}), run_trial=measured)

    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")
    assert optuna.__version__
