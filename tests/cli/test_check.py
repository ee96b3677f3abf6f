"""`trueline check`, as a user runs it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PHONE = "我的手机号是13800138000请尽快联系"


def run(*arguments: str, stdin: bytes = b"", cwd: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "trueline", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, cwd=cwd, check=False)


def test_a_text_with_a_phone_number_exits_1_and_shows_it_redacted(tmp_path: Path) -> None:
    done = run("check", PHONE, cwd=tmp_path)

    assert done.returncode == 1
    assert "我的手机号是[CN_MOBILE]请尽快联系" in done.stdout.decode()


def test_a_harmless_text_exits_0(tmp_path: Path) -> None:
    done = run("check", "What a calm and bright morning.", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert b"nothing found" in done.stdout


def test_json_lines_answer_in_order_with_the_fields_of_the_api(tmp_path: Path) -> None:
    lines = [
        {"id": "a", "text": PHONE, "role": "reply"},
        {"id": 2, "text": "hello", "context": {"history": ["hi"], "language": "en"}},
        {"id": None, "text": "\ud800 lone \x00"},
    ]
    stdin = "\n".join(json.dumps(line) for line in lines).encode()

    done = run("check", "--jsonl", "-", stdin=stdin, cwd=tmp_path)

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == ["a", 2, None]
    assert set(answers[0]) == {"id", "action", "scores", "redacted_text", "policy_hash"}
    score = answers[0]["scores"][0]
    assert score["category"] == "privacy"
    assert score["spans"] == [[6, 17]]
    assert {"score", "threshold", "scorer", "reason"} <= set(score)
    assert answers[2]["redacted_text"] == "\ud800 lone \x00"
    assert done.returncode == 1


def test_bad_lines_are_answered_in_place_and_listed_at_the_end(tmp_path: Path) -> None:
    stdin = (
        b'{"id":1,"text":"ok"}\nnot json\n{"id":3}\n{"id":4,"text":7}\n\xff\n{"id":6,"text":"ok"}'
    )

    done = run("check", "--jsonl", "-", stdin=stdin, cwd=tmp_path)

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [answer["id"] for answer in answers] == [1, None, 3, 4, None, 6]
    assert ["error" in answer for answer in answers] == [False, True, True, True, True, False]
    said = done.stderr.decode()
    assert "-, line 2: not valid JSON" in said
    assert "-, line 3: field text: expected a string, got nothing" in said
    assert "-, line 4: field text: expected a string, got a number" in said
    assert "-, line 5: not valid UTF-8" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "give one of"),
        (["check", "--file", "none.txt"], "cannot read none.txt"),
        (["check", "x", "--policy", "none.yaml"], "cannot read policy file none.yaml"),
        (["init", "--template", "nope"], "Accepted: default, strict"),
        (["policy", "check", "none.yaml"], "cannot read policy file"),
        (["nonsense"], "No such command"),
    ],
)
def test_a_mistake_is_one_message_and_exit_2(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    done = run(*arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_init_writes_a_policy_that_check_then_uses(tmp_path: Path) -> None:
    assert run("init", "--template", "strict", cwd=tmp_path).returncode == 0
    assert run("init", cwd=tmp_path).returncode == 2, "an existing file is not overwritten"

    done = run("check", "--json", "hello", cwd=tmp_path)
    listed = run("policy", "check", "--json", "policy.yaml", cwd=tmp_path)

    assert json.loads(done.stdout)["policy_hash"] == json.loads(listed.stdout)["policy_hash"]


def test_policy_diff_says_no_when_the_new_one_is_looser(tmp_path: Path) -> None:
    assert run("policy", "diff", "default", "default", cwd=tmp_path).returncode == 0
    done = run("policy", "diff", "strict", "default", cwd=tmp_path)

    assert done.returncode == 1
    assert '- categories.ip_secrets.action: "block" -> "redact"' in done.stdout.decode()


def test_policy_explain_names_manual_categories_in_both_languages(tmp_path: Path) -> None:
    english = run("policy", "explain", "default", cwd=tmp_path).stdout.decode()
    chinese = run("policy", "explain", "default", "--lang", "zh", cwd=tmp_path).stdout.decode()

    assert "misinformation" in english
    assert "manual: no scorer finds this yet" in english
    assert "人工：尚无评分器能发现" in chinese


@pytest.mark.parametrize(
    ("language", "remote", "mixed", "budget", "own"),
    [
        (
            "en",
            "0.5, the scorer's own",
            "calibrated, ≤ 0.5%; remote 0.5",
            "calibrated, ≤ 0.5%",
            "0.7",
        ),
        (
            "zh",
            "0.5，评分器自定",
            "自动校准，误伤 ≤ 0.5%；remote 0.5",
            "自动校准，误伤 ≤ 0.5%",
            "0.7",
        ),
    ],
)
def test_policy_explain_calls_calibrated_what_keeps_to_the_budget_and_nothing_else(
    tmp_path: Path, language: str, remote: str, mixed: str, budget: str, own: str
) -> None:
    (tmp_path / "policy.yaml").write_text(
        "name: x\ncategories:\n  defamation: {action: flag}\n  ip_secrets: {action: redact}\n"
        "  sexual: {action: block}\n  self_harm: {action: block}\n"
        "  cbrne: {action: block, threshold: 0.7}\n"
        "remote_judge: {url: 'http://127.0.0.1:9/v1', model: m,"
        " categories: [defamation, self_harm, cbrne]}\n",
        "utf-8",
    )

    done = run("policy", "explain", "policy.yaml", "--lang", language, cwd=tmp_path)

    cells = {
        line.split()[0]: re.split(r" {2,}", line)[3]
        for line in done.stdout.decode().splitlines()
        if re.search(r"(remote|secrets|linear)$", line)
    }
    assert cells == {
        "defamation": remote,
        "ip_secrets": remote,
        "sexual": budget,
        "self_harm": mixed,
        "cbrne": own,
    }


def test_policy_schema_accepts_every_template(tmp_path: Path) -> None:
    import jsonschema
    import yaml

    from trueline.core.policy_file import TEMPLATES, template_text

    schema = json.loads(run("policy", "schema", cwd=tmp_path).stdout)

    for name in TEMPLATES:
        jsonschema.validate(yaml.safe_load(template_text(name)), schema)
