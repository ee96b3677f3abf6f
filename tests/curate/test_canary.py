"""The self-test: it passes for recipes that work, and stops those that do not."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl
import pytest
from tests.curate.runs import records, run_json, write_jsonl

from trueline.core.policy_file import policy_from_template
from trueline.curate import curate
from trueline.curate.batch import Batch, Result
from trueline.curate.canary import CanaryError
from trueline.curate.canary_texts import PARAGRAPHS
from trueline.curate.recipe import Recipe
from trueline.curate.recipe_file import load_recipe, parse_recipe
from trueline.curate.step import MapStep, RunSettings, StepOptions
from trueline.judge import Judge
from trueline.text.language import language_of

STEPS = (
    "encoding_repair", "unicode", "language", "quality", "exact_duplicates", "near_duplicates",
    "policy", "pii", "anonymize",
)  # fmt: skip
ALL = "on_error: skip\nsteps:\n" + "".join(f"  - step: {step}\n" for step in STEPS)


def _write(folder: Path, form: str) -> Path:
    rows = [(record["id"], record["text"]) for record in records(20)]
    path = folder / f"input.{form}"
    if form in ("csv", "tsv"):
        with open(path, "w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, delimiter="," if form == "csv" else "\t")
            writer.writerows([("id", "text"), *rows])
    elif form == "parquet":
        pl.DataFrame(rows, schema=["id", "text"], orient="row").write_parquet(path)
    elif form == "html":
        path.write_text(f"<html><body><p>{rows[0][1]}</p></body></html>", encoding="utf-8")
    elif form == "txt":
        path.write_text("\n".join(text for _, text in rows), encoding="utf-8")
    else:
        write_jsonl(path, records(20))
    return path


@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv", "parquet", "txt", "html"])
def test_every_planted_fault_is_caught_in_every_format(tmp_path: Path, form: str) -> None:
    chosen = parse_recipe(ALL + ("txt_document: line\n" if form == "txt" else ""))

    curate(chosen, input=str(_write(tmp_path, form)), out=tmp_path / "out")

    told = run_json(tmp_path / "out")["canary"]
    assert all(check["reached"] == check["caught"] for check in told["checks"])
    tested = {check["step"] for check in told["checks"] if check["caught"]}
    assert tested >= {"unicode", "exact_duplicates", "near_duplicates", "quality", "policy"}
    assert tested >= {"anonymize", "language", "encoding_repair"}
    assert not (tmp_path / "out" / ".cache" / "canary").exists()


@pytest.mark.parametrize(("wanted", "other"), [("zh", "canary-en"), ("en", "canary-zh")])
def test_only_languages_of_the_input_are_planted(tmp_path: Path, wanted: str, other: str) -> None:
    rows = [record for record in records(40) if language_of(record["text"]) == wanted]
    source = write_jsonl(tmp_path / "a.jsonl", rows)

    curate(parse_recipe(ALL), input=str(source), out=tmp_path / "out")

    both = write_jsonl(tmp_path / "b.jsonl", records(40))
    curate(parse_recipe(ALL), input=str(both), out=tmp_path / "both")
    planted = run_json(tmp_path / "out")["canary"]["planted"]
    assert planted < run_json(tmp_path / "both")["canary"]["planted"]


@dataclass(frozen=True)
class Blind:
    """Finds nothing, changes nothing, and says so to nobody."""

    name: str

    def run(self, batch: Batch) -> Result:
        return Result(columns={"pii_count": [0] * len(batch)} if self.name == "pii" else {})


class BlindAnonymizeOptions(StepOptions):
    step: Literal["anonymize"] = "anonymize"

    def build(self, run: RunSettings) -> MapStep:
        return Blind("anonymize")


class BlindPiiOptions(StepOptions):
    step: Literal["pii"] = "pii"

    def build(self, run: RunSettings) -> MapStep:
        return Blind("pii")


class BlindQualityOptions(StepOptions):
    step: Literal["quality"] = "quality"

    def build(self, run: RunSettings) -> MapStep:
        return Blind("quality")


class BlindCopiesOptions(StepOptions):
    step: Literal["near_duplicates"] = "near_duplicates"

    def build(self, run: RunSettings) -> MapStep:
        return Blind("near_duplicates")


@pytest.mark.parametrize(
    ("step", "lines"),
    [
        (BlindAnonymizeOptions(), "  step anonymize: an English email was not put right\n"
         "  step anonymize: an English us ssn was not put right\n"),
        (BlindPiiOptions(), "  step pii: an English email was not found\n"
         "  step pii: an English us ssn was not found\n"),
        (BlindQualityOptions(), "  step quality: an English line of symbols was not dropped\n"
         "  step quality: an English text of one repeated line was not dropped\n"),
        (BlindCopiesOptions(), "  step near_duplicates: an English near copy was not dropped\n"),
    ],
)  # fmt: skip
def test_a_step_that_misses_its_kind_stops_the_run_and_is_named(
    tmp_path: Path, step: StepOptions, lines: str
) -> None:
    rows = [record for record in records(20) if language_of(record["text"]) == "en"]
    source = write_jsonl(tmp_path / "a.jsonl", rows)

    with pytest.raises(CanaryError) as told:
        curate(Recipe(steps=(step,)), input=str(source), out=tmp_path / "out")

    assert str(told.value) == (
        "the self-test stopped the run before it began: planted faults went through.\n"
        f"{lines}"
        "  Check the options of the step, and the steps before it that change the text."
    )
    assert not (tmp_path / "out" / "ledger.parquet").exists()


def test_what_a_recipe_keeps_on_purpose_is_not_held_against_it(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", records(20))
    keep = "steps:\n  - step: anonymize\n    default: keep\n    actions: {email: redact}\n"

    curate(parse_recipe(keep), input=str(source), out=tmp_path / "out")

    kinds = {check["kind"] for check in run_json(tmp_path / "out")["canary"]["checks"]}
    assert kinds == {"email"}


def test_a_feedback_file_passes_with_the_bundled_recipe(tmp_path: Path) -> None:
    path = tmp_path / "feedback.csv"
    path.write_text("text,stars\n物流很快，包装完好。,5\nToo late.,1\n", encoding="utf-8")

    run = curate(load_recipe("feedback_csv"), input=str(path), out=tmp_path / "out")

    assert run.counts.inputs == 2
    assert run.counts.fault == 0


def test_the_plain_paragraphs_break_no_policy() -> None:
    judge = Judge.from_policy(policy_from_template("default"))

    acted = [text[:20] for texts in PARAGRAPHS.values() for text in texts
             if judge.judge(text).action > 0]  # fmt: skip

    assert acted == []
