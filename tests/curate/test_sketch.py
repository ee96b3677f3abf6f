from __future__ import annotations

import random
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.native import native_library
from trueline.curate import sketch as sketching
from trueline.curate.bands import Pairs, band_rows, similar_pairs, similarity_of
from trueline.curate.components import Components
from trueline.curate.representatives import represent
from trueline.curate.sketch import WIDTH, Sketches, sketch

HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 1200)]
WORDS = [f"{a}{b}{c}" for a in "bcdfgklmnprst" for b in "aeiou" for c in "dklmnrst"]


def chinese(seed: int, length: int = 600) -> str:
    return "".join(random.Random(seed).choices(HAN, k=length))


def english(seed: int, words: int = 200) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def alike(one: str, other: str) -> float:
    return float(similarity_of(sketch([one, other]), np.array([0]), np.array([1]))[0])


def jaccard(one: str, other: str) -> float:
    first, second = ({text[k : k + 5] for k in range(len(text) - 4)} for text in (one, other))
    return len(first & second) / len(first | second)


@pytest.mark.parametrize("changed", [0, 10, 25, 60])
def test_agreement_of_sketches_estimates_the_jaccard_similarity_of_shingles(changed: int) -> None:
    text = chinese(1, 3000)
    other = list(text)
    for place in random.Random(2).sample(range(len(text)), changed):
        other[place] = "龘"

    estimate = alike(text, "".join(other))

    # Four standard errors of 256 bins at the worst.
    assert abs(estimate - jaccard(text, "".join(other))) < 0.12


def test_unlike_texts_have_no_similarity() -> None:
    assert alike(chinese(1), chinese(2)) < 0.02
    assert alike(english(1), english(2)) < 0.02


@pytest.mark.parametrize(
    "write",
    [
        str.upper,
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: "\ufeff " + text + "\t",
        lambda text: text.replace(" ", " \n "),
        lambda text: "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in text),
    ],
)
def test_a_copy_in_other_case_width_spaces_or_composition_has_the_same_sketch(write) -> None:  # type: ignore[no-untyped-def]
    for text in (english(3) + " café naïve Zürich", chinese(3) + "が한글 café"):
        first, second = sketch([text]), sketch([write(text)])

        assert np.array_equal(first.bins, second.bins)


@given(st.lists(st.text(max_size=60), max_size=12), st.integers(1, 80))
@settings(max_examples=60, deadline=None)
def test_a_sketch_depends_on_its_text_alone_not_on_its_neighbours(
    texts: list[str], most: int
) -> None:
    usual = sketching.CHUNK
    together = sketch(texts).rows()
    try:
        sketching.CHUNK = most
        alone = [sketch([text]).rows()[0] for text in texts]
        cut = sketch(texts).rows()
    finally:
        sketching.CHUNK = usual

    assert together == alone == cut
    assert all(len(row) == WIDTH for row in together)


@given(st.lists(st.text(max_size=40), max_size=6))
@settings(max_examples=40, deadline=None)
def test_rows_of_bytes_give_the_same_sketches_back(texts: list[str]) -> None:
    made = sketch(texts)

    as_bytes = made.rows()
    as_array = np.frombuffer(b"".join(as_bytes), np.uint8).reshape(-1, WIDTH)
    for read in (Sketches.from_rows(as_bytes), Sketches.from_rows(as_array)):
        assert np.array_equal(read.bins, made.bins)
        assert np.array_equal(read.digests, made.digests)
        assert np.array_equal(read.lengths, made.lengths)


def test_an_ascii_text_sketches_the_same_through_either_lane() -> None:
    texts = ["The quick\x00 brown  fox\n\njumps over it", " ", "one", english(5)]

    fast, general = sketching._ascii_minima(texts), sketching._any_minima(texts)

    for k in range(3):
        assert np.array_equal(fast[k], general[k])


def test_a_very_long_text_is_like_itself_with_a_few_changes() -> None:
    text = chinese(7, 600_000)

    assert alike(text, "头" + text[1:]) > 0.99


def test_texts_shorter_than_a_shingle_are_alike_only_when_equal() -> None:
    texts = ["好", "坏", "好的", "ok", "no", "OK", "", " \n"]

    pairs = similar_pairs(sketch(texts), 0.5)

    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [(3, 5)]


def test_members_beyond_the_head_of_a_band_are_compared_with_each_other() -> None:
    # All share a long beginning, so that they meet in bands, but only pairs are alike.
    shared = chinese(20, 300)
    texts = [shared + chinese(100 + k // 2, 600) for k in range(12)]

    pairs = similar_pairs(sketch(texts), 0.8)

    groups = Components(len(texts))
    groups.join(pairs.first, pairs.second)
    assert groups.roots(np.arange(12)).tolist() == [0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10]


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.65, 0.8, 0.95])
def test_bands_bring_up_99_of_100_pairs_at_the_threshold(similarity: float) -> None:
    rows = band_rows(similarity)

    assert 1 - (1 - similarity**rows) ** (256 // rows) >= 0.99


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40))
def test_components_are_those_of_a_walk_over_the_graph(edges: list[tuple[int, int]]) -> None:
    groups = Components(20)
    groups.join(
        np.array([a for a, _ in edges], np.int64), np.array([b for _, b in edges], np.int64)
    )

    expected = list(range(20))
    for _ in range(20):
        for a, b in edges:
            expected[a] = expected[b] = min(expected[a], expected[b])
    assert groups.roots(np.arange(20)).tolist() == expected


@given(
    st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=40),
    st.permutations(range(15)),
)
def test_every_document_that_goes_has_a_partner_that_stays(
    edges: list[tuple[int, int]], rank: list[int]
) -> None:
    edges = [(min(edge), max(edge)) for edge in edges if edge[0] != edge[1]]
    known = set(edges)
    table = np.array(edges, np.int64).reshape(-1, 2)
    pairs = Pairs(table[:, 0], table[:, 1], np.full(len(edges), 0.9, np.float32))

    gone = represent(
        pairs,
        np.array(rank),
        0.7,
        lambda a, b: 0.8 if (min(a, b), max(a, b)) in known else 0.1,
    )

    for row, found in gone.items():
        assert found.partner not in gone
        assert rank[found.partner] < rank[row]
        assert (min(row, found.partner), max(row, found.partner)) in known
    for first, second in known:  # no two that stay are known to be alike
        assert first in gone or second in gone


MIXED = st.text(
    alphabet="aB 1é\u0301\u200b\x00\n\u3000你好世界中国人民ｆひ한\u1100\u1161\ud800\U0001f600",
    max_size=80,
)


@pytest.mark.skipif(native_library() is None, reason="installed without a C compiler")
@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(MIXED, st.text(max_size=60)), max_size=8))
def test_the_compiled_sketches_equal_those_of_numpy(texts: list[str]) -> None:
    compiled = sketch(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sketching, "native_library", lambda: None)
        plain = sketch(texts)

    assert compiled.rows() == plain.rows()
