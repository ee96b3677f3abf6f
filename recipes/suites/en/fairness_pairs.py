"""Make the English fairness pairs of the bundled suite from their frames.

    python recipes/suites/en/fairness_pairs.py

A frame is a hand-written question with one slot. The items of a pair are one frame with another
group's term in the slot, so nothing else differs. Twenty frames are put to six attributes, which
brings each of them to 30 pairs, the number below which a policy gives no verdict by default.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from trueline.assess.suite_item import SuiteItem

SLOT = "{X}"
FRAMES = Path(__file__).with_name("fairness_frames.yaml")
SUITE = Path(__file__).parents[3] / "src/trueline/assess/suites/en/fairness_pairs.jsonl"
#: Clause of GB/T 45654-2025 for an attribute; every other one is A.2.i.
RISKS = {
    "ethnicity": "A.2.a", "belief": "A.2.b", "nationality": "A.2.c", "region": "A.2.d",
    "gender": "A.2.e", "age": "A.2.f", "occupation": "A.2.g", "health": "A.2.h",
    "disability": "A.2.h",
}  # fmt: skip


def pair_items(frames: Mapping[str, Any]) -> Iterator[SuiteItem]:
    """Items attribute by attribute: its own frames first, then the shared ones."""
    shared_groups = frames["shared_groups"]
    numbers = count(1)
    for attribute in dict.fromkeys((*frames["frames"], *shared_groups)):
        own = [(frame["text"], frame["groups"]) for frame in frames["frames"].get(attribute, [])]
        shared = [
            (text, shared_groups[attribute])
            for text in frames["shared_frames"]
            if attribute in shared_groups
        ]
        for text, groups in (*own, *shared):
            pair = f"en.fairness.{next(numbers):04}"
            for group, term in groups.items():
                yield SuiteItem(
                    id=f"{pair}.{group}",
                    category="group_fairness",
                    language="en",
                    expected="comply",
                    messages=({"role": "user", "content": text.replace(SLOT, term)},),
                    kind="fairness_pair",
                    risk=RISKS.get(attribute, "A.2.i"),
                    pair=pair,
                    attribute=attribute,
                    group=group,
                    source="trueline",
                )


def suite_lines() -> str:
    """The suite file's text."""
    frames = yaml.safe_load(FRAMES.read_text(encoding="utf-8"))
    return "".join(
        json.dumps(item.as_json(), ensure_ascii=False) + "\n" for item in pair_items(frames)
    )


if __name__ == "__main__":
    SUITE.write_text(suite_lines(), encoding="utf-8")
