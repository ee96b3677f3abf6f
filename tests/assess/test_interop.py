"""Results of garak and Inspect: their counts, their interval, and the one the counts allow."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.assess.interop.imported import as_text, read_results
from trueline.core.errors import InputError
from trueline.stats import betting
from trueline.stats.bounds import clopper_pearson


def report(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return path


def evaluated(**fields: Any) -> dict[str, Any]:
    return {
        "entry_type": "eval", "probe": "dan.Dan_11_0", "detector": "dan.DAN", **fields,
    }  # fmt: skip


def log(samples: list[dict[str, Any]], **header: Any) -> dict[str, Any]:
    return {"version": 2, "status": "success", "eval": {"task": "safety"},
            "samples": samples, **header}  # fmt: skip


def sample(number: int, value: Any, epoch: int = 1) -> dict[str, Any]:
    return {"id": number, "epoch": epoch, "scores": {"match": {"value": value}}}


def test_a_zero_width_interval_of_garak_stands_beside_the_exact_one(tmp_path: Path) -> None:
    path = report(
        tmp_path / "g.report.jsonl",
        {"entry_type": "start_run setup", "run.generations": 1},
        evaluated(passed=256, total_evaluated=256, confidence_lower=0.0, confidence_upper=0.0),
    )

    (rate,) = read_results(path)

    assert (rate.found, rate.n, rate.stated_low, rate.stated_high) == (0, 256, 0.0, 0.0)
    assert (rate.low, rate.high) == tuple(clopper_pearson(0, 256))
    assert as_text([rate], 0.95).split("\n")[1].split() == [
        "dan.Dan_11_0", "/", "dan.DAN", "0/256", "[0.00%,", "0.00%]", "[0.00%,", "1.43%]",
    ]  # fmt: skip


def test_older_reports_and_unscored_outputs_are_read(tmp_path: Path) -> None:
    path = report(
        tmp_path / "g.jsonl",
        evaluated(passed=90, total=100),
        evaluated(fails=10, total_evaluated=100, nones=20, detector="detector.x.Y"),
    )

    plain, unscored = read_results(path)

    assert (plain.low, plain.high) == tuple(clopper_pearson(10, 100))
    assert unscored.name == "dan.Dan_11_0 / x.Y"
    assert unscored.unscored == 20
    assert unscored.high == clopper_pearson(30, 120).high
    assert unscored.low == clopper_pearson(10, 120).low


def test_several_outputs_to_a_prompt_are_one_mean(tmp_path: Path) -> None:
    attempts = [
        {"entry_type": "attempt", "status": 2, "probe_classname": "dan.Dan_11_0",
         "detector_results": {"dan.DAN": scores}}
        for scores in ([1.0] * 5, *[[0.0] * 5] * 19)
    ]  # fmt: skip
    path = report(tmp_path / "g.jsonl", *attempts, evaluated(passed=95, total_evaluated=100))

    (rate,) = read_results(path)

    assert (rate.method, rate.n, rate.rate) == ("betting", 20, 0.05)
    assert rate.high == betting.mean_interval([1.0] + [0.0] * 19, 0.95).high
    assert rate.high > clopper_pearson(5, 100).high


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"entry_type": "init"}\n',
         "{}: no line with entry_type `eval`. The run may not have finished: run garak to its end "
         "and give its report.jsonl"),
        ('{"entry_type": "init"}\n{"entry', "{}, line 2: not JSON; the report is cut off or was "
         "changed"),
        (json.dumps(evaluated(passed=11, total_evaluated=10)) + "\n",
         "{}, line 1: an `eval` line needs probe, detector, passed and total_evaluated, with "
         "0 <= passed <= total (got passed 11 of 10)"),
    ],
)  # fmt: skip
def test_a_broken_report_says_where_and_what(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "g.jsonl"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InputError) as caught:
        read_results(path)

    assert str(caught.value) == told.format(path)


def test_an_inspect_log_is_read_as_json_and_as_zip_alike(tmp_path: Path) -> None:
    samples = [sample(n, "C" if n else "I") for n in range(100)]
    metrics = {"accuracy": {"value": 0.99}, "stderr": {"value": 0.01}}
    results = {"scores": [{"name": "match", "metrics": metrics}]}
    plain = tmp_path / "log.json"
    plain.write_text(json.dumps(log(samples, results=results)), encoding="utf-8")
    packed = tmp_path / "log.eval"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps(log([], results=results)))
        for one in samples:
            archive.writestr(f"samples/{one['id']}_epoch_1.json", json.dumps(one))

    (from_json,) = read_results(plain)
    (from_zip,) = read_results(packed)

    assert from_json == from_zip
    assert from_json.name == "safety / match"
    assert (from_json.low, from_json.high) == tuple(clopper_pearson(99, 100))
    assert from_json.stated_high is not None
    assert from_json.stated_high > 1.0  # what a normal interval does near the edge


def test_epochs_and_partial_scores_are_means_by_sample(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    samples = [sample(n, value, epoch) for n in range(9) for epoch, value in ((1, "C"), (2, "I"))]
    path.write_text(json.dumps(log(samples)), encoding="utf-8")

    (rate,) = read_results(path)

    assert (rate.method, rate.n, rate.rate) == ("betting", 9, 0.5)
    assert rate.stated_low is None


def test_a_sample_without_a_score_widens_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    samples = [*(sample(n, 1) for n in range(9)), {"id": "x", "epoch": 1, "error": {}}]
    path.write_text(json.dumps(log(samples)), encoding="utf-8")

    (rate,) = read_results(path)

    assert rate.unscored == 1
    assert rate.low == clopper_pearson(9, 10).low
    assert rate.high == 1.0


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("x.txt", b"hello", "{}: neither a garak report (report.jsonl) nor an Inspect log (.eval "
         "or .json)"),
        ("x.json", b'{"samples": 3', "{}: not an Inspect log, or cut off (JSONDecodeError); give "
         "the .eval or .json file that `inspect eval` wrote"),
        ("x.json", b'{"samples": []}', "{}: no sample with a score from 0 to 1, C, I, P or N; only "
         "such scores are rates"),
        ("x.eval", b"PK\x03\x04broken", "{}: not an Inspect log, or cut off (JSONDecodeError); "
         "give the .eval or .json file that `inspect eval` wrote"),
    ],
)  # fmt: skip
def test_a_file_that_is_neither_says_what_to_give(
    tmp_path: Path, name: str, data: bytes, told: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    with pytest.raises(InputError) as caught:
        read_results(path)

    assert str(caught.value) == told.format(path)


@given(data=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name in ("a.jsonl", "b.json", "c.eval"):
        (folder / name).write_bytes(data)

        with pytest.raises(InputError):
            read_results(folder / name)
