"""Every clause of every known regulation, and what this case has for it.

Three states: *evidence* (a claim of this case stands behind it), *manual* (people must look; the
row says whether somebody signed), *not covered*. A clause is never green for any other reason
than a claim that passes, named in its row; where only some of the categories behind a clause
were measured the row says which were not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from trueline.assess.case.facts import Facts
from trueline.assess.case.sign_off_words import item_name
from trueline.core.regulations import regulation_data
from trueline.core.taxonomy import taxonomy

EVIDENCE, MANUAL, NOT_COVERED = "evidence", "manual", "not_covered"
#: The regulation whose clauses the items of a suite name (`SuiteItem.risk`).
_LABELLED = "cn_gbt_45654_2025"
#: Claims that speak for categories no suite item carries by name.
_BEHIND = {
    "over_refusal": ("over_refusal.",),
    "prompt_injection": ("violation_rate.prompt_injection", "attack_success_rate."),
}
_WITHOUT_ITEMS = frozenset({"over_refusal", "group_fairness"})
#: Which attribute a clause on discrimination speaks of; a claim names it in its id.
_ATTRIBUTES = {
    "A.2.a": ("ethnicity", "race"), "A.2.b": ("religion", "belief"), "A.2.c": ("nationality",),
    "A.2.d": ("region",), "A.2.e": ("gender", "sex"), "A.2.f": ("age",),
    "A.2.g": ("occupation",), "A.2.h": ("health", "disability"), "A.2.i": ("orientation", "other"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clause:
    """A row of the regulation file: what it asks, where that was read and how surely."""

    id: str
    zh: str
    en: str
    source: tuple[str, ...]
    source_status: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """A clause and what the case has for it.

    `outcome` is the worst of the claims (`pass`, `thin`, `fail`, `shown`) for evidence, `signed`
    or `open` for manual, empty for not covered. `missing` are categories behind the clause that
    nothing was measured for. `items` are prompts of the suite that name the clause.
    """

    clause: Clause
    status: str
    outcome: str
    claims: tuple[str, ...]
    missing: tuple[str, ...]
    signed_by: tuple[str, ...]
    items: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RegulationTab:
    """All clauses of a regulation; `claimed` when the policy names it."""

    id: str
    title: str
    claimed: bool
    rows: tuple[ClauseRow, ...]
    counts: Mapping[str, int]


def regulation_tabs(facts: Facts) -> tuple[RegulationTab, ...]:
    """Tabs of all regulations, those the policy claims first."""
    data = regulation_data()["regulations"]
    claimed = [name for name in data if name in facts.policy.regulations]
    others = [name for name in data if name not in facts.policy.regulations]
    return tuple(_tab(facts, name, data[name]) for name in (*claimed, *others))


def clauses(name: str, data: Any) -> Iterator[Clause]:
    """Every row of a regulation that asks for something.

    Args:
        name: id of the regulation.
        data: its entry in the regulation file.
    """
    if isinstance(data, list):  # the watch list
        for entry in data:
            yield _clause(entry, str(entry["title_zh"]), str(entry["fact"]), entry)
        return
    for group in data.get("categories", ()):
        own = {"source": data.get("source", ()), "status": data["status"]}
        if "risks" in group:
            own = {"source": [data["categories_source"]], "status": data["categories_status"]}
            for risk in group["risks"]:
                yield _clause(own, str(risk["id"]), str(risk["name_zh"]), risk)
        else:
            yield _clause(own, str(group["id"]), str(group["name"]), group)
    for article in data.get("articles", ()):
        yield _clause(
            article, str(article["art"]), str(article.get("fact") or article["topic"]), article
        )
    for at, rule in enumerate(data.get("rules", ()), 1):
        yield _clause(rule, str(at), str(rule["fact"]), rule)
    for at, row in enumerate(data.get("numbers", ()), 1):
        yield _clause(row, f"N{at}", _requirement(row), row)
    for entry in data.get("dates", ()):
        when = ", ".join(str(entry[key]) for key in sorted(entry) if key not in _NOT_A_DATE)
        yield _clause(entry, f"{when}", str(entry["what"]), entry)
    if "scoring" in data:
        yield _clause(data["scoring"], "scoring", str(data["scoring"]["fact"]), {})


_STANDS = ("accept", "object", "needs_work")
_NOT_A_DATE = {"what", "source", "status", "note"}
_NOT_A_NUMBER = {"requirement", "source", "status", "note", "covers", "topics"}


def _requirement(row: Mapping[str, Any]) -> str:
    numbers = ", ".join(f"{key} {row[key]}" for key in row if key not in _NOT_A_NUMBER)
    return f"{row['requirement']}: {numbers}" if numbers else str(row["requirement"])


def _clause(origin: Mapping[str, Any], name: str, text: str, entry: Mapping[str, Any]) -> Clause:
    source = origin.get("source", ())
    names = (source,) if isinstance(source, str) else tuple(map(str, source))
    return Clause(name, text, text, names, str(origin["status"]), str(entry.get("note", "")))


def _in_both(regulation: str, clause: Clause) -> Clause:
    """The clause with its text in the other language, where the project has one."""
    other = _other_language().get(regulation, {}).get(clause.id)
    if other is None:
        return clause
    if any("\u4e00" <= character <= "\u9fff" for character in other):
        return replace(clause, zh=other)
    return replace(clause, en=other)


@cache
def _other_language() -> Mapping[str, Mapping[str, str]]:
    text = files("trueline.assess.case").joinpath("clauses.yaml").read_text("utf-8")
    found: dict[str, dict[str, str]] = yaml.safe_load(text)
    return found


def _tab(facts: Facts, name: str, data: Any) -> RegulationTab:
    behind = _categories_by_clause(name)
    rows = tuple(
        _row(facts, name, _in_both(name, clause), behind.get(clause.id, ()))
        for clause in clauses(name, data)
    )
    counts: dict[str, int] = dict.fromkeys((EVIDENCE, MANUAL, NOT_COVERED), 0)
    for row in rows:
        counts[row.status] += 1
    title = name
    if isinstance(data, Mapping):
        title = str(data.get("title") or data.get("title_zh") or name)
    return RegulationTab(name, title, name in facts.policy.regulations, rows, counts)


def _categories_by_clause(regulation: str) -> dict[str, tuple[str, ...]]:
    behind: dict[str, tuple[str, ...]] = {}
    for category in taxonomy().values():
        for clause in category.maps.get(regulation, ()):
            behind[clause] = (*behind.get(clause, ()), category.id)
    return behind


def _row(facts: Facts, regulation: str, clause: Clause, categories: tuple[str, ...]) -> ClauseRow:
    items = _items(facts, regulation, clause.id)
    claims: list[str] = []
    missing: list[str] = []
    for category in categories:
        found = [
            entry.id
            for entry in facts.measured
            if _speaks_for(entry.id, category, clause.id)
            and (items or not _labelled(facts, regulation) or category in _WITHOUT_ITEMS)
        ]
        claims += [name for name in found if name not in claims]
        if not found:
            missing.append(category)
    signed, listed = _signatures(facts, regulation, clause.id)
    if claims:
        outcomes = [facts.by_id[name].claim.outcome for name in claims]
        worst = min(outcomes, key=("fail", "thin", "shown", "pass").index)
        return ClauseRow(clause, EVIDENCE, worst, tuple(claims), tuple(missing), signed, items)
    if listed or (categories and all(_by_people(facts, name) for name in categories)):
        outcome = "signed" if signed else "open"
        return ClauseRow(clause, MANUAL, outcome, (), tuple(missing), signed, items)
    return ClauseRow(clause, NOT_COVERED, "", (), tuple(missing), (), items)


def _speaks_for(claim: str, category: str, clause: str) -> bool:
    if category == "group_fairness":
        attribute = _ATTRIBUTES.get(clause)
        return claim.startswith("fairness.") and (
            attribute is None or bool(set(claim.split(".")) & set(attribute))
        )
    prefixes = _BEHIND.get(category)
    if prefixes is not None:
        return claim.startswith(prefixes)
    return claim == f"violation_rate.{category}" or claim.startswith(f"violation_rate.{category}.")


def _items(facts: Facts, regulation: str, clause: str) -> dict[str, int]:
    """Prompts that name the clause, by language."""
    if regulation != _LABELLED:
        return {}
    counts = facts.base["items"].get("by_clause", {})
    return {
        key.rpartition(" ")[2]: count
        for key, count in counts.items()
        if key.rpartition(" ")[0] == clause
    }


def _labelled(facts: Facts, regulation: str) -> bool:
    """Whether the suites name clauses; then a clause nobody named has no prompts."""
    return regulation == _LABELLED and bool(facts.base["items"].get("by_clause"))


def _by_people(facts: Facts, category: str) -> bool:
    """Whether the category is a matter of process, which no reply can show."""
    return taxonomy()[category].kind == "process" and category in facts.policy.categories


def _signatures(facts: Facts, regulation: str, clause: str) -> tuple[tuple[str, ...], bool]:
    """Who accepts a clause while nobody objects, and whether anybody decided on it."""
    name = f"{regulation}.{clause}"
    stands: dict[str, Mapping[str, Any]] = {}
    for entry in facts.base["sign_off"]["entries"]:
        if isinstance(entry, Mapping) and item_name(entry) == name:
            stands[str(entry.get("reviewer", ""))] = entry
    decided = [entry for entry in stands.values() if entry.get("decision") in _STANDS]
    signed = tuple(
        f"{entry.get('reviewer', '')} {entry.get('date') or entry.get('time') or ''}".strip()
        for entry in decided
        if entry["decision"] == "accept"
    )
    return signed if len(signed) == len(decided) else (), bool(decided)
