"""The language model behind the gateway: the interface, and any OpenAI-compatible server.

The built-in assistant keeps the same interface without importing it (structural typing).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol, TypeVar

import orjson

from trueline.core.errors import UpstreamError
from trueline.gateway.http_client import (
    HttpClient,
    Origin,
    TimeLimits,
    UpstreamUnreachableError,
)

# Answers that say "not now": nothing was generated, so asking again is safe.
RETRY_STATUS = frozenset({429, 502, 503})
FIRST_PAUSE_SECONDS = 0.2
JSON_HEADERS = b"content-type: application/json\r\n"

Answer = TypeVar("Answer")


class Pieces(Protocol):
    """Bytes as they come; whoever holds them closes them. Async generators are pieces too."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def __anext__(self) -> Awaitable[bytes]: ...

    def aclose(self) -> Awaitable[None]:
        """Stop, whether or not all was read."""
        ...


class Upstream(Protocol):
    """What the gateway asks of a model.

    `authorization` is the value of a header to send along, or None. Statuses are HTTP's; a
    body is JSON in OpenAI's shape, or for a stream with status 200 the bytes of an event
    stream. Methods raise `UpstreamError` when there is no answer at all.
    """

    @property
    def name(self) -> str:
        """How logs and start-up messages call it."""
        ...

    async def complete(
        self, request: dict[str, Any], authorization: str | None
    ) -> tuple[int, bytes]:
        """Answer a chat request as a whole."""
        ...

    async def stream(
        self, request: dict[str, Any], authorization: str | None
    ) -> tuple[int, Pieces]:
        """Answer a chat request piece by piece; the caller closes the pieces."""
        ...

    async def models(self, authorization: str | None) -> tuple[int, bytes]:
        """List the models."""
        ...

    async def reachable(self) -> bool:
        """True when it would answer now."""
        ...

    async def close(self) -> None:
        """Free its connections."""
        ...


class HttpUpstream:
    """An OpenAI-compatible server, asked again when it says "not now".

    Args:
        url: base URL with its version path; `/v1` is added to a URL without a path.
        api_key: sent as bearer token when a call brings no `authorization` of its own.
        limits: time limits.
        retries: how often a request is sent again before its first byte was answered.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        limits: TimeLimits | None = None,
        retries: int = 2,
    ) -> None:
        origin = Origin.parse(url)
        base = url.rstrip("/") if origin.prefix else url.rstrip("/") + "/v1"
        self._url = base
        self._key = api_key
        self._retries = retries
        self._client = HttpClient(base, limits=limits, headers={"user-agent": "trueline"})

    @property
    def name(self) -> str:
        return self._url

    async def complete(
        self, request: dict[str, Any], authorization: str | None
    ) -> tuple[int, bytes]:
        body, headers = orjson.dumps(request), self._headers(authorization) + JSON_HEADERS

        async def once() -> tuple[int, bytes]:
            return await self._client.fetch("POST", "/chat/completions", headers, body)

        return await self._persistently(once, _leave)

    async def stream(
        self, request: dict[str, Any], authorization: str | None
    ) -> tuple[int, Pieces]:
        body, headers = orjson.dumps(request), self._headers(authorization) + JSON_HEADERS

        async def once() -> tuple[int, Pieces]:
            return await self._client.open_stream("POST", "/chat/completions", headers, body)

        return await self._persistently(once, _close_pieces)

    async def models(self, authorization: str | None) -> tuple[int, bytes]:
        return await self._client.fetch("GET", "/models", self._headers(authorization))

    async def reachable(self) -> bool:
        try:
            async with asyncio.timeout(3):
                status, _ = await self.models(None)
        except (UpstreamError, TimeoutError):
            return False
        return status < 500

    async def close(self) -> None:
        await self._client.close()

    def _headers(self, authorization: str | None) -> bytes:
        value = authorization or (f"Bearer {self._key}" if self._key else "")
        return f"authorization: {value}\r\n".encode("latin-1") if value else b""

    async def _persistently(
        self,
        once: Callable[[], Awaitable[tuple[int, Answer]]],
        drop: Callable[[Answer], Awaitable[None]],
    ) -> tuple[int, Answer]:
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            try:
                status, answer = await once()
            except UpstreamUnreachableError:
                if last:
                    raise
            else:
                if last or status not in RETRY_STATUS:
                    return status, answer
                await drop(answer)
            # Full jitter keeps many waiting requests from coming back in step.
            await asyncio.sleep(FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1))  # noqa: S311
        raise AssertionError("the last attempt returns or raises")


async def _leave(answer: bytes) -> None:
    """A whole answer holds nothing open."""


async def _close_pieces(pieces: Pieces) -> None:
    await pieces.aclose()
