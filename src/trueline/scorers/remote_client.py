"""Post JSON over HTTP with the standard library: kept-alive connections, a firm deadline.

One connection is kept for each thread and host. A connection that the other side has closed
meanwhile is opened again once; everything else that goes wrong is a `RequestFailed`.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

MAX_REPLY_BYTES = 1_000_000
_kept = threading.local()

Reply = Any


class RequestFailed(Exception):
    """A request without a usable answer; `retry` says whether another try may help.

    The message never holds anything that was sent or received.

    Args:
        reason: in words.
        retry: whether another try may help.
        kind: `timeout`, `connection`, `http_503`, `not_json`, …; a code for tables.
        retry_after: seconds that the server asked to wait, if it did.
    """

    def __init__(
        self, reason: str, *, retry: bool, kind: str = "", retry_after: float | None = None
    ) -> None:
        self.retry = retry
        self.kind = kind
        self.retry_after = retry_after
        super().__init__(reason)


@contextmanager
def kept_connections(pool: dict[str, http.client.HTTPConnection]) -> Iterator[None]:
    """Within it, this thread keeps its connections in `pool`, which the caller closes."""
    before = _pool()
    _kept.pool = pool
    try:
        yield
    finally:
        _kept.pool = before


def post_json(url: str, body: dict[str, Any], *, key: str, timeout_seconds: float) -> Reply:
    """The JSON that the server answers with.

    Args:
        url: http or https; a query is kept, a fragment dropped.
        body: what to send.
        key: sent as a bearer token when not empty.
        timeout_seconds: for the whole exchange, connecting included.

    Raises:
        RequestFailed: no connection, too late, an error status, or not JSON.
    """
    parts = urlsplit(url)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = json.dumps(body, ensure_ascii=True).encode("ascii")
    deadline = time.monotonic() + timeout_seconds
    status, answer, retry_after = _exchange(parts, data, headers, deadline)
    if status >= 400:
        raise RequestFailed(
            f"the judge answered {status}", retry=status in (408, 429) or status >= 500,
            kind=f"http_{status}", retry_after=retry_after,
        )  # fmt: skip
    if status >= 300:
        raise RequestFailed(
            f"the judge answered {status}: redirects are not followed", retry=False,
            kind=f"http_{status}",
        )  # fmt: skip
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        raise RequestFailed("the judge's answer is not JSON", retry=True, kind="not_json") from None


def _exchange(
    parts: SplitResult, data: bytes, headers: dict[str, str], deadline: float
) -> tuple[int, bytes, float | None]:
    connection, reused = _connection(parts, deadline)
    try:
        try:
            return _send(connection, parts, data, headers, deadline)
        except (http.client.RemoteDisconnected, ConnectionError):
            if not reused:
                raise
            _forget(parts)
            connection, _ = _connection(parts, deadline)
            return _send(connection, parts, data, headers, deadline)
    except TimeoutError:
        _forget(parts)
        raise RequestFailed(
            "the judge did not answer in time", retry=False, kind="timeout"
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        _forget(parts)
        raise RequestFailed(
            f"no answer from the judge: {type(error).__name__}", retry=True, kind="connection"
        ) from None


def _send(
    connection: http.client.HTTPConnection,
    parts: SplitResult,
    data: bytes,
    headers: dict[str, str],
    deadline: float,
) -> tuple[int, bytes, float | None]:
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    connection.timeout = _left(deadline)
    if connection.sock is not None:
        connection.sock.settimeout(_left(deadline))
    connection.request("POST", path, body=data, headers=headers)
    if connection.sock is not None:
        connection.sock.settimeout(_left(deadline))
    with connection.getresponse() as response:
        answer = _read(connection, response, deadline)
        if response.will_close:
            _forget(parts)
        return response.status, answer, _seconds(response.getheader("Retry-After"))


def _seconds(header: str | None) -> float | None:
    """Seconds to wait; a date (the other form of the header) is left to the caller's own waits."""
    value = (header or "").strip()
    return float(value) if value.isdecimal() and value.isascii() and len(value) < 7 else None


def _read(
    connection: http.client.HTTPConnection, response: http.client.HTTPResponse, deadline: float
) -> bytes:
    """The body, within the deadline even when it comes in drops."""
    answer = bytearray()
    while True:
        if connection.sock is not None:
            connection.sock.settimeout(_left(deadline))
        piece = response.read1(65536)
        if not piece:
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
            return bytes(answer)
        answer += piece
        if len(answer) > MAX_REPLY_BYTES:
            raise http.client.HTTPException("too long")


def _connection(parts: SplitResult, deadline: float) -> tuple[http.client.HTTPConnection, bool]:
    pool: dict[str, http.client.HTTPConnection] = _pool()
    kept = pool.get(parts.netloc)
    if kept is not None:
        return kept, kept.sock is not None
    host, port = parts.hostname or "", parts.port
    connection = (
        http.client.HTTPSConnection(host, port, timeout=_left(deadline), context=_tls())
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=_left(deadline))
    )
    pool[parts.netloc] = connection
    return connection, False


def _forget(parts: SplitResult) -> None:
    connection = _pool().pop(parts.netloc, None)
    if connection is not None:
        connection.close()


def _pool() -> dict[str, http.client.HTTPConnection]:
    if not hasattr(_kept, "pool"):
        _kept.pool = {}
    pool: dict[str, http.client.HTTPConnection] = _kept.pool
    return pool


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
