"""Spans of requests, as a collector receives them."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.e2e.conftest import StartGateway

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector:
    """Keeps the spans it is sent."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        received = self.spans

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                request = ExportTraceServiceRequest()
                request.ParseFromString(body)
                for resource in request.resource_spans:
                    for scope in resource.scope_spans:
                        received.extend(scope.spans)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Tests are quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def collector() -> Iterator[Collector]:
    one = Collector()
    yield one
    one.close()


def test_a_request_is_a_span_with_what_was_decided_and_no_words(
    start: StartGateway, collector: Collector
) -> None:
    running = start(traces=collector.url)
    body = {"model": "m1", "messages": [{"role": "user", "content": "mail ann@example.org"}]}

    running.client.post("/v1/chat/completions", json=body, headers={"traceparent": PARENT})
    running.stop()

    (span,) = [one for one in collector.spans if one.name == "POST /v1/chat/completions"]
    values = {pair.key: pair.value for pair in span.attributes}
    assert span.trace_id.hex() == PARENT.split("-")[1]
    assert span.parent_span_id.hex() == PARENT.split("-")[2]
    assert values["trueline.action"].string_value == "redact"
    assert values["gen_ai.request.model"].string_value == "m1"
    assert values["http.response.status_code"].int_value == 200
    assert values["trueline.guard_ms"].double_value > 0
    assert span.end_time_unix_nano > span.start_time_unix_nano
    assert b"ann@example.org" not in span.SerializeToString()


def test_without_a_collector_nothing_is_traced(start: StartGateway) -> None:
    assert start().state.tracing is None
