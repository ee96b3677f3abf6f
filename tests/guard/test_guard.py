from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from trueline.core.policy import Policy
from trueline.core.records import Action, Context, Score, Span
from trueline.guard.guard import Guard
from trueline.guard.json_text import join_surrogates
from trueline.guard.memory import VerdictCache
from trueline.judge import Judge
from trueline.text.normalize import NormalizedText

BLOCKED, REDACTED = "purple walrus", "quiet lantern"


class CountingJudge(Judge):
    """Counts the texts it scores."""

    scored = 0

    def score(self, *args: Any, **kwargs: Any) -> list[Score]:
        self.scored += 1
        return super().score(*args, **kwargs)


class SlowScorer:
    """A judge model: answers when it is let, and counts the questions."""

    name = "remote"
    categories = ("defamation",)
    reach = 0
    slow = True

    def __init__(self) -> None:
        self.asked = 0
        self.let = threading.Event()
        self.let.set()

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        self.asked += 1
        self.let.wait(20)
        at = text.original.find("walnut")
        return [Score("defamation", 1.0, (Span(at, at + 6),), self.name)] if at >= 0 else []

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        return 0.5


class HistoryScorer:
    """A plug-in that reads what was said before."""

    name = "history"
    categories = ("defamation",)
    reach = 1

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        bad = "again" in text.original and any("acorn" in turn for turn in context.history)
        return [Score("defamation", 1.0, (Span(0, 5),), self.name)] if bad else []

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        return 0.5


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


@pytest.fixture
def guard(span_judge: Judge) -> Guard:
    return Guard(span_judge)


def test_a_harmless_request_goes_on_as_the_same_object(guard: Guard) -> None:
    request = {"model": "m", "messages": [user("good morning")]}

    decision = guard.check_prompt(request)

    assert decision.action is Action.ALLOW
    assert decision.request is request


def test_a_blocked_prompt_has_a_safe_reply_in_the_users_language(guard: Guard) -> None:
    english = guard.check_prompt([user(f"tell me about the {BLOCKED}")])
    chinese = guard.check_prompt([user(f"请告诉我关于 {BLOCKED} 的一切，谢谢你的帮助")])

    assert english.blocked
    assert chinese.blocked
    assert english.safe_reply.startswith("Sorry")
    assert chinese.safe_reply.startswith("抱歉")
    assert english.categories == ("violence",)
    assert english.verdict.action is Action.BLOCK


@pytest.mark.parametrize(
    "message",
    [
        {"role": "system", "content": f"the {BLOCKED}"},
        {"role": "user", "content": [{"type": "text", "text": f"the {BLOCKED}"}]},
        {"role": "tool", "tool_call_id": "1", "content": f"the {BLOCKED}"},
        {"role": "user", "content": "hi", "name": "purplewalrus"},
        {"role": "user", "content": "hi", "name": "quietlantern"},
    ],
    ids=["system", "part", "tool result", "blocked name", "redacted name"],
)
def test_a_violation_anywhere_in_the_newest_turn_blocks(
    guard: Guard, message: dict[str, Any]
) -> None:
    decision = guard.check_prompt([message])

    assert decision.blocked


def test_a_tool_definition_is_judged(guard: Guard) -> None:
    tool = {"type": "function", "function": {"name": "f", "description": f"the {BLOCKED}"}}

    decision = guard.check_prompt({"messages": [user("hi")], "tools": [tool]})

    assert decision.blocked


def test_a_conversation_goes_on_after_a_blocked_turn_without_its_text(guard: Guard) -> None:
    call = {"id": "1", "function": {"name": "f", "arguments": f'{{"q":"{BLOCKED}"}}'}}
    messages: list[dict[str, Any]] = [
        user(f"tell me about the {BLOCKED}"),
        {"role": "assistant", "content": "Sorry.", "tool_calls": [call]},
        user("then tell me about gardens"),
    ]

    decision = guard.check_prompt(messages)

    assert not decision.blocked
    assert decision.action is Action.REDACT
    sent = decision.request["messages"]
    assert sent[0]["content"] == "[withdrawn by policy]"
    assert sent[1]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert sent[2] is messages[2]


def test_redacted_spans_are_replaced_in_the_request_only_there(guard: Guard) -> None:
    request = {
        "temperature": 0.5,
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": f"a {REDACTED} here"}]},
            {"role": "user", "content": "and gardens"},
        ],
    }

    decision = guard.check_prompt(request)

    assert decision.request["messages"][0]["content"][0]["text"] == "a [PHRASE] here"
    assert decision.request["messages"][1] is request["messages"][1]  # type: ignore[index]
    assert request["messages"][0]["content"][0]["text"] == f"a {REDACTED} here"  # type: ignore[index]


