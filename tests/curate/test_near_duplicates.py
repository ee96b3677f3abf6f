from __future__ import annotations

import random

import pytest
from pydantic import ValidationError

from trueline.core.policy import Policy
from trueline.curate.batch import Batch, Column, Drop
from trueline.curate.step import Decisions, RunSettings, SetStep
from trueline.curate.steps.exact_duplicates import ExactDuplicates, ExactDuplicatesOptions
from trueline.curate.steps.near_duplicates import NearDuplicates, NearDuplicatesOptions
from trueline.curate.steps.split import Split, SplitOptions

HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 900)]


def chinese(seed: int, length: int = 500) -> str:
    return "".join(random.Random(seed).choices(HAN, k=length))


def edited(text: str, places: int, seed: int = 0) -> str:
    letters = list(text)
    for place in random.Random(seed).sample(range(len(letters)), places):
        letters[place] = "龘"
    return "".join(letters)


def decide(step: SetStep, texts: list[str], **columns: list[str]) -> Decisions:
    ids = [f"d{k}" for k in range(len(texts))]
    halves = [
        step.measure(Batch(ids[part], texts[part])).columns
        for part in (slice(0, len(texts) // 2), slice(len(texts) // 2, None))
    ]
    gathered: dict[str, Column] = {
        name: [value for half in halves for value in half[name]] for name in halves[0]
    }
    return step.decide(ids, {**gathered, **columns})


def test_a_near_duplicate_goes_with_its_partner_and_the_similarity_measured() -> None:
    text = chinese(1)

    decided = decide(NearDuplicates(), [text, chinese(2), edited(text, 3)])

    assert list(decided.drops) == [2]
    drop = decided.drops[2]
    assert (drop.reason, drop.partner, drop.threshold) == ("near duplicate", "d0", 0.65)
    assert drop.similarity == drop.value
    assert drop.similarity is not None
    assert 0.85 < drop.similarity < 1
    assert decided.columns["cluster"] == ["d0", "d1", "d0"]


def test_the_longest_of_like_documents_stays_when_asked_for() -> None:
    text = chinese(1)

    decided = decide(NearDuplicates(keep="longest"), [text, text + "再加一句", text[:-3]])

    assert sorted(decided.drops) == [0, 2]
    assert {drop.partner for drop in decided.drops.values()} == {"d1"}


def test_a_document_unlike_everything_kept_stays_though_a_dropped_one_is_like_it() -> None:
    first = chinese(1, 1000)
    middle = edited(first, 35, seed=1)
    last = edited(middle, 35, seed=2)

    decided = decide(NearDuplicates(similarity=0.62), [first, middle, last])

    assert decided.drops[1].partner == "d0"
    assert 2 not in decided.drops


def test_a_hundred_copies_lose_all_but_the_first() -> None:
    decided = decide(NearDuplicates(), [chinese(9)] * 100)

    assert sorted(decided.drops) == list(range(1, 100))
    assert {drop.partner for drop in decided.drops.values()} == {"d0"}


def test_documents_without_text_are_no_duplicates_of_each_other() -> None:
    assert not decide(NearDuplicates(), ["", " ", "\n", "\u200b"]).drops


def test_equal_texts_go_as_exact_duplicates_of_the_first_one() -> None:
    decided = decide(ExactDuplicates(), ["你好", "Hi", "你好", "hi", "Hi"])

    assert decided.drops == {
        2: Drop("exact duplicate", partner="d0", similarity=1.0),
        4: Drop("exact duplicate", partner="d1", similarity=1.0),
    }


def test_folded_comparison_overlooks_case_width_and_spaces() -> None:
    decided = decide(ExactDuplicates("folded"), ["Ａ B c", "abc", "你 好", "\ufeff你好\n", "abd"])

    assert {row: drop.partner for row, drop in decided.drops.items()} == {1: "d0", 3: "d2"}


def split_of(step: Split, texts: list[str], **columns: list[str]) -> list[str]:
    return list(decide(step, texts, **columns).columns["split"])


def test_near_duplicates_share_a_set_and_the_shares_are_met() -> None:
    texts = [chinese(k) for k in range(300)]
    texts += [edited(text, 30) for text in texts[:100]]

    sets = split_of(Split(), texts)

    assert sets[:100] == sets[300:]
    assert 300 <= sets.count("train") <= 340
    assert 30 <= sets.count("dev") <= 50


def test_documents_of_one_group_share_a_set_and_empty_groups_bind_nothing() -> None:
    texts = [chinese(k) for k in range(90)]
    authors = [f"author {k % 10}" if k < 60 else "" for k in range(90)]

    sets = split_of(Split(shares=(0.5, 0.25, 0.25), group_by=("author",)), texts, author=authors)

    for k in range(10):
        assert len({sets[row] for row in range(k, 60, 10)}) == 1
    assert len(set(sets[60:])) == 3


def test_each_label_keeps_its_shares_when_stratified() -> None:
    texts = [chinese(k) for k in range(220)]
    labels = ["rare" if k < 20 else "common" for k in range(220)]

    sets = split_of(Split(stratify="label"), texts, label=labels)

    assert [sets[:20].count(name) for name in ("train", "dev", "test")] == [16, 2, 2]


def test_a_split_depends_on_the_seed_and_on_nothing_else() -> None:
    texts = [chinese(k) for k in range(60)]

    assert split_of(Split(seed=1), texts) == split_of(Split(seed=1), texts)
    assert split_of(Split(seed=1), texts) != split_of(Split(seed=2), texts)


def test_shares_that_do_not_sum_to_one_are_refused_with_their_sum() -> None:
    with pytest.raises(ValidationError) as refused:
        SplitOptions(train=0.8, dev=0.1, test=0.2)

    assert "train, dev and test must sum to 1 (got 1.1); change one of them" in str(refused.value)


def test_options_build_the_steps_they_describe() -> None:
    run = RunSettings(policy=Policy.model_construct(), seed=5)

    assert NearDuplicatesOptions(keep="longest").build(run) == NearDuplicates(keep="longest")
    assert ExactDuplicatesOptions(compare="folded").build(run) == ExactDuplicates("folded")
    assert SplitOptions(stratify="label").build(run) == Split(stratify="label", seed=5)
