"""Real servers for the tests: the gateway on a free port, and an upstream that obeys a script."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx

from trueline.apps.assistant.assistant import Assistant
from trueline.gateway.server import (
    Server,
    address_of,
    http_upstream,
    listen,
    make_server,
    open_state,
)
from trueline.gateway.settings import ASSISTANT, Settings
from trueline.gateway.state import GatewayState

# Made-up words that the test policy blocks, so that no offensive text is needed.
BLOCKED_WORD = "zorblatt"
BLOCKED_WORD_ZH = "灰鲸计划"

POLICY = f"""\
schema: trueline.policy/1
name: test
categories:
  crime_fraud: {{action: block}}
  privacy: {{action: redact}}
  ip_secrets: {{action: redact}}
  prompt_injection: {{action: block}}
lexicons:
  - category: crime_fraud
    words: [{BLOCKED_WORD}, {BLOCKED_WORD_ZH}]
storage: {{text: full}}
"""

START = "from trueline.cli.main import main; main()"

Json = dict[str, Any]


@dataclass
class Exchanged:
    """What the scripted upstream was asked."""

    path: str
    headers: dict[str, str]
    body: Json


Script = Callable[["UpstreamCall"], None]


@dataclass
class UpstreamCall:
    """One call to the scripted upstream: what came, and ways to answer."""

    request: Exchanged
    handler: BaseHTTPRequestHandler

    def raw(self, data: bytes) -> None:
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def json(self, value: Any, status: int = 200) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n"
        self.raw(head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body)

    def start_stream(self) -> None:
        self.raw(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )

    def piece(self, data: bytes) -> None:
        self.raw(b"%x\r\n%b\r\n" % (len(data), data))

    def event(self, value: Any) -> None:
        self.piece(b"data: " + json.dumps(value).encode() + b"\n\n")

    def end_stream(self) -> None:
        self.piece(b"data: [DONE]\n\n")
        self.raw(b"0\r\n\r\n")

    def hang_up(self) -> None:
        self.handler.close_connection = True
        self.handler.connection.shutdown(socket.SHUT_RDWR)


def completion(text: str, **message: Any) -> Json:
    """A chat completion that says `text`."""
    return {
        "id": "chatcmpl-up",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text, **message},
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }


def chunk(delta: Json, index: int = 0, reason: str | None = None) -> Json:
    """One chunk of a streamed completion."""
    return {
        "id": "chatcmpl-up",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": index, "delta": delta, "finish_reason": reason}],
    }


def says(text: str) -> Script:
    """Answer with `text`, whole or in four-character pieces, as asked."""

    def script(call: UpstreamCall) -> None:
        if not call.request.body.get("stream"):
            call.json(completion(text))
            return
        call.start_stream()
        call.event(chunk({"role": "assistant", "content": ""}))
        for at in range(0, len(text), 4):
            call.event(chunk({"content": text[at : at + 4]}))
        call.event(chunk({}, reason="stop"))
        call.end_stream()

    return script


class ScriptedUpstream:
    """An OpenAI-compatible server on 127.0.0.1 that does what `script` says."""

    def __init__(self) -> None:
        self.script: Script = says("All is well.")
        self.requests: list[Exchanged] = []
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                request = Exchanged(
                    self.path,
                    {k.lower(): v for k, v in self.headers.items()},
                    json.loads(self.rfile.read(length)),
                )
                upstream.requests.append(request)
                try:
                    upstream.script(UpstreamCall(request, self))
                except OSError:
                    self.close_connection = True

            def do_GET(self) -> None:
                request = Exchanged(self.path, {k.lower(): v for k, v in self.headers.items()}, {})
                model = {"id": "scripted", "object": "model", "created": 1, "owned_by": "tests"}
                UpstreamCall(request, self).json({"object": "list", "data": [model]})

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        class Threads(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            block_on_close = False
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that hangs up is part of the tests."""

        self._server = Threads(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class RunningGateway:
    """A gateway in a thread of this process, on a port of its own."""

    url: str
    state: GatewayState
    server: Server
    thread: threading.Thread
    folder: Path
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def chat(self, content: Any, **fields: Any) -> httpx.Response:
        """Send one user message."""
        headers = fields.pop("headers", None)
        body = {"model": "scripted", "messages": [{"role": "user", "content": content}], **fields}
        return self.client.post("/v1/chat/completions", json=body, headers=headers)

    def stream(self, content: Any, **fields: Any) -> list[Json]:
        """Send one user message and collect the events of the streamed answer."""
        answer = self.chat(content, stream=True, **fields)
        return events_of(answer.text)

    def stop(self) -> None:
        """End as on SIGTERM, and wait."""
        self.server.should_exit = True
        self.thread.join(30)
        assert not self.thread.is_alive()

    def close(self) -> None:
        """Stop and free everything."""
        self.client.close()
        if self.thread.is_alive():
            self.stop()
        self.state.keys.close()
        self.state.store.close()


def events_of(text: str) -> list[Json]:
    """The JSON events of an event stream; `[DONE]` is left out."""
    return [
        json.loads(line.removeprefix("data: "))
        for line in text.splitlines()
        if line.startswith("data: ") and line != "data: [DONE]"
    ]


def text_of(events: Sequence[Json], index: int = 0, name: str = "content") -> str:
    """What the chunks of one choice say in a field."""
    return "".join(
        choice["delta"].get(name) or ""
        for event in events
        for choice in event.get("choices", [])
        if choice["index"] == index
    )


def start_gateway(folder: Path, upstream_url: str = ASSISTANT, **fields: Any) -> RunningGateway:
    """Start a gateway whose files lie in `folder`; the test policy unless another is named."""
    folder.mkdir(parents=True, exist_ok=True)
    policy = folder / "policy.yaml"
    if not policy.exists():
        policy.write_text(POLICY, encoding="utf-8")
    values: dict[str, Any] = {
        "port": 0,
        "db": f"sqlite:///{folder / 'events.db'}",
        "policy": str(policy),
        "policy_poll": 0.05,
        "upstream": upstream_url,
        **fields,
    }
    settings = Settings.model_validate(values)
    upstream = (
        Assistant() if settings.upstream == ASSISTANT else http_upstream(settings, os.environ)
    )
    state = open_state(settings, upstream)
    sock = listen("127.0.0.1", settings.port)
    url = address_of(sock)
    ready = threading.Event()
    server = make_server(state, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    if not ready.wait(30):
        raise AssertionError("the gateway did not start")
    return RunningGateway(url, state, server, thread, folder)


@contextmanager
def command(folder: Path, *arguments: str, **environment: str) -> Iterator[RunningCommand]:
    """Run `trueline up` as a process of its own, as a user does; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", START, "up", "--port", "0", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    running = RunningCommand(process)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


class RunningCommand:
    """A `trueline up` process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.banner: list[str] = []

    def wait_ready(self) -> str:
        """The address, once it is printed."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.banner.append(line.rstrip("\n"))
            if line.strip().startswith("access"):
                break
        found = [line.split()[1] for line in self.banner if line.strip().startswith("console")]
        if not found:
            raise AssertionError(f"not started: {self.process.communicate()[1]}")
        return found[0]


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Poll until a condition holds; fails when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("the condition never came true")
        time.sleep(0.01)
