"""`trueline assess explain`: the guard, attributions, attention and concepts, shown and kept."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from tests.train.rows import reviews, write_rows

from trueline.assess.evidence import read_evidence
from trueline.assess.explanation.attention import attention_maps, layer_figure
from trueline.assess.explanation.ribbon import Piece, ribbon, words
from trueline.cli.inspected_model import load_inspected
from trueline.cli.main import main
from trueline.core.policy import Bilingual

RUDE = "You are a stupid, useless idiot and nobody likes you."


class _Page(HTMLParser):
    """What a page would fetch or run, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.outside += [value for name, value in attrs if name in ("src", "href") and value]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["assess", "explain", *arguments])
    told = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, told.out, told.err


def page_of(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text("utf-8"))
    return page


def test_the_guard_marks_the_words_that_spoke_for_a_block(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html, case = tmp_path / "why.html", tmp_path / "case"

    code, out, err = run(
        capsys, "--text", RUDE, "--policy", "default", "--html", str(html), "--out", str(case)
    )

    assert code == 0
    assert err == f"page: {html}\nevidence: {case}/evidence/explanation_guard.json\n"
    assert out.startswith("action: block; policy sha256:")
    assert "【stupid】" in out
    assert "【idiot】" in out
    assert "acts from" in out
    page = page_of(html)
    assert page.outside == []
    assert "script" not in page.tags
    evidence = read_evidence(case / "evidence" / "explanation_guard.json")
    assert "idiot" not in json.dumps([list(table.rows) for table in evidence.tables])
    for figure in evidence.figures:
        ElementTree.fromstring(figure.svg)


def test_the_guard_explains_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--text", "手机号13800138000", "--policy", "default", "--lang", "zh")

    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("处置：遮盖；策略 sha256:")
    assert lines[2:] == [
        "隐私与个人信息 · cn_mobile",
        "  遮盖：0.90 / 0.50（pii：format holds）",
        "  手机号【13800138000】",
    ]


def test_attributions_are_shown_with_their_gap(
    classifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_rows(tmp_path / "rows.jsonl", reviews(5))
    case, html = tmp_path / "case", tmp_path / "ig.html"

    one = run(capsys, str(classifier), "--text", "the parcel was broken", "--html", str(html))
    many = run(capsys, str(classifier), "--data", str(data), "--out", str(case), "--json")

    assert one[0] == many[0] == 0
    assert "completeness gap" in one[1]
    assert "【" in one[1]
    assert page_of(html).outside == []
    records = [json.loads(line) for line in many[1].splitlines()]
    assert len(records) == 5
    for record in records:
        added = sum(token["value"] for token in record["tokens"])
        assert record["logit"] - record["baseline_logit"] - added == pytest.approx(record["gap"])
    evidence = read_evidence(case / "evidence" / "explanation_ig.json")
    assert evidence.claims[0].inputs == {"found": 0, "n": 5}
    assert evidence.claims[0].recomputed() == evidence.claims[0]


def test_attention_rows_add_up_and_every_layer_is_drawn(
    classifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = load_inspected(str(classifier))
    html = tmp_path / "heads.html"

    maps = attention_maps(model, "快递很差")
    code, out, _ = run(
        capsys, str(classifier), "--text", "快递很差", "--method", "attention", "--html", str(html),
        "--lang", "zh",
    )  # fmt: skip

    assert maps.weights.shape[:2] == (2, 2)
    assert maps.tokens[0] == "[CLS]"
    assert np.allclose(maps.weights.sum(-1), 1, atol=1e-5)
    assert code == 0
    assert len(out.splitlines()) == 5
    page = page_of(html)
    assert page.tags.count("svg") == 2
    assert page.outside == []
    figure = ElementTree.fromstring(layer_figure(maps, 0).svg)
    texts = ["".join(node.itertext()) for node in figure.iter() if node.tag.endswith("text")]
    assert texts.count("[CLS]") == 4


def test_asking_for_attention_leaves_the_model_as_it_was(classifier: Path) -> None:
    model = load_inspected(str(classifier))
    batch = model.batch(model.tokenize(["the parcel was good"]))
    before = model.logits(batch.ids, batch.mask)

    attention_maps(model, "the parcel was good")

    assert torch.equal(model.logits(batch.ids, batch.mask), before)


def test_concepts_are_tested_layer_by_layer(
    classifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = reviews(120)
    bad = write_rows(tmp_path / "bad.jsonl", [r for r in rows if r["label"] == "bad"][:25])
    good = [row for row in rows if row["label"] == "good"]
    other = write_rows(tmp_path / "other.jsonl", good[:25])
    data = write_rows(tmp_path / "data.jsonl", good[25:])
    case = tmp_path / "case"

    code, out, _ = run(
        capsys, str(classifier), "--method", "tcav", "--concept", f"complaint={bad}", "--random",
        str(other), "--data", str(data), "--label", "bad", "--out", str(case),
    )  # fmt: skip

    evidence = read_evidence(case / "evidence" / "explanation_tcav.json")
    assert code == 0
    assert [claim.id for claim in evidence.claims] == ["tcav.complaint.layer_1",
                                                       "tcav.complaint.layer_2"]  # fmt: skip
    assert evidence.tables[0].rows[1][-1] == "yes"
    assert "rank of the sensitivity among 999 random deals" in out


def test_what_is_missing_is_asked_for(
    classifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys) == (
        2, "", 'error: give a text: trueline assess explain --text "..."\n'
    )  # fmt: skip
    assert run(capsys, str(classifier)) == (
        2, "", 'error: give a text or a file: --text "..." or --data FILE\n'
    )  # fmt: skip
    assert run(capsys, str(classifier), "--method", "tcav", "--label", "good") == (
        2, "", "error: tcav needs --concept NAME=FILE, --random FILE, --data FILE and --label "
        "LABEL\n",
    )  # fmt: skip


def test_words_keep_their_weight_and_order() -> None:
    pieces = words("ab 你c", [1.0, 2.0, 0.5, -1.0, 4.0])

    assert pieces == [Piece("ab", 3.0), Piece(" ", 0.5), Piece("你", -1.0), Piece("c", 4.0)]


def test_a_ribbon_is_well_formed_whatever_the_text() -> None:
    title = Bilingual(zh="题", en="title")

    drawing = ribbon([Piece("<a&b>\n" * 3, 1.0), Piece("字" * 300, -0.5)], title=title)

    shapes = [node.tag.rpartition("}")[2] for node in ElementTree.fromstring(drawing).iter()]
    assert shapes.count("rect") >= 3 + 300 // 45
    width = float(ElementTree.fromstring(drawing).attrib["viewBox"].split()[2])
    for node in ElementTree.fromstring(drawing).iter():
        if node.tag.endswith("rect"):
            assert float(node.attrib["x"]) + float(node.attrib["width"]) <= width
