from __future__ import annotations

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from trueline.core.records import Span
from trueline.guard.masking import Mask

PIECES = [
    "ann@example.org",
    "[EMAIL_1]",
    "[EMAIL_",
    "1]",
    "[",
    "]",
    "EMAIL_2",
    'a "b"\n',
    "你好",
    "[PHONE_1]",
]
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
SPANS = st.lists(
    st.tuples(
        st.integers(0, 60), st.integers(0, 20), st.sampled_from(["email", "cn_mobile", "é-x"])
    )
)


def spans_in(text: str, raw: list[tuple[int, int, str]]) -> list[Span]:
    return [Span(min(a, len(text)), min(a + n, len(text)), label) for a, n, label in raw]


@given(text=TEXTS, raw=SPANS, other=TEXTS)
def test_unmasking_undoes_masking(text: str, raw: list[tuple[int, int, str]], other: str) -> None:
    mask = Mask.avoiding([text, other])

    masked = mask.apply(text, spans_in(text, raw))

    assert mask.restore(masked) == text
    assert mask.restore(other) == other


@given(text=TEXTS, raw=SPANS, places=st.lists(st.integers(0, 200), max_size=20))
def test_a_masked_text_is_restored_across_the_pieces_of_a_stream(
    text: str, raw: list[tuple[int, int, str]], places: list[int]
) -> None:
    mask = Mask.avoiding([text])
    masked = mask.apply(text, spans_in(text, raw))
    borders = sorted({0, len(masked), *(p % (len(masked) + 1) for p in places)})

    stream = mask.stream()
    out = [stream.feed(masked[a:b]) for a, b in itertools.pairwise(borders)]

    assert "".join(out) + stream.finish() == text


@given(value=st.text(min_size=1, max_size=20), step=st.integers(1, 9))
def test_values_in_json_are_escaped_when_they_come_back(value: str, step: int) -> None:
    mask = Mask()
    raw = json.dumps({"to": f"x {mask.placeholder(value, 'secret')} y"})

    stream = mask.stream(in_json=True)
    out = "".join([stream.feed(raw[i : i + step]) for i in range(0, len(raw), step)])

    assert json.loads(out + stream.finish()) == {"to": f"x {value} y"}


def test_the_same_value_has_the_same_placeholder_everywhere() -> None:
    mask = Mask()

    first = mask.apply("ann@example.org", [Span(0, 15, "email")])
    second = mask.apply(
        "to ann@example.org, bob@example.org", [Span(3, 18, "email"), Span(20, 35, "email")]
    )

    assert first == "[EMAIL_1]"
    assert second == "to [EMAIL_1], [EMAIL_2]"


def test_a_placeholder_the_user_wrote_is_not_given_out_and_not_replaced() -> None:
    text = "keep [EMAIL_1]; mail ann@example.org"
    mask = Mask.avoiding([text])

    masked = mask.apply(text, [Span(21, 36, "email")])

    assert masked == "keep [EMAIL_1]; mail [EMAIL_2]"
    assert mask.restore(masked) == text


def test_no_more_than_a_placeholder_is_held_back() -> None:
    stream = Mask().stream()

    assert stream.feed("a list [1, 2, [EMA") == "a list [1, 2, [EMA"
