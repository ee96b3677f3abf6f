"""Small real scorers, policies and texts that the guard's tests share."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st

from trueline.core.policy import Policy
from trueline.core.records import Context, Score, Span
from trueline.judge import Judge
from trueline.scorers.base import Scorer
from trueline.text.normalize import NormalizedText
from trueline.text.segments import segments

# Stand-ins for what is blocked; harmless words, so that logs of failing tests are harmless.
BLOCKED = "purple walrus"
REDACTED = "quiet lantern"
FLAGGED = "yellow kettle"
SEGMENT_BLOCK = "zeppelin"
SEGMENT_REDACT = "marzipan"


class PhraseScorer:
    """Finds phrases in the squeezed view and in decoded runs."""

    name = "phrases"
    categories = ("violence", "crime_fraud", "sexual")
    _phrases = ((BLOCKED, "violence"), (REDACTED, "crime_fraud"), (FLAGGED, "sexual"))

    @property
    def reach(self) -> int:
        return 16

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        found: dict[str, list[Span]] = {}
        for phrase, category in self._phrases:
            word = phrase.replace(" ", "")
            for view in (text.squeezed, *(v.squeezed for v in text.decoded)):
                for match in re.finditer(word, view.text):
                    found.setdefault(category, []).append(view.span(*match.span(), "phrase"))
        return [Score(c, 1.0, tuple(spans), self.name) for c, spans in found.items()]

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        return 0.5


class MailScorer:
    """Finds e-mail addresses in the clean view; the part before the @ has up to 20."""

    name = "mail"
    categories = ("privacy",)
    _pattern = re.compile(
        r"(?<![a-z0-9.])[a-z0-9.]{1,20}@[a-z0-9]{1,12}\.[a-z]{2,8}(?![a-z0-9])", re.ASCII
    )

    @property
    def reach(self) -> int:
        return 44

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        view = text.clean
        spans = tuple(view.span(*m.span(), "email") for m in self._pattern.finditer(view.text))
        return [Score("privacy", 0.99, spans, self.name, label="email")] if spans else []

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        return 0.5


class SegmentScorer:
    """Finds segments of the folded view that hold a word."""

    name = "segments"
    categories = ("hate_discrimination", "self_harm")

    @property
    def reach(self) -> int:
        return 0

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        view = text.folded
        found: list[Score] = []
        for word, category in (
            (SEGMENT_BLOCK, "self_harm"),
            (SEGMENT_REDACT, "hate_discrimination"),
        ):
            spans = tuple(
                view.span(start, end, "segment")
                for start, end in segments(view.text)
                if word in view.text[start:end]
            )
            if spans:
                found.append(Score(category, 0.9, spans, self.name))
        return found

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        return 0.5


def make_policy(**settings: Any) -> Policy:
    categories: dict[str, Any] = {
        "violence": {"action": "block"},
        "crime_fraud": {"action": "redact"},
        "sexual": {"action": "flag"},
        "privacy": {"action": "redact"},
        "self_harm": {"action": "block"},
        "hate_discrimination": {"action": "redact"},
    }
    categories.update(settings.pop("categories", {}))
    return Policy.model_validate({"name": "test", "categories": categories, **settings})


@pytest.fixture(scope="session")
def policy() -> Policy:
    return make_policy()


@pytest.fixture(scope="session")
def policy_with() -> Callable[..., Policy]:
    return make_policy


@pytest.fixture(scope="session")
def span_judge(policy: Policy) -> Judge:
    return Judge(policy, [PhraseScorer(), MailScorer()])


@pytest.fixture(scope="session")
def segment_judge(policy: Policy) -> Judge:
    return Judge(policy, [PhraseScorer(), MailScorer(), SegmentScorer()])


@pytest.fixture(scope="session")
def redact_judge() -> Judge:
    redacting = make_policy(
        categories={"violence": {"action": "redact"}, "self_harm": {"action": "redact"}}
    )
    return Judge(redacting, [PhraseScorer(), MailScorer(), SegmentScorer()])


def _disguises(phrase: str) -> list[str]:
    raw = phrase.encode()
    return [
        phrase,
        phrase.upper(),
        " ".join(phrase.replace(" ", "")),
        "\u200b".join(phrase),
        phrase.replace("l", "&#108;"),
        "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in phrase),
        phrase.replace("e", "e\u200b\u2060\ufeff" * 7),
        base64.b64encode(raw).decode(),
        base64.b64encode(b"a longer harmless beginning, then " + raw).decode(),
        raw.hex(),
    ]


WORDS = [
    "the", "garden", "is", "open", "today", "and", "we", "walk", "slowly.", "Then", "it", "rains!",
    "一个", "安静的", "早晨,", "我们", "出门。", "天气", "很好。", "3.14", "\n", "purple", "quiet", "lantern",
    "walrus", "k.i.n.d", "😀", "\u200b", "&amp;", "%20", "soooo", "ann@", "ann@example.org", "example.org",
    "12:30", "aGVsbG8=", "0af3", "\ud83d", "\x00",
]  # fmt: skip
PLANTS = [
    disguised
    for phrase in (BLOCKED, REDACTED, FLAGGED, SEGMENT_BLOCK, SEGMENT_REDACT)
    for disguised in _disguises(phrase)
]


@st.composite
def planted_texts(draw: st.DrawFn) -> str:
    pieces = draw(
        st.lists(
            st.one_of(st.sampled_from(WORDS), st.sampled_from(WORDS), st.sampled_from(PLANTS)),
            max_size=60,
        )
    )
    join = draw(st.sampled_from([" ", " ", "", "\n", "，"]))
    return join.join(pieces)


def cut(text: str, places: Sequence[int]) -> list[str]:
    borders = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[a:b] for a, b in itertools.pairwise(borders)]


@pytest.fixture(scope="session")
def texts() -> st.SearchStrategy[str]:
    return planted_texts()


@pytest.fixture(scope="session")
def pieces_of() -> Callable[[str, Sequence[int]], list[str]]:
    return cut


@pytest.fixture(scope="session")
def judge_of() -> Callable[..., Judge]:
    def make(*scorers: Scorer, **settings: Any) -> Judge:
        return Judge(make_policy(**settings), scorers)

    return make
