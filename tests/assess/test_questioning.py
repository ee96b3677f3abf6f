"""Questioning: every reply kept once, in any order of arrival, through faults and kills."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.assess.chat_server import chat_server, say

from trueline.assess.progress import Progress
from trueline.assess.questioning import UNREACHED_IN_A_ROW, put_questions, question_seed
from trueline.assess.reply import Reply
from trueline.assess.reply_file import ReplyFile, read_replies
from trueline.assess.suite_item import SuiteItem
from trueline.assess.target import Answer, Question
from trueline.assess.targets.function import FunctionTarget
from trueline.assess.targets.url import UrlTarget
from trueline.core.errors import InputError, UpstreamError

SECONDS = 60


def items(count: int) -> list[SuiteItem]:
    return [
        SuiteItem(id=f"i{number}", category="privacy", language="en", expected="refuse",
                  messages=({"role": "user", "content": str(number)},))
        for number in range(count)
    ]  # fmt: skip


class Scripted:
    """Gives the answers it was given, by question number."""

    name, settings, seeded = "scripted", {"kind": "scripted"}, False

    def __init__(self, answers: Sequence[Answer], concurrency: int = 1, batch_size: int = 1):
        self.answers, self.concurrency, self.batch_size = answers, concurrency, batch_size
        self.asked: list[str] = []

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        self.asked += [question.item for question in questions]
        return [self.answers[int(question.item[1:])] for question in questions]

    def close(self) -> None:
        pass


def test_every_item_is_asked_once_and_a_second_run_asks_nothing(tmp_path: Path) -> None:
    target = FunctionTarget(lambda messages: "re: " + messages[-1]["content"])
    calls = Scripted([Answer(text="never")] * 9)

    with ReplyFile(tmp_path / "r.jsonl") as replies:
        put_questions(items(9), target, replies)
    with ReplyFile(tmp_path / "r.jsonl") as replies:
        put_questions(items(9), calls, replies)

    assert [reply.text for reply in read_replies(tmp_path / "r.jsonl")] == [
        f"re: {number}" for number in range(9)
    ]
    assert calls.asked == []


def test_threads_and_batches_lose_nothing(tmp_path: Path) -> None:
    with chat_server(say("ok")) as server, ReplyFile(tmp_path / "r.jsonl") as replies:
        target = UrlTarget(server.url, "m", concurrency=6)
        done = put_questions(items(60), target, replies, samples=2)
        target.close()

    kept = read_replies(tmp_path / "r.jsonl")
    assert done == 60
    assert {reply.key for reply in kept} == {(f"i{n}", s) for n in range(60) for s in range(2)}
    assert len(kept) == 120
    assert 1 < server.most_under_way <= 6
    assert len({body["seed"] for body in server.asked}) == 120


def test_what_has_no_usable_text_is_kept_as_a_fault(tmp_path: Path) -> None:
    answers = [Answer(text="ok", model="a"), Answer(text=" "), Answer(fault="timeout"),
               Answer(text="other", model="b"), Answer(text="ok", model="a")]  # fmt: skip

    with ReplyFile(tmp_path / "r.jsonl") as replies:
        put_questions(items(5), Scripted(answers), replies)

    assert [reply.fault for reply in read_replies(tmp_path / "r.jsonl")] == [
        "", "empty", "timeout", "model_changed", "",
    ]  # fmt: skip


def test_another_model_is_noticed_by_the_run_that_goes_on(tmp_path: Path) -> None:
    with ReplyFile(tmp_path / "r.jsonl") as replies:
        put_questions(items(1), Scripted([Answer(text="x", model="a")]), replies)
    with ReplyFile(tmp_path / "r.jsonl") as replies:
        put_questions(items(2), Scripted([Answer(text="x", model="b")] * 2), replies)

    assert read_replies(tmp_path / "r.jsonl")[1].fault == "model_changed"


def test_a_function_that_raises_is_a_fault_named_after_the_exception(tmp_path: Path) -> None:
    def reply(messages: list[dict[str, str]]) -> str:
        raise ZeroDivisionError("secret words of a user")

    with ReplyFile(tmp_path / "r.jsonl") as replies:
        put_questions(items(1), FunctionTarget(reply), replies)

    assert "secret words" not in (tmp_path / "r.jsonl").read_text(encoding="utf-8")
    assert read_replies(tmp_path / "r.jsonl")[0].fault == "raised_ZeroDivisionError"


def test_a_target_that_went_away_stops_the_run_and_its_questions_stay_open(
    tmp_path: Path,
) -> None:
    gone = [Answer(text="ok")] * 3 + [Answer(fault="connection")] * 100

    with ReplyFile(tmp_path / "r.jsonl") as replies, pytest.raises(UpstreamError) as caught:
        put_questions(items(100), Scripted(gone), replies)

    assert str(caught.value) == (
        f"no connection to scripted: {UNREACHED_IN_A_ROW} questions in a row got no answer. Every "
        "reply so far is kept; run the same command again to go on"
    )
    assert len(read_replies(tmp_path / "r.jsonl")) == 3


def test_a_short_loss_of_connection_is_a_fault_and_no_more(tmp_path: Path) -> None:
    lost = [Answer(fault="connection")] * 3
    answers = [Answer(text="ok"), *lost, Answer(text="ok"), Answer(fault="connection")]

    with ReplyFile(tmp_path / "r.jsonl") as replies:
        put_questions(items(6), Scripted(answers), replies)

    assert [reply.fault for reply in read_replies(tmp_path / "r.jsonl")] == [
        "", "connection", "connection", "connection", "", "connection",
    ]  # fmt: skip


@pytest.mark.parametrize("concurrency", [1, 4])
def test_enough_is_asked_in_the_order_drawn_and_ends_the_run(
    tmp_path: Path, concurrency: int
) -> None:
    seen: list[str] = []

    def enough(item: SuiteItem, replies: Sequence[Reply]) -> bool:
        assert replies[0].item == item.id
        seen.append(item.id)
        return item.id == "i5"

    target = Scripted([Answer(text="ok")] * 50, concurrency)
    with ReplyFile(tmp_path / "r.jsonl") as replies:
        done = put_questions(items(50), target, replies, enough=enough)

    assert seen == [f"i{number}" for number in range(6)]
    assert done == 6
    assert len(target.asked) <= 6 + concurrency


def test_a_torn_last_line_is_cut_off_and_its_question_put_again(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with ReplyFile(path) as replies:
        put_questions(items(3), Scripted([Answer(text="ok")] * 3), replies)
    torn = b'{"item": "i2", "text": "' + b"x" * 5000
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]) + torn)

    with ReplyFile(path) as replies:
        there = len(replies)
        put_questions(items(3), Scripted([Answer(text="ok")] * 3), replies)

    assert there == 2
    assert [reply.item for reply in read_replies(path)] == ["i0", "i1", "i2"]
    assert b"xxx" not in path.read_bytes()


@given(cut_at=st.integers(0, 400), texts=st.lists(st.text(), min_size=1, max_size=4))
def test_whatever_was_written_whole_is_read_again_after_a_cut(
    cut_at: int, texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "r.jsonl"
    written = [Reply(item=f"i{n}", text=text) for n, text in enumerate(texts)]
    with ReplyFile(path) as replies:
        replies.append(written)
    data = path.read_bytes()[:cut_at]
    path.write_bytes(data)

    found = read_replies(path)

    assert found == written[: data.count(b"\n")]


def test_a_changed_line_is_told_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"item": "a"}\nnonsense\n{"item": "b"}\n', encoding="utf-8")

    with pytest.raises(InputError) as caught:
        read_replies(path)

    assert str(caught.value) == (
        f"{path}, line 2: not a reply. The file was changed; take the line out and run the same "
        "command again, or start anew with --fresh"
    )


def test_two_runs_do_not_write_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"

    with ReplyFile(path), pytest.raises(InputError) as caught:
        ReplyFile(path)

    assert str(caught.value) == (
        f"another run is writing to {path}. Wait for it, or give another --out"
    )


def test_seeds_differ_by_item_and_sample_and_repeat_with_the_run() -> None:
    seeds = {question_seed(1, f"i{n}", s) for n in range(50) for s in range(3)}

    assert len(seeds) == 150
    assert question_seed(1, "i0", 0) == question_seed(1, "i0", 0)
    assert question_seed(2, "i0", 0) != question_seed(1, "i0", 0)
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_a_killed_run_goes_on_without_losing_or_repeating_a_reply(tmp_path: Path) -> None:
    hold = threading.Event()
    suite = tmp_path / "s.jsonl"
    suite.write_text(
        "".join(json.dumps(item.as_json()) + "\n" for item in items(40)), encoding="utf-8"
    )
    replies = tmp_path / "case" / "replies.jsonl"

    def slow(handler: object, body: dict[str, object]) -> None:
        if len(server.asked) > 15:
            hold.wait(SECONDS)
        say("I cannot help with that.")(handler, body)  # type: ignore[arg-type]

    with chat_server(slow) as server:
        command = [
            sys.executable, "-c", _RUN, server.url, str(suite), str(tmp_path / "case"),
        ]  # fmt: skip
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        first = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        deadline = time.monotonic() + SECONDS
        while not (replies.exists() and replies.read_bytes().count(b"\n") >= 5):
            assert first.poll() is None, "it ended"
            assert time.monotonic() < deadline, "no reply came"
        first.send_signal(signal.SIGKILL)
        code = first.wait(SECONDS)
        assert first.stderr is not None
        first.stderr.close()
        kept = read_replies(replies)
        hold.set()
        again = subprocess.run(command, env=environment, capture_output=True, text=True,
                               timeout=SECONDS)  # fmt: skip

    after = read_replies(replies)
    assert code == -signal.SIGKILL
    assert again.returncode == 0, again.stderr
    assert f"going on: {len(kept)} of 40 replies are there already" in again.stderr
    assert 5 <= len(kept) < 40
    assert after[: len(kept)] == kept
    assert sorted(reply.item for reply in after) == sorted(item.id for item in items(40))


_RUN = """
import sys
from trueline.assess.progress import Progress
from trueline.assess.run import Plan, assess
from trueline.assess.suite_choice import Choice
from trueline.assess.targets.open_target import TargetOptions

