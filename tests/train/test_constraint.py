from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.train.rows import make_recipe, reviews, write_rows
from transformers import PreTrainedTokenizerFast

from trueline.core.errors import InputError, PolicyError
from trueline.train.modifier import LoopState
from trueline.train.modifiers import reply_cost
from trueline.train.modifiers.constraint import Constraint
from trueline.train.modifiers.reply_cost import Judged
from trueline.train.recipe import Recipe
from trueline.train.replies import sample_replies
from trueline.train.run import train

LOOP = {"steps": 20, "batch_size": 16, "evaluate_every": 10, "log_every": 1}
DATA = {"dev_share": 0.5}


def held_out(folder: Path, count: int, start: int = 5000) -> str:
    """Reviews on days that no training row has."""
    rows = [
        {**row, "text": re.sub("[0-9]+$", str(start + number), row["text"])}
        for number, row in enumerate(reviews(count))
    ]
    return str(write_rows(folder / "held.jsonl", rows))


def constraint(
    folder: Path, cost: Mapping[str, Any], count: int = 400, **more: Any
) -> dict[str, Any]:
    return {
        "modifier": "constraint", "cost": dict(cost), "holdout": held_out(folder, count),
        "dual": {"window": 256}, **more,
    }  # fmt: skip


def missed(limit: float = 0.1) -> dict[str, Any]:
    return {
        "of": "errors", "sample": 8, "rows": 8,
        "limits": [{"label": "bad", "error": "missed", "max_violation_rate": limit}],
    }  # fmt: skip


def test_a_model_that_keeps_its_limit_is_certified_with_counts(tmp_path: Path) -> None:
    recipe = make_recipe(
        tmp_path, reviews(), modifiers=[constraint(tmp_path, missed())], loop=LOOP, data=DATA
    )

    run = train(recipe)

    told = run.record["modifiers"]["constraint"]
    claim = told["claims"]["bad.missed"]
    assert (told["result"], told["certified"]) == ("certified", True)
    assert claim["n"] >= 29
    assert claim["bound"] <= claim["limit"] == 0.1
    assert json.loads((run.folder / "safety_test.json").read_bytes())["result"] == "certified"


def test_a_limit_that_cannot_be_kept_ends_in_no_solution_found(tmp_path: Path) -> None:
    rows = [
        {**row, "label": "good" if number % 3 else "bad"} for number, row in enumerate(reviews(240))
    ]
    held = [
        {**row, "label": "good" if number % 3 else "bad", "text": f"{row['text']}9"}
        for number, row in enumerate(reviews(400))
    ]
    entry = {
        "modifier": "constraint",
        "cost": {"of": "errors", "sample": 8, "rows": 4, "limits": [
            {"label": "bad", "error": "missed", "max_violation_rate": 0.1},
            {"label": "bad", "error": "false_alarm", "max_violation_rate": 0.1}]},
        "holdout": str(write_rows(tmp_path / "held.jsonl", held)),
    }  # fmt: skip
    loop = {**LOOP, "steps": 8}

    run = train(make_recipe(tmp_path, rows, modifiers=[entry], loop=loop, data=DATA))

    told = run.record["modifiers"]["constraint"]
    assert (told["result"], told["certified"]) == ("no solution found", False)
    assert "no solution found" in (run.folder / "card.md").read_text(encoding="utf-8")


def test_the_price_of_an_error_makes_it_rarer(tmp_path: Path) -> None:
    source = random.Random(4)
    # Words do not tell the labels apart: without a price the model says what is commoner.
    rows = [{**row, "label": "good" if source.random() < 0.6 else "bad"} for row in reviews(240)]
    plan = {"loop": {**LOOP, "steps": 30, "evaluate_every": 5}, "data": DATA}
    entry = {
        "modifier": "constraint", "cost": missed(0.1), "holdout": held_out(tmp_path, 400),
        "dual": {"rule": "ascent", "rate": 0.2, "window": 64},
    }  # fmt: skip
    free = make_recipe(tmp_path, rows, out=str(tmp_path / "free"), **plan)
    priced = make_recipe(tmp_path, rows, out=str(tmp_path / "priced"), modifiers=[entry], **plan)

    recalls = {
        name: train(one).record["tables"]["dev"]["labels"]["bad"]["recall"]
        for name, one in (("free", free), ("priced", priced))
    }

    assert recalls["priced"] > recalls["free"]


def test_weights_beyond_the_limit_are_not_kept_as_the_best(tmp_path: Path) -> None:
    recipe = make_recipe(
        tmp_path, reviews(), modifiers=[constraint(tmp_path, missed(0.12))], loop=LOOP, data=DATA
    )

    run = train(recipe)

    lines = [
        json.loads(line) for line in (run.folder / "metrics.jsonl").read_text("utf-8").splitlines()
    ]
    looks = {
        line["step"]: line["dev_within_limits"] for line in lines if "dev_within_limits" in line
    }
    best = run.record["best_step"]
    assert best == 0 or looks[best] == 1.0


