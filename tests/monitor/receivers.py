"""Real receivers on this machine: a web server that keeps what it gets, an SMTP server."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class WebReceiver:
    """Requests as they came; `status` and `answer` are what is said to them."""

    url: str = ""
    requests: list[tuple[str, Any]] = field(default_factory=list)
    status: int = 200
    answer: bytes = b"{}"
    hang: threading.Event | None = None


@contextmanager
def web_receiver() -> Iterator[WebReceiver]:
    received = WebReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.requests.append((self.path, json.loads(body)))
            if received.hang is not None:
                received.hang.wait(30)
            self.send_response(received.status)
            self.send_header("content-length", str(len(received.answer)))
            self.end_headers()
            self.wfile.write(received.answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    received.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        if received.hang is not None:
            received.hang.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Mailbox:
    """Mails as the server took them."""

    host: str
    port: int
    mails: list[Message] = field(default_factory=list)
    refuse: bool = False


@contextmanager
def smtp_server() -> Iterator[Mailbox]:
    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            if mailbox.refuse:
                return "451 try later"
            mailbox.mails.append(message_from_bytes(envelope.content))
            return "250 taken"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    mailbox = Mailbox("127.0.0.1", port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
