"""The policy pages: rules with coverage, the YAML, and the check of a draft."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from tests.console.client import Reader, shown
from tests.e2e.servers import POLICY, RunningGateway

from trueline.core.policy_file import TEMPLATES, parse_policy, policy_from_template, template_text
from trueline.gateway.console.policy_draft import MAX_DRAFT, judge_draft


def test_every_rule_is_read_with_who_finds_it(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        words = shown(reader.get("/policy"))

    assert "prompt injection and jailbreak prompt_injection Block" in words
    assert "CBRNE weapons cbrne Off" in words
    coverage = shared.state.guard.judge.coverage()
    off = sum(who == "off" for who in coverage.values())
    assert f"{off} off" in words
    assert shared.state.policies.current.policy.hash in words


def test_a_category_nobody_looks_for_says_manual(console: RunningGateway) -> None:
    (console.folder / "policy.yaml").write_text(
        POLICY.replace("categories:", "categories:\n  cbrne: {action: block}"), encoding="utf-8"
    )
    console.state.policies.reload(force=True)

    with Reader(console.url) as reader:
        page = reader.get("/policy")

    assert "1 manual" in shown(page)
    row = re.search(r"<tr>(?:(?!</tr>).)*>cbrne<.*?</tr>", page.text, re.DOTALL)
    assert row is not None
    assert "badge-unmet" in row[0]
    assert ">manual<" in row[0]


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "0.5, the scorer's own"), ("zh", "0.5，评分器自定")],
)
def test_a_category_that_only_a_remote_judge_finds_is_not_called_calibrated(
    console: RunningGateway, language: str, said: str
) -> None:
    remote = "remote_judge: {url: 'http://127.0.0.1:9/v1', model: m, categories: [cbrne]}\n"
    (console.folder / "policy.yaml").write_text(
        POLICY.replace("categories:", "categories:\n  cbrne: {action: block}") + remote,
        encoding="utf-8",
    )
    console.state.policies.reload(force=True)

    with Reader(console.url, language) as reader:
        row = re.search(r"<tr>(?:(?!</tr>).)*>cbrne<.*?</tr>", reader.get("/policy").text, re.S)

    assert row is not None
    assert html.escape(said) in row[0].replace("&#39;", "&#x27;")


def test_the_yaml_page_shows_the_file_line_by_line(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        page = reader.get("/policy/yaml")

    assert "灰鲸计划" in page.text
    assert page.text.count('<span class="line">') == len(POLICY.splitlines())


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_can_be_read_and_compared(shared: RunningGateway, name: str) -> None:
    with Reader(shared.url) as reader:
        listing = reader.get(f"/policy/templates/{name}")
        compared = reader.get(f"/policy/draft?template={name}")

    assert f"name: {name}" in listing.text
    assert "Valid" in shown(compared)
    assert "stricter" in shown(compared)


def test_a_draft_with_faults_lists_each_with_its_line(shared: RunningGateway) -> None:
    draft = (
        "name: mine\nmax_violation_rate: 3\ncategories:\n"
        "  violence:\n    acton: block\n  no_such: {action: block}\n"
    )

    with Reader(shared.url) as reader:
        page = reader.post("/policy/draft", {"yaml": draft})
    words = shown(page)

    assert "Line 2 max_violation_rate: Input should be less than or equal to 1" in words
    assert "Line 5 categories.violence.acton: is not a field here; did you mean 'action'?" in words
    assert "Line 6 categories.no_such: is not known" in words
    faulty = re.findall(r'<span class="line faulty" id="draft-(\d+)"', page.text)
    assert {"2", "5", "6"} <= set(faulty)
    assert f">\n{draft}</textarea>" in page.text


def test_a_chinese_reader_is_told_the_faults_in_chinese(shared: RunningGateway) -> None:
    draft = "name: mine\nmax_violation_rate: 3\ncategories:\n  violence:\n    acton: block\n"

    with Reader(shared.url, "zh") as reader:
        words = shown(reader.post("/policy/draft", {"yaml": draft}))

    assert "第 2 行 max_violation_rate：应小于或等于 1（填写的是 3）" in words
    assert "categories.violence.action：必填，但没有填写" in words
    assert "categories.violence.acton：这里没有这个字段，是不是 'action'？可用：" in words
    assert "Input should" not in words


@pytest.mark.parametrize("page", ["/", "/policy"])
def test_a_faulty_file_is_told_in_the_readers_language(console: RunningGateway, page: str) -> None:
    (console.folder / "policy.yaml").write_text("name: x\nversion: 2\n", encoding="utf-8")
    console.state.policies.reload(force=True)

    with Reader(console.url, "zh") as chinese, Reader(console.url, "en") as english:
        told_zh, told_en = shown(chinese.get(page)), shown(english.get(page))

    assert (
        "不是有效的策略： 第 1 行，categories：必填，但没有填写 第 2 行，version：应为文本"
        in told_zh
    )
    assert "is not a valid policy: line 1, categories: is required and missing line 2" in told_en


def test_a_draft_that_is_not_yaml_says_where(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        words = shown(reader.post("/policy/draft", {"yaml": "name: [unclosed\ncategories: 1"}))

    assert "not valid YAML" in words
    assert re.search(r"Line \d", words)


def test_a_valid_draft_is_held_against_the_policy_in_force(shared: RunningGateway) -> None:
    draft = POLICY.replace("privacy: {action: redact}", "privacy: {action: block}").replace(
        "prompt_injection: {action: block}", "prompt_injection: {action: flag}"
    )

    with Reader(shared.url) as reader:
        page = reader.post("/policy/draft", {"yaml": draft})
    words = shown(page)

    assert "2 changes: 1 stricter, 1 looser" in words
    assert "categories. privacy. action ▲ stricter redact block" in words
    assert "categories. prompt_injection. action ▼ looser block flag" in words
    assert parse_policy(draft).hash in words
    assert shared.state.policies.current.policy.hash != parse_policy(draft).hash


def test_a_draft_equal_to_the_policy_says_so(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        words = shown(reader.post("/policy/draft", {"yaml": POLICY}))

    assert "The same as the policy in force" in words


def test_htmx_gets_the_outcome_alone(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        token = reader.token()
        part = reader.http.post(
            "/policy/draft",
            data={"csrf": token, "yaml": "name: x"},
            headers={"hx-request": "true"},
        )

    assert "<html" not in part.text
    assert "categories: is required and missing" in shown(part)


def test_a_draft_cannot_make_the_server_read_a_file(shared: RunningGateway, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the-word-nobody-may-see\n", encoding="utf-8")
    draft = f"{POLICY}  - {{category: privacy, file: {secret}}}\n".replace(
        "storage: {text: full}\n", ""
    )

    with Reader(shared.url) as reader:
        page = reader.post("/policy/draft", {"yaml": draft})

    assert "a text without a folder may not name files" in shown(page)
    assert "the-word-nobody-may-see" not in page.text


@pytest.mark.parametrize(
    "draft",
    [
        "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a, *a]\n" for n in range(40)),
        "x: " + "[" * 50_000,
        "name: !!python/object/apply:os.system ['true']",
        "\x00\x01",
        "- just\n- a list",
        "",
    ],
)
def test_a_hostile_draft_is_a_fault_and_nothing_else(draft: str) -> None:
    outcome = judge_draft(draft, policy_from_template("default"))

    assert outcome.faults
    assert not outcome.changes


def test_a_draft_beyond_the_limit_is_refused(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        page = reader.post("/policy/draft", {"yaml": "#" * (MAX_DRAFT + 1)})

    assert page.status_code == 400
    assert "more than 200000 characters" in shown(page)


def test_the_draft_may_start_from_the_policy_in_force(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        page = reader.get("/policy/draft?from=current")

    assert "灰鲸计划" in page.text


def test_templates_differ_from_the_default_in_both_directions_or_say_other() -> None:
    current = policy_from_template("default")
    outcome = judge_draft(template_text("strict"), current)

    assert {change.effect for change in outcome.changes} <= {"stricter", "looser", "other"}
    assert outcome.stricter > 0