def test_a_killed_run_ends_as_if_it_had_not_been_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = constraint(tmp_path, missed())
    loop = {**LOOP, "steps": 16, "evaluate_every": 8, "checkpoint_every": 4}
    whole = train(
        make_recipe(
            tmp_path, reviews(), modifiers=[entry], loop=loop, data=DATA, out=str(tmp_path / "a")
        )
    )
    step = Constraint.on_step

    def killed(self: Constraint, state: LoopState) -> None:
        step(self, state)
        if state.step == 10:
            raise KeyboardInterrupt

    recipe = make_recipe(
        tmp_path, reviews(), modifiers=[entry], loop=loop, data=DATA, out=str(tmp_path / "b")
    )
    with monkeypatch.context() as patch:
        patch.setattr(Constraint, "on_step", killed)
        with pytest.raises(KeyboardInterrupt):
            train(recipe)

    resumed = train(recipe)

    assert resumed.record["modifiers"] == whole.record["modifiers"]
    weights = [
        (run.folder / "model" / "model.safetensors").read_bytes() for run in (whole, resumed)
    ]
    assert weights[0] == weights[1]


def test_a_gap_between_groups_is_bounded_by_group(tmp_path: Path) -> None:
    def grouped(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**row, "region": "north" if number % 4 < 2 else "south"}
            for number, row in enumerate(rows)
        ]

    held = [{**row, "text": f"{row['text']}7"} for row in reviews(1200)]
    entry = {
        "modifier": "constraint",
        "cost": {"of": "group_gap", "group": "region", "label": "good", "max_gap": 0.25, "rows": 8,
                 "gaps": ["selection_rate", "true_positive_rate"], "sample": 8},
        "holdout": str(write_rows(tmp_path / "held.jsonl", grouped(held))),
    }  # fmt: skip

    run = train(
        make_recipe(tmp_path, grouped(reviews()), modifiers=[entry], loop={**LOOP, "steps": 20})
    )

    told = run.record["modifiers"]["constraint"]
    groups = told["claims"]["gap.selection_rate"]["groups"]
    assert set(groups) == {"north", "south"}
    assert sum(n for _, n in groups.values()) == 1200
    assert told["certified"] is True


