"""The 29 categories of the taxonomy, with names in Chinese and English and their mappings.

>>> taxonomy()["privacy"].en
'privacy and personal data'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from trueline.core.regulations import regulation_data


@dataclass(frozen=True, slots=True)
class Category:
    """One entry of the taxonomy.

    `kind` is `content`, `system`, `utility`, `fairness` or `process`. `maps` gives, by
    regulation, the clauses the category belongs to; the mapping is our judgement.
    """

    id: str
    zh: str
    en: str
    kind: str
    maps: Mapping[str, tuple[str, ...]]

    def name(self, language: str) -> str:
        """The name in Chinese for `zh`, in English otherwise."""
        return self.zh if language == "zh" else self.en


@cache
def taxonomy() -> Mapping[str, Category]:
    """Categories by id, in the order of the regulation file."""
    entries: list[dict[str, Any]] = regulation_data()["policy_categories"]["list"]
    return MappingProxyType({entry["id"]: _category(entry) for entry in entries})


def _category(entry: dict[str, Any]) -> Category:
    maps = {name: tuple(map(str, clauses)) for name, clauses in entry["maps"].items()}
    return Category(entry["id"], entry["zh"], entry["en"], entry["kind"], MappingProxyType(maps))
