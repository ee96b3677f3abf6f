"""A chat completion answered piece by piece.

What was decided on the prompt is durable before the first byte, and the whole record before
the final chunk: a reply that a client has seen to its end is in the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import perf_counter

import orjson

from trueline.core.errors import UpstreamError
from trueline.core.records import Context
from trueline.gateway.admission import Admitted, off_loop
from trueline.gateway.api_error import ApiError
from trueline.gateway.chat_plain import note_outcomes, tool_names
from trueline.gateway.http_io import Request
from trueline.gateway.operation import forwarded_key
from trueline.gateway.recording import Draft, record, record_opening
from trueline.gateway.state import GatewayState
from trueline.gateway.upstream import Pieces
from trueline.gateway.upstream_faults import fault_of, read_upstream_error
from trueline.guard.chat_stream import ChatStream
from trueline.guard.guard import PromptDecision

MAX_ERROR_BYTES = 1_000_000
# Streams cut by the client or by shutdown are recorded with these words.
CLIENT_GONE = "client_gone"
SHUT_DOWN = "shut_down"


async def answer_streamed(
    state: GatewayState, request: Request, admitted: Admitted, decision: PromptDecision
) -> None:
    """Ask the model, pass on what is certain, record, end the stream.

    Raises:
        ApiError: before the first byte, when the upstream failed or nothing can be recorded.
    """
    draft = admitted.draft
    began = perf_counter()
    opening = asyncio.ensure_future(record_opening(state, draft))
    try:
        pieces = await _open(state, request, decision)
    except BaseException:
        with suppress(ApiError):
            await opening
        raise
    try:
        await opening
        await _pass_on(state, request, admitted, decision, pieces, began)
    finally:
        await pieces.aclose()


async def _open(state: GatewayState, request: Request, decision: PromptDecision) -> Pieces:
    authorization = forwarded_key(state, request)
    try:
        status, pieces = await state.upstream.stream(dict(decision.request), authorization)
        if status == 200:
            return pieces
        body = bytearray()
        async for piece in pieces:
            body += piece
            if len(body) > MAX_ERROR_BYTES:
                break
        await pieces.aclose()
    except UpstreamError as error:
        raise fault_of(error, state.metrics) from None
    state.metrics.upstream_errors.add(f"status_{status}")
    raise read_upstream_error(status, bytes(body))


async def _pass_on(
    state: GatewayState,
    request: Request,
    admitted: Admitted,
    decision: PromptDecision,
    pieces: Pieces,
    began: float,
) -> None:
    draft = admitted.draft
    stream = ChatStream(
        admitted.guard,
        Context(role="reply", language=decision.language),
        language=decision.language,
        mask=decision.mask,
        tool_names=tool_names(admitted.body),
        model=draft.model,
    )
    await request.start_stream(draft.headers())
    gone = asyncio.ensure_future(request.disconnected())
    held: list[bytes] = []
    try:
        fault = await _relay(request, admitted, stream, pieces, held, gone)
        held.append(await _timed(admitted, 0, stream.close))
        draft.error = draft.error or fault or ("" if stream.all_stopped else stream.upstream_fault)
    except asyncio.CancelledError:
        draft.error = SHUT_DOWN
        if not admitted.guard.waits:  # else a thread may still be at work on the stream
            stream.close()
        await asyncio.shield(_finish(state, admitted, stream, began))
        raise
    finally:
        gone.cancel()
    if draft.error:
        state.metrics.upstream_errors.add(draft.error)
    try:
        await _finish(state, admitted, stream, began)
    except ApiError as error:
        # Part of the reply is out already; its rest must not follow without a record.
        await request.stream(b"data: " + error.body() + b"\n\n", more=False)
        return
    if draft.error != CLIENT_GONE:
        await request.stream(b"".join([_remark(draft), *held]), more=False)


async def _relay(
    request: Request,
    admitted: Admitted,
    stream: ChatStream,
    pieces: Pieces,
    held: list[bytes],
    gone: asyncio.Future[None],
) -> str:
    """Pass pieces on until the end; what belongs to the end goes to `held`.

    Returns what broke the stream off, or an empty string.
    """
    try:
        async for piece in pieces:
            if gone.done():
                return CLIENT_GONE
            out = await _timed(admitted, len(piece), partial(stream.feed, piece))
            if stream.all_finished or stream.ended:
                held.append(out)
                if stream.all_stopped or stream.ended:
                    return ""
            elif out:
                await request.stream(out)
    except UpstreamError:
        return "" if stream.ended else "upstream_cut"
    return ""


def _remark(draft: Draft) -> bytes:
    """The verdict on the whole as a comment of the event stream, which clients skip."""
    verdict = {
        "exchange_id": draft.id,
        "action": str(draft.action),
        "categories": draft.categories,
        "policy_hash": draft.active.policy.hash,
    }
    return b": trueline " + orjson.dumps(verdict) + b"\n\n"


async def _timed(admitted: Admitted, size: int, work: Callable[[], bytes]) -> bytes:
    began = perf_counter()
    out = await off_loop(admitted.guard, size, work)
    admitted.draft.guard_seconds += perf_counter() - began
    return out


async def _finish(
    state: GatewayState, admitted: Admitted, stream: ChatStream, began: float
) -> None:
    draft = admitted.draft
    draft.upstream_seconds = perf_counter() - began
    state.metrics.upstream_seconds.observe(draft.upstream_seconds)
    note_outcomes(state, draft, stream.outcomes)
    await record(state, draft)
