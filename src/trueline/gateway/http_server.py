"""uvicorn's HTTP protocol with a bound on a request's head, which it lacks.

Without it one connection may send headers for ever, and all of them are kept in memory.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# What other servers take: nginx 4 x 8 KiB, Apache 8 KiB a line. Keys and cookies are small.
MAX_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"connection: close\r\ncontent-length: 120\r\n\r\n"
    b'{"error":{"message":"The headers are too long.","type":"invalid_request_error",'
    b'"param":null,"code":"headers_too_large"}}'
)


class BoundedHttp(HttpToolsProtocol):
    """Refuses a head that is too long, and drops a connection whose head never ends."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES + self._body_allowance(data):
                self.transport.write(_TOO_LARGE)
                self.transport.close()
                return
        super().data_received(data)
        if self._in_head and self._head_timer is None and not self.transport.is_closing():
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    @staticmethod
    def _body_allowance(data: bytes) -> int:
        """A body may begin in the same bytes as the head ends."""
        end = data.find(b"\r\n\r\n")
        return len(data) - end if end >= 0 else 0

    def _start_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
