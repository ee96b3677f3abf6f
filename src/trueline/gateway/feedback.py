"""`POST /v1/feedback`: what a user says about a reply, stored beside its exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from trueline.core.errors import InputError, StoreError
from trueline.core.exchange import stored_text
from trueline.core.records import Context
from trueline.gateway.admission import Admitted, admit, off_loop
from trueline.gateway.api_error import ApiError, bad_request
from trueline.gateway.http_io import NO_STORE, Request
from trueline.gateway.recording import not_recorded
from trueline.gateway.state import GatewayState
from trueline.store.feedback import (
    KINDS,
    MAX_LIMIT,
    Feedback,
    feedback_change,
    list_feedback,
)
from trueline.store.queries import get_exchange

_FIELDS = ("exchange_id", "kind", "value", "reason", "text")
_MAX_ID = 64
# What one key may say about one exchange; more is a fault of a program, or spite.
MAX_REMARKS = 20


async def feedback(state: GatewayState, request: Request) -> None:
    """Store one remark; answered when it is durable."""
    admitted = await admit(state, request, "feedback")
    item = await _read(admitted)
    try:
        change = feedback_change(item)
    except InputError as error:
        raise bad_request(f"{error}.") from None
    try:
        event = await asyncio.to_thread(get_exchange, state.store, item.exchange_id)
        if event is None or not _may_see(admitted, event.exchange.key_id):
            raise ApiError(
                404,
                "There is no exchange with this id; give the x-trueline-exchange-id of the reply.",
                "exchange_not_found",
                param="exchange_id",
            )
        said = await asyncio.to_thread(_said_before, state, item)
        if _same(said, item) is None:
            if len(said) >= MAX_REMARKS:
                raise ApiError(
                    429,
                    f"This key has said {MAX_REMARKS} things about this exchange; that is the limit.",
                    "too_much_feedback",
                    param="exchange_id",
                )
            await state.store.change_async(change)
    except StoreError:
        raise not_recorded(state.metrics) from None
    item = _same(said, item) or item  # saying the same again is answered as the first time
    answer = {"id": item.id, "object": "feedback", "exchange_id": item.exchange_id}
    await request.respond_json(200, answer, [NO_STORE])


def _may_see(admitted: Admitted, owner: str) -> bool:
    """A client may speak of its own exchanges; reviewers and admins of all."""
    caller = admitted.caller
    return owner == caller.key_id or caller.may("read")


def _said_before(state: GatewayState, item: Feedback) -> list[Feedback]:
    page = list_feedback(state.store, exchange_id=item.exchange_id, limit=MAX_LIMIT)
    return [one for one in page.items if one.key_id == item.key_id]


def _same(said: Sequence[Feedback], item: Feedback) -> Feedback | None:
    content = (item.kind, item.value, item.reason, item.text)
    same = (one for one in said if (one.kind, one.value, one.reason, one.text) == content)
    return next(same, None)


async def _read(admitted: Admitted) -> Feedback:
    body = admitted.body
    for name in body:
        if name not in _FIELDS:
            raise bad_request(f"Unknown field. Accepted: {', '.join(_FIELDS)}.", param="body")
    exchange_id = _text(body, "exchange_id")
    if not exchange_id or len(exchange_id) > _MAX_ID:
        raise bad_request("exchange_id must be the id of an exchange.", param="exchange_id")
    kind = body.get("kind")
    if kind not in KINDS:
        raise bad_request(f"kind must be one of {', '.join(KINDS)}.", param="kind")
    value = body.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise bad_request("value must be a number.", param="value")
    if isinstance(value, int) and abs(value) > 1_000_000:
        raise bad_request("value must be at most 1000000.", param="value")
    text = _text(body, "text")
    if kind == "correction" and not text:
        raise bad_request("A correction needs the right answer in text.", param="text")
    if text:
        guard = admitted.active.guard
        context = Context(role="prompt")
        verdict = await off_loop(guard, len(text), lambda: guard.judge_text(text, context))
        text = stored_text(text, verdict, admitted.active.policy.storage.text)
    return Feedback(
        exchange_id=exchange_id,
        kind=kind,
        value=None if value is None else float(value),
        reason=_text(body, "reason"),
        text=text,
        key_id=admitted.caller.key_id,
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None and (name != "exchange_id" and name not in body):
        return ""
    if not isinstance(value, str):
        raise bad_request(f"{name} must be a string.", param=name)
    return value
