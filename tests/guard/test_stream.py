from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.records import Action, Context, Score, Span
from trueline.guard.json_text import join_surrogates
from trueline.guard.stream import ReplyStream
from trueline.judge import Judge
from trueline.text.normalize import NormalizedText

Cutter = Callable[[str, Sequence[int]], list[str]]
REPLY = Context(role="reply")
PLACES = st.lists(st.integers(0, 10_000), max_size=60)


def streamed(judge: Judge, pieces: Sequence[str]) -> tuple[str, Action, str]:
    stream = ReplyStream(judge, REPLY)
    sent = "".join([stream.feed(piece) for piece in pieces])
    tail, verdict = stream.finish()
    return sent + tail, verdict.action, verdict.redacted_text


def check_contract(judge: Judge, text: str, pieces: Sequence[str]) -> None:
    whole = judge.judge(join_surrogates(text), REPLY)
    sent, action, redacted = streamed(judge, pieces)

    assert (action, redacted) == (whole.action, whole.redacted_text)
    if whole.action < Action.REWRITE:
        assert sent == whole.redacted_text
    else:
        first = min(
            span.start for s in whole.scores if s.action >= Action.REWRITE for span in s.spans
        )
        assert whole.redacted_text.startswith(sent)
        assert len(sent) <= len(judge.judge(join_surrogates(text)[:first], REPLY).redacted_text)


@settings(deadline=None, max_examples=150)
@given(data=st.data(), places=PLACES)
def test_a_streamed_reply_equals_the_whole_reply_under_any_cut(
    data: st.DataObject,
    places: list[int],
    texts: st.SearchStrategy[str],
    pieces_of: Cutter,
    span_judge: Judge,
    segment_judge: Judge,
    redact_judge: Judge,
) -> None:
    text = data.draw(texts)
    for judge in (span_judge, segment_judge, redact_judge):
        check_contract(judge, text, pieces_of(text, places))
        check_contract(judge, text, list(text))
        check_contract(judge, text, [text])


@settings(deadline=None, max_examples=60)
@given(text=st.text(max_size=400), places=PLACES)
def test_any_text_at_all_streams_as_it_is_judged_whole(
    text: str, places: list[int], pieces_of: Cutter, segment_judge: Judge
) -> None:
    check_contract(segment_judge, text, pieces_of(text, places))


@pytest.mark.parametrize(
    "stretch",
    ["\u200b" * 3000, " " * 3000, "\n" * 800, "-" * 2000, "\u200b \u2060." * 700],
    ids=["zero-width", "spaces", "lines", "dashes", "mixed"],
)
def test_a_span_cannot_be_stretched_past_the_hold_back(stretch: str, span_judge: Judge) -> None:
    text = f"It was a fine day in the old garden. purple{stretch}walrus and more " + "words " * 60
    stream = ReplyStream(span_judge, REPLY)

    sent = "".join([stream.feed(text[i : i + 7]) for i in range(0, len(text), 7)])
    tail, verdict = stream.finish()

    assert verdict.action is Action.BLOCK
    assert "purple" not in sent + tail


@pytest.mark.parametrize("step", [1, 4, 1000])
@pytest.mark.parametrize("joint", [": ", "，"])
def test_an_encoded_run_is_held_until_it_has_ended(
    step: int, joint: str, span_judge: Judge
) -> None:
    # Nothing of it may leave before the phrase at its very end is there to be decoded.
    run = "YSBsb25nIGhhcm1sZXNzIHRleHQg" * 60 + "cHVycGxlIHdhbHJ1cw=="
    wrapped = "\n".join(run[i : i + 76] for i in range(0, len(run), 76))
    veiled = "\u200b".join(run)
    codes = " ".join(format(byte, "08b") for byte in b"calm " * 20 + b"purple walrus")
    for encoded in (
        run,
        codes,
        wrapped,
        veiled,
        " ".join(f"{b:02x}" for b in b"calm " * 40 + b"purple walrus"),
    ):
        text = f"Here it comes{joint}{encoded} and then " + "words " * 80
        stream = ReplyStream(span_judge, REPLY)

        sent = "".join([stream.feed(text[i : i + step]) for i in range(0, len(text), step)])
        tail, verdict = stream.finish()

        assert verdict.action is Action.BLOCK
        assert encoded[:8] not in sent + tail


def test_harmless_text_leaves_while_it_streams(span_judge: Judge) -> None:
    stream = ReplyStream(span_judge, REPLY)
    text = "The garden is open today and we walk slowly through it. " * 20

    sent = "".join([stream.feed(text[i : i + 4]) for i in range(0, len(text), 4)])

    assert text.startswith(sent)
    assert len(text) - len(sent) <= 60 + 64 + 40  # hold-back, step, spaces that do not count


def test_segments_leave_when_they_close(segment_judge: Judge) -> None:
    stream = ReplyStream(segment_judge, REPLY)
    sentence = "The garden is open today and we walk slowly through all of it until noon. "

    sent = "".join([stream.feed(sentence) for _ in range(10)])

    assert len(sent) >= 8 * len(sentence)
    assert sent == (sentence * 10)[: len(sent)]


class CountingScorer:
    """Counts the characters it is given."""

    name = "counting"
    categories = ("violence", "crime_fraud")
    reach = 30

    def __init__(self) -> None:
        self.characters = 0

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        self.characters += len(text.original)
        return []

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        return 0.5


