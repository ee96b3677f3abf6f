"""What the pages say of policy versions: their rows, evidence, and what deciding would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from trueline.core.errors import PolicyError
from trueline.core.policy import Policy
from trueline.core.policy_file import parse_policy
from trueline.gateway.console import figures
from trueline.gateway.policies import Policies
from trueline.monitor.replay import ReplayedChange, replay
from trueline.monitor.reviewed import random_sample, read_reviewed
from trueline.store.events import EventStore
from trueline.store.policies import list_policies
from trueline.store.policy_versions import PolicyVersion, in_force, list_versions, would_decide

#: Newest exchanges a proposal is held against.
REPLAYED = 20_000


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One category of a proposal; numbers that were not worked out are None.

    `change` maps the fields of `ReplayedChange` to their values.
    """

    category: str
    threshold: float | None
    max_miss_rate: float | None = None
    violations: int | None = None
    missed: int | None = None
    miss_rate_upper: float | None = None
    needed: int = 0
    change: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What deciding about a version would do now.

    Args:
        live: the version decides all requests, or its share of them, now.
        may: steps that have an effect: `approve`, `canary`, `reject`, `rollback`.
        hindrance: key of the catalogue that says why it cannot be approved; empty if it can.
    """

    live: bool
    may: frozenset[str]
    hindrance: str = ""


def standing_of(
    version: PolicyVersion, versions: Sequence[PolicyVersion], base_hash: str
) -> Standing:
    """What can be decided about a version.

    Args:
        version: the one in question.
        versions: all of them, newest first.
        base_hash: of the policy file.
    """
    head, canary = in_force(versions, base_hash)
    live = version.id in {one.id for one in (head, canary) if one is not None}
    if version.state == "proposed":
        may = {"reject"}
        if not would_decide(version, versions, base_hash, "active"):
            return Standing(live, frozenset(may), "version.stale")
        may.add("approve")
        if canary is not None:
            return Standing(live, frozenset(may), "version.beside")
        if would_decide(version, versions, base_hash, "canary"):
            may.add("canary")
        return Standing(live, frozenset(may))
    if version.state == "canary":
        approve = would_decide(version, versions, base_hash, "active")
        return Standing(live, frozenset({"rollback", *({"approve"} if approve else ())}))
    return Standing(live, frozenset({"rollback"} if live else ()))


def policy_of(version: PolicyVersion, policies: Policies) -> Policy:
    """The policy a version's text holds.

    Raises:
        PolicyError: the text has faults, or a word list it names is gone.
    """
    return parse_policy(version.yaml, source=f"version {version.id}", folder=policies.folder)


def policy_with(store: EventStore, policies: Policies, wanted: str) -> Policy | None:
    """The policy with a hash, from what is in force, the versions, or the record of old ones."""
    for active in (policies.current, policies.base):
        if active.policy.hash == wanted:
            return active.policy
    texts = [one.yaml for one in list_versions(store) if one.hash == wanted]
    texts += [one.yaml for one in list_policies(store) if one.hash == wanted]
    for text in texts:
        try:
            return parse_policy(text, source=wanted, folder=policies.folder)
        except PolicyError:
            continue
    return None


def changed_thresholds(old: Policy, new: Policy) -> dict[str, float]:
    """Written thresholds of `new` that differ from those of `old`."""
    before = {name: rule.threshold for name, rule in (*old.categories.items(), *old.topics.items())}
    return {
        name: rule.threshold
        for name, rule in (*new.categories.items(), *new.topics.items())
        if rule.threshold is not None and rule.threshold != before.get(name)
    }


def replayed_rows(store: EventStore, old: Policy, new: Policy) -> list[EvidenceRow]:
    """What the changed thresholds would have done to the newest stored traffic."""
    thresholds = changed_thresholds(old, new)
    sample = random_sample(read_reviewed(store)) if thresholds else []
    changes = replay(store, old, thresholds, sample, limit=REPLAYED)
    return [
        EvidenceRow(name, threshold, change=_plain(changes.get(name)))
        for name, threshold in thresholds.items()
    ]


def evidence_rows(evidence: Mapping[str, Any]) -> list[EvidenceRow]:
    """The rows of a version's evidence, whoever wrote it; what does not fit is left out."""
    rows: list[EvidenceRow] = []
    proposals = evidence.get("proposals")
    for entry in proposals if isinstance(proposals, list) else ():
        if not isinstance(entry, dict) or not isinstance(entry.get("category"), str):
            continue
        known: dict[str, Any] = {name: entry.get(name) for name in EvidenceRow.__slots__}
        change = known["change"]
        known["needed"] = known["needed"] or 0
        known["change"] = change if _is_change(change) else None
        rows.append(EvidenceRow(**known))
    return rows


def as_evidence(rows: Sequence[EvidenceRow], source: str) -> dict[str, Any]:
    """Rows as a version keeps them."""
    return {"source": source, "proposals": [asdict(row) for row in rows]}


def state_words(version: PolicyVersion, say: Any) -> str:
    """The state in the reader's language."""
    return str(say(f"version.state.{version.state}", **_share(version)))


def _share(version: PolicyVersion) -> dict[str, str]:
    return {"share": figures.percent(version.share)} if version.state == "canary" else {}


def _is_change(change: Any) -> bool:
    return isinstance(change, dict) and set(ReplayedChange.__slots__) <= set(change)


def _plain(change: ReplayedChange | None) -> dict[str, Any] | None:
    return None if change is None else asdict(change)
