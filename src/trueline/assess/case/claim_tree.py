"""The tree of claims, arguments and evidence, as data that a machine can walk.

Every leaf of evidence is a file with its hash and one number; a claim that nothing supports is
*undeveloped* and drawn hollow.

Reference: Bloomfield & Bishop (2010), Safety and assurance cases (claims, arguments, evidence).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from trueline.assess.case.facts import Facts, Measured, category_of
from trueline.assess.case.sections import SECTIONS, section_of
from trueline.assess.case.sign_off_words import item_name
from trueline.assess.case.verdict import HOLD, RELEASE, Ruling

NodeKind = Literal["claim", "argument", "evidence"]


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the tree.

    Args:
        id: `C1`, `A1`, `E1`, … in the order of the tree.
        kind: claim, argument or evidence.
        says: key of `words.TREE`, or empty when `claim` says it.
        about: what the sentence is about: a category, a language, a file.
        claim: id of the claim that stands behind the node.
        state: `pass`, `fail`, `thin`, `shown`, or `undeveloped`; of the top
            claim what the verdict says, of an argument the worst below it.
        file: of evidence: path within the case.
        sha256: of evidence: hash of that file.
        value: of evidence: the number, as the claim quotes it.
    """

    id: str
    kind: NodeKind
    says: str
    about: str = ""
    claim: str = ""
    state: str = ""
    file: str = ""
    sha256: str = ""
    value: float | None = None
    children: tuple[Node, ...] = field(default=())

    def walk(self) -> Iterator[Node]:
        """This node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


_WORST = ("fail", "undeveloped", "thin", "pass", "shown", "")


def claim_tree(facts: Facts, ruling: Ruling) -> Node:
    """The tree of a case."""
    arguments = [
        _argument("all_replies", [_claim(facts, "violation_rate")]),
        _argument("by_category", list(_categories(facts))),
        _argument(
            "over_refusal", list(_prefixed(facts, "over_refusal.")) or [_missing("over_refusal")]
        ),
    ]
    for section in SECTIONS:
        arguments.append(_argument(section, list(_section(facts, section))))
    arguments += [
        _argument("judge", list(_judge(facts))),
        _argument("people", list(_people(facts))),
        _argument("production", list(_production(facts))),
    ]
    state = {RELEASE: "pass", HOLD: "fail"}.get(ruling.verdict, "thin")
    top = Node("", "claim", "top", claim="violation_rate", state=state, children=tuple(arguments))
    top = _with_state(top)
    return _numbered(top, {"claim": 0, "argument": 0, "evidence": 0})


def _claim(facts: Facts, name: str) -> Node:
    entry = facts.by_id.get(name)
    return _missing(name) if entry is None else _supported(facts, entry)


def _supported(facts: Facts, entry: Measured) -> Node:
    file = facts.evidence_of(entry)
    evidence = Node(
        "", "evidence", "evidence", about=str(file["name"]), claim=entry.id,
        state=entry.claim.outcome, file=str(file["file"]), sha256=str(file["sha256"]),
        value=entry.claim.value,
    )  # fmt: skip
    return Node("", "claim", "", claim=entry.id, state=entry.claim.outcome, children=(evidence,))


def _missing(name: str) -> Node:
    return Node("", "claim", "missing", about=name, state="undeveloped")


def _argument(says: str, children: Sequence[Node]) -> Node:
    return Node("", "argument", says, children=tuple(children))


def _categories(facts: Facts) -> Iterator[Node]:
    for name in [*facts.policy.categories, *facts.policy.topics]:
        if name != "over_refusal":
            yield _claim(facts, f"violation_rate.{name}")
    yield from (
        _supported(facts, entry)
        for entry in facts.measured
        if entry.id.startswith("violation_rate.") and category_of(entry.id, facts.policy) is None
    )


def _prefixed(facts: Facts, prefix: str) -> Iterator[Node]:
    for entry in facts.measured:
        if entry.id.startswith(prefix):
            yield _supported(facts, entry)


def _section(facts: Facts, section: str) -> Iterator[Node]:
    found = [
        _supported(facts, entry)
        for entry in facts.measured
        if section_of(entry.evidence, entry.id) == section
    ]
    yield from found or [_missing(section)]


def _judge(facts: Facts) -> Iterator[Node]:
    found = list(_prefixed(facts, "judge."))
    if facts.reviewed and facts.main is not None:
        found.insert(0, _supported(facts, facts.main))
    yield from found or [_missing("review")]


def _people(facts: Facts) -> Iterator[Node]:
    state = facts.base["sign_off"]
    open_ones = {item_name(entry) for entry in state["missing"]}
    objections = {item_name(entry) for entry in state["objections"]}
    required = list(dict.fromkeys(item_name(entry) for entry in state["required"]))
    sha256 = str(facts.base["files"].get("ethics.jsonl", ""))
    for name in required:
        if name in open_ones or not sha256:
            yield Node("", "claim", "sign_off", about=name, state="undeveloped")
            continue
        outcome = "fail" if name in objections else "pass"
        evidence = Node(
            "", "evidence", "evidence", about=name, state=outcome, file="ethics.jsonl",
            sha256=sha256,
        )  # fmt: skip
        yield Node("", "claim", "sign_off", about=name, state=outcome, children=(evidence,))
    if not required:
        yield Node("", "claim", "sign_off_none", state="shown")


def _production(facts: Facts) -> Iterator[Node]:
    base = facts.base["withdrawals"]
    for line in base["open"]:
        yield Node("", "claim", "withdrawn", about=str(line["claim"]), state="fail")
    if not base["open"]:
        yield Node("", "claim", "production", state="undeveloped" if not base["lines"] else "pass")


def _with_state(node: Node) -> Node:
    children = tuple(map(_with_state, node.children))
    state = node.state
    if children and not state:
        state = min((child.state for child in children), key=_WORST.index)
    return _copy(node, children=children, state=state)


def _numbered(node: Node, last: dict[str, int]) -> Node:
    last[node.kind] += 1
    name = {"claim": "C", "argument": "A", "evidence": "E"}[node.kind] + str(last[node.kind])
    return _copy(node, id=name, children=tuple(_numbered(child, last) for child in node.children))


def _copy(node: Node, **changes: Any) -> Node:
    values = {name: getattr(node, name) for name in Node.__slots__}
    return Node(**{**values, **changes})
