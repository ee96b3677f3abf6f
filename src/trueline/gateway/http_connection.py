"""One HTTP/1.1 connection to an upstream: sends a request, takes the answer as it arrives.

It knows the protocol and nothing of pools, time limits or retries: `http_client` has those.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import httptools

MAX_REPLY_BYTES = 64 * 1024 * 1024
# Reading pauses above this many unread bytes, so a fast upstream cannot fill the memory.
HIGH_WATER_BYTES = 256 * 1024


class HttpConnection(asyncio.Protocol):
    """One connection; carries one exchange at a time."""

    __slots__ = (
        "answered", "broken", "buffered", "chunks", "closed", "complete", "content_encoding",
        "framed", "idle_since", "parser", "paused", "received", "reusable", "status", "transport",
        "used", "waiter", "whole",
    )  # fmt: skip

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.closed = False
        self.used = False
        self.idle_since = 0.0
        self.waiter: asyncio.Future[None] | None = None
        self._reset(whole=True)

    def _reset(self, *, whole: bool) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.chunks: deque[bytes] = deque()
        self.whole = whole
        self.status = 0
        self.content_encoding = b""
        self.framed = False
        self.received = 0
        self.buffered = 0
        self.paused = False
        self.answered = False
        self.complete = False
        self.reusable = False
        self.broken = ""

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        if self.waiter is None and (self.complete or not self.used):
            self.transport.abort()  # bytes nobody asked for
            return
        self.answered = True
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.broken = "the upstream sent something that is not HTTP"
            self.transport.abort()
        if not self.whole or self.complete or self.broken:
            self._wake()

    def eof_received(self) -> None:
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if exc is None and self.status and not self.framed:
            self.complete = True  # an answer without length ends with its connection
        self._wake()

    # httptools callbacks
    def on_message_begin(self) -> None:
        if self.complete:
            self.broken = "the upstream sent more than one reply"

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"content-encoding":
            self.content_encoding = value.strip().lower()
        elif name in {b"content-length", b"transfer-encoding"}:
            self.framed = True

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self.chunks.append(body)
        self.received += len(body)
        if self.whole:
            if self.received > MAX_REPLY_BYTES:
                self.broken = f"the upstream's reply is longer than {MAX_REPLY_BYTES} bytes"
                self.transport.abort()
            return
        self.buffered += len(body)
        if self.buffered > HIGH_WATER_BYTES and not self.paused:
            self.paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        if self.status < 200:  # 100 Continue and its kin announce the real answer
            self.status = 0
            self.framed = False
            return
        self.complete = True
        self.reusable = self.parser.should_keep_alive()

    # used by HttpClient
    def send(self, request: bytes, *, whole: bool) -> None:
        self._reset(whole=whole)
        self.used = True
        self.transport.write(request)

    async def wait(self, seconds: float) -> None:
        """Wait until something arrived, or the connection ended."""
        loop = asyncio.get_running_loop()
        self.waiter = waiter = loop.create_future()
        timer = loop.call_later(seconds, _expire, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self.waiter = None

    def take(self) -> bytes:
        data = b"".join(self.chunks) if len(self.chunks) != 1 else self.chunks[0]
        self.chunks.clear()
        self.buffered = 0
        if self.paused:
            self.paused = False
            self.transport.resume_reading()
        return data

    def _wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
