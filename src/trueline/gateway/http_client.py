"""A lean HTTP/1.1 client for one upstream: keep-alive pool, TLS, time limits, streaming.

It exists because the gateway's whole budget is 1.2 ms of CPU a request: on the machine of
`benchmarks/gateway.py` a plain JSON round trip costs 0.13 ms here and 0.35 ms with aiohttp.
It speaks to one origin, never follows redirects, never decompresses (it asks for identity).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

from trueline.core.errors import InputError, UpstreamError
from trueline.gateway.http_connection import HttpConnection

# A connection idle for longer may have been dropped silently by a middlebox.
MAX_IDLE_SECONDS = 30.0
MAX_IDLE_CONNECTIONS = 256


class UpstreamTimeoutError(UpstreamError):
    """The upstream did not answer within the time allowed."""


class UpstreamUnreachableError(UpstreamError):
    """No byte of an answer came: the connection was refused, reset or never made."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds: to connect, to the first byte of an answer, and between two pieces of it."""

    connect: float = 5.0
    first_byte: float = 120.0
    between_bytes: float = 60.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where requests go: `https://host:port` plus a path prefix such as `/v1`."""

    scheme: str
    host: str
    port: int
    prefix: str

    @classmethod
    def parse(cls, url: str) -> Origin:
        """Take a URL apart.

        Raises:
            InputError: the URL is not an http or https URL with a host.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise InputError(f"upstream is not a URL: {error} (got {url!r})") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InputError(
                f"upstream must be a URL such as http://127.0.0.1:8000/v1 (got {url!r})"
            )
        if parts.username or parts.query or parts.fragment or not url.isascii():
            raise InputError(
                "upstream must be a plain URL: no user name, query or fragment; "
                "put the key into TRUELINE_UPSTREAM_KEY"
            )
        default = 443 if parts.scheme == "https" else 80
        return cls(parts.scheme, parts.hostname, port or default, parts.path.rstrip("/"))

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return host if self.port == default else f"{host}:{self.port}"