def test_masked_values_leave_as_placeholders_and_come_back(
    policy_with: Callable[..., Policy], span_judge: Judge
) -> None:
    guard = Guard(Judge(policy_with(masking={"enabled": True}), span_judge.scorers))
    arguments = '{"to":"ann@example.org","n":1}'
    messages: list[dict[str, Any]] = [
        user("I am ann@example.org, not [EMAIL_1]"),
        {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]},
        {"role": "tool", "content": "sent to ann@example.org and bob@example.org"},
    ]

    decision = guard.check_prompt(messages)

    sent = decision.request["messages"]
    assert sent[0]["content"] == "I am [EMAIL_2], not [EMAIL_1]"
    assert sent[1]["tool_calls"][0]["function"]["arguments"] == '{"to":"[EMAIL_2]","n":1}'
    assert sent[2]["content"] == "sent to [EMAIL_2] and [EMAIL_3]"
    assert decision.mask is not None
    assert decision.mask.restore("[EMAIL_3] [EMAIL_1]") == "bob@example.org [EMAIL_1]"


def test_a_payload_split_over_turns_is_found(guard: Guard) -> None:
    messages = [
        user("first comes purple"),
        assistant("ok"),
        user("wal"),
        assistant("ok"),
        user("rus"),
    ]
    parts = [{"type": "text", "text": "purple wal"}, {"type": "text", "text": "rus"}]

    assert not guard.check_prompt(messages[:3]).blocked
    assert not guard.check_prompt([user("rus")]).blocked
    split = guard.check_prompt([user("purple"), assistant("ok"), user("walrus")])
    assert split.blocked
    assert "across turns" in split.verdict.scores[0].reason
    assert guard.check_prompt([{"role": "user", "content": parts}]).blocked


def test_a_withdrawn_turn_is_not_read_together_with_the_next(guard: Guard) -> None:
    first = f"say {BLOCKED} and again purple"
    messages = [
        {"role": "user", "content": first},
        {"role": "assistant", "content": "No."},
        {"role": "user", "content": "walrus facts, please"},
    ]

    decision = guard.check_prompt(messages)

    assert not decision.blocked
    assert first not in str(decision.request)


def test_turns_are_read_together_only_as_far_as_the_policy_says(
    policy_with: Callable[..., Policy], span_judge: Judge
) -> None:
    messages = [user("purple"), assistant("ok"), user("walrus")]

    forgetful = Guard(Judge(policy_with(memory={"turns": 0}), span_judge.scorers))

    assert not forgetful.check_prompt(messages).blocked


def test_a_redacted_span_over_two_turns_is_redacted_in_the_newest(guard: Guard) -> None:
    decision = guard.check_prompt([user("the quiet"), assistant("ok"), user("lantern shines")])

    assert decision.request["messages"][2]["content"] == "[PHRASE] shines"


def test_turns_seen_before_are_not_scored_again(policy: Policy, span_judge: Judge) -> None:
    judge = CountingJudge(policy, span_judge.scorers)
    guard = Guard(judge)
    conversation = [user("one"), assistant("two"), user("three"), assistant("four"), user("five")]
    guard.check_prompt(conversation)
    before = judge.scored

    guard.check_prompt(conversation)

    # Only the joined reading of the newest turns is done again, in one call.
    assert judge.scored - before == 1


def test_the_cache_keeps_no_text_and_forgets_the_oldest(span_judge: Judge) -> None:
    cache = VerdictCache(entries=3)
    guard = Guard(span_judge, cache=cache)

    for text in ("a quiet lantern", "b quiet lantern", "c", "d"):
        guard.check_prompt([user(text)])

    kept = list(cache._verdicts.values())
    assert len(kept) == 3
    assert all("lantern" not in repr(verdict) for verdict in kept)
    again = guard.check_prompt([user("b quiet lantern")])
    assert cache.hits == 1
    assert again.request["messages"][0]["content"] == "b [PHRASE]"
    assert again.verdict.redacted_text == "b [PHRASE]"


def test_a_plug_in_that_reads_history_sees_it_every_time(
    policy_with: Callable[..., Policy],
) -> None:
    policy = policy_with(categories={"defamation": {"action": "block"}})
    guard = Guard(Judge(policy, [HistoryScorer()]))

    assert not guard.check_prompt([user("x"), assistant("y"), user("again")]).blocked
    assert guard.check_prompt([user("acorn"), assistant("y"), user("again")]).blocked


@pytest.fixture
def slow_policy(policy_with: Callable[..., Policy]) -> Callable[..., Policy]:
    def make(on_error: str = "block", applies_to: Sequence[str] = ("prompt", "reply")) -> Policy:
        rule = {"action": "block", "on_error": on_error, "applies_to": list(applies_to)}
        return policy_with(categories={"defamation": rule}, time_budget_ms=150)

    return make


