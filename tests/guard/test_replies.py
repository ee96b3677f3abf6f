from __future__ import annotations

from collections.abc import Callable

import pytest

from trueline.core.policy import Policy
from trueline.core.taxonomy import taxonomy
from trueline.guard.replies import DEFAULT, REPLIES, reply_language, safe_reply


@pytest.mark.parametrize("language", ["zh", "en"])
def test_self_harm_gets_a_help_line_whatever_else_was_found(language: str) -> None:
    reply = safe_reply(["violence", "self_harm"], language)

    for line in ("12356", "988", "120", "110", "findahelpline.com"):
        assert line in reply


def test_every_reply_is_for_a_category_of_the_taxonomy() -> None:
    assert set(REPLIES) <= set(taxonomy())


def test_a_category_without_a_reply_of_its_own_gets_the_default() -> None:
    assert safe_reply(["over_refusal"], "zh") == DEFAULT.zh
    assert safe_reply([], "en") == DEFAULT.en


def test_the_policy_has_the_last_word(policy_with: Callable[..., Policy]) -> None:
    rule = {"action": "block", "safe_reply": {"zh": "不行", "en": "no"}}
    policy = policy_with(categories={"self_harm": rule})

    assert safe_reply(["self_harm"], "zh", policy) == "不行"
    assert safe_reply(["self_harm"], "en", policy) == "no"


def test_the_language_is_that_of_the_newest_text_that_tells() -> None:
    assert reply_language(["hello there", "你好，今天天气怎么样", "123"]) == "zh"
    assert reply_language(["你好", "hello there"]) == "en"
    assert reply_language(["123"]) == "en"
