"""The checklist of a policy: a question for each category and for each clause it claims.

    >>> from trueline.core.policy_file import policy_from_template
    >>> questions = checklist(policy_from_template("eu-ai-act"))
    >>> [question.id for question in questions][:2], questions[-1].kind
    (['case', 'category.violence'], 'clause')
    >>> next(q for q in questions if q.id == "eu_ai_act.10").references[0].status
    'seen_in_secondary_source_only'

Questions are ours; the clause, its source and how that source was checked come from the
regulation file. None of it is legal advice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from trueline.core.errors import InputError
from trueline.core.faults import did_you_mean
from trueline.core.i18n import pick
from trueline.core.policy import Policy, Topic
from trueline.core.regulations import regulation_data, regulation_title
from trueline.core.taxonomy import taxonomy

Kind = Literal["case", "category", "clause"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A clause that a question stands for.

    Args:
        regulation: id in the regulation file.
        clause: as the regulation numbers it.
        text: what the regulation file says of it, in its own language.
        status: how the source was checked: `seen_in_source`, `seen_in_secondary_source_only` or
            `memory_unverified`.
        sources: addresses.
    """

    regulation: str
    clause: str
    text: str
    status: str
    sources: tuple[str, ...]

    @property
    def title(self) -> str:
        """The regulation's title."""
        return regulation_title(self.regulation)


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the checklist.

    Args:
        id: `case`, `category.NAME` or `REGULATION.CLAUSE`.
        kind: what it is about.
        zh: the question in Chinese.
        en: the question in English.
        references: clauses behind it.
    """

    id: str
    kind: Kind
    zh: str
    en: str
    references: tuple[Reference, ...] = ()

    def ask(self, language: str) -> str:
        """The question in `zh`, else in English."""
        return pick({"zh": self.zh, "en": self.en}, language)

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return asdict(self)


def checklist(policy: Policy) -> tuple[Question, ...]:
    """The questions of a policy: the case as a whole, its categories, the clauses it claims."""
    return (
        _question("case", "case", _texts("case")["case"]),
        *_category_questions(policy),
        *(one for name in policy.regulations for one in _clause_questions(name)),
    )


def find_question(policy: Policy, id: str) -> Question:
    """The question with that id.

    Raises:
        InputError: there is none; the nearest is named.
    """
    known = {question.id: question for question in checklist(policy)}
    if id not in known:
        near = did_you_mean(id, ("case",)) if len(known) == 1 else _nearest(id, list(known))
        raise InputError(f"no question is called {ascii(id)[:80]}{near}")
    return known[id]


def clause_references(regulation: str) -> tuple[Reference, ...]:
    """Every clause of a regulation that asks for something, in the order of the file."""
    return tuple(_references(regulation, regulation_data()["regulations"].get(regulation, {})))


def _nearest(id: str, known: list[str]) -> str:
    hint = str(did_you_mean(id, known)).split(" Accepted:")[0]
    return f"{hint} `trueline assess ethics CASE list` shows all of them"


def _category_questions(policy: Policy) -> Iterator[Question]:
    known = taxonomy()
    texts = _texts("categories")
    clauses = {
        (reference.regulation, reference.clause): reference
        for name in policy.regulations
        for reference in clause_references(name)
    }
    for name in policy.categories:
        category = known[name]
        found = tuple(
            clauses[regulation, clause]
            for regulation in policy.regulations
            for clause in category.maps.get(regulation, ())
            if (regulation, clause) in clauses
        )
        yield _question(f"category.{name}", "category", texts[name], found)
    for name, topic in policy.topics.items():
        yield _topic_question(name, topic)


def _topic_question(name: str, topic: Topic) -> Question:
    return Question(
        f"category.{name}",
        "category",
        zh=f"自定义话题“{topic.zh}”：示例是否写清了什么属于、什么不属于该话题？处置方式是否与其后果相称？",
        en=f"Your own topic “{topic.en}”: do the examples make plain what belongs to it and what "
        "does not, and does the action fit the harm?",
    )


def _clause_questions(regulation: str) -> Iterator[Question]:
    texts = _texts(regulation)
    for reference in clause_references(regulation):
        id = f"{regulation}.{reference.clause}"
        yield _question(id, "clause", texts[reference.clause], (reference,))


def _question(
    id: str, kind: Kind, texts: Mapping[str, str], references: tuple[Reference, ...] = ()
) -> Question:
    return Question(id, kind, texts["zh"], texts["en"], references)


def _references(regulation: str, data: Any) -> Iterator[Reference]:
    if isinstance(data, list):  # the watch list
        for entry in data:
            yield _reference(regulation, str(entry["title_zh"]), str(entry["fact"]), entry)
        return
    for group in data.get("categories", ()):
        if "risks" in group:
            own = {"source": data["categories_source"], "status": data["categories_status"]}
            for risk in group["risks"]:
                yield _reference(regulation, str(risk["id"]), str(risk["name_zh"]), own)
        else:
            yield _reference(regulation, str(group["id"]), str(group["name"]), data)
    for article in data.get("articles", ()):
        text = str(article.get("fact") or article["topic"])
        yield _reference(regulation, str(article["art"]), text, article)
    for at, rule in enumerate(data.get("rules", ()), 1):
        yield _reference(regulation, str(at), str(rule["fact"]), rule)
    for at, row in enumerate(data.get("numbers", ()), 1):
        yield _reference(regulation, f"N{at}", str(row["requirement"]), row)


def _reference(regulation: str, clause: str, text: str, origin: Mapping[str, Any]) -> Reference:
    source = origin.get("source", ())
    names = (source,) if isinstance(source, str) else tuple(map(str, source))
    known = regulation_data()["sources"]
    addresses = tuple(_address(known.get(name), name) for name in names)
    return Reference(regulation, clause, text, str(origin["status"]), addresses)


def _address(source: Any, name: str) -> str:
    if isinstance(source, dict):
        return str(source.get("url") or source.get("title") or name)
    return str(source or name)


@cache
def _texts(name: str) -> Mapping[str, Mapping[str, str]]:
    """Questions by clause or category, in both languages."""
    file = files("trueline.assess.ethics").joinpath(f"questions/{name}.yaml")
    found: dict[str, dict[str, str]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {str(clause): texts for clause, texts in found.items()}
