"""`trueline up`: the gateway and the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trueline.gateway.state import GatewayState


@click.command()
@click.option("--upstream", metavar="URL", help="OpenAI-compatible server; else the assistant.")
@click.option("--host", metavar="H", help="Address to listen on (127.0.0.1).")
@click.option("--port", metavar="N", type=int, help="Port to listen on (8080); 0 takes a free one.")
@click.option("--db", metavar="URL", help="Event store (sqlite:///trueline.db).")
@click.option("--policy", metavar="FILE", help="Policy file or template name.")
@click.option("--shadow", is_flag=True, default=None, help="Record decisions, change nothing.")
@click.option("--config", metavar="FILE", help="Settings file (./trueline.yaml when there is one).")
def up(config: str | None, **flags: str | int | bool | None) -> None:
    """Start the gateway and the console; stop with Ctrl-C.

    \b
    $ trueline up --upstream http://127.0.0.1:8000/v1
    Trueline 0.1.0
      console   http://127.0.0.1:8080
      API       http://127.0.0.1:8080/v1
      policy    default (template default), sha256:1f0e8a5c2b47
      upstream  http://127.0.0.1:8000/v1
      store     sqlite:///trueline.db
      access    open to this machine: no key was made yet

    Every setting may also stand in trueline.yaml or in the environment, as TRUELINE_PORT,
    TRUELINE_UPSTREAM and so on. The upstream's key is read from TRUELINE_UPSTREAM_KEY.
    """
    import os

    from trueline.apps.assistant.assistant import Assistant
    from trueline.gateway.logs import set_up_logs
    from trueline.gateway.server import address_of, http_upstream, listen, open_state, serve
    from trueline.gateway.settings import ASSISTANT, load_settings

    settings = load_settings(config, os.environ, flags)
    set_up_logs(settings.log_level)
    is_built_in = settings.upstream == ASSISTANT
    upstream = Assistant() if is_built_in else http_upstream(settings, os.environ)
    sock = listen(settings.host, settings.port)
    try:
        state = open_state(settings, upstream)
    except BaseException:
        sock.close()
        raise
    address = address_of(sock)
    serve(state, sock, lambda: click.echo(_banner(state, address)))


def _banner(state: GatewayState, address: str) -> str:
    from trueline.core.version import version
    from trueline.gateway.settings import ASSISTANT

    active = state.policies.current
    built_in = state.settings.upstream == ASSISTANT
    lines = [
        ("console", address),
        ("API", f"{address}/v1"),
        ("policy", f"{active.name} ({active.source}), {active.policy.hash[:19]}"),
        ("upstream", "built-in assistant" if built_in else state.upstream.name),
        ("store", state.store_name),
        (
            "access",
            "open to this machine: no key was made yet (trueline keys create --name NAME)"
            if state.open
            else "by key",
        ),
    ]
    if state.settings.shadow:
        lines.append(("shadow", "on: decisions are recorded, nothing is changed"))
    return "\n".join([f"Trueline {version()}", *(f"  {name:<9} {text}" for name, text in lines)])
