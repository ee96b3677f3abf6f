"""A chat completion answered as a whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import perf_counter
from typing import Any, cast

import orjson

from trueline.core.errors import UpstreamError
from trueline.core.records import Context
from trueline.gateway.admission import Admitted, off_loop
from trueline.gateway.http_io import NO_STORE, Request
from trueline.gateway.operation import forwarded_key
from trueline.gateway.recording import Draft, count_verdict, record
from trueline.gateway.state import GatewayState
from trueline.gateway.upstream_faults import fault_of, read_upstream_error
from trueline.guard.channel import Outcome
from trueline.guard.chat_reply import ChatReply, check_chat_reply
from trueline.guard.guard import PromptDecision
from trueline.guard.json_shapes import is_list, is_object


async def answer_whole(
    state: GatewayState, request: Request, admitted: Admitted, decision: PromptDecision
) -> None:
    """Ask the model, check its reply, record, answer.

    Raises:
        ApiError: the upstream failed, or the record cannot be stored.
    """
    draft = admitted.draft
    status, raw = await _ask(state, request, draft, decision)
    if status != 200:
        state.metrics.upstream_errors.add(f"status_{status}")
        raise read_upstream_error(status, raw)
    began = perf_counter()
    try:
        reply = await off_loop(
            admitted.guard, len(raw), lambda: _check(admitted, decision, parse_object(raw))
        )
    except UpstreamError as error:
        raise fault_of(error, state.metrics) from None
    seconds = perf_counter() - began
    draft.guard_seconds += seconds
    state.metrics.guard_seconds.observe(seconds, "reply")
    note_outcomes(state, draft, reply.outcomes)
    await record(state, draft)
    await request.respond_json(200, dump_object(reply.body), [NO_STORE, *draft.headers()])


def note_outcomes(state: GatewayState, draft: Draft, outcomes: tuple[Outcome, ...]) -> None:
    """Put the verdicts on a reply's fields into its record."""
    for outcome in outcomes:
        verdict = outcome.verdict
        count_verdict(state.metrics, "reply", verdict)
        draft.reply_action = max(draft.reply_action, verdict.action)
        draft.reply_chars += len(outcome.text)
        draft.keep_reply(outcome.text, verdict)
        is_first = outcome.choice == 0 and outcome.field == "content"
        draft.add("reply" if is_first else f"reply[{outcome.choice}].{outcome.field}", verdict)


def tool_names(request: Mapping[str, Any]) -> frozenset[str]:
    """Names of the tools a request defines; they were judged with the prompt."""
    names: set[str] = set()
    for key in ("tools", "functions"):
        entries = request.get(key)
        for tool in entries if is_list(entries) else []:
            if not is_object(tool):
                continue
            for holder in (tool, tool.get("function"), tool.get("custom")):
                name = holder.get("name") if is_object(holder) else None
                if isinstance(name, str):
                    names.add(name)
    return frozenset(names)


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object an upstream sent.

    Lone surrogate escapes, which a model cut off in mid-character may send, are kept.

    Raises:
        UpstreamError: it is no JSON object.
    """
    try:
        value: Any = orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, dict):
        raise UpstreamError("the upstream's reply is not a JSON object")
    return cast("dict[str, Any]", value)


def dump_object(value: Mapping[str, Any]) -> bytes:
    """JSON bytes, whatever a parsed reply may hold."""
    try:
        return orjson.dumps(value)
    except TypeError:  # lone surrogates, or integers beyond 64 bits
        try:
            return json.dumps(value, separators=(",", ":")).encode()
        except (RecursionError, ValueError):
            raise UpstreamError("the upstream's reply is nested too deeply") from None


async def _ask(
    state: GatewayState, request: Request, draft: Draft, decision: PromptDecision
) -> tuple[int, bytes]:
    began = perf_counter()
    authorization = forwarded_key(state, request)
    try:
        return await state.upstream.complete(dict(decision.request), authorization)
    except UpstreamError as error:
        raise fault_of(error, state.metrics) from None
    finally:
        draft.upstream_seconds = perf_counter() - began
        state.metrics.upstream_seconds.observe(draft.upstream_seconds)


def _check(admitted: Admitted, decision: PromptDecision, body: dict[str, Any]) -> ChatReply:
    return check_chat_reply(
        admitted.guard,
        body,
        Context(role="reply", language=decision.language),
        language=decision.language,
        mask=decision.mask,
        tool_names=tool_names(admitted.body),
    )
