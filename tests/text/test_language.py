"""Chinese, English, or something else."""

from __future__ import annotations

import pytest

from trueline.text.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("今天天气不错。", "zh"),
        ("請問這是什麼？", "zh"),
        ("今天 use Python 写代码", "zh"),
        ("我的 iPhone 坏了", "zh"),
        ("Hello there", "en"),
        ("kill", "en"),
        ("The café in the old town serves good coffee.", "en"),
        ("The word 国 means country and is used in many other words.", "en"),
        ("Ich weiß nicht, wie das mit dem Haus ist und auch der Garten", "other"),
        ("Je ne sais pas ce que vous voulez dire avec une telle phrase", "other"),
        ("No entiendo por que los gatos son para la casa", "other"),
        ("こんにちは、元気ですか", "other"),
        ("안녕하세요", "other"),
        ("Привет, как дела?", "other"),
        ("12345 !!!", "other"),
        ("", "other"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    assert language_of(text) == language
