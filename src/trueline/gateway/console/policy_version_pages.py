"""The policy's versions: what is proposed, decided and in force; admins propose and decide."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

from starlette.responses import RedirectResponse, Response

from trueline.core.errors import InputError, PolicyError
from trueline.core.policy import Policy
from trueline.core.policy_file import parse_policy
from trueline.gateway.api_error import ApiError
from trueline.gateway.console import figures
from trueline.gateway.console.policy_draft import MAX_DRAFT, ShownChange, shown_changes
from trueline.gateway.console.policy_pages import policy_tab, policy_text
from trueline.gateway.console.policy_version_view import (
    EvidenceRow,
    Standing,
    as_evidence,
    changed_thresholds,
    evidence_rows,
    policy_of,
    policy_with,
    replayed_rows,
    standing_of,
    state_words,
)
from trueline.gateway.console.site import Site, Visit, read_form
from trueline.monitor.calibrate import Calibration, calibrate, propose_version
from trueline.store.policy_versions import (
    MAX_REASON,
    PolicyVersion,
    VersionState,
    decide,
    get_version,
    list_versions,
    propose,
)

_STATES: dict[str, VersionState] = {
    "approve": "active", "canary": "canary", "reject": "rejected", "rollback": "rolled_back",
}  # fmt: skip
MAX_HISTORY = 200


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One line of the list."""

    version: PolicyVersion
    state: str
    live: bool


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version in full; `problem` says why it cannot be compared."""

    version: PolicyVersion
    state: str
    standing: Standing
    changes: tuple[ShownChange, ...]
    against: str
    problem: str
    rows: tuple[EvidenceRow, ...]
    replayed: bool


async def versions_page(site: Site, visit: Visit) -> Response:
    """Every version, those that wait for a decision first."""
    return await asyncio.to_thread(_versions, site, visit)


async def version_page(site: Site, visit: Visit) -> Response:
    """One version: what it changes, why it was proposed, and the decision."""
    again = visit.request.query_params.get("again") == "1"
    return await asyncio.to_thread(_version, site, visit, _wanted(visit), again)


async def calibrate_now(site: Site, visit: Visit) -> Response:
    """Work out thresholds from the reviewed labels and put them up for decision."""
    return await asyncio.to_thread(_calibrate, site, visit)


async def propose_draft(site: Site, visit: Visit) -> Response:
    """Put a draft of the draft page up for decision."""
    form = await read_form(visit.request)
    text = form.get("yaml", "").replace("\r\n", "\n")
    if len(text) > MAX_DRAFT:
        raise InputError(visit.say("draft.too_long", limit=MAX_DRAFT))
    return await asyncio.to_thread(_propose, site, visit, text, form.get("reason", "").strip())


async def decide_version(site: Site, visit: Visit) -> Response:
    """Approve, start as a canary, reject or roll back; in force in this process at once."""
    form = await read_form(visit.request)
    return await asyncio.to_thread(_decide, site, visit, form)


def _versions(site: Site, visit: Visit, status: int = 200, **told: Any) -> Response:
    state = site.state
    versions = list_versions(state.store)
    base = state.policies.base
    rows = [
        VersionRow(
            one, state_words(one, visit.say), standing_of(one, versions, base.policy.hash).live
        )
        for one in versions
    ]
    waiting = [row for row in rows if row.version.state in ("proposed", "canary")]
    history = [row for row in rows if row.version.state not in ("proposed", "canary")]
    return policy_tab(
        site,
        visit,
        "policy_versions.html",
        "versions",
        status=status,
        waiting=waiting,
        history=history[:MAX_HISTORY],
        left_out=max(0, len(history) - MAX_HISTORY),
        active=state.policies.current,
        by_file=state.policies.current.policy.hash == base.policy.hash,
        **{"calibration": None, "problem": "", **told},
    )


def _version(
    site: Site, visit: Visit, version_id: str, again: bool = False, problem: str = ""
) -> Response:
    version = get_version(site.state.store, version_id)
    if version is None:
        return site.message(visit, 404, visit.say("missing.title"), visit.say("version.missing"))
    return policy_tab(
        site,
        visit,
        "policy_version.html",
        "versions",
        status=400 if problem else 200,
        view=_view(site, visit, version, again),
        problem=problem,
        lines=version.yaml.splitlines(),
        max_reason=MAX_REASON,
    )


def _view(site: Site, visit: Visit, version: PolicyVersion, again: bool) -> VersionView:
    state = site.state
    open_now = version.state in ("proposed", "canary")
    current = state.policies.current.policy
    old = current if open_now else policy_with(state.store, state.policies, version.parent_hash)
    changes: tuple[ShownChange, ...] = ()
    rows = evidence_rows(version.evidence)
    problem, replayed = "", False
    try:
        new = policy_of(version, state.policies)
        if old is None:
            problem = visit.say("version.unknown_parent")
        else:
            changes = shown_changes(old, new, visit.say("value.absent"))
        if old is not None and again and open_now:
            fresh = {row.category: row.change for row in replayed_rows(state.store, old, new)}
            rows = [
                EvidenceRow(**{**asdict(row), "change": fresh.get(row.category, row.change)})
                for row in rows
            ]
            replayed = True
    except PolicyError as error:
        problem = f"{visit.say('version.faulty')}\n{error.told(visit.lang)}"
    return VersionView(
        version,
        state_words(version, visit.say),
        standing_of(version, list_versions(state.store), state.policies.base.policy.hash),
        changes,
        "version.diff" if open_now else "version.diff.old",
        problem,
        tuple(rows),
        replayed,
    )


def _calibrate(site: Site, visit: Visit) -> Response:
    state = site.state
    active = state.policies.current
    if not _has_budget(active.policy):
        return _versions(site, visit, 400, problem=visit.say("versions.calibrate.no_budget"))
    text = active.text or policy_text(active).text
    try:
        found = calibrate(state.store, active.policy, text, folder=state.policies.folder)
    except PolicyError as error:
        return _versions(site, visit, 400, problem=error.told(visit.lang))
    if not found.changes:
        return _versions(site, visit, calibration=_calibration_rows(found))
    known = _open_one(site, found.new_hash, active.policy.hash)
    made = known or propose_version(state.store, found, active.policy, _name(visit))
    return _go_to(made)


def _propose(site: Site, visit: Visit, text: str, reason: str) -> Response:
    state = site.state
    current = state.policies.current.policy
    try:
        new = parse_policy(text, source="draft")
    except PolicyError as error:
        told = f"{visit.say('draft.propose.faulty')}\n{error.told(visit.lang)}"
        raise InputError(told) from None
    if new.hash == current.hash:
        raise InputError(visit.say("draft.propose.same"))
    known = _open_one(site, new.hash, current.hash)
    if known is None:
        rows = replayed_rows(state.store, current, new) if changed_thresholds(current, new) else []
        known = propose(
            state.store,
            PolicyVersion(
                policy=current.name, hash=new.hash, parent_hash=current.hash, yaml=text,
                evidence=as_evidence(rows, "draft"), author=_name(visit),
                reason=reason[:MAX_REASON],
            ),
        )  # fmt: skip
    return _go_to(known)


def _decide(site: Site, visit: Visit, form: dict[str, str]) -> Response:
    state = site.state
    version_id, step = _wanted(visit), form.get("step", "")
    version = get_version(state.store, version_id)
    if version is None:
        return site.message(visit, 404, visit.say("missing.title"), visit.say("version.missing"))
    if version.state != form.get("seen", version.state):
        return _decided_already(site, visit, version)
    standing = standing_of(version, list_versions(state.store), state.policies.base.policy.hash)
    reason = form.get("reason", "").strip()[:MAX_REASON]
    share = _share(form.get("share", ""))
    problem = ""
    if step not in standing.may:
        problem = standing.hindrance or "version.stale"
    elif step == "rollback" and not reason:
        problem = "version.need_reason"
    elif step == "canary" and share is None:
        problem = "version.bad_share"
    if problem:
        return _version(site, visit, version_id, problem=visit.say(problem))
    try:
        decide(
            state.store, version_id, _STATES[step], approver=_name(visit),
            share=share or 0.0, reason=reason,
        )  # fmt: skip
    except InputError:
        newest = get_version(state.store, version_id)
        if newest is None or newest.state == version.state:
            raise
        return _decided_already(site, visit, newest)
    state.apply_versions()
    return _go_to(version)


def _decided_already(site: Site, visit: Visit, version: PolicyVersion) -> Response:
    """Two people decided at once: the second is told who was first."""
    moment = version.decided or version.created
    text = visit.say(
        "version.meanwhile.text",
        who=version.approver or visit.say("version.nobody"),
        time=figures.local_time(moment, visit.zone),
        state=state_words(version, visit.say),
    )
    return site.message(visit, 409, visit.say("version.meanwhile"), text)


def _has_budget(policy: Policy) -> bool:
    rules = (*policy.categories.values(), *policy.topics.values())
    return any(rule.max_miss_rate is not None and 0 < rule.max_miss_rate < 1 for rule in rules)


def _calibration_rows(found: Calibration) -> list[EvidenceRow]:
    return evidence_rows(found.as_json())


def _open_one(site: Site, wanted: str, parent: str) -> PolicyVersion | None:
    """The same change, proposed already and not decided."""
    found = list_versions(site.state.store, states=("proposed",))
    return next((one for one in found if (one.hash, one.parent_hash) == (wanted, parent)), None)


def _share(text: str) -> float | None:
    try:
        percent = float(text)
    except ValueError:
        return None
    return percent / 100 if 1 <= percent <= 99 else None


def _wanted(visit: Visit) -> str:
    found: str = visit.request.path_params["version_id"]
    return found


def _name(visit: Visit) -> str:
    if visit.reader is None:
        raise ApiError(401, visit.say("login.text"), "missing_api_key")
    return visit.reader.name or visit.reader.key_id or "open"


def _go_to(version: PolicyVersion) -> Response:
    return RedirectResponse(f"/policy/versions/{version.id}", 303)
