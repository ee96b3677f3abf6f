"""Counters, gauges and histograms in Prometheus' text format; no label holds user text.

    >>> metrics = Metrics()
    >>> metrics.requests.add("/v1/chat/completions", "200")
    >>> print(metrics.expose().splitlines()[2])
    trueline_requests_total{route="/v1/chat/completions",status="200"} 1

Written by hand because one counter step costs 0.3 µs here.
Format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import os
import resource
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Seconds; a guard check takes tenths of a millisecond, a model's reply up to minutes.
REQUEST_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
GUARD_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5)


class Counter:
    """A number per set of label values."""

    kind = "counter"

    def __init__(self, name: str, text: str, labels: tuple[str, ...] = ()) -> None:
        self.name = name
        self.text = text
        self.labels = labels
        self.values: dict[tuple[str, ...], float] = {} if labels else {(): 0}

    def add(self, *labels: str, by: float = 1) -> None:
        """Count up."""
        self.values[labels] = self.values.get(labels, 0) + by

    def lines(self) -> Iterator[str]:
        for labels, value in self.values.items():
            yield f"{self.name}{_labels(self.labels, labels)} {_number(value)}"


class Gauge(Counter):
    """A number that goes up and down."""

    kind = "gauge"

    def set(self, value: float, *labels: str) -> None:
        """Replace the value."""
        self.values[labels] = value


class Histogram:
    """Counts of observations up to each bound, their sum and their number."""

    kind = "histogram"

    def __init__(
        self, name: str, text: str, bounds: tuple[float, ...], labels: tuple[str, ...] = ()
    ) -> None:
        self.name = name
        self.text = text
        self.bounds = bounds
        self.labels = labels
        self.counts: dict[tuple[str, ...], list[float]] = {}

    def observe(self, seconds: float, *labels: str) -> None:
        """Count one observation."""
        cells = self.counts.get(labels)
        if cells is None:
            cells = self.counts[labels] = [0.0] * (len(self.bounds) + 2)
        cells[bisect_left(self.bounds, seconds)] += 1
        cells[-1] += seconds

    def lines(self) -> Iterator[str]:
        for labels, cells in self.counts.items():
            running = 0.0
            for bound, cell in zip((*self.bounds, "+Inf"), cells, strict=False):
                running += cell
                names = _labels((*self.labels, "le"), (*labels, str(bound)))
                yield f"{self.name}_bucket{names} {_number(running)}"
            names = _labels(self.labels, labels)
            yield f"{self.name}_sum{names} {cells[-1]:.9g}"
            yield f"{self.name}_count{names} {_number(running)}"


class Metrics:
    """Everything `/metrics` tells."""

    def __init__(self) -> None:
        self.started = time.time()
        self.requests = Counter(
            "trueline_requests_total", "HTTP requests answered.", ("route", "status")
        )
        self.request_seconds = Histogram(
            "trueline_request_seconds", "Time to answer a request.", REQUEST_BOUNDS, ("route",)
        )
        self.verdicts = Counter(
            "trueline_verdicts_total", "Texts judged, by what was done.", ("role", "action")
        )
        self.categories = Counter(
            "trueline_categories_total",
            "Findings that reached their threshold.",
            ("role", "category", "action"),
        )
        self.scorer_faults = Counter(
            "trueline_scorer_faults_total", "Scorers that failed.", ("scorer",)
        )
        self.guard_seconds = Histogram(
            "trueline_guard_seconds", "Time to judge one text.", GUARD_BOUNDS, ("role",)
        )
        self.upstream_seconds = Histogram(
            "trueline_upstream_seconds", "Time the upstream took.", REQUEST_BOUNDS
        )
        self.upstream_errors = Counter(
            "trueline_upstream_errors_total", "Upstream failures.", ("kind",)
        )
        self.store_errors = Counter(
            "trueline_store_errors_total", "Records that could not be made durable."
        )
        self.rate_limited = Counter("trueline_rate_limited_total", "Requests over a key's limit.")
        self.policy_reloads = Counter(
            "trueline_policy_reloads_total", "Policy reloads.", ("outcome",)
        )
        self.policy_faulty = Gauge(
            "trueline_policy_faulty", "1 while the policy file has faults and the old one is used."
        )
        self.alarms = Counter(
            "trueline_alarms_total", "Alarms raised by the monitor.", ("rule", "severity")
        )
        self.in_flight = Gauge("trueline_in_flight_requests", "Requests being answered now.")

    def expose(self) -> str:
        """The page in Prometheus' text format."""
        out: list[str] = []
        for metric in vars(self).values():
            if isinstance(metric, Counter | Histogram):
                out.append(f"# HELP {metric.name} {metric.text}")
                out.append(f"# TYPE {metric.name} {metric.kind}")
                out.extend(metric.lines())
        out.extend(_process_lines(self.started))
        return "\n".join(out) + "\n"


def _process_lines(started: float) -> Iterator[str]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    yield "# HELP process_cpu_seconds_total Processor time used."
    yield "# TYPE process_cpu_seconds_total counter"
    yield f"process_cpu_seconds_total {usage.ru_utime + usage.ru_stime:.6f}"
    yield "# HELP process_resident_memory_bytes Memory in use."
    yield "# TYPE process_resident_memory_bytes gauge"
    yield f"process_resident_memory_bytes {_resident_bytes(usage.ru_maxrss)}"
    yield "# HELP process_start_time_seconds When the gateway started."
    yield "# TYPE process_start_time_seconds gauge"
    yield f"process_start_time_seconds {started:.3f}"


def _resident_bytes(peak: int) -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # no /proc: the peak stands in, in bytes on macOS and KiB elsewhere
        return peak if sys.platform == "darwin" else peak * 1024


def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