@pytest.mark.parametrize(
    "text",
    ["word " * 20_000, "字" * 100_000, "QUJD" * 25_000, "\u200b" * 100_000, "a" * 100_000],
    ids=["words", "han", "base64", "invisible", "letters"],
)
def test_the_work_for_each_character_is_bounded(text: str, judge_of: Callable[..., Judge]) -> None:
    scorer = CountingScorer()
    stream = ReplyStream(judge_of(scorer), REPLY)

    sent = "".join([stream.feed(text[i : i + 4]) for i in range(0, len(text), 4)])
    tail, _ = stream.finish()

    assert sent + tail == text
    assert scorer.characters <= 8 * len(text)


class KeyedScorer(CountingScorer):
    """Finds what follows a word that is no part of the finding."""

    reach = 6

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        found = re.finditer("(?<=key is )[0-9]{6}", text.original)
        spans = tuple(Span(m.start(), m.end()) for m in found)
        return [Score("crime_fraud", 1.0, spans, self.name, label="code")] if spans else []


@pytest.mark.parametrize("padding", range(0, 90, 7))
def test_what_stands_before_a_finding_is_still_read(
    padding: int, judge_of: Callable[..., Judge]
) -> None:
    judge = judge_of(KeyedScorer())
    text = "x" * padding + " " + "".join(f"key is {n:06} or " for n in range(60))
    stream = ReplyStream(judge, REPLY)

    sent = "".join([stream.feed(letter) for letter in text]) + stream.finish()[0]

    assert sent == "x" * padding + " " + "key is [CODE] or " * 60


class PlacelessScorer(CountingScorer):
    """Finds something that has no place in the text."""

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        return [Score("violence", 1.0, (), self.name)] if "walrus" in text.original else []


def test_a_finding_without_a_place_stops_the_stream(judge_of: Callable[..., Judge]) -> None:
    stream = ReplyStream(judge_of(PlacelessScorer()), REPLY)

    stream.feed("calm words " * 20 + "a walrus")
    after = stream.feed("calm words " * 40)

    assert stream.blocked
    assert after == ""
    assert stream.finish()[1].action is Action.BLOCK


class BrokenScorer(CountingScorer):
    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        raise RuntimeError("broken on purpose")


def test_a_failing_scorer_closes_or_opens_the_stream_as_the_policy_says(
    judge_of: Callable[..., Judge],
) -> None:
    closed = ReplyStream(judge_of(BrokenScorer()), REPLY)
    opened = ReplyStream(judge_of(BrokenScorer(), on_error="pass"), REPLY)
    text = "calm words " * 30

    assert closed.feed(text) + closed.finish()[0] == ""
    tail, verdict = "", None
    sent = opened.feed(text)
    tail, verdict = opened.finish()
    assert sent + tail == text
    assert verdict.faults == ("counting",)


class WideScorer(CountingScorer):
    """Says itself from where a finding may still change: the last comma."""

    reach = 4000

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        at = text.original.find("walrus")
        return [Score("violence", 1.0, (Span(at, at + 6),), self.name)] if at >= 0 else []

    def hold_from(self, text: NormalizedText) -> int:
        return max(text.original.rfind(",") + 1, len(text.original) - 6)


def test_a_scorer_may_say_itself_what_is_open(judge_of: Callable[..., Judge]) -> None:
    stream = ReplyStream(judge_of(WideScorer()), REPLY)

    sent = "".join([stream.feed("calm words, ") for _ in range(40)])

    assert len(sent) > 300


def test_the_halves_of_a_character_sent_apart_are_read_as_one(span_judge: Judge) -> None:
    # U+1D429... spells the phrase in mathematical letters; JSON may send surrogates apart.
    fancy = "".join(chr(0x1D41A + ord(c) - 97) if c != " " else c for c in "purple walrus")
    halves = [chr(0xD800 + ((ord(c) - 0x10000) >> 10)) for c in fancy if c != " "]
    others = [chr(0xDC00 + ((ord(c) - 0x10000) & 0x3FF)) for c in fancy if c != " "]
    stream = ReplyStream(span_judge, REPLY)

    sent = "".join(
        [stream.feed(a) + stream.feed(b) for a, b in zip(halves, others, strict=True)]
        + [stream.feed(" and more words" * 20)]
    )
    tail, verdict = stream.finish()

    assert verdict.action is Action.BLOCK
    assert sent + tail == ""


def test_shadow_delivers_all_at_once_and_judges_all_the_same(span_judge: Judge) -> None:
    stream = ReplyStream(span_judge, REPLY, shadow=True)

    sent = stream.feed("a purple wal") + stream.feed("rus")
    tail, verdict = stream.finish()

    assert (sent, tail) == ("a purple walrus", "")
    assert verdict.action is Action.BLOCK


def test_a_stream_that_is_held_whole_delivers_only_at_the_end(span_judge: Judge) -> None:
    stream = ReplyStream(span_judge, REPLY, hold_whole=True)

    assert stream.feed("calm words " * 100) == ""
    assert stream.finish()[0] == "calm words " * 100


def test_an_empty_reply_is_allowed(span_judge: Judge) -> None:
    tail, verdict = ReplyStream(span_judge, REPLY).finish()

    assert (tail, verdict.action) == ("", Action.ALLOW)


@pytest.mark.parametrize("word", ["kind", "lung"])
def test_codes_that_touch_a_word_are_held_from_their_first(word: str, span_judge: Judge) -> None:
    codes = " ".join(format(byte, "08b") for byte in b"calm " * 20 + b"quiet lantern")
    text = f"so {word}{codes} and then " + "words " * 60
    stream = ReplyStream(span_judge, REPLY)

    sent = "".join([stream.feed(letter) for letter in text]) + stream.finish()[0]

    assert sent == span_judge.judge(text, REPLY).redacted_text
    assert "01" not in sent
