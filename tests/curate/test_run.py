"""A run from files to data, ledger and run.json."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest
from pydantic import Field
from tests.curate.runs import (
    LOWERCASE,
    data,
    ledger,
    outputs,
    recipe,
    records,
    run_json,
    write_jsonl,
)

import trueline
from trueline.core.errors import InputError
from trueline.curate import curate
from trueline.curate.batch import Added, Batch, Drop, Result
from trueline.curate.ledger import LedgerError, check_ledger
from trueline.curate.readers import lines
from trueline.curate.readers.chunk import Chunk
from trueline.curate.step import Decisions, MapStep, RunSettings, SetStep, StepOptions


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches from little text."""
    monkeypatch.setattr(lines, "CHUNK_BYTES", 700)
    monkeypatch.setattr("trueline.curate.readers.byte_stream.BLOCK_BYTES", 256)


class ShortOptions(StepOptions):
    step: Literal["short"] = "short"
    least: int = Field(default=20, description="Characters a document must have.")

    def build(self, run: RunSettings) -> MapStep:
        return Short(self.least)


@dataclass(frozen=True)
class Short:
    least: int
    name: str = "short"

    def run(self, batch: Batch) -> Result:
        sizes = [len(text) for text in batch.texts]
        drops = {
            at: Drop("too short", size, self.least)
            for at, size in enumerate(sizes)
            if size < self.least
        }
        return Result(columns={"size": sizes}, drops=drops)


class SameSizeOptions(StepOptions):
    step: Literal["same_size"] = "same_size"

    def build(self, run: RunSettings) -> SetStep:
        return SameSize()


@dataclass(frozen=True)
class SameSize:
    name: str = "same_size"
    reads: tuple[str, ...] = ("width",)

    def measure(self, batch: Batch) -> Result:
        return Result(columns={"width": [len(text).to_bytes(2, "big") for text in batch.texts]})

    def decide(self, ids: Any, columns: Any) -> Decisions:
        first: dict[bytes, str] = {}
        drops: dict[int, Drop] = {}
        for row, width in enumerate(columns["width"]):
            key = bytes(width)
            if key in first:
                drops[row] = Drop("same size", partner=first[key], similarity=1.0)
            else:
                first[key] = ids[row]
        return Decisions(drops, {"rank": list(range(len(ids)))})


class EchoOptions(StepOptions):
    step: Literal["echo"] = "echo"

    def build(self, run: RunSettings) -> MapStep:
        return Echo()


@dataclass(frozen=True)
class Echo:
    name: str = "echo"

    def run(self, batch: Batch) -> Result:
        added = [
            Added(at, "echo", text + " again", {"n": -1})
            for at, text in enumerate(batch.texts)
            if batch.ids[at] in ("d1", "d4")
        ]
        return Result(added=added, drops={1: Drop("second of its batch")} if len(batch) > 1 else {})


class BrittleOptions(StepOptions):
    step: Literal["brittle"] = "brittle"

    def build(self, run: RunSettings) -> MapStep:
        return Brittle()


@dataclass(frozen=True)
class Brittle:
    name: str = "brittle"

    def run(self, batch: Batch) -> Result:
        if "d3" in batch.ids or "d17" in batch.ids:
            raise ZeroDivisionError("secret text of a document")
        return Result()


def made_of(*steps: StepOptions, **settings: Any) -> Any:
    return recipe().model_copy(update={"steps": steps, **settings})