class HttpClient:
    """Sends requests to one origin over kept-alive connections.

    Args:
        url: base URL of the upstream, such as `http://127.0.0.1:8000/v1`.
        limits: how long to wait for what.
        headers: sent with every request.
    """

    def __init__(
        self, url: str, *, limits: TimeLimits | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.origin = Origin.parse(url)
        self.limits = limits or TimeLimits()
        self._ssl = ssl.create_default_context() if self.origin.scheme == "https" else None
        self._idle: deque[HttpConnection] = deque()
        fixed = {"host": self.origin.host_header, "accept-encoding": "identity", **(headers or {})}
        self._fixed = "".join(f"{name}: {value}\r\n" for name, value in fixed.items()).encode()

    async def fetch(
        self, method: str, path: str, headers: bytes = b"", body: bytes = b""
    ) -> tuple[int, bytes]:
        """Send a request and read the whole answer: status and body.

        Args:
            method: `GET` or `POST`.
            path: below the base URL, such as `/chat/completions`.
            headers: more header lines, each ended by CRLF.
            body: sent with its length.

        Raises:
            UpstreamTimeoutError: nothing came in time.
            UpstreamUnreachableError: no byte of an answer came.
            UpstreamError: the answer is broken.
        """
        connection = await self._exchange(method, path, headers, body, whole=True)
        status, data = connection.status, connection.take()
        self.give_back(connection)
        return status, data

    async def open_stream(
        self, method: str, path: str, headers: bytes = b"", body: bytes = b""
    ) -> tuple[int, BodyPieces]:
        """Send a request and give the status and the body's pieces as they come.

        The pieces must be closed with `aclose()`; reading them raises as `fetch` does when
        the answer breaks off.
        """
        connection = await self._exchange(method, path, headers, body, whole=False)
        return connection.status, BodyPieces(self, connection)

    async def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().transport.abort()

    async def _exchange(
        self, method: str, path: str, headers: bytes, body: bytes, *, whole: bool
    ) -> HttpConnection:
        request = b"%b %b%b HTTP/1.1\r\n%b%bcontent-length: %d\r\n\r\n%b" % (
            method.encode(), self.origin.prefix.encode(), path.encode(), self._fixed, headers,
            len(body), body,
        )  # fmt: skip
        while True:
            connection = self._take_idle()
            fresh = connection is None
            if connection is None:
                connection = await self._connect()
            try:
                connection.send(request, whole=whole)
                await self._until_answered(connection, whole=whole)
            except BaseException as error:
                connection.transport.abort()
                # A kept-alive connection that the upstream closed meanwhile: ask again.
                if isinstance(error, UpstreamUnreachableError) and not fresh:
                    continue
                raise
            return connection

    async def _until_answered(self, connection: HttpConnection, *, whole: bool) -> None:
        seconds = self.limits.first_byte
        while not (connection.complete or (not whole and connection.status)):
            if connection.broken:
                break
            if connection.closed:
                if connection.answered:
                    raise UpstreamError("the upstream cut its reply short")
                raise UpstreamUnreachableError("the upstream closed the connection unanswered")
            try:
                await connection.wait(seconds)
            except TimeoutError:
                raise UpstreamTimeoutError(
                    f"the upstream did not answer within {seconds:g} s"
                ) from None
        if connection.broken:
            raise UpstreamError(connection.broken)
        if connection.content_encoding not in {b"", b"identity"}:
            raise UpstreamError("the upstream compressed its reply although asked not to")

    def _take_idle(self) -> HttpConnection | None:
        oldest = time.monotonic() - MAX_IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.closed or connection.transport.is_closing():
                continue
            if connection.idle_since >= oldest:
                return connection
            connection.transport.abort()
        return None

    def give_back(self, connection: HttpConnection) -> None:
        """Keep a connection for the next request, or end it when it cannot be used again."""
        if not connection.reusable or connection.transport.is_closing():
            connection.transport.abort()
            return
        connection.idle_since = time.monotonic()
        self._idle.append(connection)
        if len(self._idle) > MAX_IDLE_CONNECTIONS:
            self._idle.popleft().transport.abort()

    async def _connect(self) -> HttpConnection:
        loop = asyncio.get_running_loop()
        origin = self.origin
        try:
            async with asyncio.timeout(self.limits.connect):
                _, connection = await loop.create_connection(
                    HttpConnection, origin.host, origin.port, ssl=self._ssl
                )
        except TimeoutError:
            raise UpstreamTimeoutError(
                f"no connection to the upstream within {self.limits.connect:g} s"
            ) from None
        except (OSError, ssl.SSLError) as error:
            raise UpstreamUnreachableError(
                f"no connection to the upstream: {error.strerror or type(error).__name__}"
            ) from None
        return connection


class BodyPieces:
    """The body of an answer as it comes; an async iterator that must be closed."""

    def __init__(self, client: HttpClient, connection: HttpConnection) -> None:
        self._client = client
        self._connection = connection
        self._open = True

    def __aiter__(self) -> BodyPieces:
        return self

    async def __anext__(self) -> bytes:
        """The next piece.

        Raises:
            UpstreamError: the answer broke off.
            UpstreamTimeoutError: the upstream fell silent.
        """
        connection = self._connection
        while self._open:
            if connection.chunks:
                return connection.take()
            if connection.broken or (connection.closed and not connection.complete):
                raise UpstreamError(connection.broken or "the upstream cut its reply short")
            if connection.complete:
                break
            seconds = self._client.limits.between_bytes
            try:
                await connection.wait(seconds)
            except TimeoutError:
                raise UpstreamTimeoutError(f"the upstream was silent for {seconds:g} s") from None
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Give the connection back when the answer was read to its end; end it otherwise."""
        if not self._open:
            return
        self._open = False
        connection = self._connection
        if connection.complete and not connection.broken and not connection.chunks:
            self._client.give_back(connection)
        else:
            connection.transport.abort()