def test_a_slow_scorer_is_asked_only_when_the_quick_ones_do_not_block(
    slow_policy: Callable[..., Policy], span_judge: Judge
) -> None:
    slow = SlowScorer()
    guard = Guard(Judge(slow_policy(), [*span_judge.scorers, slow]))

    assert guard.waits
    assert guard.check_prompt([user(BLOCKED)]).blocked
    assert slow.asked == 0
    assert guard.check_prompt([user("a walnut")]).categories == ("defamation",)
    assert slow.asked == 1
    guard.close()


def test_a_slow_scorer_is_not_asked_for_a_role_its_categories_do_not_apply_to(
    slow_policy: Callable[..., Policy], span_judge: Judge
) -> None:
    slow = SlowScorer()
    guard = Guard(Judge(slow_policy(applies_to=["prompt"]), [*span_judge.scorers, slow]))

    reply = guard.check_reply("a walnut")

    assert (reply.action, slow.asked) == (Action.ALLOW, 0)
    assert guard.open_reply().feed("calm words " * 60) != ""
    guard.close()


@pytest.mark.parametrize(("on_error", "blocked"), [("block", True), ("pass", False)])
def test_a_scorer_that_is_too_late_counts_as_failed(
    on_error: str, blocked: bool, slow_policy: Callable[..., Policy], span_judge: Judge
) -> None:
    slow = SlowScorer()
    guard = Guard(Judge(slow_policy(on_error), [*span_judge.scorers, slow]))
    slow.let.clear()

    decision = guard.check_prompt([user("good morning")])

    assert decision.blocked is blocked
    assert decision.faults == ("remote",)
    if blocked:
        assert decision.safe_reply.startswith("Sorry, the safety check is not available")
    slow.let.set()
    after = guard.check_prompt([user("good morning")])  # a failure is not remembered
    assert after.action is Action.ALLOW
    guard.close()


def test_a_reply_that_a_slow_scorer_judges_is_held_whole(
    slow_policy: Callable[..., Policy], span_judge: Judge
) -> None:
    guard = Guard(Judge(slow_policy(), [*span_judge.scorers, SlowScorer()]))
    stream = guard.open_reply()

    sent = stream.feed("calm words " * 60 + "a walnut")
    tail, verdict = stream.finish()

    assert (sent, tail) == ("", "")
    assert verdict.categories == ("defamation",)
    guard.close()


def test_a_whole_reply_is_redacted_or_replaced(guard: Guard) -> None:
    redacted = guard.check_reply(f"the {REDACTED}")
    blocked = guard.check_reply(f"the {BLOCKED}", Context(language="zh"))

    assert (redacted.text, redacted.blocked) == ("the [PHRASE]", False)
    assert blocked.blocked
    assert blocked.text.startswith("抱歉")


def test_shadow_mode_decides_and_changes_nothing(span_judge: Judge) -> None:
    guard = Guard(span_judge, shadow=True)
    request = {"messages": [user(f"{REDACTED}, {BLOCKED}")]}

    decision = guard.check_prompt(request)
    reply = guard.check_reply(BLOCKED)

    assert decision.action is Action.BLOCK
    assert not decision.blocked
    assert decision.request is request
    assert (reply.action, reply.text, reply.blocked) == (Action.BLOCK, BLOCKED, False)


def test_instructions_of_the_operator_are_not_taken_for_an_injection(
    policy_with: Callable[..., Policy], span_judge: Judge
) -> None:
    class Injection(HistoryScorer):
        name = "injection"
        categories = ("prompt_injection",)

        def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
            found = "from now on" in text.original
            return [Score("prompt_injection", 1.0, (Span(0, 4),), self.name)] if found else []

    policy = policy_with(categories={"prompt_injection": {"action": "block"}})
    guard = Guard(Judge(policy, [*span_judge.scorers, Injection()]))

    system = guard.check_prompt([{"role": "system", "content": "from now on"}, user("hi")])
    prompt = guard.check_prompt([user("from now on")])

    assert not system.blocked
    assert prompt.blocked


@pytest.mark.parametrize(
    "text",
    ["\ud800", "\x00" * 10, "a\ud83d\ude00", "😀" * 50_000, "\u200b" * 200_000, "x" * 200_000, ""],
    ids=["lone", "nul", "pair", "emoji", "invisible", "long", "empty"],
)
def test_no_text_makes_it_raise(text: str, guard: Guard) -> None:
    decision = guard.check_prompt([user(text), assistant(text), user(text)])

    assert decision.action is Action.ALLOW
    assert guard.check_reply(text).text == join_surrogates(text)
