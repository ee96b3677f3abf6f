"""Names in a policy that point elsewhere: categories, topics and regulations must exist.

Works on plain data, so that these faults are told together with those of single fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trueline.core.faults import Finding, Message, Place, did_you_mean
from trueline.core.regulations import regulation_ids
from trueline.core.taxonomy import taxonomy

_TAKEN = Message("name_taken", "is a category of the taxonomy already", "与分类体系中的类别同名")
_NO_RULE = Message("no_rule", "has no rule under categories", "categories 中没有它的规则")


class ReferenceFaults(ValueError):
    """Carries the faults through a pydantic validator."""

    def __init__(self, faults: list[Finding]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{place}: {message}" for place, message, _ in faults))


def reference_faults(data: Mapping[str, Any]) -> list[Finding]:
    """Every dangling name in a policy given as plain data; wrong shapes are left to others."""
    known = taxonomy()
    rules = set(_names(data, "categories"))
    topics = set(_names(data, "topics"))
    faults: list[Finding] = [
        (("categories", name), unknown(name, known), [])
        for name in _names(data, "categories")
        if name not in known
    ]
    faults += [(("topics", name), _TAKEN, []) for name in _names(data, "topics") if name in known]
    for place, name in _mentions(data):
        if name not in known and name not in topics:
            faults.append((place, unknown(name, {*known, *topics}), name))
        elif name not in rules and name not in topics:
            faults.append((place, _NO_RULE, name))
    for index, name in enumerate(_items(data, "regulations")):
        if isinstance(name, str) and name not in regulation_ids():
            faults.append((("regulations", index), unknown(name, regulation_ids()), name))
    return faults


def unknown(name: str, known: Iterable[str]) -> Message:
    """`is not known; did you mean 'x'? Accepted: ...`."""
    hint = did_you_mean(name, sorted(known), cutoff=0.5)
    return Message("unknown", f"is not known{hint}", f"没有这个名称{hint.zh}")


def _names(data: Mapping[str, Any], field: str) -> list[str]:
    part = data.get(field)
    return [name for name in part if isinstance(name, str)] if isinstance(part, dict) else []


def _items(data: Mapping[str, Any], field: str) -> list[Any]:
    part = data.get(field)
    return list(part) if isinstance(part, list | tuple) else []


def _mentions(data: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    for index, lexicon in enumerate(_items(data, "lexicons")):
        if isinstance(lexicon, dict) and isinstance(lexicon.get("category"), str):
            yield ("lexicons", index, "category"), lexicon["category"]
    remote = data.get("remote_judge")
    if isinstance(remote, dict):
        for index, name in enumerate(_items(remote, "categories")):
            if isinstance(name, str):
                yield ("remote_judge", "categories", index), name
