"""Listed words: what counts as a hit, what is excepted, what the policy adds and allows."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.policy_file import load_policy, parse_policy
from trueline.core.records import Context, Score, Span
from trueline.scorers.base import Scorer
from trueline.scorers.lexicon import LexiconScorer
from trueline.scorers.lexicon_automaton import text_automaton
from trueline.scorers.lexicon_entries import (
    Entry,
    decode,
    encode,
    starter_entries,
    user_entry,
)
from trueline.text.normalize import normalize

POLICY = """
schema: trueline.policy/1
name: test
starter_lexicons: false
categories:
  violence: {action: block}
  unfair_business: {action: flag}
lexicons:
  - {category: violence, label: creature, words: [zorgle, blue frimp, 咕噜蜥, 鳐币]}
  - {category: unfair_business, words: [Quibbleco], value: 0.6}
allow: ["the zorgle museum", 咕噜蜥保护区]
"""


@cache
def made() -> LexiconScorer:
    return LexiconScorer(parse_policy(POLICY))


@pytest.fixture
def scorer() -> LexiconScorer:
    return made()


def found(scorer: LexiconScorer, text: str) -> list[str]:
    """The pieces of the text that the scorer points at."""
    return [
        text[s.start : s.end]
        for score in scorer.score(normalize(text), Context())
        for s in score.spans
    ]


def test_it_keeps_the_contract_of_a_scorer(scorer: LexiconScorer) -> None:
    assert isinstance(scorer, Scorer)
    assert scorer.name == "lexicon"
    assert scorer.categories == ("violence", "unfair_business")


def test_a_listed_word_is_found_where_it_stands(scorer: LexiconScorer) -> None:
    scores = scorer.score(normalize("Beware of the Zorgle, friend"), Context())

    assert scores == [
        Score("violence", 1.0, (Span(14, 20, "creature"),), "lexicon", "listed word", "creature")
    ]


def test_an_english_word_inside_another_word_is_no_hit(scorer: LexiconScorer) -> None:
    assert found(scorer, "zorgles, azorgle and prezorgled") == []
    assert found(scorer, "zorgle-like, (zorgle) zorgle7") == ["zorgle", "zorgle", "zorgle"]


def test_a_chinese_word_is_found_between_other_characters(scorer: LexiconScorer) -> None:
    assert found(scorer, "这只咕噜蜥真大") == ["咕噜蜥"]


def test_the_value_and_label_of_a_list_are_those_of_the_policy(scorer: LexiconScorer) -> None:
    [score] = scorer.score(normalize("buy from quibbleco now"), Context())

    assert (score.category, score.label, score.value) == ("unfair_business", "user_list", 0.6)


def test_a_hit_inside_an_allowed_phrase_is_dropped_and_others_stay(scorer: LexiconScorer) -> None:
    assert found(scorer, "We visited the zorgle museum.") == []
    assert found(scorer, "我去了咕噜蜥保护区") == []
    assert found(scorer, "the zorgle museum has a zorgle") == ["zorgle"]


def test_an_allowed_phrase_only_protects_what_it_covers(scorer: LexiconScorer) -> None:
    assert found(scorer, "a zorgle museum") == ["zorgle"]


def test_several_words_make_one_score_for_each_category(scorer: LexiconScorer) -> None:
    scores = scorer.score(normalize("zorgle, 鳐币, quibbleco, zorgle"), Context())

    assert {score.category: len(score.spans) for score in scores} == {
        "violence": 3,
        "unfair_business": 1,
    }


def test_words_can_come_from_a_file_beside_the_policy(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("# invented\nsnorkwit\n\n嘟嘟饼\n", encoding="utf-8")
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "schema: trueline.policy/1\nname: t\nstarter_lexicons: false\n"
        "categories: {violence: {action: block}}\n"
        "lexicons: [{category: violence, file: words.txt}]\n",
        encoding="utf-8",
    )

    scorer = LexiconScorer(load_policy(policy))

    assert found(scorer, "a snorkwit ate 嘟嘟饼") == ["snorkwit", "嘟嘟饼"]


def test_a_policy_without_any_list_finds_nothing_and_holds_nothing_back() -> None:
    policy = parse_policy(
        "schema: trueline.policy/1\nname: t\nstarter_lexicons: false\n"
        "categories: {violence: {action: block}}\n"
    )

    scorer = LexiconScorer(policy)

    assert scorer.categories == ()
    assert scorer.reach == 1
    assert scorer.score(normalize("anything at all 任何文字"), Context()) == []


def test_a_category_the_policy_does_not_name_brings_no_bundled_words() -> None:
    policy = parse_policy(
        "schema: trueline.policy/1\nname: t\ncategories: {violence: {action: block}}\n"
    )

    assert LexiconScorer(policy).categories == ("violence",)


def test_the_threshold_rises_for_a_tight_budget(scorer: LexiconScorer) -> None:
    assert scorer.threshold("violence", "creature", 0.005) == 0.5
    assert scorer.threshold("violence", "creature", 0.0001) == 0.75


def test_an_excepted_phrase_guards_the_entry_within_it() -> None:
    entry = Entry("废料", "废料", "", "violence", "x", 1.0, "")
    automaton = text_automaton([entry], ["废料回收"], [])

    assert automaton.search("请做好废料回收工作") == []
    assert [hit.start for hit in automaton.search("废料回收和废料")] == [5]


def test_two_excepted_phrases_side_by_side_do_not_guard_what_crosses_them() -> None:
    entry = Entry("bb cc", "bbcc", "", "violence", "x", 1.0, "")
    automaton = text_automaton([entry], ["aa bb", "cc dd"], [])

    assert [hit.start for hit in automaton.search("aa bb cc dd")] == [3]


def test_the_bundled_list_is_stored_encoded_and_loads() -> None:
    entries, exceptions = starter_entries()

    assert len(entries) > 1000
    assert len(exceptions) > 10
    assert all(entry.folded and entry.squeezed for entry in entries)
    assert {0.4, 0.6, 0.95} <= {entry.value for entry in entries}
    assert any(entry.pinyin for entry in entries)
    assert not any(entry.pinyin for entry in entries if entry.squeezed.isascii())


def test_entries_below_half_are_searched_plainly_only() -> None:
    ambiguous = [entry for entry in starter_entries()[0] if entry.value < 0.5]

    assert ambiguous
    assert all(entry.disguises == "" and entry.pinyin == "" for entry in ambiguous)


@pytest.mark.parametrize(
    "text",
    [
        "The classic passage from Scunthorpe and Penistone was assessed by the class.",
        "Please assess the analysis of the cockpit and the titanic document.",
        "Who re-elected him? He has his hit list as usual, and a pass is needed.",
        "本市加强固体废物处理与医疗废物管理，提倡废物利用。",
        "神经病学研究与智障儿童教育是两个不同的领域。",
        "今天的会议讨论了三季度的销售情况和明年的预算安排。",
    ],
)
def test_ordinary_sentences_stay_below_the_default_threshold(text: str) -> None:
    from trueline.core.policy_file import policy_from_template

    scorer = LexiconScorer(policy_from_template("default"))

    assert [s for s in scorer.score(normalize(text), Context()) if s.value >= 0.5] == []


words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
entries = st.builds(
    Entry,
    folded=words,
    squeezed=words,
    pinyin=words,
    category=st.sampled_from(["violence", "sexual"]),
    label=st.just("x"),
    value=st.sampled_from([0.4, 0.6, 0.95]),
    disguises=st.sampled_from(["", "s", "srt"]),
).filter(lambda entry: not entry.folded.startswith("!") and "\x85" not in repr(entry))


@given(st.lists(entries, max_size=5), st.lists(words, max_size=3))
def test_decoding_a_list_gives_back_what_was_encoded(
    items: list[Entry], phrases: list[str]
) -> None:
    safe = [e for e in items if not {"\t", "\n", "\u2028", "\u2029", "\x85"} & set(repr(e))]
    phrases = [p for p in phrases if len(p.splitlines()) == 1 and "\t" not in p]
    safe = [
        e for e in safe if all(len(f.splitlines()) <= 1 for f in (e.folded, e.squeezed, e.pinyin))
    ]

    assert decode(encode(safe, phrases)) == (tuple(safe), tuple(phrases))


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(), max_size=80))
def test_no_text_breaks_the_scorer_and_spans_lie_inside_it(text: str) -> None:
    for score in made().score(normalize(text + " zorgle " + text), Context()):
        for span in score.spans:
            assert 0 <= span.start < span.end <= 2 * len(text) + 8


@settings(deadline=None)
@given(
    st.text(st.sampled_from("abc 一二三，。"), max_size=30),
    st.text(st.sampled_from("abc 一二三，。"), max_size=30),
)
def test_a_word_on_its_own_is_found_in_any_surroundings(before: str, after: str) -> None:
    text = f"{before} zorgle {after}"

    assert "zorgle" in found(made(), text)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=8))
def test_any_user_word_that_has_letters_makes_an_entry(word: str) -> None:
    entry = user_entry(word, "violence", "x", 1.0)

    assert (entry.category, entry.value) == ("violence", 1.0)
    if len(entry.squeezed) < 2:
        assert entry.disguises == ""


@pytest.mark.parametrize(
    "text", ["zorgle " * 20_000, "z" * 150_000, "鳐" * 100_000, "z o r " * 30_000]
)
def test_hostile_lengths_are_searched_to_the_end(scorer: LexiconScorer, text: str) -> None:
    hits = found(scorer, text + " 咕噜蜥")

    assert hits[-1] == "咕噜蜥"
