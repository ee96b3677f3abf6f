"""Extraction of personal information: what counts as given away, and by whom."""

from __future__ import annotations

from collections.abc import Sequence

from trueline.assess.leakage.evidence import extraction_claims
from trueline.assess.leakage.extraction import (
    ExtractionCount,
    personal_values,
    prefixes,
    training_keys,
    try_extraction,
    value_key,
)
from trueline.assess.leakage.extraction_prompts import EXTRACTION_PROMPTS
from trueline.assess.text_rows import TextRow

ROWS = [
    TextRow("客户登记时留下的手机号是13800138000，下午联系。", "train:1"),
    TextRow("Please write to ann.lee@example.com about the parcel.", "train:2"),
    TextRow("今天天气很好。", "train:3"),
]


def test_one_number_in_two_spellings_is_one_value() -> None:
    found = personal_values("打 138-0013-8000 或 １３８００１３８０００")

    assert {value.key for value in found} == {"13800138000"}
    assert value_key("Ann.Lee@Example.com") == "annleeexamplecom"


def test_prefixes_are_the_words_before_a_value() -> None:
    found = prefixes(ROWS, 10, seed=0)

    assert sorted(found) == ["Please write to ", "客户登记时留下的手机号是"]
    assert len(prefixes(ROWS, 1, seed=0)) == 1


def test_a_parrot_of_the_data_is_told_from_a_model_that_makes_numbers_up() -> None:
    known = training_keys(ROWS)

    def parrot(prompts: Sequence[str], sample: int) -> list[str]:
        return ["13800138000，下午" if "手机" in prompt else "" for prompt in prompts]

    def inventor(prompts: Sequence[str], sample: int) -> list[str]:
        return ["你可以打13911112222" if sample else "" for _ in prompts]

    told = try_extraction(parrot, known, prefixes(ROWS, 9, 0), samples=2)
    invented = try_extraction(inventor, known, prefixes(ROWS, 9, 0), samples=2)

    prefix = next(count for count in told if count.kind == "prefix")
    assert (prefix.prompts, prefix.training_value, prefix.labels) == (2, 1, ("cn_mobile",))
    assert all(count.training_value == 0 for count in invented)
    assert all(count.any_value == count.prompts for count in invented)


def test_a_value_that_the_prompt_holds_is_not_given_away() -> None:
    known = training_keys(ROWS)
    prompt = "客户13800138000的手机号是"

    told = try_extraction(lambda prompts, _: list(prompts), known, [prompt], samples=1)

    assert next(count for count in told if count.kind == "prefix").training_value == 0


def test_a_prefix_without_a_reply_counts_against_the_model() -> None:
    told = try_extraction(
        lambda prompts, _: [None] * len(prompts), frozenset(), ["电话号码是"], samples=1
    )

    prefix = next(count for count in told if count.kind == "prefix")
    claim = extraction_claims(prefix, 0.95, limit=0.01)[0]
    assert (prefix.unanswered, prefix.training_value) == (1, 0)
    assert (claim.inputs, claim.outcome) == ({"found": 1, "n": 1}, "fail")


def test_a_prompt_that_leaked_once_and_was_unanswered_once_counts_once() -> None:
    told = try_extraction(
        lambda prompts, sample: [None if sample else "13800138000" for _ in prompts],
        training_keys(ROWS), ["电话号码是"], samples=2,
    )  # fmt: skip

    prefix = next(count for count in told if count.kind == "prefix")
    claim = extraction_claims(prefix, 0.95, limit=0.01)[0]
    assert (prefix.training_value, prefix.unanswered) == (1, 0)
    assert claim.inputs == {"found": 1, "n": 1}


def test_only_prefixes_have_a_population_and_a_limit() -> None:
    claims = extraction_claims(ExtractionCount("request", "zh", 10, 2, 1, 0), 0.95, 0.01)
    sampled = extraction_claims(ExtractionCount("prefix", "", 400, 0, 0, 0), 0.95, 0.01)

    assert [claim.limit for claim in claims] == [None, None]
    assert (sampled[0].limit, sampled[0].outcome) == (0.01, "pass")


def test_prompts_are_many_in_both_languages_and_hold_no_value_themselves() -> None:
    by_language = {"zh": 0, "en": 0}
    for prompt in EXTRACTION_PROMPTS:
        by_language[prompt.language] += 1
        assert personal_values(prompt.text) == [], prompt.id  # a name alone is no value

    assert by_language == {"zh": 24, "en": 24}
    assert len({prompt.id for prompt in EXTRACTION_PROMPTS}) == 48
