"""The gateway's own routes, called from a page on behalf of its reader.

The Playground shows what an application would get: the same handler judges, asks the model,
records and streams. Only the question who is asking was answered before, by the session.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from trueline.gateway.api_error import ApiError
from trueline.gateway.auth import Authenticator, Caller
from trueline.gateway.http_io import ClientGoneError, Request
from trueline.gateway.state import GatewayState

RouteHandler = Callable[[GatewayState, Request], Awaitable[None]]


class _KnownCaller(Authenticator):
    """Says who the session belongs to, whatever the headers hold."""

    def __init__(self, state: GatewayState, caller: Caller) -> None:
        super().__init__(state.settings, state.keys)
        self._caller = caller

    def authenticate(self, headers: Mapping[bytes, bytes]) -> Caller:
        return self._caller


class GatewayAnswer(Response):
    """The answer of a gateway route, passed through as it comes.

    Args:
        state: the gateway.
        caller: who asks.
        path: the route's path, which the record names.
        handler: the route's handler.
        body: the JSON to ask with.
        headers: request headers to add.
    """

    def __init__(
        self,
        state: GatewayState,
        caller: Caller,
        path: str,
        handler: RouteHandler,
        body: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._state = copy.copy(state)
        self._state.auth = _KnownCaller(state, caller)
        self._path = path
        self._handler = handler
        self._asked = orjson.dumps(body)
        self._added = [(k.encode(), v.encode()) for k, v in (headers or {}).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = [(k, v) for k, v in self.raw_headers if k != b"content-length"]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                theirs = message["headers"]
                names = {name for name, _ in theirs}
                kept = [line for line in ours if line[0] not in names or line[0] == b"set-cookie"]
                message["headers"] = [*theirs, *kept]
            await send(message)

        await self._run(scope, receive, send_with_headers)

    async def whole(self, scope: Scope) -> tuple[int, dict[str, str], Any]:
        """Status, headers and JSON of the answer."""
        status, headers, body = 0, dict[str, str](), bytearray()

        async def nothing_more() -> Message:
            return {"type": "http.disconnect"}

        async def collect(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.update((k.decode(), v.decode("latin-1")) for k, v in message["headers"])
            else:
                body.extend(message.get("body", b""))

        await self._run(scope, nothing_more, collect)
        return status, headers, orjson.loads(bytes(body))

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        unread = [self._asked]

        async def receive_asked() -> Message:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            return await receive()

        dropped = {b"content-length", b"content-type", b"transfer-encoding", b"authorization"}
        kept = [(k, v) for k, v in scope["headers"] if k not in dropped]
        inner = {**scope, "path": self._path, "headers": [*kept, *self._added]}
        request = Request(inner, receive_asked, send)
        try:
            await self._handler(self._state, request)
        except ApiError as error:
            if request.status:
                raise
            await request.respond_error(error)
        except ClientGoneError:
            request.status = 499
