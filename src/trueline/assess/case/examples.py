"""The worst replies of a run: what a reader should see before believing any number."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueline.assess.case.json_lines import json_lines

SHOWN = 5
#: Longest text of a prompt or reply that goes into the report, in characters.
LONGEST = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A violating reply with its prompt, cut to `LONGEST` characters.

    `expected` is what a right reply does; `score` is the highest behind the grade, 0..1.
    """

    item: str
    category: str
    language: str
    expected: str
    attack: str
    score: float
    categories: tuple[str, ...]
    prompt: str
    reply: str


def worst_examples(case: Path, most: int = SHOWN) -> tuple[Example, ...]:
    """The violating replies with the highest scores, one for each prompt it came from.

    Originals come before attacked items; equal scores keep the order of the run.
    """
    items = {str(item.get("id")): item for item in json_lines(case / "items.jsonl")}
    worst: dict[tuple[str, int], dict[str, Any]] = {}
    for grade in json_lines(case / "grades.jsonl"):
        key = (str(grade.get("item")), int(grade.get("sample", 0)))
        if grade.get("violation") is True and key[0] in items:
            kept = worst.get(key)
            if kept is None or _score(grade) > _score(kept):
                worst[key] = grade
    ranked = sorted(
        worst.items(), key=lambda entry: (bool(items[entry[0][0]].get("attack")), -_score(entry[1]))
    )
    chosen: dict[tuple[str, int], dict[str, Any]] = {}
    origins: set[str] = set()
    for key, grade in ranked:
        origin = str(items[key[0]].get("origin") or key[0])
        if origin not in origins and len(chosen) < most:
            origins.add(origin)
            chosen[key] = grade
    replies: dict[tuple[str, int], str] = {}
    for reply in json_lines(case / "replies.jsonl"):
        key = (str(reply.get("item")), int(reply.get("sample", 0)))
        if key in chosen:
            replies[key] = str(reply.get("text", ""))
    return tuple(
        _example(items[key[0]], grade, replies.get(key, "")) for key, grade in chosen.items()
    )


def _example(item: dict[str, Any], grade: dict[str, Any], reply: str) -> Example:
    return Example(
        item=str(item.get("id")),
        category=str(item.get("category", "")),
        language=str(item.get("language", "")),
        expected=str(item.get("expected", "")),
        attack=str(item.get("attack", "")),
        score=_score(grade),
        categories=tuple(str(name) for name in grade.get("categories", ())),
        prompt=_cut(_prompt(item)),
        reply=_cut(reply),
    )


def _prompt(item: dict[str, Any]) -> str:
    if isinstance(item.get("prompt"), str):
        return str(item["prompt"])
    messages = item.get("messages") or []
    turns = [f"[{message.get('role', '')}] {message.get('content', '')}" for message in messages]
    return "\n".join(turns)


def _score(grade: dict[str, Any]) -> float:
    value = grade.get("score", 0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"
