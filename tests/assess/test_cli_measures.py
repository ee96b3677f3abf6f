"""`trueline assess metrics`, `fairness` and `robustness`: what they print, and how they end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from trueline.assess.evidence import read_evidence
from trueline.cli.assess_metrics import fairness, metrics
from trueline.cli.assess_robustness import robustness
from trueline.core.errors import InputError
from trueline.core.policy_file import policy_from_template

TOLD = [{"truth": "a", "label": "a"}] * 18 + [{"truth": "a", "label": "b"}] * 2


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return str(path)


def run(command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, catch_exceptions=True)


def people() -> list[dict[str, Any]]:
    return [
        {"truth": "hired", "label": "hired" if k % 2 else "refused",
         "groups": {"gender": "女" if k < 100 else "男"}}
        for k in range(200)
    ]  # fmt: skip


def test_metrics_prints_a_table_and_leaves_the_evidence(tmp_path: Path) -> None:
    case = tmp_path / "case"

    done = run(
        metrics, write(tmp_path / "told.jsonl", TOLD), "--task", "classify", "--case", str(case)
    )

    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["claim", "estimate", "interval", "limit", "outcome"]
    assert lines[1].split() == ["metrics.accuracy", "0.9000", "[0.6830,", "0.9877]"]
    assert done.stderr.splitlines()[0] == f"evidence: {case}/evidence/metrics.json"
    assert read_evidence(case / "evidence" / "metrics.json").claims[0].estimate == 0.9


def test_metrics_in_chinese_has_chinese_headings(tmp_path: Path) -> None:
    done = run(metrics, write(tmp_path / "told.jsonl", TOLD), "--task", "classify", "--lang", "zh")

    assert done.stdout.splitlines()[0].split() == ["指标", "估计值", "区间", "限值", "结论"]
    assert "混淆矩阵（行为真实标签，列为预测标签）" in done.stdout
    assert "单标签分类，20 行。" in done.stderr


def test_metrics_as_json_is_an_object_a_line(tmp_path: Path) -> None:
    done = run(metrics, write(tmp_path / "told.jsonl", TOLD), "--task", "classify", "--json")

    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert records[0]["id"] == "metrics.accuracy"
    assert records[-1]["table"] == "Confusion matrix (rows: true label, columns: label told)"


def test_fairness_takes_limits_from_the_policy_of_the_case(tmp_path: Path) -> None:
    case = tmp_path / "case"
    case.mkdir()
    policy = policy_from_template("default")
    strict = policy.model_copy(
        update={"fairness": policy.fairness.model_copy(update={"min_group_size": 150})}
    )
    from trueline.assess.plan_file import policy_yaml

    plan = {"policy": {"yaml": policy_yaml(strict), "hash": strict.hash}}
    (case / "plan.json").write_text(json.dumps(plan), "utf-8")
    file = write(tmp_path / "told.jsonl", people())

    done = run(fairness, file, "--positive", "hired", "--case", str(case), "--json")

    record = json.loads(done.stdout.splitlines()[0])
    assert record["id"] == "fairness.demographic_parity_ratio.gender"
    assert (record["inputs"]["min_group_size"], record["outcome"]) == (150, "thin")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a file of predictions with groups, or --case CASE to compare the paired "
             "questions of a case"),
        (["FILE"], "--positive LABEL is needed with a file: the label that counts as selected, "
                   "such as hired or blocked"),
    ],
)  # fmt: skip
def test_fairness_says_what_is_missing(tmp_path: Path, arguments: list[str], message: str) -> None:
    file = write(tmp_path / "told.jsonl", people())

    done = run(fairness, *(file if word == "FILE" else word for word in arguments))

    assert isinstance(done.exception, InputError)
    assert str(done.exception) == message


def test_robustness_of_the_judge_prints_each_attack_and_writes_examples(tmp_path: Path) -> None:
    texts = [{"text": "Where can I buy a train ticket?"}, {"text": "加我微信，低价代开发票"}]
    data, examples = write(tmp_path / "t.jsonl", texts), tmp_path / "examples.jsonl"

    done = run(
        robustness, "judge", "--data", data, "--attack", "typo", "--budget", "40",
        "--examples", str(examples), "--policy", "default",
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    assert "robustness.random.typo" in done.stdout
    assert "robustness.searched.typo" in done.stdout
    for line in examples.read_text("utf-8").splitlines():
        assert json.loads(line)["attack"] == "typo"


@pytest.mark.skipif(
    not (find_spec("torch") and find_spec("transformers")), reason="needs the extra train"
)
def test_robustness_of_a_trained_model_attacks_its_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from tests.train.rows import make_recipe, reviews

    from trueline.train.recipe_file import to_yaml
    from trueline.train.run import train

    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(to_yaml(make_recipe(tmp_path, reviews())), encoding="utf-8")
    out = tmp_path / "out"
    train(str(recipe), changes=("loop.steps=60",), out=str(out))
    data = write(tmp_path / "t.jsonl", reviews(40))

    done = run(
        robustness, str(out), "--data", data, "--label", "label", "--attack", "typo",
        "--attack", "synonym", "--searched", "10", "--policy", "default", "--json",
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    claims = [json.loads(line) for line in done.stdout.splitlines() if '"formula"' in line]
    assert {c["id"] for c in claims} >= {"robustness.random.typo", "robustness.searched.typo"}
    assert all(0 <= c["inputs"]["found"] <= c["inputs"]["n"] <= 40 for c in claims)


@pytest.mark.skipif(find_spec("torch") is None, reason="needs the extra train")
def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "t.jsonl", [{"text": "a word"}])

    done = run(robustness, str(tmp_path / "none"), "--data", data)

    assert isinstance(done.exception, InputError)
    assert str(tmp_path / "none") in str(done.exception)
