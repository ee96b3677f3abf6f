"""The samples of the tour, what replays them, and the file that says what was sent."""

from __future__ import annotations

import asyncio
import runpy
import string
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.core.errors import InputError
from trueline.core.policy_file import parse_policy
from trueline.core.records import Action, Context
from trueline.judge import Judge
from trueline.lifecycle.tour import place, replay, words
from trueline.lifecycle.tour.traffic import read_log

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge.from_policy(parse_policy(place.bundled("policy.yaml"), source="policy.yaml"))


def rows(name: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in place.bundled(name).splitlines()]


def test_the_samples_are_what_their_recipe_writes(tmp_path: Path) -> None:
    recipe = runpy.run_path(str(ROOT / "recipes/tour/build.py"))
    recipe["main"].__globals__["OUT"] = tmp_path

    recipe["main"]()

    for name in place.SAMPLES:
        assert (tmp_path / name).read_text("utf-8") == place.bundled(name), name


def test_both_languages_have_their_share_of_every_kind_of_message() -> None:
    kinds: dict[tuple[str, ...], list[str]] = {}
    for row in rows("messages.jsonl"):
        kinds.setdefault(tuple(row["categories"]), []).append(row["language"])

    assert {kind: (said.count("zh"), said.count("en")) for kind, said in kinds.items()} == {
        (): (32, 32), ("impatient",): (50, 50), ("privacy",): (10, 10),
        ("prompt_injection",): (3, 3),
    }  # fmt: skip


def test_no_question_stands_in_two_files() -> None:
    asked = [row["text"] for name in ("prompts.jsonl", "held_out.jsonl") for row in rows(name)]
    asked += [row["text"] for row in rows("surge.jsonl")]

    assert len(set(asked)) == len(asked) == 620


def test_what_is_known_of_the_surge_is_what_the_policy_says(judge: Judge) -> None:
    for row in rows("surge.jsonl"):
        verdict = judge.judge(row["reply"], Context(role="reply"))
        assert (verdict.action > Action.FLAG) == bool(row["reply_categories"]), row["id"]


def test_the_replay_answers_what_was_recorded_and_nothing_else() -> None:
    upstream = replay.Replay({"1 refund?": "see the help page"})

    def ask(text: str) -> tuple[int, Any]:
        request = {"messages": [{"role": "user", "content": text}]}
        status, body = asyncio.run(upstream.complete(request, None))
        return status, orjson.loads(body)

    status, answer = ask("1 refund?")
    assert (status, answer["choices"][0]["message"]["content"]) == (200, "see the help page")
    status, answer = ask("2 refund?")
    assert (status, answer["error"]["code"]) == (404, "not_recorded")
    status, _ = asyncio.run(upstream.stream({}, None))
    assert status == 400


@given(cut=st.integers(min_value=0, max_value=300))
def test_a_log_that_was_torn_off_keeps_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    whole = b"".join(
        orjson.dumps({"sample": f"m-{n}", "exchange": str(n), "streamed": n % 2 == 0}) + b"\n"
        for n in range(4)
    )
    path = tmp_path_factory.mktemp("log") / "traffic.jsonl"
    path.write_bytes(whole[: min(cut, len(whole))])

    sent = read_log(path)

    lines = whole[:cut].count(b"\n")
    assert [one.sample for one in sent][:lines] == [f"m-{n}" for n in range(lines)]
    assert read_log(path) == sent
    assert len(sent) - lines in (0, 1)  # a line that lacks nothing but its end counts
    assert not path.read_bytes() or path.read_bytes().endswith(b"\n")


def test_a_broken_line_in_the_middle_of_a_log_is_named(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    path.write_text('{"sample": \n{"sample": "a", "exchange": "b", "streamed": false}\n', "utf-8")

    with pytest.raises(InputError) as error:
        read_log(path)

    assert str(error.value) == f"{path}, line 1: not a JSON object; try --fresh"


def test_both_languages_say_the_same_things() -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for step, lines in words._LINES.items():
        told = {language: [fields(line) for line in lines[language]] for language in lines}
        assert set().union(*told["zh"]) == set().union(*told["en"]), step
        assert len(told["zh"]) == len(told["en"])
