"""One OpenTelemetry span for each request, sent to a collector when the settings name one.

A span carries what the log carries: route, model, actions, categories, milliseconds; never the
words of a prompt or a reply. The caller's `traceparent` (W3C Trace Context) is its parent.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from trueline.core.extras import require
from trueline.core.version import version

if TYPE_CHECKING:
    from trueline.gateway.http_io import Request

EXTRA = "otel"
# Seconds the last spans have to leave when the gateway stops.
FLUSH_SECONDS = 5


class Tracing:
    """Sends spans to a collector in the background; a collector that is away loses spans only.

    Args:
        endpoint: base URL of a collector that speaks OTLP over HTTP, such as
            `http://127.0.0.1:4318`.

    Raises:
        MissingExtraError: the `otel` extra is not installed.
    """

    def __init__(self, endpoint: str) -> None:
        require("opentelemetry.sdk", extra=EXTRA, feature="tracing")
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        resource = Resource.create({"service.name": "trueline", "service.version": version()})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("trueline.gateway", version())
        self._propagator: Any = TraceContextTextMapPropagator()

    def record(self, request: Request, route: str, seconds: float) -> None:
        """Send the span of a request that ended just now.

        Args:
            request: with its draft when it was guarded.
            route: as the metrics name it.
            seconds: it took.
        """
        from opentelemetry.trace import SpanKind, StatusCode

        end = time.time_ns()
        carrier = {"traceparent": request.header(b"traceparent")}
        span = self._tracer.start_span(
            f"{request.method} {route}",
            context=self._propagator.extract(carrier),
            kind=SpanKind.SERVER,
            start_time=end - int(seconds * 1e9),
            attributes=_attributes(request, route),
        )
        if request.status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end(end_time=end)

    def close(self) -> None:
        """Send what is left and stop."""
        self._provider.force_flush(FLUSH_SECONDS * 1000)
        self._provider.shutdown()


def _attributes(request: Request, route: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "http.request.method": request.method,
        "http.route": route,
        "http.response.status_code": request.status,
        "trueline.request_id": request.id,
    }
    draft = request.draft
    if draft is not None:
        values |= {
            "trueline.exchange_id": draft.id,
            "trueline.action": str(draft.action),
            "trueline.categories": list(draft.categories),
            "trueline.policy": draft.active.policy.hash,
            "trueline.guard_ms": round(draft.guard_seconds * 1000, 3),
            "trueline.upstream_ms": round(draft.upstream_seconds * 1000, 3),
            "gen_ai.request.model": draft.model,
        }
    return values
