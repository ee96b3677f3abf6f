"""`plan.json`: what a case asks, of whom, under which policy; written before the first question."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import yaml

from trueline.assess.case.formats import now
from trueline.assess.suite_choice import SuiteSource
from trueline.assess.suite_item import SuiteItem
from trueline.core.errors import InputError
from trueline.core.policy import Policy
from trueline.core.version import version

SCHEMA = "trueline.plan/1"
FILE = "plan.json"
#: What a run that goes on must share with the run before it; the rest may change.
_SAME: Mapping[str, str] = {
    "target": "the target",
    "target_settings": "the target's settings (model, temperature, guard, …)",
    "items_sha256": "the items (suites, filters, sample, attacks, seed)",
    "seed": "the seed",
    "samples": "the number of samples",
}


class Named(Protocol):
    """What a plan says of a target."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, Any]: ...


def make_plan(
    target: Named,
    policy: Policy,
    items: Sequence[SuiteItem],
    sources: Sequence[SuiteSource],
    seed: int,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """The content of the file.

    Args:
        target: what is asked.
        policy: what replies are held against.
        items: as they will be put, attacks included.
        sources: the suites they come from.
        seed: of the order, the sample, the attacks and the target.
        options: `samples`, `attacks`, `choice`, `unscored`, … in plain data.
    """
    own = self_contained(policy)
    return {
        "schema": SCHEMA,
        "trueline": version(),
        "target": target.name,
        "target_settings": dict(target.settings),
        "policy": {
            "name": own.name,
            "version": own.version,
            "hash": own.hash,
            "yaml": policy_yaml(own),
        },
        "suites": [asdict(source) for source in sources],
        "items": len(items),
        "items_sha256": items_sha256(items),
        "seed": seed,
        "samples": options["samples"],
        "options": dict(options),
    }


def self_contained(policy: Policy) -> Policy:
    """The policy with the words of its files inside, so that it can be read anywhere."""
    if all(lexicon.file is None for lexicon in policy.lexicons):
        return policy
    lexicons = tuple(lexicon.model_copy(update={"file": None}) for lexicon in policy.lexicons)
    data = policy.model_dump(mode="json", by_alias=True)
    data["lexicons"] = [lexicon.model_dump(mode="json") for lexicon in lexicons]
    return Policy.model_validate(data)


def policy_yaml(policy: Policy) -> str:
    """The whole policy as YAML, defaults included; read back it has the same hash."""
    data = policy.model_dump(mode="json", by_alias=True)
    text: str = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    return text


def items_sha256(items: Sequence[SuiteItem]) -> str:
    """`sha256:` and 64 hexadecimal digits over the items in their order."""
    digest = hashlib.sha256()
    for item in items:
        line = json.dumps(item.as_json(), ensure_ascii=True, sort_keys=True)
        digest.update(line.encode("ascii") + b"\n")
    return f"sha256:{digest.hexdigest()}"


def check_same(case: Path, plan: Mapping[str, Any]) -> None:
    """Refuse to mix two assessments in one folder.

    Raises:
        InputError: the folder holds replies to other questions, or of another target.
    """
    path = case / FILE
    if not path.exists():
        replies = case / "replies.jsonl"
        if replies.exists() and replies.stat().st_size:
            raise InputError(
                f"{case} holds replies but no {FILE}; give another --out, or --fresh to start anew"
            )
        return
    try:
        before: Any = json.loads(path.read_text(encoding="utf-8"))
        if before["options"].get("measured_only"):
            return
        differs = [told for name, told in _SAME.items() if before.get(name) != plan[name]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be read ({type(error).__name__}); give another --out, or --fresh to "
            "start anew"
        ) from None
    if differs:
        raise InputError(
            f"{case} holds another assessment; not the same: {', '.join(differs)}. Give another "
            "--out, or --fresh to remove its replies and start anew"
        )


def first_begun(case: Path, *, replied: bool) -> str:
    """When the replies of a folder were first asked for, in UTC; now where there are none.

    Empty where there are replies and the plan does not say.
    """
    if not replied:
        return now()
    return str(read_plan(case).get("begun", ""))


def read_plan(case: Path) -> dict[str, Any]:
    """The plan of a case folder.

    Raises:
        InputError: there is none, or it is no plan.
    """
    path = case / FILE
    try:
        plan: Any = json.loads(path.read_text(encoding="utf-8"))
        if plan["schema"] != SCHEMA or not isinstance(plan["options"], dict):
            raise ValueError
    except FileNotFoundError:
        raise InputError(
            f"{case} is not a case folder: it has no {FILE}. Make one with: trueline assess "
            f"TARGET --out {case}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: not a plan of this version ({type(error).__name__}); assess again"
        ) from None
    return dict(plan)


def write_plan(case: Path, plan: Mapping[str, Any]) -> None:
    """Write the file, whole or not at all."""
    write_whole(case / FILE, json.dumps(plan, ensure_ascii=False, indent=1) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or as it was before."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
