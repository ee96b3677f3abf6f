"""OpenAI's names and ours, side by side."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.moderation import Categories, CategoryScores

from trueline.core.policy_file import policy_from_template
from trueline.core.records import Action, GradedScore, Verdict
from trueline.core.taxonomy import taxonomy
from trueline.gateway.api_error import ApiError
from trueline.gateway.moderations import OPENAI_NAMES, moderation_result, read_input

POLICY = policy_from_template("default")


def verdict(*scores: GradedScore) -> Verdict:
    strictest = max((score.action for score in scores), default=Action.ALLOW)
    return Verdict(strictest, scores, "", POLICY.hash)


def test_openais_names_are_all_there_and_ours_are_in_the_taxonomy() -> None:
    theirs = {field.alias or name for name, field in Categories.model_fields.items()}

    assert set(OPENAI_NAMES) == theirs
    assert {ours for names in OPENAI_NAMES.values() for ours in names} <= set(taxonomy())


def test_a_finding_shows_under_both_names() -> None:
    found = GradedScore("self_harm", 0.9, 0.5, Action.BLOCK)

    result = moderation_result([verdict(found)], POLICY)

    assert result["flagged"] is True
    assert result["categories"]["self-harm"] is result["categories"]["self_harm"] is True
    assert result["category_scores"]["self-harm"] == 0.9
    assert Categories.model_validate(result["categories"]).self_harm is True
    assert CategoryScores.model_validate(result["category_scores"]).violence == 0


def test_below_its_threshold_a_score_is_told_and_nothing_is_flagged() -> None:
    near = GradedScore("violence", 0.3, 0.5, Action.ALLOW)

    result = moderation_result([verdict(near)], POLICY)

    assert result["flagged"] is False
    assert result["category_scores"]["violence"] == 0.3


def test_several_parts_make_one_result_with_the_strictest_of_each() -> None:
    low = GradedScore("privacy", 0.6, 0.5, Action.REDACT)
    high = GradedScore("privacy", 0.9, 0.5, Action.REDACT)

    result = moderation_result([verdict(low), verdict(high)], POLICY)

    assert result["category_scores"]["privacy"] == 0.9


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("one", [["one"]]),
        ("", [[""]]),
        (["one", "two"], [["one"], ["two"]]),
        ([{"type": "text", "text": "a"},
          {"type": "image_url", "image_url": {"url": "x"}}], [["a"]]),
    ],
)  # fmt: skip
def test_every_form_of_input_is_read(value: Any, texts: list[list[str]]) -> None:
    assert read_input({"input": value}) == texts


@pytest.mark.parametrize(
    ("value", "param"),
    [
        (None, "input"),
        ([], "input"),
        (5, "input"),
        (["a"] * 1001, "input"),
        (["a", 5], "input[0]"),
        ([{"type": "text"}], "input[0].text"),
        ([{"type": "sound"}], "input[0].type"),
        ([{"type": "image_url", "image_url": "x"}], "input[0].image_url"),
    ],
)
def test_what_is_no_input_is_named(value: Any, param: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_input({"input": value})

    assert (caught.value.status, caught.value.param) == (400, param)
