"""`POST /v1/guard/check`: one text, one verdict, in the shape of `Verdict.as_json`."""

from __future__ import annotations

from time import perf_counter
from typing import Any, cast, get_args

from trueline.core.records import Context, Role
from trueline.gateway.admission import admit, off_loop
from trueline.gateway.api_error import bad_request
from trueline.gateway.http_io import NO_STORE, Request
from trueline.gateway.recording import count_verdict, record
from trueline.gateway.state import GatewayState

ROLES: tuple[Role, ...] = get_args(Role)
MAX_HISTORY = 1000
_FIELDS = ("text", "role", "context")
_CONTEXT_FIELDS = ("history", "language", "attributes")


async def check(state: GatewayState, request: Request) -> None:
    """Answer one check; recorded like any exchange."""
    admitted = await admit(state, request)
    draft, guard = admitted.draft, admitted.guard
    text, context = read_check(admitted.body)
    began = perf_counter()
    verdict = await off_loop(guard, admitted.size, lambda: guard.judge_text(text, context))
    draft.guard_seconds = perf_counter() - began
    state.metrics.guard_seconds.observe(draft.guard_seconds, context.role)
    count_verdict(state.metrics, context.role, verdict)
    if context.role == "reply":
        draft.reply_action, draft.reply_chars = verdict.action, len(text)
        draft.keep_reply(text, verdict)
    else:
        draft.prompt_action, draft.prompt_chars = verdict.action, len(text)
        draft.keep_prompt(text, verdict)
    draft.add(context.role, verdict)
    await record(state, draft)
    await request.respond_json(200, verdict.as_json(), [NO_STORE, *draft.headers()])


def read_check(body: dict[str, Any]) -> tuple[str, Context]:
    """The text and its context.

    Raises:
        ApiError: 400, naming the field.
    """
    for name in body:
        if name not in _FIELDS:
            raise bad_request(f"Unknown field. Accepted: {', '.join(_FIELDS)}.", param="body")
    text = body.get("text")
    if not isinstance(text, str):
        raise bad_request("text must be a string.", param="text")
    role = body.get("role", "prompt")
    if role not in ROLES:
        raise bad_request(f"role must be one of {', '.join(ROLES)}.", param="role")
    given = body.get("context")
    if given is None and "context" not in body:
        return text, Context(role=role)
    if not isinstance(given, dict):
        raise bad_request("context must be an object.", param="context")
    return text, _context(cast("dict[str, Any]", given), role)


def _context(given: dict[str, Any], role: Role) -> Context:
    for name in given:
        if name not in _CONTEXT_FIELDS:
            raise bad_request(
                f"Unknown field. Accepted: {', '.join(_CONTEXT_FIELDS)}.", param="context"
            )
    history = given.get("history", [])
    if not _is_texts(history) or len(history) > MAX_HISTORY:
        raise bad_request(
            f"context.history must be a list of at most {MAX_HISTORY} strings.",
            param="context.history",
        )
    language = given.get("language", "")
    if language not in ("", "zh", "en"):
        raise bad_request("context.language must be zh or en.", param="context.language")
    attributes = given.get("attributes", {})
    if not isinstance(attributes, dict) or not _is_texts(list(attributes.values())):
        raise bad_request(
            "context.attributes must be an object of strings.", param="context.attributes"
        )
    return Context(
        role=role,
        history=tuple(cast("list[str]", history)),
        language=language,
        attributes=cast("dict[str, str]", attributes),
    )


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
