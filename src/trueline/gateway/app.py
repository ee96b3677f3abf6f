"""The ASGI application: a table of routes, one place where errors end, nothing in between.

Hot routes are answered here directly; the console's pages go through Starlette.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from time import perf_counter

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as PageRequest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from trueline.gateway import operation
from trueline.gateway.api_error import ApiError, bad_request, method_not_allowed, not_found
from trueline.gateway.chat import chat_completions
from trueline.gateway.check import check
from trueline.gateway.feedback import feedback
from trueline.gateway.http_io import ClientGoneError, Request
from trueline.gateway.moderations import moderations
from trueline.gateway.state import GatewayState

log = logging.getLogger(__name__)
access_log = logging.getLogger("trueline.access")

Handler = Callable[[GatewayState, Request], Awaitable[None]]

ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/v1/chat/completions": {"POST": chat_completions},
    "/v1/moderations": {"POST": moderations},
    "/v1/models": {"GET": operation.models},
    "/v1/guard/check": {"POST": check},
    "/v1/feedback": {"POST": feedback},
    "/v1/policy/reload": {"POST": operation.reload_policy},
    "/metrics": {"GET": operation.metrics},
    "/healthz": {"GET": operation.health},
    "/readyz": {"GET": operation.ready},
    "/openapi.json": {"GET": operation.openapi},
    "/docs": {"GET": operation.docs},
}
PAGES = "console"


class Gateway:
    """The application of one state; also runs the tasks that live as long as it does."""

    def __init__(self, state: GatewayState) -> None:
        self.state = state
        self._pages = _pages(state)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        state, metrics = self.state, self.state.metrics
        path: str = scope["path"]
        route = ROUTES.get(path)
        label = path if route is not None else PAGES
        began = perf_counter()
        metrics.in_flight.add()
        request = Request(scope, receive, send)
        try:
            if route is None:
                await self._page(request)
            else:
                handler = route.get(request.method)
                if handler is None and request.method == "HEAD":
                    handler = route.get("GET")
                if handler is None:
                    raise method_not_allowed(_allowed(route))
                state.auth.check_origin(request.headers)
                await handler(state, request)
        except ApiError as error:
            await _answer_error(request, error)
        except ClientGoneError:
            request.status = 499
        except asyncio.CancelledError:
            request.status = request.status or 499
            raise
        except Exception as error:
            _log_fault(request, error)
            await _answer_error(request, _internal(request))
        finally:
            seconds = perf_counter() - began
            metrics.in_flight.add(by=-1)
            metrics.requests.add(label, str(request.status))
            metrics.request_seconds.observe(seconds, label)
            if state.tracing is not None:
                state.tracing.record(request, label, seconds)
            if state.settings.access_log:
                access_log.info(
                    "request",
                    extra={
                        "route": label,
                        "method": request.method,
                        "status": request.status,
                        "ms": round(seconds * 1000, 1),
                        "request_id": request.id,
                    },
                )

    async def _page(self, request: Request) -> None:
        """Answer by the console; a path it does not know is an error in our shape."""
        self.state.auth.check_origin(request.headers)
        if self._pages is None:
            raise not_found(request.path)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
                identity = (b"x-request-id", request.id.encode())
                message["headers"] = [*message.get("headers", ()), identity]
            await request.send(message)

        await self._pages(request.scope, request.receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        watcher = asyncio.create_task(watch_policies(self.state))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
        await self.state.upstream.close()
        if self.state.tracing is not None:
            await asyncio.to_thread(self.state.tracing.close)
        await send({"type": "lifespan.shutdown.complete"})


async def watch_policies(state: GatewayState) -> None:
    """Reload policy files when they change, follow approved versions, until cancelled."""
    while True:
        await asyncio.sleep(state.settings.policy_poll)
        try:
            if state.policies.changed():
                await state.reload_policies()
            else:  # a version may have been approved, here or by another process
                await asyncio.to_thread(state.apply_versions)
        except Exception as error:  # the next look may succeed; the policies in force stay
            log.error("policy_watch_failed", extra={"error": type(error).__name__})


def _pages(state: GatewayState) -> Starlette | None:
    from trueline.gateway import console

    return Starlette(routes=console.routes(state), exception_handlers={HTTPException: _page_error})


async def _page_error(request: PageRequest, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        fault = not_found(request.url.path)
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "GET")
        fault = method_not_allowed(tuple(part.strip() for part in allowed.split(",")))
    else:
        fault = bad_request("This request cannot be answered.")
        fault.status = error.status_code
    return Response(
        fault.body(), fault.status, media_type="application/json", headers=fault.headers
    )


def _allowed(route: Mapping[str, Handler]) -> tuple[str, ...]:
    return (*route, "HEAD") if "GET" in route else tuple(route)


async def _answer_error(request: Request, error: ApiError) -> None:
    if request.status:  # an answer has begun; it can only be broken off
        raise ConnectionAbortedError from None
    await request.respond_error(error)


def _internal(request: Request) -> ApiError:
    return ApiError(
        500, f"The gateway failed on this request. Its id in the log is {request.id}.", "internal"
    )


def _log_fault(request: Request, error: Exception) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    log.error(
        "request_failed",
        extra={"request_id": request.id, "error": type(error).__name__, "at": where},
    )
