"""Attacks on the embeddings of a trained classifier, and what they leave in a case."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from tests.train.rows import make_recipe, reviews, write_rows
from transformers import BertConfig, BertForSequenceClassification

from trueline.assess.evidence import read_evidence
from trueline.assess.gradients.measure import attack_embeddings
from trueline.assess.text_rows import TextRow, drawn, read_text_rows
from trueline.cli.inspected_model import load_inspected
from trueline.cli.main import main
from trueline.core.errors import InputError
from trueline.train.artifact import load_artifact
from trueline.train.predict import predict
from trueline.train.run import train


def labelled(count: int = 60) -> list[TextRow]:
    return [
        TextRow(row["text"], f"rows:{number}", row["label"])
        for number, row in enumerate(reviews(count), 1)
    ]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["assess", "gradients", *arguments])
    told = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, told.out, told.err


def test_the_inspected_model_reads_as_the_trained_one_predicts(classifier: Path) -> None:
    texts = [row.text for row in labelled(20)]
    model = load_inspected(str(classifier))

    batch = model.batch(model.tokenize(texts))
    read = model.logits(batch.ids, batch.mask).softmax(-1)

    told = list(predict(load_artifact(classifier), [{"text": text} for text in texts]))
    expected = [[one["scores"][label] for label in model.labels] for one in told]
    assert torch.allclose(read, torch.tensor(expected), atol=2e-6)


def test_embeddings_put_in_by_hand_read_as_the_ids_they_came_from(classifier: Path) -> None:
    model = load_inspected(str(classifier))
    batch = model.batch(model.tokenize(["the parcel was good", "快递很差"]))

    plain = model.logits(batch.ids, batch.mask)
    put_in = model.logits(batch.ids, batch.mask, model.embeddings(batch.ids))
    moved = model.logits(batch.ids, batch.mask, torch.roll(model.embeddings(batch.ids), 1, -1))

    assert torch.equal(plain, put_in)
    assert not torch.allclose(plain, moved)
    assert torch.equal(model.logits(batch.ids, batch.mask), plain)


def test_pgd_breaks_at_least_what_fgsm_breaks_and_more_with_a_larger_radius(
    classifier: Path,
) -> None:
    model = load_inspected(str(classifier))

    report = attack_embeddings(model, labelled(), radii=(0.1, 0.5, 2.0), steps=5)

    assert report.right >= 55
    for norm in ("l2", "linf"):
        one_step = [count.broken for count in report.of("fgsm", norm)]
        many = [count.broken for count in report.of("pgd", norm)]
        assert all(a >= b for a, b in zip(many, one_step, strict=True))
        assert many == sorted(many)
        assert many[-1] > report.of("noise", "l2")[-1].broken
    assert report.of("pgd", "l2")[-1].broken == report.right


def test_one_seed_gives_one_result(classifier: Path) -> None:
    model = load_inspected(str(classifier))

    first, again = (attack_embeddings(model, labelled(20), radii=(0.1, 0.3)) for _ in range(2))

    assert first == again


def test_the_command_leaves_claims_that_can_be_computed_again(
    classifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_rows(tmp_path / "test.jsonl", reviews(40))
    case = tmp_path / "case"

    code, out, err = run(
        capsys, str(classifier), "--data", str(data), "--out", str(case), "--radius", "0.1",
        "--radius", "0.5", "--lang", "zh",
    )  # fmt: skip

    evidence = read_evidence(case / "evidence" / "gradients.json")
    assert code == 0
    assert err == f"证据：{case}/evidence/gradients.json\n"
    assert out.startswith("未受攻击时，40 条文本判对 ")
    assert out.count("PGD") == 4
    assert [claim.recomputed() for claim in evidence.claims] == list(evidence.claims)
    broken = {claim.id: claim.inputs["found"] for claim in evidence.claims}
    assert broken["attack_success_rate.pgd.l2.0_5"] >= broken["attack_success_rate.fgsm.l2.0_5"]
    assert all(claim.limit is None and not claim.required for claim in evidence.claims)
    assert set(evidence.inputs) == {"test.jsonl", "model.safetensors"}
    assert len(evidence.figures) == 2
    for figure in evidence.figures:
        ElementTree.fromstring(figure.svg)
    assert "the parcel" not in (case / "evidence" / "gradients.json").read_text("utf-8")


def test_counts_are_one_object_a_line(
    classifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_rows(tmp_path / "test.jsonl", reviews(20))

    code, out, err = run(
        capsys, str(classifier), "--data", str(data), "--radius", "0.2", "--norm", "l2", "--json"
    )

    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [line["attack"] for line in lines] == ["noise", "fgsm", "pgd"]
    assert all(line["lower"] <= line["broken"] / line["attacked"] <= line["upper"]
               for line in lines)  # fmt: skip


def test_a_folder_of_transformers_is_attacked_too(classifier: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    tokenizer = load_inspected(str(classifier)).tokenizer
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=32, pad_token_id=tokenizer.pad_token_id,
        id2label={0: "bad", 1: "good"}, label2id={"bad": 0, "good": 1},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(str(folder))

    model = load_inspected(str(folder))
    report = attack_embeddings(model, labelled(20), radii=(5.0,))

    assert (model.kind, model.labels, model.longest) == ("classify", ("bad", "good"), 32)
    assert report.of("pgd", "l2")[0].broken == report.right > 0


def test_what_cannot_be_attacked_is_said(
    classifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    rows = [{"text": "fine", "label": "good"}, {"text": "", "label": "bad"}, {"text": "x"}]
    data = write_rows(tmp_path / "test.jsonl", rows)
    strange = write_rows(tmp_path / "strange.jsonl", [{"text": "fine", "label": "superb"}])

    assert run(capsys, str(empty), "--data", str(data)) == (2, "", (
        f"error: {empty} holds no model: there is neither trueline.json nor config.json. Give a "
        "folder that `trueline train` wrote, or one of transformers\n"
    ))  # fmt: skip
    assert run(capsys, str(classifier), "--data", str(data)) == (2, "", (
        f"error: {data} has rows that cannot be used:\n"
        "  line 2, text: a text that is not empty is needed\n"
        "  line 3, label: one label is needed (got nothing)\n  mend these lines\n"
    ))  # fmt: skip
    assert run(capsys, str(classifier), "--data", str(strange)) == (2, "", (
        f"error: {strange}:1: run has no label 'superb'; it has: bad, good. Mend the label\n"
    ))  # fmt: skip


def test_a_language_model_is_not_attacked_as_a_classifier(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, reviews(40), task={"task": "mlm"}, loop={"steps": 2})
    model = load_inspected(str(train(recipe).folder))

    with pytest.raises(InputError) as told:
        attack_embeddings(model, labelled(4))

    assert str(told.value) == (
        "attacking embeddings needs a classifier; run is a masked language model. "
        "Give another model"
    )


def test_rows_are_drawn_without_replacement_and_by_seed(tmp_path: Path) -> None:
    rows = read_text_rows(write_rows(tmp_path / "rows.jsonl", reviews(30)), "text", "label")

    first, again, other = drawn(rows, 10, 1), drawn(rows, 10, 1), drawn(rows, 10, 2)

    assert first == again
    assert first != other
    assert len({row.place for row in first}) == 10
    assert rows[11].place == f"{tmp_path}/rows.jsonl:12"