url, suite, case = sys.argv[1:]
assess(url, "default", case, plan=Plan(choice=Choice(suites=[suite])),
       options=TargetOptions(model="m", concurrency=2), progress=Progress(sys.stderr))
"""


@pytest.mark.parametrize("fault", ["connection", "http_401", "http_404", "http_407"])
def test_a_target_that_answers_nothing_leaves_nothing_and_is_asked_again(
    tmp_path: Path, fault: str
) -> None:
    with ReplyFile(tmp_path / "r.jsonl") as replies, pytest.raises(UpstreamError) as caught:
        put_questions(items(3), Scripted([Answer(fault=fault)] * 3), replies)
    with ReplyFile(tmp_path / "r.jsonl") as replies:
        put_questions(items(3), Scripted([Answer(text="ok")] * 3), replies)

    assert str(caught.value) == (
        f"no answer from scripted: none of 3 questions got one ({fault}). Check the address, the "
        "model's name and the key, then run the same command again"
    )
    assert [reply.text for reply in read_replies(tmp_path / "r.jsonl")] == ["ok"] * 3


def test_a_key_that_ran_out_on_the_way_stops_the_run(tmp_path: Path) -> None:
    out = [Answer(text="ok")] + [Answer(fault="http_401")] * 50

    with ReplyFile(tmp_path / "r.jsonl") as replies, pytest.raises(UpstreamError) as caught:
        put_questions(items(51), Scripted(out), replies)

    assert "none of 20 questions in a row got one (http_401)" in str(caught.value)
    assert len(read_replies(tmp_path / "r.jsonl")) == 1


def test_a_run_that_asks_nothing_says_so(tmp_path: Path) -> None:
    told = io.StringIO()

    with ReplyFile(tmp_path / "r.jsonl") as replies:
        put_questions(items(2), Scripted([Answer(text="ok")] * 2), replies)
        put_questions(items(2), Scripted([]), replies, progress=Progress(told))

    assert told.getvalue().splitlines()[-1] == (
        "nothing was asked: all 2 replies were there; --fresh asks anew"
    )
