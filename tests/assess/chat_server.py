"""A chat server on loopback that answers as a test says."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from trueline.scorers.remote_client import kept_connections

Answer = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


class ChatServer(ThreadingHTTPServer):
    """Answers with what is in `answers`, one after the other, the last for ever."""

    daemon_threads = True

    def __init__(self, *answers: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.released = threading.Event()
        self.lock = threading.Lock()
        self.under_way = self.most_under_way = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections are cut on purpose here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.lock:
            server.asked.append(body)
            server.headers.append(dict(self.headers.items()))
            server.under_way += 1
            server.most_under_way = max(server.most_under_way, server.under_way)
            answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
        try:
            answer(self, body)
        finally:
            with server.lock:
                server.under_way -= 1

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def chat_server(*answers: Answer) -> Iterator[ChatServer]:
    server = ChatServer(*answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    pool: dict[str, HTTPConnection] = {}
    try:
        with kept_connections(pool):
            yield server
    finally:
        for connection in pool.values():
            connection.close()
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def send(status: int, payload: bytes, headers: dict[str, str] | None = None) -> Answer:
    def answer(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(payload)))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(payload)

    return answer


def say(text: str | None, model: str = "m", **message: Any) -> Answer:
    """A chat completion that says `text`."""
    choice = {
        "message": {"role": "assistant", "content": text, **message},
        "finish_reason": "stop",
    }
    return send(200, json.dumps({"model": model, "choices": [choice]}).encode())


def cut(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    """Close the connection without any answer."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def stay_silent(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    server = handler.server
    assert isinstance(server, ChatServer)
    server.released.wait(30)
    handler.close_connection = True
