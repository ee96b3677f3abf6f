"""The claim tree in Goal Structuring Notation, as the YAML that `gsn2x` and people read.

Reference: GSN Community Standard, version 3 (2021): goals, strategies, solutions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from trueline.assess.case.sentences import Speaker

_LETTERS = {"claim": "G", "argument": "S", "evidence": "Sn"}


def gsn_yaml(content: Mapping[str, Any], lang: str = "en") -> str:
    """The tree of a case's content, a mapping of elements by id."""
    speaker = Speaker(content, lang)
    elements: dict[str, Any] = {}
    for node in walk(content["derived"]["tree"]):
        element: dict[str, Any] = {"text": speaker.node(node)}
        if node["children"]:
            element["supportedBy"] = [_id(child) for child in node["children"]]
        elif node["kind"] == "claim":
            element["undeveloped"] = True
        if node["file"]:
            element["url"] = node["file"]
        elements[_id(node)] = element
    text: str = yaml.safe_dump(elements, allow_unicode=True, sort_keys=False, width=100)
    return text


def walk(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A node as plain data and all below it, parents first."""
    yield node
    for child in node["children"]:
        yield from walk(child)


def _id(node: Mapping[str, Any]) -> str:
    return _LETTERS[node["kind"]] + str(node["id"])[1:]
