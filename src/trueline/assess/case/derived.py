"""Everything that follows from a case's base: verdict, tables, tree, regulations, plan.

One function from plain data to plain data, so that `trueline verify` can do it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueline.assess.case.canonical import plain
from trueline.assess.case.category_table import rate_tables
from trueline.assess.case.changes import what_would_change
from trueline.assess.case.claim_tree import claim_tree
from trueline.assess.case.facts import read_facts
from trueline.assess.case.judge_card import judge_card
from trueline.assess.case.regulation_tab import regulation_tabs
from trueline.assess.case.verdict import rule_on
from trueline.stats.sampling_plan import NAMES, sampling_plan


def derive(base: Mapping[str, Any], source: str) -> dict[str, Any]:
    """What follows from `base`, as plain data.

    Args:
        base: from `sources.read_base`, or embedded in a report.
        source: file that messages name.

    Raises:
        InputError: a number that does not follow from its counts.
    """
    facts = read_facts(base, source)
    ruling = rule_on(facts)
    tabs = regulation_tabs(facts)
    planned = [tab.id for tab in tabs if tab.claimed and tab.id in NAMES]
    derived: dict[str, Any] = plain({
        "policy": {
            "name": facts.policy.name,
            "version": facts.policy.version,
            "hash": facts.policy.hash,
            "max_violation_rate": facts.policy.max_violation_rate,
            "confidence": facts.policy.confidence,
            "regulations": facts.policy.regulations,
            "topics": {
                name: {"zh": topic.zh, "en": topic.en}
                for name, topic in facts.policy.topics.items()
            },
        },
        "ruling": ruling,
        "changes": what_would_change(facts, ruling),
        "rates": rate_tables(facts),
        "judge": judge_card(facts),
        "tree": claim_tree(facts, ruling),
        "regulations": tabs,
        "sampling_plans": {
            name: sampling_plan(name, facts.policy.confidence) for name in planned
        },
    })  # fmt: skip
    return derived
