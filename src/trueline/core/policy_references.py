"""Names in a policy that point elsewhere: categories, topics and regulations must exist.

Works on plain data, so that these faults are told together with those of single fields.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from trueline.core.policy_faults import Message
from trueline.core.regulations import regulation_ids
from trueline.core.taxonomy import taxonomy


class Dangling(NamedTuple):
    """A name that leads nowhere: where, what is wrong, and the value met."""

    path: tuple[str | int, ...]
    message: Message
    value: Any


_TAKEN = Message("name_taken", "is a category of the taxonomy already", "与分类体系中的类别同名")
_NO_RULE = Message("no_rule", "has no rule under categories", "categories 中没有它的规则")


class ReferenceFaults(ValueError):
    """Carries the faults through a pydantic validator."""

    def __init__(self, faults: list[Dangling]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in faults))


def reference_faults(data: Mapping[str, Any]) -> list[Dangling]:
    """Every dangling name in a policy given as plain data; wrong shapes are left to others."""
    known = taxonomy()
    rules = set(_names(data, "categories"))
    topics = set(_names(data, "topics"))
    faults = [
        Dangling(("categories", name), unknown(name, known), _QUIET)
        for name in _names(data, "categories")
        if name not in known
    ]
    faults += [
        Dangling(("topics", name), _TAKEN, _QUIET)
        for name in _names(data, "topics")
        if name in known
    ]
    for path, name in _mentions(data):
        if name not in known and name not in topics:
            faults.append(Dangling(path, unknown(name, {*known, *topics}), name))
        elif name not in rules and name not in topics:
            faults.append(Dangling(path, _NO_RULE, name))
    for index, name in enumerate(_items(data, "regulations")):
        if isinstance(name, str) and name not in regulation_ids():
            path = ("regulations", index)
            faults.append(Dangling(path, unknown(name, regulation_ids()), name))
    return faults


def unknown(name: str, known: Iterable[str]) -> Message:
    """`is not known; did you mean 'x'? Accepted: ...`."""
    names = sorted(known)
    hint = nearest_hint(difflib.get_close_matches(name, names, n=1, cutoff=0.5), names)
    return Message("unknown", f"is not known{hint}", f"没有这个名称{hint.zh}")


def nearest_hint(near: Sequence[str], names: Sequence[str]) -> Message:
    """`; did you mean 'x'? Accepted: ...`, or the accepted names alone."""
    english, chinese = (
        (f"; did you mean {near[0]!r}?", f"，是不是 {near[0]!r}？") if near else (".", "。")
    )
    return Message(
        "hint",
        f"{english} Accepted: {', '.join(names)}",
        f"{chinese}可用：{'、'.join(names)}",
    )


class _Quiet:
    """Stands for a value that would only repeat the path."""


_QUIET = _Quiet()


def is_quiet(value: object) -> bool:
    """True for a value that a message need not repeat."""
    return isinstance(value, _Quiet)


def _names(data: Mapping[str, Any], field: str) -> list[str]:
    part = data.get(field)
    return [name for name in part if isinstance(name, str)] if isinstance(part, dict) else []


def _items(data: Mapping[str, Any], field: str) -> list[Any]:
    part = data.get(field)
    return list(part) if isinstance(part, list | tuple) else []


def _mentions(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for index, lexicon in enumerate(_items(data, "lexicons")):
        if isinstance(lexicon, dict) and isinstance(lexicon.get("category"), str):
            yield ("lexicons", index, "category"), lexicon["category"]
    remote = data.get("remote_judge")
    if isinstance(remote, dict):
        for index, name in enumerate(_items(remote, "categories")):
            if isinstance(name, str):
                yield ("remote_judge", "categories", index), name
