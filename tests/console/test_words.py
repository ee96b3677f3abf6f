"""The catalogue and the templates belong together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trueline.gateway import console
from trueline.gateway.console.finding_names import LABELS, label_name, reason_text
from trueline.gateway.console.words import WORDS, say

FOLDER = Path(console.__file__).parent
SOURCES = "".join(
    path.read_text(encoding="utf-8")
    for path in sorted([*FOLDER.glob("templates/*.html"), *FOLDER.glob("*.py")])
    if not path.name.startswith("words")
)
FIELDS = re.compile(r"\{(\w+)\}")


def test_every_key_the_templates_ask_for_is_in_the_catalogue() -> None:
    asked = set(re.findall(r"""\bt\(["']([a-z0-9_.]+)["'][,)]""", SOURCES))
    asked |= set(re.findall(r"""\bsay\(["']([a-z0-9_.]+)["'][,)]""", SOURCES))

    assert len(asked) > 100
    assert asked - set(WORDS) == set()


def test_no_word_is_kept_that_no_page_uses() -> None:
    built = set(re.findall(r"""["'](?:f")?([a-z_.]+\.)(?:["'] ?[~+]|\{)""", SOURCES))

    unused = [
        key
        for key in WORDS
        if f'"{key}"' not in SOURCES
        and f"'{key}'" not in SOURCES
        and not any(key.startswith(prefix) for prefix in built)
    ]

    assert unused == []


@pytest.mark.parametrize("key", sorted(WORDS))
def test_both_languages_say_it_with_the_same_values(key: str) -> None:
    chinese, english = WORDS[key]

    assert chinese.strip()
    assert english.strip()
    assert set(FIELDS.findall(chinese)) == set(FIELDS.findall(english))


def test_an_unknown_key_is_our_fault_and_says_so() -> None:
    with pytest.raises(KeyError, match=r"no\.such\.key"):
        say("no.such.key", "en")


@pytest.mark.parametrize("label", sorted(LABELS))
def test_a_label_has_a_name_in_both_languages(label: str) -> None:
    assert label_name(label, "zh")
    assert label_name(label, "en")


def test_reasons_are_told_in_chinese_where_known_and_as_given_elsewhere() -> None:
    assert reason_text("override, two answers", "zh") == "推翻指令、要求两种回答"
    assert reason_text("classifier: harassment (rot13)", "zh") == "分类器：骚扰（rot13）"
    assert reason_text("a plug-in's own reason", "zh") == "a plug-in's own reason"
    assert reason_text("format holds", "en") == "format holds"