def test_every_record_has_one_state_with_step_reason_and_place(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", records(40))
    with open(source, "a", encoding="utf-8") as stream:
        stream.write('{"id": "bad"}\n')
    steps = (ShortOptions(), *recipe().steps, SameSizeOptions())

    run = curate(made_of(*steps, on_error="skip"), input=str(source), out=tmp_path / "out")

    rows = ledger(tmp_path / "out")
    assert rows["id"].to_list() == [f"d{n}" for n in range(40)] + [f"{source}:41"]
    assert rows["line"].to_list() == list(range(1, 42))
    assert run.counts.inputs == 41
    assert run.counts.kept + run.counts.changed + run.counts.dropped + run.counts.fault == 41
    assert min(run.counts.kept, run.counts.changed, run.counts.dropped, run.counts.fault) >= 1
    short = rows.row(by_predicate=pl.col("id") == "d0", named=True)
    assert (short["state"], short["step"], short["reason"]) == ("dropped", "short", "too short")
    assert (short["value"], short["threshold"], short["language"]) == (13.0, 20.0, "zh")
    twin = rows.filter(pl.col("reason") == "same size").row(0, named=True)
    assert twin["step"] == "same_size"
    assert twin["partner"] in data(tmp_path / "out")["id"].to_list()
    changed = rows.filter(pl.col("state") == "changed").row(0, named=True)
    assert (changed["changed_by"], changed["changes"]) == ("lowercase", ["lowercase: lower-cased"])
    fault = rows.row(-1, named=True)
    assert (fault["state"], fault["step"], fault["source"]) == ("fault", "read", str(source))
    assert set(rows["policy_hash"]) == {run.policy_hash}


def test_the_data_holds_the_kept_documents_with_columns_of_reader_and_steps(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", records(40))

    run = curate(
        made_of(ShortOptions(), SameSizeOptions()), input=str(source), out=tmp_path / "out"
    )

    frame = data(tmp_path / "out")
    kept = ledger(tmp_path / "out").filter(pl.col("state") == "kept")["id"].to_list()
    assert frame.schema == {
        "id": pl.String, "text": pl.String, "n": pl.Int64, "size": pl.Int64, "rank": pl.Int64
    }  # fmt: skip
    assert frame["id"].to_list() == kept
    assert frame["n"].to_list() == [int(name[1:]) for name in kept]
    assert frame["size"].to_list() == frame["text"].str.len_chars().to_list()
    assert run.counts.documents == frame.height


def test_columns_that_differ_between_batches_end_in_one_type(tmp_path: Path) -> None:
    rows = [{"id": f"d{n}", "text": "x" * 40, "mixed": n if n < 20 else float(n),
             "late": None if n < 39 else "here", "nested": [[n, "a"]] if n > 30 else None}
            for n in range(40)]  # fmt: skip
    source = write_jsonl(tmp_path / "a.jsonl", rows)

    curate(recipe(), input=str(source), out=tmp_path / "out")

    frame = data(tmp_path / "out")
    assert frame.schema["mixed"] == pl.Float64
    assert frame["late"].to_list() == [None] * 39 + ["here"]
    assert frame["nested"].to_list()[31] == '[[31,"a"]]'


def test_jsonl_output_gives_nested_fields_back_as_they_came(tmp_path: Path) -> None:
    rows = [{"id": "a", "text": "x", "entities": [[0, 1, "city"]], "label": "b"}]
    source = write_jsonl(tmp_path / "a.jsonl", rows)

    curate(made_of(*recipe().steps, output="jsonl"), input=str(source), out=tmp_path / "out")

    assert (tmp_path / "out/data/part-00000.jsonl").read_text(encoding="utf-8") == (
        '{"id":"a","text":"x","entities":[[0,1,"city"]],"label":"b"}\n'
    )


def test_made_documents_have_a_parent_and_are_counted_apart(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", records(12))

    run = curate(made_of(EchoOptions(), *recipe().steps), input=str(source), out=tmp_path / "out")

    rows = ledger(tmp_path / "out").filter(pl.col("parent") != "")
    assert rows["id"].to_list() == ["d1#echo", "d4#echo"]
    assert rows.select("state", "step", "partner", "parent").rows() == [
        ("added", "echo", "d1", "d1"), ("added", "echo", "d4", "d4"),
    ]  # fmt: skip
    assert run.counts.added == 2
    assert run.counts.inputs == 12
    made = data(tmp_path / "out").filter(pl.col("id") == "d4#echo").row(0, named=True)
    assert made["text"].endswith(" again")
    assert made["n"] == -1


def test_a_step_that_fails_on_a_document_ends_the_run_and_names_that_document(
    tmp_path: Path,
) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", records(30))

    with pytest.raises(InputError) as told:
        curate(made_of(BrittleOptions()), input=str(source), out=tmp_path / "out")

    assert str(told.value) == (
        f"{source}, line 4: step brittle failed (ZeroDivisionError) on document 'd3'. With "
        "`on_error: skip` in the recipe the run goes on without it"
    )


def test_a_step_that_fails_on_a_document_loses_that_document_alone_when_told_to_skip(
    tmp_path: Path,
) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", records(30))

    curate(made_of(BrittleOptions(), on_error="skip"), input=str(source), out=tmp_path / "out")

    faults = ledger(tmp_path / "out").filter(pl.col("state") == "fault")
    assert faults.select("id", "step", "reason").rows() == [
        ("d3", "brittle", "step brittle failed (ZeroDivisionError)"),
        ("d17", "brittle", "step brittle failed (ZeroDivisionError)"),
    ]
    assert data(tmp_path / "out").height == 28


@dataclass(frozen=True)
class Failing:
    """A step that fails on every document, in one way."""

    error: Exception
    name: str = "failing"

    def run(self, batch: Batch) -> Result:
        raise self.error


class FailingOptions(StepOptions):
    step: Literal["failing"] = "failing"
    disk: bool = False

    def build(self, run: RunSettings) -> Failing:
        return Failing(OSError(28, "No space left on device") if self.disk else KeyError("x"))


def test_a_step_that_fails_on_every_document_leaves_a_fault_for_each(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", records(1200))

    run = curate(
        made_of(FailingOptions(), on_error="skip"), input=str(source), out=tmp_path / "out"
    )

    assert (run.counts.fault, run.counts.documents) == (1200, 0)


def test_a_full_disk_is_no_documents_fault(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", records(30))
    recipe = made_of(FailingOptions(disk=True), on_error="skip")

    with pytest.raises(InputError) as told:
        curate(recipe, input=str(source), out=tmp_path / "out")

    assert str(told.value) == (
        "step failing cannot go on: [Errno 28] No space left on device. Finished batches are "
        "kept; mend it and run the same command again"
    )


def test_unreadable_records_end_the_run_by_default_and_are_all_told(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text('{"id": 1, "text": "ok"}\nnope\n{"id": 3}\n', encoding="utf-8")

    with pytest.raises(InputError) as told:
        curate(recipe(), input=str(source), out=tmp_path / "out")

    assert str(told.value) == (
        "2 records cannot be read:\n"
        f"  {source}, line 2: not valid JSON (column 1)\n"
        f"  {source}, line 3: field text is missing. Fields here: id. Set text_field in the recipe\n"
        "  Mend the input, or set `on_error: skip` in the recipe: such records then become "
        "`fault` rows of the ledger and the run goes on."
    )
    assert not (tmp_path / "out" / "run.json").exists()


def test_an_id_that_comes_twice_ends_the_run_and_names_both_places(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "a.jsonl", records(30))
    two = write_jsonl(tmp_path / "b.jsonl", records(2, start=29))

    with pytest.raises(InputError) as told:
        curate(recipe(), input=[str(one), str(two)], out=tmp_path / "out")

    assert str(told.value) == (
        "1 record has an id used before:\n"
        f"  {two}, line 1: id 'd29' was used before, in {one}, line 30\n"
        "  Make ids unique, set `id_field: null` to number the records, or set "
        "`on_error: skip` to keep the first of each."
    )


def test_an_id_that_comes_twice_is_a_fault_when_told_to_skip(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "a.jsonl", records(30))
    two = write_jsonl(tmp_path / "b.jsonl", records(3, start=28))
    chosen = made_of(*recipe().steps, SameSizeOptions(), on_error="skip")

    run = curate(chosen, input=[str(one), str(two)], out=tmp_path / "out")

    rows = ledger(tmp_path / "out").filter(pl.col("source") == str(two))
    assert rows["state"].to_list()[:2] == ["fault", "fault"]
    assert rows["partner"].to_list()[:2] == ["d28", "d29"]
    assert run.counts.fault == 2
    assert len(set(data(tmp_path / "out")["id"])) == run.counts.documents


def test_run_json_says_what_was_run_and_what_came_of_it(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", records(40))

    run = curate(
        made_of(ShortOptions(), *recipe().steps, SameSizeOptions(), seed=5),
        input=str(source), out=tmp_path / "out",
    )  # fmt: skip

    told = run_json(tmp_path / "out")
    assert told["trueline"] == trueline.__version__
    assert told["seed"] == 5
    assert told["policy"] == {"name": "default", "hash": run.policy_hash}
    assert [step["step"] for step in told["recipe"]["steps"]] == ["short", "lowercase", "same_size"]
    assert told["inputs"][0]["source"] == str(source)
    assert told["inputs"][0]["bytes"] == source.stat().st_size
    assert told["counts"]["inputs"] == 40
    assert [step["step"] for step in told["steps"]] == ["read", "short", "lowercase", "same_size"]
    assert sum(step["dropped"] for step in told["steps"]) == told["counts"]["dropped"]
    assert told["data"]["documents"] == told["counts"]["documents"]
    assert told["phases"][0]["batches"] > 3
    assert set(told["timings"]) >= {"read", "short", "lowercase", "same_size", "write data"}


def test_a_ledger_that_does_not_add_up_is_refused() -> None:
    from trueline.curate.executor import Outcome, PhaseRun
    from trueline.curate.shards import Summary

    rows = pl.DataFrame({"state": ["kept", "kept"], "parent": ["", ""]})
    phase = PhaseRun("read", summaries=[Summary(3, 2, 0, 0, 10, 3, "k")])

    with pytest.raises(LedgerError, match="3 records were read"):
        check_ledger(rows, Outcome([phase]), 2)


def test_a_reader_of_ones_own_is_one_small_class(tmp_path: Path) -> None:
    class QueueReader:
        def chunks(self) -> Any:
            for offset in (0, 2):
                rows = [b'{"id": "m%d", "text": "message"}' % n for n in (offset, offset + 1)]
                yield Chunk("jsonl", "queue:orders", offset + 1, b"\n".join(rows))

    curate(recipe(), reader=QueueReader(), out=tmp_path / "out")

    rows = ledger(tmp_path / "out")
    assert rows.select("id", "source", "line").rows() == [
        (f"m{n}", "queue:orders", n + 1) for n in range(4)
    ]


def test_a_second_run_into_the_same_folder_at_the_same_time_is_refused(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", records(4))
    out = tmp_path / "out"

    class Nested:
        def chunks(self) -> Any:
            curate(recipe(), input=str(source), out=out)
            yield from ()

    with pytest.raises(InputError) as told:
        curate(recipe(), reader=Nested(), out=out)

    assert str(told.value) == (
        f"another run is writing to {out}. Wait for it, or give another --out"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "no input: give --input GLOB, or `input:` in the recipe"),
        ({"input": "x", "workers": 0}, "input x: no such file."),
        ({"workers": 2, "engine": "local"},
         "engine local works in one process (got workers 2). Use --engine pool"),
        ({"engine": "spark"}, "engine: expected one of local, pool, ray (got 'spark')"),
        ({"workers": 0}, "workers: expected 1 or more (got 0)"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_told(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", records(1))
    given = settings if "input" in settings or not settings else {"input": str(source), **settings}

    with pytest.raises(InputError) as told:
        curate(recipe(), out=tmp_path / "out", **given)

    assert str(told.value).startswith(message)


def test_the_package_can_be_called_and_gives_the_function(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", records(4))
    path = tmp_path / "r.yaml"
    path.write_text(LOWERCASE, encoding="utf-8")

    called = trueline.curate(str(path), input=str(source), out=tmp_path / "one")
    imported = curate(str(path), input=str(source), out=tmp_path / "two")

    assert called.counts == imported.counts
    assert outputs(tmp_path / "one") == outputs(tmp_path / "two")


def test_the_package_can_be_called_whatever_was_imported_before() -> None:
    code = (
        "import trueline.curate.batch, trueline\nprint(callable(trueline.curate))\n"
        "import sys; print('polars' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True", "False"]


def test_a_step_that_hides_its_use_of_the_policy_is_found_out(tmp_path: Path) -> None:
    class PeekingOptions(StepOptions):
        step: Literal["peeking"] = "peeking"

        def build(self, run: RunSettings) -> MapStep:
            assert run.policy.name
            return Short(1)

    source = write_jsonl(tmp_path / "a.jsonl", records(1))

    with pytest.raises(RuntimeError, match="step peeking looks at the policy"):
        curate(made_of(PeekingOptions()), input=str(source), out=tmp_path / "out")
