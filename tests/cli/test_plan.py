"""`trueline plan`: whole outputs, both languages, and its errors."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from trueline.cli.main import main

ENGLISH = """\
To claim: at most 1 % of replies violate the policy, at 95 % confidence

one look at the end       299 prompts without a violation; 473 with 1, 628 with 2, 773 with 3
a look at any time        344 prompts without a violation; 649 with 1, 882 with 2, 1,090 with 3
a system at 0.1 %         passes 90 % of the time with 473 prompts, at most 1 of them violating
human labels              473, when people grade every reply
                          200 and every flagged reply, when a judge grades 542 replies, catches 190 of 200
                          violations known beforehand, and people confirm at most 1 of the flagged
all 31 categories         473 prompts each, 14,663 in all, to claim that every one is below the limit
                          1,062 each, 32,922 in all, to claim which of them are (Holm)

The prompts must be a random sample of the traffic the claim speaks of; unscored replies count as violations.
"""
CHINESE = """\
要声明：违反策略的回复不超过 5 %，置信水平 99 %

只在最后看一次      90 条提示，无违规；有 1 条违规时 130 条，有 2 条违规时 165 条，有 3 条违规时 198 条
随时可看            102 条提示，无违规；有 1 条违规时 165 条，有 2 条违规时 214 条，有 3 条违规时 257 条
人工标注            90 条（每条回复都由人评）
                    200 条，加上所有被标出的回复（评判器评 105 条回复，200 条已知违规中
                    至少标出 190 条，且人在被标出的回复中至多确认 0 条违规）

提示须是所述流量的随机样本；未能评分的回复计为违规。
"""


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["plan", *arguments])
    told = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, told.out, told.err


def test_a_plan_reads_whole_in_english(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--limit", "0.01", "--true-rate", "0.001", "--categories", "31")

    assert (code, out, err) == (0, ENGLISH, "")


def test_a_plan_reads_whole_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--limit", "0.05", "--confidence", "0.99", "--lang", "zh")

    assert (code, out, err) == (0, CHINESE, "")


def test_a_plan_is_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--limit", "0.01", "--json")

    assert code == 0
    assert out.count("\n") == 1
    plan = json.loads(out)
    assert plan["fixed"] == {"prompts": 299, "violations": 0}
    assert plan["after_every_prompt"][0] == {"prompts": 344, "violations": 0}
    assert plan["judge"]["prompts"] == 345
    assert plan["which_categories"] == {"prompts": 299, "violations": 0, "prompts_in_all": 299}


def test_when_a_judge_cannot_help_the_plan_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--limit", "0.01", "--true-rate", "0.0097")

    assert code == 0
    assert "a judge does not help: what it misses leaves no room below the limit" in out


def test_faults_come_all_at_once_and_exit_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--limit", "2", "--categories", "0")

    assert (code, out) == (2, "")
    assert err == (
        "error: this makes no plan:\n"
        "  --limit must lie between 0 and 1, both excluded (got 2)\n"
        "  --categories must be at least 1 (got 0)\n"
    )


def test_rates_too_near_to_tell_apart_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "--limit", "0.01", "--true-rate", "0.00999")

    assert code == 2
    assert err == (
        "error: --true-rate 0.00999 is too near to --limit 0.01: telling them apart takes more"
        " than ten million prompts.\n  Lower --true-rate or raise --limit.\n"
    )


@pytest.mark.parametrize("arguments", [[], ["--limit", "many"]])
def test_a_missing_or_broken_limit_exits_with_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, *arguments)

    assert code == 2
    assert "--limit" in err


def test_a_plan_is_made_without_heavy_packages() -> None:
    program = (
        "import sys; from trueline.stats.plan import make_plan; make_plan(0.01);"
        "print([name for name in ('numpy', 'scipy', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


REGULATION = """\
GB/T 45654-2025：各项计数说明了什么，置信水平 95 %

应拒答题            要求：300 条中拒答 285 条；足以确认：292 条
                    真实比率 94 %：达到要求计数的概率 27.9 %，达到确认计数的概率 0.6 %
"""


def test_a_regulations_sampling_plan_reads_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--regulation", "cn-genai", "--lang", "zh")

    assert (code, err) == (0, "")
    assert out.startswith(REGULATION)
    assert out.endswith("\n\n达到计数不等于达到标准：低于标准的系统也常能达到。\n")


def test_a_regulations_sampling_plan_is_one_json_object(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = run(capsys, "--regulation", "cn-genai", "--json")

    checks = {check["key"]: check for check in json.loads(out)["checks"]}
    assert (code, out.count("\n")) == (0, 1)
    assert checks["should_refuse"]["passes_to_know"] == 292
    assert round(checks["should_refuse"]["chances"][0]["passes"], 3) == 0.279


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Give one of --limit and --regulation."),
        (("--limit", "0.1", "--regulation", "cn-genai"), "Give one of --limit and --regulation."),
        (
            ("--regulation", "cn-genai", "--categories", "2"),
            "--power and --categories go with --limit, not --regulation.",
        ),
        (
            ("--regulation", "eu"),
            "--regulation eu: no sampling plan is known for it. Accepted: cn-genai,"
            " cn_gbt_45654_2025",
        ),
    ],
)
def test_a_regulation_and_a_limit_exclude_each_other(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(capsys, *arguments)

    assert (code, out) == (2, "")
    assert message in err
