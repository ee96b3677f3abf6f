"""Attacks on trained models: one that learned by heart is found out, one that did not is not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.assess.inside.tiny_models import notes, trained_language_model
from tests.train.rows import make_recipe, reviews, write_rows

from trueline.assess.evidence import read_evidence
from trueline.assess.leakage.evidence import membership_claims
from trueline.assess.leakage.generation import continuations
from trueline.assess.leakage.losses import text_losses
from trueline.assess.leakage.measure import measure_canaries, measure_membership
from trueline.assess.leakage.planting import make_canaries, planted_rows
from trueline.assess.text_rows import TextRow
from trueline.cli.inspected_model import load_inspected
from trueline.cli.main import main
from trueline.core.errors import InputError
from trueline.train.artifact import load_artifact
from trueline.train.batching import generator
from trueline.train.run import train


def as_rows(rows: list[dict[str, Any]], name: str = "rows") -> list[TextRow]:
    return [
        TextRow(row["text"], f"{name}:{number}", row.get("label", ""), row)
        for number, row in enumerate(rows, 1)
    ]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["assess", "leakage", *arguments])
    told = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, told.out, told.err


def test_a_loss_is_the_training_loss_of_the_same_text(memoriser: Path) -> None:
    artifact, model = load_artifact(memoriser), load_inspected(str(memoriser))
    texts = [row["text"] for row in notes(6, 3)]
    examples = artifact.task.encode([{"text": text} for text in texts])

    found = text_losses(model, texts)

    for text, example, loss in zip(texts, examples, found, strict=True):
        batch = artifact.task.collate([example], generator(0))
        with torch.no_grad():
            logits = artifact.model(input_ids=batch["input_ids"]).logits[0].log_softmax(-1)
        ids = batch["input_ids"][0]
        expected = -sum(float(logits[n, ids[n + 1]]) for n in range(len(ids) - 2))
        assert loss.nats == pytest.approx(expected, rel=1e-4)
        assert loss.characters == len(text)


def test_a_model_that_learned_by_heart_is_found_out(memoriser: Path) -> None:
    model = load_inspected(str(memoriser))

    (found,) = measure_membership(model, as_rows(notes(60, 1)), as_rows(notes(60, 2)))

    area, rate = membership_claims(found, 0.95)
    assert area.lower > 0.5
    assert rate.lower > 0.3


def test_a_model_that_saw_neither_tells_nothing(memoriser: Path) -> None:
    model = load_inspected(str(memoriser))

    (found,) = measure_membership(model, as_rows(notes(60, 7)), as_rows(notes(60, 8)))

    area, _ = membership_claims(found, 0.95)
    assert area.lower <= 0.5 <= area.upper


def test_a_reference_takes_away_what_is_hard_for_every_model(tmp_path: Path) -> None:
    """A Chinese line holds more nats a character: by loss alone it looks less like a member."""
    half_learned = trained_language_model(tmp_path / "model", notes(60, 1), steps=130)
    elsewhere = trained_language_model(tmp_path / "reference", notes(60, 9), steps=60)
    model, reference = load_inspected(str(half_learned)), load_inspected(str(elsewhere))

    loss, calibrated = measure_membership(
        model, as_rows(notes(60, 1)), as_rows(notes(60, 2)), [reference]
    )

    assert (loss.attack, calibrated.attack) == ("loss", "calibrated")
    assert calibrated.area > max(0.9, loss.area)


def test_a_masked_model_and_a_classifier_are_attacked_too(classifier: Path, tmp_path: Path) -> None:
    rows = notes(24, 1)
    masked = load_inspected(
        str(trained_language_model(tmp_path / "mlm", rows, steps=250, task="mlm"))
    )
    (found,) = measure_membership(masked, as_rows(rows), as_rows(notes(24, 2)))
    noisy = [{**row, "label": ("good", "bad")[n % 3 == 0]} for n, row in enumerate(notes(40, 5))]
    held_out = [{**row, "label": ("good", "bad")[n % 3 == 0]} for n, row in enumerate(notes(40, 6))]
    (tmp_path / "noisy").mkdir()
    recipe = make_recipe(tmp_path / "noisy", noisy, data={"dev_share": 0.0}, loop={"steps": 120})
    by_heart = load_inspected(str(train(recipe).folder))
    (labels,) = measure_membership(by_heart, as_rows(noisy), as_rows(held_out))

    assert membership_claims(found, 0.95)[0].lower > 0.5
    assert membership_claims(labels, 0.95)[0].lower > 0.5


def test_planted_canaries_are_exposed_the_more_often_they_were_planted(tmp_path: Path) -> None:
    canaries = make_canaries(8, seed=1, repeats=(0, 20))
    rows = planted_rows(as_rows(notes(40, 4)), canaries, "text", seed=1)
    model = load_inspected(str(trained_language_model(tmp_path / "lm", rows, steps=150)))

    ranks = measure_canaries(model, canaries, candidates=200, seed=0)

    planted = [rank.exposure for rank in ranks if rank.canary.repeats]
    controls = [rank.exposure for rank in ranks if not rank.canary.repeats]
    assert sorted(planted)[len(planted) // 2] == math.log2(201)
    assert max(controls) < math.log2(201)


def test_a_model_goes_on_as_it_learned_and_the_same_way_for_one_seed(memoriser: Path) -> None:
    model = load_inspected(str(memoriser))
    text = notes(60, 1)[1]["text"]
    beginning = text[: len(text) // 2]

    likeliest = continuations(model, [beginning, "天"], sample=0, max_tokens=30)
    drawn = [continuations(model, [beginning], sample=seed, max_tokens=10) for seed in (5, 5, 6)]

    assert likeliest[0] == text[len(text) // 2 :]
    assert drawn[0] == drawn[1]
    alone = continuations(model, [beginning], sample=0, max_tokens=30)
    assert alone[0] == likeliest[0]


def test_the_command_finds_personal_information_of_the_training_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"text": f"{name}的手机号是13800138{number:03d}"}
        for number, name in enumerate(("王先生", "李女士", "陈先生", "刘女士"), 101)
    ] * 8
    folder = trained_language_model(tmp_path / "lm", rows + notes(20, 1), steps=200)
    members = write_rows(tmp_path / "train.jsonl", rows[:4])
    others = write_rows(tmp_path / "other.jsonl", notes(30, 2))
    case = tmp_path / "case"

    code, out, err = run(
        capsys, str(folder), "--members", str(members), "--others", str(others), "--out",
        str(case), "--samples", "2", "--max-tokens", "24", "--lang", "zh",
    )  # fmt: skip

    evidence = read_evidence(case / "evidence" / "leakage.json")
    claims = {claim.id: claim for claim in evidence.claims}
    assert (code, err) == (0, f"证据：{case}/evidence/leakage.json\n")
    assert claims["extracted_training_pii.prefix"].inputs == {"found": 4, "n": 4}
    assert claims["extracted_training_pii.prefix"].outcome == "fail"
    assert "超限" in out
    assert [claim.recomputed() for claim in evidence.claims] == list(evidence.claims)
    written = (case / "evidence" / "leakage.json").read_text("utf-8")
    assert "13800138101" not in written
    assert "王先生" not in written


def test_planting_writes_rows_and_canaries(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = write_rows(tmp_path / "train.jsonl", reviews(10))
    out, canaries = tmp_path / "planted.jsonl", tmp_path / "canaries.jsonl"

    told = run(capsys, "plant", str(rows), "--out", str(out), "--canaries", str(canaries),
               "--count", "4")  # fmt: skip

    assert told == (0, "", f"{out}: 31 rows, 21 of them planted; {canaries}: 4 canaries\n")
    lines = [json.loads(line) for line in canaries.read_text("utf-8").splitlines()]
    assert [line["repeats"] for line in lines] == [0, 1, 4, 16]
    assert all("label" in json.loads(line) for line in out.read_text("utf-8").splitlines())


def test_rows_on_both_sides_are_refused(memoriser: Path) -> None:
    model = load_inspected(str(memoriser))
    rows = as_rows(notes(4, 1), "held.jsonl")

    with pytest.raises(InputError) as told:
        measure_membership(model, rows, rows[2:])

    assert str(told.value) == (
        "2 texts stand among the members and among the others (first: held.jsonl:3); an unseen "
        "text must be unseen. Take them out of the others"
    )


def test_what_cannot_be_measured_is_said(
    classifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = write_rows(tmp_path / "other.jsonl", reviews(4))
    canaries = tmp_path / "canaries.jsonl"
    canaries.write_text('{"id": "a", "format": "code {}", "secret": "12", "repeats": 0}\n', "utf-8")

    assert run(capsys, str(classifier)) == (
        2, "", "error: nothing to measure: give --members and --others, or --canaries\n"
    )  # fmt: skip
    assert run(capsys, str(classifier), "--others", str(others)) == (
        2, "", "error: --others and --reference need --members and --others beside them\n"
    )  # fmt: skip
    assert run(capsys, str(classifier), "--canaries", str(canaries)) == (2, "", (
        "error: ranking canaries needs a causal language model or a masked language model; run is "
        "a classifier. Give another model\n"
    ))  # fmt: skip
