"""Versions of a policy on their way from a proposal to being in force, or back.

A version says which policy it was made from. It is in force as long as that one would be: a
policy file that someone edits by hand wins over versions made from the older file.

    proposed -> canary | active | rejected
    canary -> active | rolled_back
    active -> rolled_back

A version that is rolled back takes with it the active versions and canaries made from it: they
were approved on top of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, get_args

import orjson
from sqlalchemy import insert, select, update

from trueline.core.errors import InputError
from trueline.core.exchange import new_id, now
from trueline.store.batch import Change
from trueline.store.events import EventStore
from trueline.store.rows import clean_text, microseconds, moment
from trueline.store.schema import policy_versions

VersionState = Literal["proposed", "canary", "active", "rejected", "rolled_back"]
STATES: tuple[VersionState, ...] = get_args(VersionState)
_STEPS: Mapping[str, tuple[str, ...]] = {
    "proposed": ("canary", "active", "rejected"),
    "canary": ("active", "rolled_back"),
    "active": ("rolled_back",),
}
MAX_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """One version.

    Args:
        policy: the policy's name.
        hash: content hash of the version.
        parent_hash: of the policy it was made from.
        yaml: its text.
        share: part of the requests it decides while it is a canary, 0..1.
        evidence: why it was proposed: counts, bounds, expected change.
        author: who proposed it; approver: who decided.
    """

    policy: str
    hash: str
    parent_hash: str
    yaml: str
    state: VersionState = "proposed"
    share: float = 0.0
    evidence: Mapping[str, Any] = field(default_factory=dict[str, Any])
    author: str = ""
    approver: str = ""
    reason: str = ""
    id: str = field(default_factory=new_id)
    created: datetime = field(default_factory=now)
    decided: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "id": self.id, "policy": self.policy, "hash": self.hash,
            "parent_hash": self.parent_hash, "state": self.state, "share": self.share,
            "evidence": dict(self.evidence), "author": self.author, "approver": self.approver,
            "reason": self.reason, "created": self.created.isoformat(timespec="seconds"),
            "decided": self.decided and self.decided.isoformat(timespec="seconds"),
        }  # fmt: skip


def propose(store: EventStore, version: PolicyVersion) -> PolicyVersion:
    """Record a proposal; nothing is in force by it.

    Raises:
        StoreError: the store cannot be written.
    """
    row: dict[str, Any] = {
        "id": version.id, "policy": clean_text(version.policy), "hash": version.hash,
        "parent_hash": version.parent_hash, "yaml": clean_text(version.yaml),
        "state": "proposed", "share": 0.0,
        "evidence": orjson.dumps(dict(version.evidence), option=orjson.OPT_SORT_KEYS).decode(),
        "author": clean_text(version.author), "approver": "", "reason": clean_text(version.reason),
        "created_us": microseconds(version.created), "decided_us": None,
    }  # fmt: skip
    body = {name: value for name, value in row.items() if name not in ("yaml", "id")}
    statement = insert(policy_versions).values(**row)
    store.change(
        Change("policy.proposed", version.id, row["created_us"], body, (statement,))
    ).result()
    return version


def decide(
    store: EventStore,
    version_id: str,
    state: VersionState,
    *,
    approver: str,
    share: float = 0.0,
    reason: str = "",
) -> PolicyVersion:
    """Move a version on: to a canary, into force, aside, or back.

    A step that somebody else was quicker to take is refused and leaves no record.

    Args:
        store: an open store.
        version_id: the version.
        state: where to.
        approver: the person who decides; a rollback by an alarm names the alarm.
        share: for a canary, part of the requests in (0, 1).
        reason: kept in the log.

    Raises:
        InputError: no such version, a step that is none, a canary beside another one, a share
            out of range.
        StoreError: the store cannot be used.
    """
    version = get_version(store, version_id)
    if version is None:
        raise InputError(
            f"there is no version {version_id}; `trueline monitor versions` lists them"
        )
    if state not in _STEPS.get(version.state, ()):
        allowed = ", ".join(_STEPS.get(version.state, ())) or "nothing"
        raise InputError(
            f"version {version_id} is {version.state}; from there it can become {allowed}"
        )
    if not approver:
        raise InputError("a decision needs the name of the person who makes it")
    if state == "canary":
        if not 0 < share < 1:
            raise InputError(f"a canary's share must be between 0 and 1 (got {share:g})")
        running = [
            one
            for one in list_versions(store, states=("canary",), policy=version.policy)
            if one.id != version_id
        ]
        if running:
            raise InputError(f"a canary of {version.policy} is running already: {running[0].id}")
    if state == "rolled_back" and version.state == "active":
        for one in _made_from(version, list_versions(store, policy=version.policy)):
            _take_step(store, one, state, approver, f"rolled back with {version_id}")
    _take_step(store, version, state, approver, reason, share)
    decided = get_version(store, version_id)
    if decided is None or decided.state != state:
        raise InputError(_MEANWHILE.format(version_id))
    return decided


_MEANWHILE = "version {} was changed by someone else meanwhile; look again"


def _made_from(version: PolicyVersion, versions: Sequence[PolicyVersion]) -> list[PolicyVersion]:
    """Active versions and canaries made from a version, at any remove; the youngest line first."""
    found: list[PolicyVersion] = []
    parents, seen = {version.hash}, {version.hash, version.parent_hash}
    while parents:
        line = [
            one
            for one in versions
            if one.state in ("active", "canary") and one.parent_hash in parents
            and one.hash not in seen
        ]  # fmt: skip
        found = line + found
        parents = {one.hash for one in line}
        seen |= parents
    return found


def _take_step(
    store: EventStore,
    version: PolicyVersion,
    state: VersionState,
    approver: str,
    reason: str,
    share: float = 0.0,
) -> None:
    moment_us = microseconds(now())
    values = {
        "state": state, "share": share if state == "canary" else 0.0,
        "approver": clean_text(approver), "reason": clean_text(reason)[:MAX_REASON],
        "decided_us": moment_us,
    }  # fmt: skip
    statement = (
        update(policy_versions)
        .where(policy_versions.c.id == version.id, policy_versions.c.state == version.state)
        .values(**values)
    )
    body = {**values, "from": version.state, "hash": version.hash}
    change = Change(f"policy.{state}", version.id, moment_us, body, (statement,), must_match=True)
    try:
        store.change(change).result()
    except InputError:
        found = get_version(store, version.id)
        if found is not None and found.state == version.state:
            raise
        raise InputError(_MEANWHILE.format(version.id)) from None


def get_version(store: EventStore, version_id: str) -> PolicyVersion | None:
    """One version by its id."""
    query = select(policy_versions).where(policy_versions.c.id == version_id)
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else _version(row)


def list_versions(
    store: EventStore, *, states: Sequence[VersionState] = STATES, policy: str = ""
) -> list[PolicyVersion]:
    """Versions that match, newest first."""
    columns = policy_versions.c
    query = select(policy_versions).where(columns.state.in_(states))
    if policy:
        query = query.where(columns.policy == policy)
    query = query.order_by(columns.created_us.desc(), columns.id.desc())
    with store.reading() as connection:
        return [_version(row) for row in connection.execute(query)]


def in_force(
    versions: Sequence[PolicyVersion], base_hash: str
) -> tuple[PolicyVersion | None, PolicyVersion | None]:
    """The version that supersedes a policy file, and the canary beside it.

    Args:
        versions: newest first, as `list_versions` gives them.
        base_hash: hash of the policy that the file holds.

    Returns:
        The last active version of the chain that begins with the file, None when the file
        itself is in force; and the canary made from whichever that is.
    """
    current, head = base_hash, None
    seen = {base_hash}
    while True:
        following = (v for v in versions if v.state == "active" and v.parent_hash == current)
        step = max(following, key=lambda v: v.decided or v.created, default=None)
        if step is None or step.hash in seen:
            break
        head, current = step, step.hash
        seen.add(current)
    canaries = (v for v in versions if v.state == "canary" and v.parent_hash == current)
    return head, next(canaries, None)


def would_decide(
    version: PolicyVersion,
    versions: Sequence[PolicyVersion],
    base_hash: str,
    state: VersionState,
) -> bool:
    """Whether a version would decide requests once it is `active`, or a `canary`.

    Args:
        version: the one in question.
        versions: all of them, newest first.
        base_hash: of the policy that the file holds.
        state: what it would become.
    """
    tried = replace(version, state=state, share=0.1, decided=now())
    trial = [tried if one.id == version.id else one for one in versions]
    head, canary = in_force(trial, base_hash)
    chosen = head if state == "active" else canary
    return chosen is not None and chosen.id == version.id


def _version(row: Any) -> PolicyVersion:
    return PolicyVersion(
        id=row.id, policy=row.policy, hash=row.hash, parent_hash=row.parent_hash, yaml=row.yaml,
        state=row.state, share=row.share, evidence=orjson.loads(row.evidence), author=row.author,
        approver=row.approver, reason=row.reason, created=moment(row.created_us),
        decided=None if row.decided_us is None else moment(row.decided_us),
    )  # fmt: skip
