"""Build the record of a request, and make it durable before anything is answered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from time import perf_counter
from typing import Any

from trueline.core.errors import InputError, StoreError
from trueline.core.exchange import Exchange, new_id, now, stored_text
from trueline.core.records import Action, Verdict
from trueline.gateway.api_error import ApiError
from trueline.gateway.auth import Caller
from trueline.gateway.http_io import HeaderLines
from trueline.gateway.metrics import Metrics
from trueline.gateway.policies import ActivePolicy
from trueline.gateway.state import GatewayState
from trueline.store.batch import Change

_MODEL_NAME = re.compile(r"[A-Za-z0-9._:/@+-]{1,128}")
# OpenAI's limit on metadata is 16 pairs; values that are no codes may hold a person's words.
_ATTRIBUTE = re.compile(r"[A-Za-z0-9_.:/+-]{1,64}")
MAX_ATTRIBUTES = 16
Scores = dict[str, list[dict[str, Any]]]


@dataclass(slots=True)
class Draft:
    """What is known of a request so far; `exchange()` freezes it."""

    route: str
    caller: Caller
    active: ActivePolicy
    shadow: bool
    id: str = field(default_factory=new_id)
    began: float = field(default_factory=perf_counter)
    time: Any = field(default_factory=now)
    model: str = ""
    upstream: str = ""
    stream: bool = False
    prompt_action: Action = Action.ALLOW
    reply_action: Action = Action.ALLOW
    categories: list[str] = field(default_factory=list[str])
    scores: Scores = field(default_factory=dict[str, list[dict[str, Any]]])
    prompt_texts: list[str] = field(default_factory=list[str])
    reply_texts: list[str] = field(default_factory=list[str])
    prompt_chars: int = 0
    reply_chars: int = 0
    language: str = ""
    status: int = 200
    error: str = ""
    guard_seconds: float = 0.0
    upstream_seconds: float = 0.0
    user: str = ""
    attributes: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def action(self) -> Action:
        """The stricter of what was done to prompt and reply."""
        return max(self.prompt_action, self.reply_action)

    def add(self, channel: str, verdict: Verdict) -> None:
        """Note the scores of a text and the categories that reached their threshold."""
        if verdict.scores:
            self.scores[channel] = [score.as_json() for score in verdict.scores]
            self.note_categories(verdict.categories)

    def note_categories(self, names: Sequence[str]) -> None:
        """Add categories, each once."""
        for name in names:
            if name not in self.categories:
                self.categories.append(name)

    def keep_prompt(self, text: str, verdict: Verdict | None) -> None:
        """Keep a prompt's text as far as the policy lets us."""
        kept = stored_text(text, verdict, self.active.policy.storage.text)
        if kept:
            self.prompt_texts.append(kept)

    def keep_reply(self, text: str, verdict: Verdict | None) -> None:
        """Keep a reply's text as far as the policy lets us."""
        kept = stored_text(text, verdict, self.active.policy.storage.text)
        if kept:
            self.reply_texts.append(kept)

    def exchange(self) -> Exchange:
        """The record as it stands."""
        return Exchange(
            id=self.id,
            time=self.time,
            route=self.route,
            key_id=self.caller.key_id,
            model=self.model,
            upstream=self.upstream,
            stream=self.stream,
            shadow=self.shadow,
            action=self.action,
            prompt_action=self.prompt_action,
            reply_action=self.reply_action,
            categories=tuple(self.categories),
            scores=self.scores,
            prompt_text="\n".join(self.prompt_texts),
            reply_text="\n".join(self.reply_texts),
            policy_name=self.active.policy.name,
            policy_hash=self.active.policy.hash,
            language=self.language,
            status=self.status,
            error=self.error,
            latency_ms=round((perf_counter() - self.began) * 1000, 3),
            guard_ms=round(self.guard_seconds * 1000, 3),
            upstream_ms=round(self.upstream_seconds * 1000, 3),
            prompt_chars=self.prompt_chars,
            reply_chars=self.reply_chars,
            user=self.user,
            attributes=self.attributes,
        )

    def headers(self) -> HeaderLines:
        """The verdict as response headers."""
        return [
            (b"x-trueline-exchange-id", self.id.encode()),
            (b"x-trueline-action", str(self.action).encode()),
            (b"x-trueline-categories", ",".join(self.categories).encode("ascii", "replace")),
            (b"x-trueline-policy", self.active.policy.hash.encode()),
        ]


async def record(state: GatewayState, draft: Draft) -> None:
    """Make the record durable; nothing may be answered before this returns.

    Raises:
        ApiError: 503, when it cannot be stored; then nothing may be answered at all.
    """
    try:
        await state.store.append_async(draft.exchange())
    except (StoreError, InputError):
        raise not_recorded(state.metrics) from None


async def record_opening(state: GatewayState, draft: Draft) -> None:
    """Make durable that a stream begins, and what was decided on its prompt.

    Raises:
        ApiError: 503, when it cannot be stored.
    """
    body = {
        "route": draft.route,
        "key_id": draft.caller.key_id,
        "model": draft.model[:200],
        "prompt_action": str(draft.prompt_action),
        "categories": list(draft.categories),
        "policy_hash": draft.active.policy.hash,
        "shadow": draft.shadow,
    }
    time_us = int(draft.time.timestamp() * 1_000_000)
    try:
        await state.store.change_async(Change("stream.opened", draft.id, time_us, body))
    except (StoreError, InputError):
        raise not_recorded(state.metrics) from None


def not_recorded(metrics: Metrics) -> ApiError:
    """The answer when a record cannot be made durable."""
    metrics.store_errors.add()
    return ApiError(
        503,
        "The event store cannot be written, so nothing is answered. Try again later.",
        "store_unavailable",
        headers={"retry-after": "5"},
    )


def count_verdict(metrics: Metrics, role: str, verdict: Verdict) -> None:
    """Count a verdict, its categories and its faults."""
    metrics.verdicts.add(role, str(verdict.action))
    if verdict.action > Action.ALLOW:
        seen: set[tuple[str, Action]] = set()
        for score in verdict.scores:
            if score.action > Action.ALLOW and (score.category, score.action) not in seen:
                seen.add((score.category, score.action))
                metrics.categories.add(role, score.category, str(score.action))
    for name in verdict.faults:
        metrics.scorer_faults.add(name)


def end_user(request: Mapping[str, Any], caller: Caller) -> str:
    """A pseudonym of the end user a request names; empty when it names none.

    The same end user of the same key has the same pseudonym; of another key, another.
    """
    value = request.get("safety_identifier") or request.get("user")
    if not isinstance(value, str) or not value:
        return ""
    key = caller.key_id.encode()[:64]
    return blake2b(value.encode("utf-8", "replace"), digest_size=16, key=key).hexdigest()


def model_name(request: Mapping[str, Any]) -> str:
    """The model a request names, when it reads like one; the log holds no free text."""
    value = request.get("model")
    return value if isinstance(value, str) and _MODEL_NAME.fullmatch(value) else ""


def request_attributes(request: Mapping[str, Any]) -> dict[str, Any]:
    """What an app says of a request in `metadata`, such as `{"sentiment": "negative"}`.

    Only names and values that are codes are kept; the log holds no free text.
    """
    metadata = request.get("metadata")
    if not isinstance(metadata, dict):
        return {}
    codes = {
        name: value
        for name, value in metadata.items()
        if isinstance(value, str) and _ATTRIBUTE.fullmatch(name) and _ATTRIBUTE.fullmatch(value)
    }
    return dict(list(codes.items())[:MAX_ATTRIBUTES])
