"""The first steps of a guarded request: key, right, rate limit, body, policy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeVar

from trueline.gateway.api_error import ApiError
from trueline.gateway.auth import Caller, Right
from trueline.gateway.http_io import Request, read_json_object
from trueline.gateway.policies import ActivePolicy
from trueline.gateway.recording import Draft, end_user, model_name, request_attributes
from trueline.gateway.state import GatewayState
from trueline.guard.guard import Guard

# Above this many characters a check leaves the event loop: it would hold others up.
INLINE_CHARACTERS = 12_000

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request let in: who sent it, what it says, and the policy it is held against."""

    caller: Caller
    body: dict[str, Any]
    size: int
    active: ActivePolicy
    guard: Guard
    draft: Draft


def check_caller(state: GatewayState, request: Request, right: Right) -> Caller:
    """Who sends a request, if they may.

    Raises:
        ApiError: 401, 403 or 429.
    """
    caller = state.auth.authenticate(request.headers)
    if not caller.may(right):
        raise ApiError(
            403, f"This key's role, {caller.role}, does not allow this.", "role_not_allowed"
        )
    limit = caller.rate_limit if caller.rate_limit is not None else state.settings.rate_limit
    if limit:
        allowance = state.limiter.take(caller.key_id, limit)
        request.more_headers.extend(allowance.headers())
        if not allowance.allowed:
            state.metrics.rate_limited.add()
            raise ApiError(
                429,
                f"This key may send {limit} requests a minute; "
                f"try again in {allowance.retry_after} s.",
                "rate_limit_exceeded",
            )
    return caller


async def admit(state: GatewayState, request: Request, right: Right = "use") -> Admitted:
    """Let a guarded request in.

    Raises:
        ApiError: 400, 401, 403, 408, 413, 429, or 503 for a key whose policy is not here.
    """
    caller = check_caller(state, request, right)
    settings = state.settings
    raw = await request.body(settings.max_body_bytes, settings.body_timeout)
    body = read_json_object(raw)
    user = end_user(body, caller)
    active = state.policies.pick(caller.policy, _toss(caller, user, request.id))
    if active is None:
        raise ApiError(
            503,
            "The policy this key names is not configured here, so nothing is answered. "
            "Name it under `policies` in the settings.",
            "policy_not_configured",
        )
    shadow = settings.shadow or caller.shadow or _asks_for_shadow(request, caller)
    draft = Draft(request.path, caller, active, shadow)
    draft.began = request.started
    draft.model = model_name(body)
    draft.user = user
    draft.attributes = request_attributes(body)
    request.draft = draft
    return Admitted(caller, body, len(raw), active, active.guard_for(shadow=shadow), draft)


async def off_loop(guard: Guard, size: int, work: Callable[[], Answer]) -> Answer:
    """Run a check here when it is short, in a thread when it is long or may wait."""
    if guard.waits or size > INLINE_CHARACTERS:
        return await asyncio.to_thread(work)
    return work()


def _toss(caller: Caller, user: str, request_id: str) -> float:
    """A number in [0, 1): a canary gets the same callers and end users every time.

    Where nobody is named each request tosses for itself.
    """
    name = f"{caller.key_id}\0{user}" if caller.key_id or user else request_id
    digest = blake2b(name.encode("utf-8", "replace"), digest_size=6, person=b"canary").digest()
    return int.from_bytes(digest, "big") / 2**48


def _asks_for_shadow(request: Request, caller: Caller) -> bool:
    asked = request.headers.get(b"x-trueline-shadow")
    if asked is None or asked.strip().lower() not in {b"1", b"true", b"on"}:
        return False
    if not caller.may("admin"):
        raise ApiError(403, "Only an admin's key may ask for shadow mode.", "role_not_allowed")
    return True
