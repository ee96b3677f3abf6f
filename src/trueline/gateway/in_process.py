"""A gateway in a thread of this process, for the length of a `with` block."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from trueline.core.errors import TruelineError
from trueline.gateway.server import address_of, listen, make_server, open_state
from trueline.gateway.settings import Settings
from trueline.gateway.upstream import Upstream

LOOK_SECONDS = 0.1


@contextmanager
def running_gateway(settings: Settings, upstream: Upstream) -> Iterator[str]:
    """Start a gateway, give its address, and end it in order.

    Args:
        settings: as for `trueline up`; port 0 takes a free one.
        upstream: what answers; it is closed with the gateway.

    Raises:
        InputError, StoreError: as `open_state` and `listen`.
        TruelineError: the server ended before it was ready.
    """
    sock = listen(settings.host, settings.port)
    try:
        state = open_state(settings, upstream)
    except BaseException:
        sock.close()
        raise
    ready = threading.Event()
    server = make_server(state, ready.set)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [sock]}, name="gateway", daemon=True
    )
    try:
        thread.start()
        while not ready.wait(LOOK_SECONDS):
            if not thread.is_alive():
                raise TruelineError(
                    f"the gateway on {settings.host} ended before it was ready; "
                    "`trueline up` shows why"
                )
        yield address_of(sock)
    finally:
        server.should_exit = True
        thread.join()
        sock.close()
        state.keys.close()
        state.store.close()
