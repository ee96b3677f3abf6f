"""What a caller is told when the upstream fails; its own words are never passed on unread."""

from __future__ import annotations

import re
from typing import Any, cast

import orjson

from trueline.core.errors import UpstreamError
from trueline.gateway.api_error import ApiError
from trueline.gateway.http_client import UpstreamTimeoutError, UpstreamUnreachableError
from trueline.gateway.metrics import Metrics

_NAME = re.compile(r"[a-z0-9_.-]{1,64}", re.IGNORECASE)
# Statuses a caller can act upon; anything else of the upstream's is a bad gateway to us.
_PASSED = frozenset({400, 404, 409, 413, 415, 422, 429})
_MEANING = {
    400: "The upstream refused the request as not valid.",
    401: "The upstream refused this gateway's key. Set TRUELINE_UPSTREAM_KEY.",
    403: "The upstream refused this gateway's key. Set TRUELINE_UPSTREAM_KEY.",
    404: "The upstream knows no such model or path.",
    409: "The upstream reports a conflict.",
    413: "The upstream refused the request as too long.",
    415: "The upstream refused the kind of content.",
    422: "The upstream refused the request as not valid.",
    429: "The upstream is over its rate limit; try again later.",
}


def fault_of(error: UpstreamError, metrics: Metrics) -> ApiError:
    """The answer when no reply came from the upstream, or a broken one."""
    if isinstance(error, UpstreamTimeoutError):
        metrics.upstream_errors.add("timeout")
        return ApiError(504, f"{_sentence(error)}.", "upstream_timeout")
    if isinstance(error, UpstreamUnreachableError):
        metrics.upstream_errors.add("unreachable")
        return ApiError(502, f"{_sentence(error)}.", "upstream_unreachable")
    metrics.upstream_errors.add("broken")
    return ApiError(502, f"{_sentence(error)}.", "upstream_invalid_reply")


def read_upstream_error(status: int, body: bytes) -> ApiError:
    """The answer when the upstream answered with an error.

    Its `code`, `type` and `param` are passed on when they read like names. Its message may
    hold a model's or a user's words, which nothing has checked, so ours stands in its place.
    """
    given = _error_fields(body)
    code = _name(given.get("code")) or "upstream_error"
    message = _MEANING.get(status, f"The upstream answered with status {status}.")
    if status not in _PASSED:
        return ApiError(502, message, code, kind="server_error")
    return ApiError(
        status,
        message,
        code,
        param=_name(given.get("param")) or None,
        kind=_name(given.get("type")),
        headers={"retry-after": "1"} if status == 429 else None,
    )


def _error_fields(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    error = cast("dict[str, Any]", value).get("error") if isinstance(value, dict) else None
    return cast("dict[str, Any]", error) if isinstance(error, dict) else {}


def _name(value: Any) -> str:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else ""


def _sentence(error: UpstreamError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]
