"""Routes for those who run the gateway: health, readiness, metrics, models, description."""

from __future__ import annotations

from time import perf_counter

import orjson

from trueline.core.errors import UpstreamError
from trueline.core.version import version
from trueline.gateway.admission import check_caller
from trueline.gateway.api_error import ApiError
from trueline.gateway.http_io import JSON, NO_SNIFF, NO_STORE, Request
from trueline.gateway.metrics import CONTENT_TYPE
from trueline.gateway.openapi import document_bytes, page
from trueline.gateway.state import GatewayState
from trueline.gateway.upstream_faults import fault_of, read_upstream_error

# The page loads nothing: no script, no font, no picture.
_PAGE_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
)


async def health(state: GatewayState, request: Request) -> None:
    """The process is alive."""
    await request.respond_json(200, {"status": "ok", "version": version()}, [NO_STORE])


async def ready(state: GatewayState, request: Request) -> None:
    """Whether a request would be answered now."""
    readiness = await state.readiness()
    await request.respond_json(200 if readiness.ready else 503, readiness.as_json(), [NO_STORE])


async def metrics(state: GatewayState, request: Request) -> None:
    """Prometheus' text format."""
    body = state.metrics.expose().encode()
    await request.respond(200, body, [(b"content-type", CONTENT_TYPE.encode()), NO_SNIFF, NO_STORE])


async def openapi(state: GatewayState, request: Request) -> None:
    """The OpenAPI document."""
    await request.respond(200, document_bytes(), [JSON, NO_SNIFF])


async def docs(state: GatewayState, request: Request) -> None:
    """The same for people."""
    kind = (b"content-type", b"text/html; charset=utf-8")
    await request.respond(200, page(), [kind, NO_SNIFF, _PAGE_POLICY])


async def models(state: GatewayState, request: Request) -> None:
    """The upstream's list of models."""
    check_caller(state, request, "use")
    began = perf_counter()
    authorization = forwarded_key(state, request)
    try:
        status, body = await state.upstream.models(authorization)
    except UpstreamError as error:
        raise fault_of(error, state.metrics) from None
    state.metrics.upstream_seconds.observe(perf_counter() - began)
    if status != 200:
        state.metrics.upstream_errors.add(f"status_{status}")
        raise read_upstream_error(status, body)
    try:
        listed = orjson.loads(body)
    except orjson.JSONDecodeError:
        listed = None
    if not isinstance(listed, dict) or not isinstance(listed.get("data"), list):
        state.metrics.upstream_errors.add("garbage")
        raise ApiError(502, "The upstream's list of models is not valid.", "upstream_invalid_reply")
    await request.respond_json(200, listed, [NO_STORE])


async def reload_policy(state: GatewayState, request: Request) -> None:
    """Read the policy files again."""
    check_caller(state, request, "admin")
    outcome = await state.reload_policies(force=True)
    if outcome == "faulty":
        raise ApiError(
            422, f"The old policy stays in force: {state.policies.fault}", "policy_faulty"
        )
    answer = {"outcome": outcome, "policy_hash": state.policies.current.policy.hash}
    await request.respond_json(200, answer, [NO_STORE])


def forwarded_key(state: GatewayState, request: Request) -> str | None:
    """The caller's Authorization header, when the settings say to send it on."""
    if not state.settings.forward_caller_key:
        return None
    return request.header(b"authorization") or None
