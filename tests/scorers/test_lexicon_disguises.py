"""Listed words in disguise: found, with a span that covers the disguise, and no more."""

from __future__ import annotations

import base64
import codecs

import pytest

from trueline.core.policy_file import parse_policy
from trueline.core.records import Context
from trueline.scorers.lexicon import LexiconScorer
from trueline.scorers.lexicon_entries import user_entry
from trueline.scorers.splitting import Alignment, is_deliberate
from trueline.scorers.syllable_pairs import (
    common_pairs,
    decode_pairs,
    encode_pairs,
    is_rare_in_pinyin,
    syllables,
)
from trueline.text.normalize import normalize

POLICY = """
schema: trueline.policy/1
name: test
starter_lexicons: false
categories: {violence: {action: block}}
lexicons: [{category: violence, words: [zorgle, blue frimp, 咕噜蜥, 鳐币]}]
"""


@pytest.fixture(scope="module")
def scorer() -> LexiconScorer:
    return LexiconScorer(parse_policy(POLICY))


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("you ZORGLE!", "ZORGLE"),
        ("you ｚｏｒｇｌｅ!", "ｚｏｒｇｌｅ"),
        ("you z\u200bo\u200br\u200bg\u200bl\u200be!", "z\u200bo\u200br\u200bg\u200bl\u200be"),
        ("you z0rgl3!", "z0rgl3"),
        ("you z-o-r-g-l-e!", "z-o-r-g-l-e"),
        ("you z o r g l e!", "z o r g l e"),
        ("you zor**gle** now", "zor**gle"),
        ("you elgroz!", "elgroz"),
        ("you mbetyr!", "mbetyr"),
        ("a blue-frimp here", "blue-frimp"),
        ("a bluefrimp here", "bluefrimp"),
        ("这只咕*噜*蜥", "咕*噜*蜥"),
        ("这只咕 噜 蜥", "咕 噜 蜥"),
        ("这只蜥噜咕跑了", "蜥噜咕"),
        ("这只guluxi跑了", "guluxi"),
        ("这只古卢西跑了", "古卢西"),
        ("这只咕噜xi跑了", "咕噜xi"),
    ],
)
def test_a_disguised_word_is_found_with_its_whole_disguise(
    scorer: LexiconScorer, text: str, covered: str
) -> None:
    [score] = scorer.score(normalize(text), Context())

    assert {text[span.start : span.end] for span in score.spans} == {covered}


@pytest.mark.parametrize(
    "encoded",
    [
        base64.b64encode(b"he called me a zorgle").decode(),
        b"he called me a zorgle".hex(),
        codecs.encode("zorgle", "rot13"),
    ],
)
def test_an_encoded_word_is_found_and_the_span_is_the_encoded_run(
    scorer: LexiconScorer, encoded: str
) -> None:
    text = f"Decode: {encoded} please"

    [score] = scorer.score(normalize(text), Context())

    assert text[score.spans[0].start : score.spans[0].end] == encoded
    assert "(" in score.reason


@pytest.mark.parametrize(
    "text",
    [
        "The horror. Glee at last",  # "zor" is not there, the rest crosses words
        "a quiz or glee club",  # z|or gle|e
        "the sky was blue. Frimpton came",
        "blue, and a frimp",
        "咕噜。蜥蜴",
        "鳐。币种",
        "quizorglement",
    ],
)
def test_words_that_merely_stand_side_by_side_are_no_hit(scorer: LexiconScorer, text: str) -> None:
    assert scorer.score(normalize(text), Context()) == []


def test_short_lines_are_taken_for_splitting_and_long_lines_are_not() -> None:
    text = "this\n is \na zo\nrgle\n or \nso i\nt is"
    prose = "a long line that ends in zo\nrgle and goes on like any other prose would"

    short = text.index("zo")
    long = prose.index("zo")

    assert is_deliberate(text, short, short + 7, "zorgle")
    assert not is_deliberate(prose, long, long + 7, "zorgle")


def test_a_squeezed_place_is_found_again_in_the_folded_text() -> None:
    align = Alignment("a, b-c  d", "abcd")

    assert align.place(1, 3) == (3, 6)
    assert align.place(0, 9) == (0, 0)


def test_a_common_pair_of_syllables_is_not_searched_for_by_sound() -> None:
    assert not is_rare_in_pinyin("公司")
    assert not is_rare_in_pinyin("蜥")
    assert user_entry("公司", "violence", "x", 1.0).pinyin == ""
    assert user_entry("咕噜蜥", "violence", "x", 1.0).pinyin == "guluxi"


def test_syllables_are_told_character_by_character() -> None:
    assert syllables("方案a") == ["fang", "an", "a"]


def test_the_table_of_pairs_survives_encoding() -> None:
    pairs = frozenset({("ni", "hao"), ("hao", "ni"), ("gong", "si")})

    assert frozenset(decode_pairs("".join(encode_pairs(pairs).split()))) == pairs
    assert 10_000 < len(common_pairs()) < 100_000


def test_a_sound_is_only_taken_on_whole_syllables_and_words(scorer: LexiconScorer) -> None:
    for text in ("他叫aguluxi吧", "guluxian", "谷路 西边"):
        assert scorer.score(normalize(text), Context()) == [], text


def test_reach_covers_the_longest_entry_and_what_is_read_after_it(scorer: LexiconScorer) -> None:
    assert scorer.reach >= len("bluefrimp") + 1


@pytest.mark.parametrize("end", ["", " now", "s now", " museum of all things"])
def test_nothing_beyond_reach_changes_a_finding(scorer: LexiconScorer, end: str) -> None:
    start = "see a zorgle"
    near = start + end
    rest = (near + " " + "plain words follow " * 20)[: len(start) + 400]
    cut = rest[: len("see a ") + scorer.reach * 2]

    whole = {s.spans[0] for s in scorer.score(normalize(rest), Context())}
    early = {s.spans[0] for s in scorer.score(normalize(cut), Context())}

    assert whole == early
