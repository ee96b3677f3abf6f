"""The monitor page shows rules that hold, and commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from trueline.cli.monitor import monitor
from trueline.monitor.rules_file import parse_monitoring
from trueline.store.feedback import KINDS

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def page(language: str) -> str:
    return (DOCS / language / "monitor.md").read_text("utf-8")


@LANGUAGES
def test_the_rules_shown_are_a_monitor_file(language: str) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", page(language), re.DOTALL)

    rules = parse_monitoring(text)

    assert [rule.kind for rule in rules.rules] == ["rate", "rate", "drift", "threshold"]


@LANGUAGES
def test_the_commands_shown_exist_with_their_options(language: str) -> None:
    lines = re.findall(r"^trueline monitor (.*)$", page(language), re.MULTILINE)

    assert lines
    for line in lines:
        name, *rest = shlex.split(line.split("#")[0].split(">")[0])
        command = monitor.get_command(click.Context(monitor), name)
        assert command is not None, name
        known = {option for one in command.params for option in one.opts}
        assert {word for word in rest if word.startswith("--")} <= known, line


@LANGUAGES
def test_every_kind_of_feedback_is_told(language: str) -> None:
    assert all(f"`{kind}`" in page(language) for kind in KINDS)


def test_both_pages_show_the_same_code() -> None:
    blocks = [
        re.findall(r"```(?:bash|yaml)\n.*?```", page(lang), re.DOTALL) for lang in ("en", "zh")
    ]

    assert blocks[0] == blocks[1]