@pytest.mark.parametrize(
    ("cost", "more", "message"),
    [
        (
            {
                "of": "errors",
                "limits": [{"label": "bed", "error": "missed", "max_violation_rate": 0.1}],
            },
            {},
            "modifiers.constraint.cost.limits: no label is called 'bed'. Accepted: bad, good",
        ),
        (
            {"of": "errors", "limits": [{"label": "bad", "error": "missed"}]},
            {},
            "modifiers.constraint: bad.missed has no max_violation_rate. Give it one, or give the "
            "constraint one",
        ),
        (
            {"of": "errors", "limits": [{"label": "bad", "error": "missed"}]},
            {"max_violation_rate": 0.001},
            "modifiers.constraint.holdout: 400 rows cannot certify a rate of at most 0.001 at "
            "confidence 0.95, even without a violation; at least 2995 are needed. Give more rows or "
            "raise the limit",
        ),
        (
            {"of": "errors", "limits": [{"label": "bad", "error": "missed"}]},
            {"max_violation_rate": 0.05, "dual": {"window": 16}},
            "modifiers.constraint.dual.window: 16 observations without a violation give a bound of "
            "0.1707 for bad.missed, above the aim of 0.0450. Give at least 66, or raise the limit",
        ),
        (
            {"of": "group_gap", "group": "region", "label": "good", "max_gap": 0.1},
            {},
            "train.jsonl:1: no group in field 'region'. Mend the row, or name another field in "
            "modifiers.constraint.cost.group",
        ),
        (
            {"of": "group_gap", "group": "label", "label": "good", "max_gap": 0.1},
            {"max_violation_rate": 0.05},
            "modifiers.constraint.max_violation_rate: a gap between groups has its limit in "
            "cost.max_gap. Take max_violation_rate out",
        ),
        (
            {"of": "replies"},
            {},
            "modifiers.constraint.cost: `of: replies` needs a task whose model writes texts, such as "
            "causal or seq2seq. Limit a classifier with `of: errors` or `of: group_gap`",
        ),
    ],
)
def test_a_constraint_that_cannot_work_says_why(
    tmp_path: Path, cost: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    if cost["of"] == "replies":
        more = {"max_violation_rate": 0.05}
    recipe = make_recipe(
        tmp_path, reviews(), modifiers=[constraint(tmp_path, cost, **more)], loop=LOOP, data=DATA
    )

    with pytest.raises(InputError) as caught:
        train(recipe)

    assert str(caught.value).replace(f"{tmp_path}/", "") == message


def test_held_out_rows_that_were_trained_on_are_refused(tmp_path: Path) -> None:
    entry = constraint(tmp_path, missed())
    entry["holdout"] = str(write_rows(tmp_path / "same.jsonl", reviews()))

    with pytest.raises(InputError) as caught:
        train(make_recipe(tmp_path, reviews(), modifiers=[entry], loop=LOOP, data=DATA))

    assert str(caught.value).replace(f"{tmp_path}/", "") == (
        "modifiers.constraint.holdout: 160 of 160 rows are also among the rows of train or dev "
        "(first: same.jsonl:1). Take them out, or the safety test proves nothing"
    )


# -- replies ------------------------------------------------------------------------------------

PHONE = "13800138000"


def support(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Questions; two in three answers give a phone number away."""
    return [
        {"text": f"Q{number}A" + (PHONE if number % 3 else "ask at the desk")}
        for number in range(start, start + count)
    ]


def causal_recipe(folder: Path, cost: Mapping[str, Any], **loop: Any) -> Recipe:
    held = [{"text": f"Q{number}A"} for number in range(9000, 9080)]
    prompts = [{"text": f"Q{number}A"} for number in range(200)]
    entry = {
        "modifier": "constraint", "holdout": str(write_rows(folder / "held.jsonl", held)),
        "max_violation_rate": 0.05, "dual": {"window": 128, "rate": 0.2},
        "cost": {
            "of": "replies", "prompts": str(write_rows(folder / "prompts.jsonl", prompts)),
            "max_tokens": 14, "prompts_per_step": 4, "samples": 4, **cost,
        },
    }  # fmt: skip
    return make_recipe(
        folder, support(120),
        {"task": "causal", "pack": False},
        model={"kind": "llama", "layers": 1},
        tokenizer={"kind": "bpe", "vocab_size": 300},
        modifiers=[entry],
        loop={"steps": 6, "batch_size": 16, "evaluate_every": 6, "log_every": 1, **loop},
    )  # fmt: skip


def test_sampled_replies_are_judged_and_move_the_price(tmp_path: Path) -> None:
    run = train(causal_recipe(tmp_path, {}))

    told = run.record["modifiers"]["constraint"]
    lines = [
        json.loads(line) for line in (run.folder / "metrics.jsonl").read_text("utf-8").splitlines()
    ]
    assert told["claims"]["overall"]["n"] == 80
    assert told["policy"] == "default"
    assert told["sampling"] == {"temperature": 1.0, "max_tokens": 14}
    assert any("violation_rate_overall" in line for line in lines)
    assert lines[0]["lambda_overall"] > 0  # 16 replies prove nothing yet


def test_replies_that_cannot_be_scored_are_never_certified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Judged, prompt: str, reply: str) -> dict[str, float | None]:
        return {"overall": None}

    monkeypatch.setattr(Judged, "__call__", broken)

    run = train(causal_recipe(tmp_path, {}, steps=2))

    told = run.record["modifiers"]["constraint"]
    assert told["result"] == "no solution found"
    assert told["claims"]["overall"]["unscored"] == 80


def test_a_category_is_a_constraint_of_its_own(tmp_path: Path) -> None:
    run = train(causal_recipe(tmp_path, {"categories": ["privacy"], "max_tokens": 8}, steps=2))

    assert list(run.record["modifiers"]["constraint"]["claims"]) == ["privacy"]


def test_a_category_the_policy_lacks_is_named_with_those_it_has(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        train(causal_recipe(tmp_path, {"categories": ["privasy"]}))

    message = str(caught.value)
    assert message.startswith(
        "modifiers.constraint.cost.categories: the policy has no category 'privasy'. Accepted: "
    )
    assert "privacy" in message


def test_a_policy_file_with_faults_is_told(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("name: mine\ncategories: {}\n", encoding="utf-8")

    with pytest.raises(PolicyError, match=r"policy.yaml is not a valid policy"):
        train(causal_recipe(tmp_path, {"policy": str(policy)}))


def test_prompts_reach_the_model_whole_however_long_replies_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []

    def noting(model: Any, prompts: list[list[int]], *rest: Any, **more: Any) -> Any:
        seen.extend(prompts)
        return sample_replies(model, prompts, *rest, **more)

    monkeypatch.setattr(reply_cost, "sample_replies", noting)
    recipe = causal_recipe(tmp_path, {}, steps=1)
    recipe = recipe.model_copy(
        update={"model": recipe.model.model_copy(update={"max_length": 48})}  # less than 64 + 1
    )

    run = train(recipe)

    tokenizer = PreTrainedTokenizerFast.from_pretrained(run.folder / "model")
    texts = {tokenizer.decode(ids, skip_special_tokens=True) for ids in seen}
    assert texts
    assert all(re.fullmatch("Q[0-9]+A", text) for text in texts), sorted(texts)[:3]


def test_a_prompt_that_would_be_cut_is_refused(tmp_path: Path) -> None:
    recipe = causal_recipe(tmp_path, {"max_tokens": 40}, steps=1)
    recipe = recipe.model_copy(update={"model": recipe.model.model_copy(update={"max_length": 8})})

    with pytest.raises(InputError) as error:
        train(recipe)

    assert re.fullmatch(
        r"prompts: row [0-9]+ has 4 tokens, and with replies of cost.max_tokens only 3 fit; "
        "raise model.max_length, lower cost.max_tokens or shorten the prompts",
        str(error.value),
    )
