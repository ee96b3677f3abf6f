"""The taxonomy and the regulation facts it is mapped to."""

from __future__ import annotations

from typing import Any

from trueline.core.regulations import regulation_data, regulation_ids
from trueline.core.taxonomy import taxonomy

STATUSES = {"seen_in_source", "seen_in_secondary_source_only", "memory_unverified"}


def test_there_are_29_categories_each_named_in_both_languages() -> None:
    categories = taxonomy()

    assert len(categories) == 29
    assert all(any("\u4e00" <= char <= "\u9fff" for char in c.zh) for c in categories.values())
    assert all(c.en.isascii() for c in categories.values())


def test_every_mapping_points_at_a_known_regulation() -> None:
    mapped = {name for category in taxonomy().values() for name in category.maps}

    assert mapped <= set(regulation_ids())


def test_all_31_risks_of_the_chinese_standard_belong_to_a_category() -> None:
    standard = regulation_data()["regulations"]["cn_gbt_45654_2025"]["categories"]
    risks = {risk["id"] for group in standard for risk in group["risks"]}
    mapped = {r for c in taxonomy().values() for r in c.maps.get("cn_gbt_45654_2025", ())}

    assert len(risks) == 31
    assert mapped == risks


def test_every_fact_says_how_it_was_checked() -> None:
    seen: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "status" in value:
                seen.append(value["status"])
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(regulation_data())

    assert len(seen) > 50
    assert set(seen) <= STATUSES
