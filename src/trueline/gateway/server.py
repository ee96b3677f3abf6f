"""Start the gateway: open what it needs, listen, answer until told to stop, end in order."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
import socket
from collections.abc import Callable, Mapping

import uvicorn

from trueline.core.errors import InputError
from trueline.gateway.app import Gateway
from trueline.gateway.http_client import TimeLimits
from trueline.gateway.http_server import BoundedHttp
from trueline.gateway.monitoring import keep_monitoring, monitoring_of
from trueline.gateway.policies import Policies
from trueline.gateway.retention import keep_retention
from trueline.gateway.settings import Settings, upstream_key
from trueline.gateway.state import GatewayState
from trueline.gateway.tracing import Tracing
from trueline.gateway.upstream import HttpUpstream, Upstream
from trueline.monitor.watching import start_from_now
from trueline.store.events import EventStore
from trueline.store.keyring import KeyRing

log = logging.getLogger(__name__)

# Load balancers keep connections for a minute; closing first would race with their requests.
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048
# New objects between two looks for garbage. Requests leave next to no cycles behind, and
# Python's 700 had it look at every second request: 6 % of the time under load.
GARBAGE_THRESHOLD = 20_000


def http_upstream(settings: Settings, environment: Mapping[str, str]) -> HttpUpstream:
    """The upstream that the settings name by URL."""
    return HttpUpstream(
        settings.upstream,
        api_key=upstream_key(settings.upstream, environment),
        limits=TimeLimits(
            settings.connect_timeout, settings.first_byte_timeout, settings.between_bytes_timeout
        ),
        retries=settings.upstream_retries,
    )


def open_state(settings: Settings, upstream: Upstream) -> GatewayState:
    """Load the policies, open the store and the keys.

    Raises:
        InputError, PolicyError: settings or a policy that cannot be used; or an address that
            others can reach while no key was made.
        StoreError: the event store cannot be written.
    """
    policies = Policies(settings.policy, settings.policies)
    store = EventStore.open(settings.db)
    try:
        keys = KeyRing(store)
        try:
            if keys.empty and not settings.is_loopback:
                raise InputError(
                    f"{settings.host} can be reached from other machines and no key was made "
                    "yet.\n  Make one first: trueline keys create --name NAME --db "
                    f"{store.database.name}\n  Or listen on this machine only: --host 127.0.0.1"
                )
            state = GatewayState(settings, policies, store, keys, upstream)
            state.monitoring = monitoring_of(state)
            if state.monitoring is not None:
                start_from_now(store)  # no alarm about what happened before anyone watched
            state.tracing = Tracing(settings.traces) if settings.traces else None
            state.apply_versions()
            state.note_policies()
        except BaseException:
            keys.close()
            raise
    except BaseException:
        store.close()
        raise
    return state


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        InputError: the address cannot be used; the message says why and what to do.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, proto)
    except OSError as error:
        raise InputError(f"cannot listen on {host}: {error.strerror}") from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                f"port {port} on {host} is taken by another program.\n"
                f"  Choose another: trueline up --port {port + 1 if port < 65535 else 0}"
            ) from None
        if error.errno == errno.EACCES:
            raise InputError(
                f"port {port} needs more rights than this user has; choose one from 1024 on"
            ) from None
        raise InputError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return sock


def address_of(sock: socket.socket) -> str:
    """The URL under which a listening socket is reached from this machine."""
    host, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(host), str(host))  # noqa: S104 - shown, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """uvicorn, telling when it is ready and reloading policies on SIGHUP."""

    def __init__(
        self, config: uvicorn.Config, state: GatewayState, on_ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._state = state
        self._on_ready = on_ready
        self._reloads: set[asyncio.Task[str]] = set()
        self._background: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit:
            return
        if hasattr(signal, "SIGHUP"):
            try:
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)
            except (RuntimeError, ValueError):
                log.debug("no_signals_outside_the_main_thread")
        self._background.append(asyncio.create_task(keep_retention(self._state)))
        if self._state.monitoring is not None:
            self._background.append(
                asyncio.create_task(keep_monitoring(self._state, self._state.monitoring))
            )
        # What was loaded lives as long as the process: leave it out of garbage collection.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD, *gc.get_threshold()[1:])
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._state.stopping = True
        for task in self._background:
            task.cancel()
        await super().shutdown(sockets)

    def _reload(self) -> None:
        task = asyncio.ensure_future(self._state.reload_policies(force=True))
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)


def make_server(state: GatewayState, on_ready: Callable[[], None]) -> Server:
    """The server of a state; run it with `serve(sockets=[...])`."""
    config = uvicorn.Config(
        Gateway(state),
        http=BoundedHttp,
        loop="auto",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, round(state.settings.drain_timeout)),
    )
    return Server(config, state, on_ready)


def serve(state: GatewayState, sock: socket.socket, on_ready: Callable[[], None]) -> None:
    """Answer requests until a signal says stop; then end requests, store and keys in order."""
    # uvicorn raises SIGTERM anew after its own shutdown; the default would end the process
    # before the store is closed.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    try:
        make_server(state, on_ready).run(sockets=[sock])
    finally:
        sock.close()
        state.keys.close()
        state.store.close()
