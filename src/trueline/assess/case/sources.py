"""Read what a case is made of: the plan, the evidence, sign-offs, withdrawals and examples."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trueline.assess.case.canonical import TOLERANCE, plain
from trueline.assess.case.drawing import clean_svg
from trueline.assess.case.examples import worst_examples
from trueline.assess.case.json_lines import json_lines
from trueline.assess.claim import Claim
from trueline.assess.ethics.sign_off import sign_off_state
from trueline.assess.evidence import Evidence, Figure, file_sha256, read_evidence
from trueline.core.errors import InputError
from trueline.core.policy import Policy
from trueline.core.policy_file import parse_policy
from trueline.core.withdrawals import FILE as WITHDRAWALS
from trueline.core.withdrawals import open_withdrawals, read_withdrawals

#: Files of a case folder whose hashes the case holds, evidence beside them.
FILES = (
    "plan.json", "items.jsonl", "replies.jsonl", "grades.jsonl", "reviews.jsonl", "ethics.jsonl",
    WITHDRAWALS,
)  # fmt: skip


def read_base(case: Path, *, rows: int, figures: frozenset[str]) -> dict[str, Any]:
    """Everything a case rests on, as plain data.

    Args:
        case: the case folder.
        rows: most rows of a table that are taken along.
        figures: sha256 of the drawings to take along.

    Raises:
        InputError: a file is missing or broken, or a number does not follow from its counts.
    """
    plan = read_plan(case)
    policy = policy_of(plan, str(case / "plan.json"))
    evidence = [
        _trimmed(entry, path, case, rows, figures) for path, entry in read_all_evidence(case)
    ]
    withdrawals = read_withdrawals(case / WITHDRAWALS)
    state = sign_off_state(case, policy)
    base: dict[str, Any] = plain({
        "plan": plan,
        "evidence": evidence,
        "items": _item_counts(case / "items.jsonl"),
        "examples": worst_examples(case),
        "sign_off": {
            "required": state.required, "missing": state.missing,
            "objections": state.objections, "entries": state.entries,
            "signed_by": state.signed_by,
        },
        "withdrawals": {
            "lines": len(withdrawals),
            "head": withdrawals[-1].hash if withdrawals else "",
            "open": open_withdrawals(withdrawals),
        },
        "files": {name: file_sha256(case / name) for name in FILES if (case / name).exists()},
    })  # fmt: skip
    return base


def read_plan(case: Path) -> dict[str, Any]:
    """`plan.json` of a case folder.

    Raises:
        InputError: there is none, or it is no JSON object.
    """
    path = case / "plan.json"
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{case} is not a case folder: it has no plan.json.\n"
            "  Make one with: trueline assess TARGET --policy POLICY --out CASE"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__}); assess again") from None
    if not isinstance(plan, dict):
        raise InputError(f"{path}: not a JSON object; assess again")
    return plan


def policy_of(plan: Mapping[str, Any], source: str) -> Policy:
    """The policy that a plan holds the target against.

    Raises:
        InputError: the plan has no policy, or another one than its hash says.
        PolicyError: the policy has faults.
    """
    entry = plan.get("policy")
    text = entry.get("yaml") if isinstance(entry, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(text, str):
        raise InputError(f"{source}: policy.yaml is missing; assess again")
    policy = parse_policy(text, source=f"{source}, policy")
    if entry.get("hash") != policy.hash:
        raise InputError(
            f"{source}: policy.hash is {entry.get('hash')!r}, the policy's own is"
            f" {policy.hash!r}; assess again with the policy that is meant"
        )
    return policy


def read_all_evidence(case: Path) -> Iterator[tuple[Path, Evidence]]:
    """Every file of evidence in order of name, its claims computed again.

    Raises:
        InputError: a broken file, a number that does not follow, or a claim made twice.
    """
    seen: dict[str, str] = {}
    for path in sorted((case / "evidence").glob("*.json")):
        evidence = read_evidence(path)
        if evidence.name != path.stem:
            raise InputError(f"{path}: its name is {evidence.name!r}; rename it or assess again")
        for claim in evidence.claims:
            if claim.id in seen:
                raise InputError(
                    f"{path}: claim {claim.id!r} is made by {seen[claim.id]} too; one of the two"
                    " files is left over: remove it"
                )
            seen[claim.id] = path.name
            check_claim(claim, str(path))
        yield path, evidence


def check_claim(claim: Claim, source: str) -> None:
    """Refuse a claim whose numbers do not follow from its counts.

    Raises:
        InputError: the message names the claim, the number and both values.
    """
    try:
        again = claim.recomputed()
    except (KeyError, ValueError, TypeError, ArithmeticError) as error:
        raise InputError(
            f"{source}: claim {claim.id!r} cannot be computed from its counts"
            f" ({type(error).__name__} in {claim.formula!r}); assess again"
        ) from None
    for name in ("estimate", "lower", "upper", "value"):
        stated, computed = float(getattr(claim, name)), float(getattr(again, name))
        if not _close(stated, computed):
            raise InputError(
                f"{source}: claim {claim.id!r}: {name} is {stated!r}, computed from its counts it"
                f" is {computed!r}; the file was changed: assess again"
            )
    if claim.outcome != again.outcome:
        raise InputError(
            f"{source}: claim {claim.id!r}: outcome is {claim.outcome!r}, computed from its"
            f" counts it is {again.outcome!r}; the file was changed: assess again"
        )


def svg_sha256(svg: str) -> str:
    """What a drawing is known by."""
    return hashlib.sha256(svg.encode("utf-8", "replace")).hexdigest()


def _close(stated: float, computed: float) -> bool:
    if stated != stated or computed != computed:  # NaN
        return stated != stated and computed != computed
    if stated == computed:
        return True
    return abs(stated - computed) <= max(TOLERANCE * max(abs(stated), abs(computed)), 1e-15)


def _trimmed(
    evidence: Evidence, path: Path, case: Path, rows: int, figures: frozenset[str]
) -> dict[str, Any]:
    record = evidence.as_json()
    record["file"] = f"evidence/{path.name}"
    record["sha256"] = file_sha256(path)
    record["stale"] = sorted(_stale(case, evidence.inputs))
    for table in record["tables"]:
        table["rows_in_all"] = len(table["rows"])
        table["rows"] = table["rows"][:rows]
    record["figures"] = [_figure(figure, figures) for figure in evidence.figures]
    record.pop("schema")
    return record


def _figure(figure: Figure, figures: frozenset[str]) -> dict[str, Any]:
    """A drawing as the page takes it; one that is no plain drawing is named, not shown."""
    cleaned = clean_svg(figure.svg)
    sha256 = svg_sha256(cleaned) if cleaned is not None else ""
    return {"title": figure.title.model_dump(), "sha256": sha256, "shown": sha256 in figures}


def _stale(case: Path, inputs: Mapping[str, str]) -> Iterator[str]:
    """Files of the case that changed, or went, since the evidence was computed from them."""
    for name, sha256 in inputs.items():
        path = case / name
        if name in FILES and (not path.exists() or file_sha256(path) != sha256):
            yield name


def _item_counts(path: Path) -> dict[str, dict[str, int]]:
    """Items as put, attacks left out: how many for each clause and each category, by language."""
    risks: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    for item in json_lines(path):
        if item.get("attack"):
            continue
        language = str(item.get("language", ""))
        categories[f"{item.get('category', '')} {language}"] += 1
        if risk := str(item.get("risk", "")):
            risks[f"{risk} {language}"] += 1
    return {"by_clause": dict(risks), "by_category": dict(categories)}
