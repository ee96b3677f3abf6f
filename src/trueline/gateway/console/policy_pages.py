"""The policy pages: rules and coverage, the YAML, templates, and a draft's check."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from starlette.responses import RedirectResponse, Response

from trueline.core.errors import InputError, TruelineError
from trueline.core.policy import Policy
from trueline.core.policy_explain import Row, explain_policy, shown_thresholds
from trueline.core.policy_file import (
    TEMPLATES,
    load_policy,
    policy_from_template,
    template_text,
)
from trueline.core.regulations import regulation_title
from trueline.gateway.console import figures
from trueline.gateway.console.finding_names import label_name
from trueline.gateway.console.policy_draft import MAX_DRAFT, DraftOutcome, judge_draft
from trueline.gateway.console.site import Site, Visit, read_form
from trueline.gateway.policies import ActivePolicy

TABS = (
    ("rules", "/policy"),
    ("yaml", "/policy/yaml"),
    ("draft", "/policy/draft"),
    ("versions", "/policy/versions"),
    ("templates", "/policy/templates"),
)
_TEMPLATE_SOURCE = "template "
_VERSION_SOURCE = "version "


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One category: what happens, from which score, who looks, and the exceptions."""

    category: str
    name: str
    action: str
    threshold: str
    manual: bool
    scorers: tuple[str, ...]
    exceptions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PolicyText:
    """The YAML behind a policy in force; `note` is a key of the catalogue, or empty."""

    text: str
    note: str = ""


async def rules_page(site: Site, visit: Visit) -> Response:
    """The policy in force, explained category by category."""
    active = site.state.policies.current
    judge = active.guard.judge
    rows = explain_policy(active.policy, judge.coverage(), visit.lang, judge.fixed_thresholds())
    kinds = Counter(
        "off" if row.action == "off" else "manual" if row.scorers == "manual" else "found"
        for row in rows
    )
    return policy_tab(
        site,
        visit,
        "policy.html",
        "rules",
        active=active,
        rows=[_rule_row(row, visit) for row in rows],
        coverage={name: kinds[name] for name in ("found", "manual", "off")},
        regulations=[regulation_title(name) for name in active.policy.regulations],
    )


async def yaml_page(site: Site, visit: Visit) -> Response:
    """The policy file as it stands."""
    active = site.state.policies.current
    found = await asyncio.to_thread(policy_text, active)
    return policy_tab(
        site,
        visit,
        "policy_yaml.html",
        "yaml",
        note=found.note,
        lines=found.text.splitlines(),
        source=active.source,
        names=(),
    )


async def templates_page(site: Site, visit: Visit) -> Response:
    """One of the bundled policies."""
    name = visit.request.path_params.get("name", TEMPLATES[0])
    if name not in TEMPLATES:
        return site.message(visit, 404, visit.say("missing.title"), visit.say("missing.page"))
    policy = await asyncio.to_thread(policy_from_template, name)
    return policy_tab(
        site,
        visit,
        "policy_yaml.html",
        "templates",
        note="",
        lines=template_text(name).splitlines(),
        names=TEMPLATES,
        shown=name,
        about=policy.description.pick(visit.lang) if policy.description else "",
        source="",
    )


async def draft_page(site: Site, visit: Visit) -> Response:
    """An empty draft, the policy in force, or a template compared with it."""
    query = visit.request.query_params
    active = site.state.policies.current
    draft, outcome = "", None
    if query.get("template"):
        draft = template_text(query["template"])
        outcome = await _outcome(draft, active.policy, visit)
    elif query.get("from") == "current":
        draft = (await asyncio.to_thread(policy_text, active)).text
    return _draft(site, visit, draft, outcome)


async def check_draft(site: Site, visit: Visit) -> Response:
    """Check a posted draft; the outcome alone where htmx asks."""
    form = await read_form(visit.request)
    draft = form.get("yaml", "").replace("\r\n", "\n")
    if len(draft) > MAX_DRAFT:
        raise InputError(visit.say("draft.too_long", limit=MAX_DRAFT))
    if not draft.strip() and not visit.partial:
        return RedirectResponse("/policy/draft", 303)
    outcome = await _outcome(draft, site.state.policies.current.policy, visit)
    if visit.partial:
        return site.page(
            visit, "policy_outcome.html", outcome=outcome, may_propose=may_propose(visit)
        )
    return _draft(site, visit, draft, outcome)


def policy_tab(site: Site, visit: Visit, template: str, tab: str, **values: Any) -> Response:
    """One of the tabs of this page."""
    return site.page(visit, template, here="policy", tab=tab, tabs=TABS, **values)


def policy_text(active: ActivePolicy) -> PolicyText:
    """The YAML of a policy in force, or what comes nearest to it."""
    if active.source.startswith(_TEMPLATE_SOURCE):
        return PolicyText(template_text(active.source.removeprefix(_TEMPLATE_SOURCE)))
    if active.source.startswith(_VERSION_SOURCE):
        return PolicyText(active.text)
    try:
        text = Path(active.source).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return PolicyText(_written(active.policy), "policy.yaml.gone")
    try:
        same = load_policy(active.source).hash == active.policy.hash
    except TruelineError:
        same = False
    return PolicyText(text, "" if same else "policy.yaml.differs")


def _draft(site: Site, visit: Visit, draft: str, outcome: DraftOutcome | None) -> Response:
    return policy_tab(
        site,
        visit,
        "policy_draft.html",
        "draft",
        draft=draft,
        outcome=outcome,
        max_draft=MAX_DRAFT,
        may_propose=may_propose(visit),
    )


def may_propose(visit: Visit) -> bool:
    """Whether the reader may put a draft up for decision."""
    return visit.reader is not None and visit.reader.may("admin")


async def _outcome(draft: str, current: Policy, visit: Visit) -> DraftOutcome:
    absent = visit.say("value.absent")
    return await asyncio.to_thread(judge_draft, draft, current, absent, visit.lang)


def _written(policy: Policy) -> str:
    data: Mapping[str, object] = policy.model_dump(mode="json", by_alias=True, exclude_none=True)
    return yaml.safe_dump(dict(data), allow_unicode=True, sort_keys=False)


def _rule_row(row: Row, visit: Visit) -> RuleRow:
    names = (visit.say("policy.by_hand"),) if row.scorers == "manual" else _names(row.scorers)
    return RuleRow(
        category=row.category,
        name=row.name,
        action=row.action,
        threshold=_threshold(row, visit),
        manual=row.scorers == "manual",
        scorers=names,
        exceptions=tuple(
            (label_name(label, visit.lang) or label, action)
            for label, action in row.exceptions.items()
        ),
    )


def _names(scorers: str) -> tuple[str, ...]:
    return tuple(name for name in scorers.split(", ") if name)


def _threshold(row: Row, visit: Visit) -> str:
    if row.action == "off" or row.scorers == "manual":
        return ""
    if row.threshold is not None:
        return f"{row.threshold:g}"
    rate = figures.percent(row.max_false_positive_rate or 0.0)
    budget = visit.say("policy.calibrated", rate=rate)
    return shown_thresholds(row, budget, visit.say("policy.fixed"), visit.say("list.semicolon"))
