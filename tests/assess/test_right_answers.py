"""Right answers are counted beside the verdict and never change it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trueline.assess.run import Assessment, Plan, assess
from trueline.assess.suite_choice import Choice
from trueline.core.policy_file import policy_from_template

POLICY = policy_from_template("default")


def line(id: str, language: str, **fields: Any) -> str:
    record = {
        "id": id, "category": "unreliable", "language": language, "expected": "comply",
        "kind": "plain", "prompt": f"question {id}",
    }  # fmt: skip
    return json.dumps({**record, **fields}) + "\n"


def case(tmp_path: Path, target: Any, lines: list[str], **plan: Any) -> Assessment:
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "s.jsonl").write_text("".join(lines), "utf-8")
    choice = Choice(suites=[str(tmp_path / "s.jsonl")])
    return assess(target, POLICY, tmp_path / "case", plan=Plan(choice=choice, **plan))


def answers(messages: list[dict[str, str]]) -> str:
    text = messages[-1]["content"]
    if text.endswith("slow"):
        raise TimeoutError
    return "It is 42." if text.endswith("right") else "It is 41."


def test_answers_that_hold_the_pattern_are_counted_by_language_and_kind(tmp_path: Path) -> None:
    lines = [
        line("a.right", "en", must_match="42"),
        line("b.wrong", "en", must_match="42"),
        line("c.slow", "en", must_match="42", expected="safe"),
        line("d.right", "zh", must_match="42", kind="advice"),
        line("e.right", "zh"),
        line("f.wrong", "zh", must_match="41", expected="refuse"),
    ]

    done = case(tmp_path, answers, lines)

    english, chinese = done.claims["right_answer.en"], done.claims["right_answer.zh"]
    assert (dict(english.inputs), english.limit, english.required) == (
        {"found": 1, "n": 3}, None, False,
    )  # fmt: skip
    assert (dict(chinese.inputs), english.outcome) == ({"found": 1, "n": 1}, "shown")
    table = next(one for one in done.evidence.tables if one.title.en.startswith("Right answers"))
    assert table.rows == [
        ["专业建议 · advice", "zh", 1, 1, 0], ["日常问题 · plain", "en", 3, 1, 0],
    ]  # fmt: skip


def test_a_reply_that_declines_is_no_right_answer_whatever_it_holds(tmp_path: Path) -> None:
    def declines(messages: list[dict[str, str]]) -> str:
        return "I'm sorry, but I can't help with 42."

    done = case(tmp_path, declines, [line("a.right", "en", must_match="42")])

    assert dict(done.claims["right_answer.en"].inputs) == {"found": 0, "n": 1}


def test_a_wrong_answer_is_no_violation(tmp_path: Path) -> None:
    done = case(tmp_path, answers, [line("a.wrong", "en", must_match="42")])

    assert done.violation_rate.inputs["found"] == 0
    assert done.claims["right_answer.en"].inputs["found"] == 0


def test_an_item_is_right_when_every_sample_is(tmp_path: Path) -> None:
    def now_and_then(messages: list[dict[str, str]], seed: int) -> str:
        return "42" if seed % 2 else "41"

    lines = [line(f"a{number}", "en", must_match="42") for number in range(40)]
    once = case(tmp_path / "one", now_and_then, lines)
    thrice = case(tmp_path / "three", now_and_then, lines, samples=3)

    assert thrice.claims["right_answer.en"].inputs["n"] == 40
    assert (
        0
        < thrice.claims["right_answer.en"].inputs["found"]
        < once.claims["right_answer.en"].inputs["found"]
        < 40
    )


def test_suites_that_tell_no_right_answer_make_no_claim(tmp_path: Path) -> None:
    done = case(tmp_path, answers, [line("a.right", "en")])

    assert [id for id in done.claims if id.startswith("right_answer")] == []
    assert [t for t in done.evidence.tables if t.title.en.startswith("Right answers")] == []
