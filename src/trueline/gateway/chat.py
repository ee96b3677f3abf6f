"""`POST /v1/chat/completions`: prompt checked, model asked, reply checked, all of it recorded.

The order is the promise: nothing is sent upstream before the prompt was judged, and nothing
is answered before its record is durable.
"""

from __future__ import annotations

from time import perf_counter

from trueline.core.errors import InputError
from trueline.gateway.admission import Admitted, admit, off_loop
from trueline.gateway.api_error import ApiError, bad_request
from trueline.gateway.canned import blocked_completion, blocked_stream
from trueline.gateway.chat_plain import answer_whole
from trueline.gateway.chat_streamed import answer_streamed
from trueline.gateway.http_io import NO_STORE, Request
from trueline.gateway.recording import count_verdict, record
from trueline.gateway.state import GatewayState
from trueline.guard.guard import PromptDecision


async def chat_completions(state: GatewayState, request: Request) -> None:
    """Answer one conversation."""
    admitted = await admit(state, request)
    draft = admitted.draft
    draft.upstream = state.upstream.name
    try:
        draft.stream = _wants_stream(admitted)
        decision = await _judge_prompt(state, admitted)
        if decision.blocked:
            await _answer_blocked(state, request, admitted, decision)
        elif draft.stream:
            await answer_streamed(state, request, admitted, decision)
        else:
            await answer_whole(state, request, admitted, decision)
    except ApiError as error:
        if error.code != "store_unavailable" and not request.status:
            draft.status, draft.error = error.status, draft.error or error.code
            await record(state, draft)
            request.more_headers.extend(draft.headers())
        raise
    except Exception:
        if not request.status:
            draft.status, draft.error = 500, "internal"
            await record(state, draft)
        raise


def _wants_stream(admitted: Admitted) -> bool:
    stream = admitted.body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise bad_request("stream must be true or false.", param="stream")
    if not isinstance(admitted.body.get("model"), str) or not admitted.body["model"]:
        raise bad_request("model must be the name of a model.", param="model")
    return bool(stream)


async def _judge_prompt(state: GatewayState, admitted: Admitted) -> PromptDecision:
    guard, draft, body = admitted.guard, admitted.draft, admitted.body
    began = perf_counter()
    try:
        decision = await off_loop(guard, admitted.size, lambda: guard.check_prompt(body))
    except InputError as error:
        text = str(error)
        raise bad_request(f"{text}.", param=text.partition(":")[0]) from None
    draft.guard_seconds = perf_counter() - began
    state.metrics.guard_seconds.observe(draft.guard_seconds, "prompt")
    draft.prompt_action = decision.action
    draft.language = decision.language
    _note_prompt(state, admitted, decision)
    return decision


def _note_prompt(state: GatewayState, admitted: Admitted, decision: PromptDecision) -> None:
    """Keep the newest turn's texts and every finding; earlier turns have records of their own."""
    draft = admitted.draft
    fresh = sum(finding.is_newest for finding in decision.findings)
    for finding in decision.findings:
        verdict = finding.verdict
        draft.prompt_chars += len(finding.text)
        if finding.is_newest:
            count_verdict(state.metrics, "prompt", verdict)
            draft.keep_prompt(finding.text, verdict)
        if verdict.scores:
            alone = fresh == 1 and finding.is_newest
            draft.add("prompt" if alone else finding.where, verdict)


async def _answer_blocked(
    state: GatewayState, request: Request, admitted: Admitted, decision: PromptDecision
) -> None:
    draft = admitted.draft
    if admitted.active.policy.blocked_prompt == "error":
        raise ApiError(
            400,
            "The prompt breaks the policy of this server and was not sent to the model.",
            "content_policy_violation",
            param="messages",
        )
    draft.reply_texts = [decision.safe_reply]
    draft.reply_chars = len(decision.safe_reply)
    await record(state, draft)
    if draft.stream:
        await request.start_stream(draft.headers())
        await request.stream(blocked_stream(admitted.body, draft.id, decision.safe_reply))
        await request.stream(b"", more=False)
    else:
        answer = blocked_completion(admitted.body, draft.id, decision.safe_reply)
        await request.respond_json(200, answer, [NO_STORE, *draft.headers()])
