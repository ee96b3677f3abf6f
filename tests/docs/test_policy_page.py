"""The policy page names every field of the schema, in both languages, and its example loads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from trueline.core.policy import Policy
from trueline.core.policy_file import TEMPLATES, parse_policy

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def page(language: str) -> str:
    return (DOCS / language / "policy.md").read_text("utf-8")


def field_names() -> set[str]:
    schema: dict[str, Any] = Policy.model_json_schema(by_alias=True)
    parts = [schema, *schema["$defs"].values()]
    return {name for part in parts for name in part["properties"]}


@LANGUAGES
def test_every_field_of_the_schema_is_on_the_page(language: str) -> None:
    words = set(re.findall(r"[a-z_]+", page(language)))

    assert field_names() - words == set()


@LANGUAGES
def test_every_template_is_on_the_page(language: str) -> None:
    assert [name for name in TEMPLATES if f"`{name}`" not in page(language)] == []


@LANGUAGES
def test_the_example_is_a_valid_policy(language: str, tmp_path: Path) -> None:
    example = re.findall(r"```yaml\n(.*?)```", page(language), re.DOTALL)[0]
    (tmp_path / "words.txt").write_text("alpha\n", "utf-8")

    policy = parse_policy(example, folder=tmp_path)

    assert policy.lexicons[0].words == ("alpha",)
    assert "competitor" in policy.topics
