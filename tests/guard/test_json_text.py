from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.guard.json_text import JsonText, PairJoiner, Part, join_surrogates

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


def chop(text: str, places: list[int]) -> list[str]:
    borders = sorted({0, len(text), *(p % (len(text) + 1) for p in places)})
    return [text[a:b] for a, b in itertools.pairwise(borders)]


def read(pieces: list[str]) -> tuple[JsonText, str]:
    lens = JsonText()
    text = "".join([lens.feed(piece) for piece in pieces]) + lens.close()
    return lens, text


@given(
    value=VALUES,
    ascii_only=st.booleans(),
    places=st.lists(st.integers(0, 999), max_size=20),
    cuts=st.lists(st.integers(0, 999), max_size=5),
)
def test_what_is_not_replaced_comes_out_as_it_came(
    value: Any, ascii_only: bool, places: list[int], cuts: list[int]
) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only)

    lens, text = read(chop(raw, places))
    borders = sorted({0, len(text), *(c % (len(text) + 1) for c in cuts)})
    parts = [Part(a, b, text[a:b]) for a, b in itertools.pairwise(borders)]

    assert lens.render(parts) == raw
    assert text == read([raw])[1]


@given(
    raw=st.text(alphabet='\\u"dD8c0019afnbt/x{}:,', max_size=60),
    places=st.lists(st.integers(0, 99)),
)
def test_the_text_does_not_depend_on_the_cut_even_when_it_is_no_json(
    raw: str, places: list[int]
) -> None:
    lens, text = read(chop(raw, places))

    assert text == read([raw])[1]
    assert lens.render([Part(0, len(text), text)]) == raw


@given(text=st.text(max_size=30).filter(lambda t: '"' not in t and "\\" not in t))
def test_escapes_are_undone_for_the_judge(text: str) -> None:
    text = join_surrogates(text)
    escaped = "".join(
        f"\\u{unit:04x}"
        for c in text
        for unit in (
            [ord(c)]
            if ord(c) < 0x10000
            else [0xD800 + ((ord(c) - 0x10000) >> 10), 0xDC00 + ((ord(c) - 0x10000) & 0x3FF)]
        )
    )

    read_text = read(list(f'["{escaped}"]'))[1]

    assert read_text == f'["{text}"]'.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@pytest.mark.parametrize(
    ("raw", "span", "expected"),
    [
        ('{"a":"call 123 now"}', "123", {"a": "call [X] now"}),
        ('{"a":12345}', "12345", {"a": "[X]"}),
        ('{"a":"1","b":"2"}', '1","b":"2', {"a": "[X]", "": ""}),
        ('{"a":[123,456]}', "123,456", {"a": ["[X]", None]}),
        ('{"a":"\\u0031\\u0032"}', "12", {"a": "[X]"}),
        ('{"a":"x"}', ":", {"a": "x"}),
    ],
)
def test_a_replaced_span_leaves_valid_json(raw: str, span: str, expected: Any) -> None:
    lens, text = read([raw])
    at = text.index(span)

    out = lens.render(
        [
            Part(0, at, text[:at]),
            Part(at, at + len(span), "[X]", replaced=True),
            Part(at + len(span), len(text), text[at + len(span) :]),
        ]
    )

    assert json.loads(out) == expected


def test_a_replacement_is_escaped() -> None:
    lens, text = read(['{"a":"secret"}'])

    out = lens.render(
        [Part(0, 6, text[:6]), Part(6, 12, 'a "b"\n', replaced=True), Part(12, 14, text[12:])]
    )

    assert json.loads(out) == {"a": 'a "b"\n'}


@given(text=st.text(max_size=20), places=st.lists(st.integers(0, 99)))
def test_halves_of_characters_are_joined_under_any_cut(text: str, places: list[int]) -> None:
    units = "".join(
        c
        if ord(c) < 0x10000
        else chr(0xD800 + ((ord(c) - 0x10000) >> 10)) + chr(0xDC00 + ((ord(c) - 0x10000) & 0x3FF))
        for c in text
    )
    joiner = PairJoiner()

    joined = "".join([joiner.feed(piece) for piece in chop(units, places)]) + joiner.close()

    assert joined == join_surrogates(units) == join_surrogates(text)
