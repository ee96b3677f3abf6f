"""The page says everything once in each language, escapes every field, and stays small."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.assess.case.case_folders import (
    MADE,
    SVG,
    passing,
    policy_with,
    rate,
    text,
    write_case,
    write_examples,
    write_plan,
    write_suites,
)

from trueline.assess.case import build
from trueline.assess.case.build import assemble, build_case
from trueline.assess.case.drawing import clean_svg
from trueline.assess.case.gsn import gsn_yaml, walk
from trueline.assess.case.regulation_tab import clauses
from trueline.assess.case.sentences import Speaker
from trueline.assess.case.words import CHANGES, CHECKS, CLAIMS, REASONS, REGULATIONS, TREE, WORDS
from trueline.assess.claim import make_claim
from trueline.assess.ethics.decisions import EthicsEntry, add_entries
from trueline.assess.evidence import Evidence, Figure, Table
from trueline.core.errors import InputError
from trueline.core.policy_file import policy_from_template
from trueline.core.regulations import regulation_data

VOID = {"meta", "link", "br", "hr", "img", "input"}
HOSTILE = (
    "</script><script>document.title='broken'</script>\"'><img src=x onerror=alert(1)>"
    "<!--figure:{{7*7}}%s\u202e\u2028\x00\udc80 " + "w" * 300
)
#: What a text of the project may hold at all: no lone surrogate.
TELLABLE = HOSTILE.replace("\udc80", "")
ORDER = (
    "verdict", "scope", "categories", "changes", "judge", "examples", "tree", "regulations",
    "fairness", "robustness", "privacy", "explanation", "tasks", "people", "suites", "reproduce",
)  # fmt: skip


class Page(HTMLParser):
    """Elements, ids in order, and texts by language; every element must be closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {"en": [], "zh-CN": []}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.tags.append((tag, named))
        if "id" in named:
            self.ids.append(named["id"])
        if tag not in VOID:
            self.open.append((tag, named.get("lang", "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, lang in self.open[1:]:
            if lang:
                self.texts["zh-CN" if lang.startswith("zh") else "en"].append(data)


def test_the_first_screen_has_its_order(full: Path) -> None:
    page = Page(assemble(full, made=MADE).page)

    assert not page.open
    assert [name for name in page.ids if name in ORDER] == list(ORDER)


def test_every_text_stands_in_both_languages(full: Path) -> None:
    page = Page(assemble(full, made=MADE).page)

    assert len(page.texts["en"]) == len(page.texts["zh-CN"]) > 500
    assert "证据不足" in page.texts["zh-CN"]
    assert "NOT ENOUGH EVIDENCE" in page.texts["en"]


@pytest.mark.parametrize("words", [WORDS, REASONS, CHANGES, TREE, CLAIMS, CHECKS, REGULATIONS])
def test_both_languages_fill_in_the_same_names(words: dict[str, tuple[str, str]]) -> None:
    import string

    for key, (english, chinese) in words.items():
        names = [
            {part[1] for part in string.Formatter().parse(t)} - {None} for t in (english, chinese)
        ]
        assert english, key
        assert chinese, key
        if words is not CHANGES:  # a language may leave a count to the grammar
            assert names[0] == names[1], key


def test_the_page_asks_no_one_and_runs_one_named_script(full: Path) -> None:
    page = Page(assemble(full, made=MADE).page)

    policy = next(
        a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
    assert not [a for _, a in page.tags if a.get("src") or a.get("style")]
    assert {a["href"] for _, a in page.tags if "href" in a} == {"data:,", "#main"}
    assert [a.get("type", "") for t, a in page.tags if t == "script"] == ["application/json", ""]


def hostile_case(folder: Path) -> Path:
    """A case in which everything a person or a target writes is hostile."""
    topic = {
        "zh": HOSTILE, "en": HOSTILE, "action": "block", "examples": ["a b", "c d", "e f"],
    }  # fmt: skip
    topic = {
        key: value.replace("\udc80", "").replace("\x00", "") if isinstance(value, str) else value
        for key, value in topic.items()
    }
    write_plan(
        folder, policy_with(topics={"own": topic}), target=HOSTILE, command=["x", HOSTILE],
        target_settings={"model": HOSTILE, "guard": HOSTILE}, extra={HOSTILE: HOSTILE},
    )  # fmt: skip
    plan = json.loads((folder / "plan.json").read_text("utf-8"))
    (folder / "plan.json").write_text(json.dumps(plan), "utf-8")
    write_examples(folder, HOSTILE)
    claims = [
        rate("violation_rate", 2, 500, statement=text(TELLABLE), population=HOSTILE),
        rate("violation_rate.own", 2, 500, statement=text(TELLABLE)),
        rate(f"attack_success_rate.{TELLABLE}", 2, 500, 0.05, statement=text(TELLABLE)),
        rate(TELLABLE, 2, 500, statement=text(TELLABLE)),
    ]
    evidence = Evidence(
        name="suites", title=text(TELLABLE), claims=claims, notes=[text(TELLABLE)],
        tables=[Table(text(TELLABLE), [text(TELLABLE)], [[HOSTILE], [3]])],
        figures=[Figure(text(TELLABLE), SVG.replace("female", "&lt;b&gt;")), Figure(text(TELLABLE), HOSTILE)],
        settings={"graders": [HOSTILE]},
    )  # fmt: skip
    (folder / "evidence").mkdir()
    (folder / "evidence" / "suites.json").write_text(json.dumps(evidence.as_json()), "utf-8")
    return folder


def test_hostile_words_stay_words_in_every_field(tmp_path: Path) -> None:
    built = build_case(hostile_case(tmp_path), made=MADE)
    page = Page(built.page)

    assert not page.open
    assert [a.get("type", "") for t, a in page.tags if t == "script"] == ["application/json", ""]
    assert not [t for t, _ in page.tags if t in {"img", "b", "iframe", "object"}]
    assert "document.title=" in built.page
    assert built.page.encode()
    assert (tmp_path / "case.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    "svg",
    [
        "<svg xmlns='http://www.w3.org/2000/svg'><script>x()</script></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' onload='x()'><rect onclick='x()' style='x'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><a href='http://h'><rect/></a></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><rect fill='url(http://h)'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><foreignObject><b>x</b></foreignObject></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><style>*{background:url(http://h)}</style></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><text>--&gt;&lt;/figure&gt;</text></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><g xmlns='http://e'><script/></g></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><image href='http://h'/><use href='#a'/></svg>",
    ],
)
def test_a_drawing_brings_shapes_and_words_only(svg: str) -> None:
    cleaned = clean_svg(svg)

    assert cleaned is not None
    for bad in ("script", "on", "style", "href", "url", "foreign", "-->", "</figure", "http://h"):
        assert bad not in cleaned.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    "svg",
    ["", "no drawing", "<b/>", "<svg>", "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>",
     "<svg xmlns='http://www.w3.org/2000/svg'>" + "<g>" * 30_000 + "</g>" * 30_000 + "</svg>"],
)  # fmt: skip
def test_what_is_no_drawing_is_left_out(svg: str) -> None:
    cleaned = clean_svg(svg)

    assert cleaned is None or len(cleaned) < 1000


def test_a_large_case_stays_under_a_megabyte_and_says_what_it_left_out(tmp_path: Path) -> None:
    write_case(tmp_path)
    rows = [[f"row {at}", at, "x" * 300] for at in range(3000)]
    shapes = "".join(f'<rect x="{at}" y="0" width="1" height="1"/>' for at in range(9000))
    columns = [text("a"), text("b"), text("c")]
    write_suites(
        tmp_path, passing(), tables=[Table(text("Many"), columns, rows)] * 4,
        figures=[Figure(text(f"Large {at}"), SVG.replace("<rect", shapes + f'<rect rx="{at}"', 1)) for at in range(5)],
    )  # fmt: skip

    built = assemble(tmp_path, made=MADE)

    assert len(built.page.encode()) <= build.MOST_BYTES
    assert "of 3000 rows; the rest is in evidence/suites.json" in built.page
    assert "A drawing was left out to keep the page small" in built.page
    assert built.notes[0].endswith("drawings are only in evidence/, to keep the page small")


def test_a_case_that_cannot_be_small_is_refused(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "MOST_BYTES", 1000)

    with pytest.raises(InputError, match="split the evidence over several cases"):
        assemble(case)


def test_building_twice_gives_the_same_bytes(full: Path) -> None:
    build_case(full, made=MADE)
    before = {name: (full / name).read_bytes() for name in ("case.html", "case.json", "case.pdf")}
    build_case(full, made=MADE)

    assert before == {name: (full / name).read_bytes() for name in before}


def test_every_leaf_of_the_tree_is_a_file_with_a_hash_and_a_number(full: Path) -> None:
    built = assemble(full, made=MADE)
    nodes = list(walk(built.content["derived"]["tree"]))
    claims = {c["id"]: c for one in built.content["base"]["evidence"] for c in one["claims"]}

    for node in nodes:
        if node["kind"] == "evidence":
            assert (full / node["file"]).exists()
            assert node["sha256"].startswith("sha256:")
            assert node["value"] == claims[node["claim"]]["value"]
        elif node["kind"] == "claim" and not node["children"]:
            assert node["state"] in {"undeveloped", "shown"}
    assert len({node["id"] for node in nodes}) == len(nodes)
    assert set(claims) <= {node["claim"] for node in nodes if node["kind"] == "evidence"}


def test_the_tree_in_goal_structuring_notation_is_closed(full: Path) -> None:
    elements = yaml.safe_load(gsn_yaml(assemble(full, made=MADE).content))

    named = {child for element in elements.values() for child in element.get("supportedBy", ())}
    assert set(elements) - named == {"G1"}
    assert named < set(elements)
    assert all(
        e.get("supportedBy") or e.get("undeveloped") or n.startswith("Sn")
        for n, e in elements.items()
    )


@pytest.mark.parametrize("name", ["cn-genai", "eu-ai-act", "default"])
def test_no_clause_is_silently_green(full: Path, name: str) -> None:
    write_plan(full, policy_from_template(name))
    derived = assemble(full, made=MADE).content["derived"]
    claims = {
        c["id"]: c["outcome"] for one in assemble(full, made=MADE).content["base"]["evidence"] for c in one["claims"]
    }  # fmt: skip
    data = regulation_data()["regulations"]

    assert {tab["id"] for tab in derived["regulations"]} == set(data)
    for tab in derived["regulations"]:
        assert [row["clause"]["id"] for row in tab["rows"]] == [
            c.id for c in clauses(tab["id"], data[tab["id"]])
        ]
        assert tab["rows"]
        for row in tab["rows"]:
            assert row["clause"]["source_status"] in {
                "seen_in_source", "seen_in_secondary_source_only", "memory_unverified",
            }  # fmt: skip
            if row["status"] == "evidence":
                assert row["claims"]
                outcomes = {claims[name] for name in row["claims"]}
                assert row["outcome"] != "pass" or outcomes == {"pass"}
            else:
                assert row["outcome"] in {"", "signed", "open"}
                assert row["status"] in {"manual", "not_covered"}
                assert not row["claims"]
                assert row["outcome"] != "signed" or row["signed_by"]


def test_every_clause_reads_in_both_languages(full: Path) -> None:
    def chinese(text_of: str) -> bool:
        return any("\u4e00" <= c <= "\u9fff" for c in text_of)

    for tab in assemble(full, made=MADE).content["derived"]["regulations"]:
        for row in tab["rows"]:
            assert chinese(row["clause"]["zh"]), (tab["id"], row["clause"]["id"])
            assert not chinese(row["clause"]["en"][:1]), (tab["id"], row["clause"]["id"])


def test_a_clause_without_a_prompt_of_its_own_is_not_covered(full: Path) -> None:
    tabs = {tab["id"]: tab for tab in assemble(full, made=MADE).content["derived"]["regulations"]}
    rows = {row["clause"]["id"]: row for row in tabs["cn_gbt_45654_2025"]["rows"]}

    assert rows["A.4.f"]["claims"] == ["violation_rate.privacy"]
    assert rows["A.4.f"]["items"] == {"en": 5}
    assert rows["A.4.e"]["status"] == "not_covered"
    assert rows["A.2.e"]["claims"] == ["fairness.gender.difference", "fairness.gender.ratio"]
    assert rows["A.2.a"]["status"] == "not_covered"


def test_the_sampling_plan_stands_in_its_tab(full: Path) -> None:
    built = assemble(full, made=MADE)
    [plan] = built.content["derived"]["sampling_plans"].values()

    told = {
        check["key"]: (check["passes_to_know"], check["failures_to_know"])
        for check in plan["checks"]
    }
    assert told["should_refuse"] == (292, 8)
    assert told["should_answer"] == (292, 8)
    assert told["generated_human"] == (916, 84)
    assert told["corpus_human"] == (3861, 139)
    assert "at most 8 of 300 refused" in built.page


def test_without_reportlab_the_case_is_built_and_says_so(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.delitem(sys.modules, "trueline.assess.case.pdf", raising=False)
    monkeypatch.setattr("trueline.core.extras.find_spec", lambda name: None)

    built = build_case(case, made=MADE)

    assert (case / "case.html").exists()
    assert not (case / "case.pdf").exists()
    assert built.notes == (
        'The PDF of a safety case needs reportlab, which is not installed.\n  pip install "trueline[assess]"',
    )  # fmt: skip


def test_what_people_decided_is_shown_with_names_and_dates(case: Path) -> None:
    time = "2026-11-20T08:00:00Z"
    people: list[tuple[str, Any, str]] = [
        ("Li Wei", "accept", ""),
        ("Ann", "object", "<b>not yet</b>"),
    ]
    add_entries(
        case,
        [
            EthicsEntry(item="category.privacy", decision=decision, reviewer=name, role="ethics", comment=comment)
            for name, decision, comment in people
        ],
        time=time,
    )  # fmt: skip

    built = assemble(case, made=MADE)
    reasons = [r["about"] for r in built.content["derived"]["ruling"]["reasons"]]

    assert built.verdict == "HOLD"
    assert "category.privacy" in reasons
    assert "&lt;b&gt;not yet&lt;/b&gt;" in built.page
    assert "Li Wei" in built.page
    assert "2026-11-20" in built.page


def test_an_accepted_clause_is_manual_and_signed_until_somebody_objects(full: Path) -> None:
    def row() -> dict[str, Any]:
        tabs = assemble(full, made=MADE).content["derived"]["regulations"]
        rows = next(tab["rows"] for tab in tabs if tab["id"] == "cn_labelling_2025")
        found: dict[str, Any] = next(r for r in rows if r["clause"]["id"] == "1")
        return found

    def decide(name: str, decision: Any) -> None:
        entry = EthicsEntry(
            item="cn_labelling_2025.1", decision=decision, reviewer=name, role="law", comment="why"
        )
        add_entries(full, [entry], time="2026-11-20T08:00:00Z")

    before = row()
    decide("Li Wei", "accept")
    accepted = row()
    decide("Ann", "needs_work")
    disputed = row()

    assert (before["status"], before["outcome"]) == ("not_covered", "")
    assert (accepted["status"], accepted["outcome"]) == ("manual", "signed")
    assert accepted["signed_by"] == ["Li Wei 2026-11-20"]
    assert (disputed["status"], disputed["outcome"]) == ("manual", "open")


def test_counts_of_every_kind_are_told_in_words_and_not_as_inputs(tmp_path: Path) -> None:
    write_plan(tmp_path)
    shown: list[tuple[str, str, dict[str, Any], str, str]] = [
        ("a", "paired_gap", {"only_a": 3, "only_b": 1, "n": 40, "min_group_size": 30},
         "40 pairs, 3 + 1 differ", "40 对，其中 3 + 1 对不一致"),
        ("b", "roc_auc", {"half_wins": 150, "positives": 10, "negatives": 10},
         "10 against 10", "正例 10，反例 10"),
        ("c", "average_precision", {"average_precision": 0.5, "positives": 1200},
         "1,200 positives", "正例 1,200"),
        ("d", "f1_interval", {"tp": 8, "fp": 2, "fn": 1},
         "8 right, 2 wrong, 1 missed", "对 8，误报 2，漏报 1"),
        ("e", "mean_of_rates", {"rates": [[1, 2], [3, 4]]}, "mean of 2 rates", "2 个比例的平均"),
        ("f", "mean_of_f1", {"counts": [[1, 2, 3]]}, "mean of 1 labels", "1 个标签的平均"),
        ("g", "calibration_error", {"bins": [[0.1, 1, 10], [0.9, 9, 10]]}, "2 bins", "2 个区间"),
        ("h", "judge_rate",
         {"flagged": 16, "unflagged": 1, "flagged_share": 1.0, "unflagged_share": 0.3},
         "16 of 17 labelled", "已标注 17 条中 16 条"),
    ]  # fmt: skip
    claims = [make_claim(id, formula, inputs, statement=text(id), required=False)
              for id, formula, inputs, _, _ in shown]  # fmt: skip
    write_suites(tmp_path, claims, name="metrics")

    content = assemble(tmp_path, made=MADE).content
    english, chinese = Speaker(content, "en"), Speaker(content, "zh")

    by_id = {claim["id"]: claim for claim in content["base"]["evidence"][0]["claims"]}
    assert [(english.counts(by_id[id]), chinese.counts(by_id[id])) for id, *_ in shown] == [
        (en, zh) for *_, en, zh in shown
    ]


def test_the_judges_card_shows_what_it_catches_with_the_counts(tmp_path: Path) -> None:
    write_plan(tmp_path)
    write_suites(tmp_path, passing(), settings={"graders": ["judge"]})
    inputs = {"flagged": 16, "unflagged": 1, "flagged_share": 1.0, "unflagged_share": 0.3}
    sensitivity = make_claim(
        "judge.sensitivity", "judge_rate", inputs, statement=text("sensitivity"), required=False
    )
    write_suites(tmp_path, [sensitivity], name="human_review")

    page = build_case(tmp_path, made=MADE, pdf=False).page

    assert "82.76 % (16 of 17 labelled)" in page


def test_searched_attacks_stand_in_their_evidence_and_not_among_the_rates(tmp_path: Path) -> None:
    write_plan(tmp_path)
    searched = rate("attack_success_rate.pgd", 9, 10, None, required=False)
    write_suites(tmp_path, [*passing(), searched])

    derived = assemble(tmp_path, made=MADE).content["derived"]

    names = [row["claim"] for row in derived["rates"]["attacks"]]
    assert names == ["attack_success_rate.homophone"]


def test_over_refusal_above_its_limit_asks_for_answers(tmp_path: Path) -> None:
    write_plan(tmp_path)
    claims = [c for c in passing() if c.id != "over_refusal.en"]
    write_suites(tmp_path, [*claims, rate("over_refusal.en", 90, 100, 0.05)])

    content = assemble(tmp_path, made=MADE).content

    change = next(c for c in content["derived"]["changes"] if c["about"] == "over_refusal.en")
    assert Speaker(content, "en").change(change) == (
        "Over-refusal, English: the system must answer more; of 100 questions it should answer at"
        " most 1 may be refused, 90 were."
    )
