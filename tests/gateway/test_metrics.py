"""The exposition: cumulative buckets, escaped labels, nothing but numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trueline.gateway.metrics import Counter, Gauge, Histogram, Metrics


@given(st.lists(st.floats(0, 100), max_size=50))
def test_buckets_are_cumulative_and_end_at_the_count(values: list[float]) -> None:
    histogram = Histogram("h", "help", (0.1, 1, 10))
    for value in values:
        histogram.observe(value)

    lines = dict(line.rsplit(" ", 1) for line in histogram.lines())

    if values:
        assert [
            int(lines[f'h_bucket{{le="{bound}"}}']) for bound in ("0.1", "1", "10", "+Inf")
        ] == [sum(value <= bound for value in values) for bound in (0.1, 1, 10, float("inf"))]
        assert int(lines["h_count"]) == len(values)
    else:
        assert lines == {}


@given(st.text(max_size=20))
def test_no_label_value_breaks_a_line(value: str) -> None:
    counter = Counter("c", "help", ("label",))
    counter.add(value)

    (line,) = counter.lines()

    assert line.startswith('c{label="')
    assert line.endswith('"} 1')
    assert "\n" not in line


def test_a_gauge_goes_up_and_down() -> None:
    gauge = Gauge("g", "help")
    gauge.add()
    gauge.add(by=-1)
    gauge.set(2.5)

    assert list(gauge.lines()) == ["g 2.5"]


def test_every_metric_has_help_and_type_once() -> None:
    text = Metrics().expose()

    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    assert [line.split()[2] for line in text.splitlines() if line.startswith("# HELP")] == names
    assert "process_resident_memory_bytes" in names
