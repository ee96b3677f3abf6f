"""The violation rate on the overview: its band, the limit, and what they come to in words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.console.client import Reader, shown
from tests.console.conftest import StartConsole
from tests.e2e.servers import POLICY, RunningGateway

from trueline.core.exchange import Exchange, now
from trueline.core.records import Action
from trueline.gateway.console.charts import HEIGHT, SLOT, rate_band
from trueline.gateway.console.process_load import ProcessLoad
from trueline.store.alarms import Alarm, found_change
from trueline.store.keys import create_key

HOSTILE = "<script>alert(1)</script>"
SHARES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), max_size=40)


def fill(console: RunningGateway, replies: int, broken: int, **fields: object) -> None:
    """Store answered chats, the first of which broke the policy."""
    score = {"category": "crime_fraud", "score": 0.9, "action": "block", "threshold": 0.5}
    last = None
    for number in range(replies):
        bad = number < broken
        values = {
            "route": "/v1/chat/completions",
            "time": now() - timedelta(minutes=5),
            "model": "some-model",
            "language": "en",
            "reply_chars": 9,
            "reply_action": Action.BLOCK if bad else Action.ALLOW,
            "action": Action.BLOCK if bad else Action.ALLOW,
            "scores": {"reply": [score]} if bad else {},
            "categories": ("crime_fraud",) if bad else (),
            **fields,
        }
        last = console.state.store.append(Exchange(**values))  # type: ignore[arg-type]
    assert last is not None
    last.result(30)


def test_a_rate_below_the_limit_is_kept_when_the_whole_band_is(console: RunningGateway) -> None:
    fill(console, 900, 0)

    with Reader(console.url) as english, Reader(console.url, "zh") as chinese:
        told_en, told_zh = shown(english.get("/")), shown(chinese.get("/"))

    assert "Violation rate Limit kept" in told_en
    assert re.search(r"At most 0\.\d\d% of replies break the policy; the limit is 1\.0%", told_en)
    assert "违规率 守住上限" in told_zh
    assert re.search(r"违规率至多 0\.\d\d%，不超过上限 1\.0%", told_zh)


def test_a_rate_above_the_limit_is_broken(console: RunningGateway) -> None:
    fill(console, 300, 60)

    with Reader(console.url) as reader:
        page = reader.get("/")

    assert "Violation rate Limit broken" in shown(page)
    assert "60 / 300" in shown(page)
    assert 'class="chart-limit"' in page.text


def test_a_few_replies_settle_nothing(console: RunningGateway) -> None:
    fill(console, 20, 0)

    with Reader(console.url) as reader:
        words = shown(reader.get("/"))

    assert "Violation rate Not clear yet" in words


@pytest.mark.parametrize(
    ("by", "name"),
    [("category", "non-violent crime"), ("language", "English"), ("route", "/v1/chat/completions"),
     ("key", "open mode, no key"), ("model", "some-model")],
)  # fmt: skip
def test_the_table_is_switched_by_a_link(console: RunningGateway, by: str, name: str) -> None:
    fill(console, 40, 4)

    with Reader(console.url) as reader:
        page = reader.get(f"/?by={by}")

    table = re.search(r'<table class="rates-table.*?</table>', page.text, re.DOTALL)
    assert table is not None
    assert name in table[0]
    assert "4 / 40" in table[0]
    assert f"/overview/live?window=24h&amp;by={by}" in page.text


def test_a_hostile_dimension_or_name_is_inert(console: RunningGateway) -> None:
    fill(console, 3, 1, model=HOSTILE)

    with Reader(console.url) as reader:
        asked = reader.get(f"/?by={HOSTILE}")
        named = reader.get("/?by=model")

    assert HOSTILE not in asked.text
    assert HOSTILE not in named.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in named.text


def test_a_key_is_called_by_its_name(start: StartConsole) -> None:
    console = start()
    made = create_key(console.state.store, "shop", role="viewer")
    console.state.keys.refresh()
    fill(console, 10, 0, key_id=made.key.id)

    with Reader(console.url) as reader:
        reader.sign_in(made.secret)
        page = reader.get("/?by=key")

    assert "<td>shop</td>" in page.text


def test_an_open_alarm_stands_above_the_figures(console: RunningGateway) -> None:
    facts = {
        "kind": "rate", "rate_of": "error", "found": 9, "n": 100, "rate": 0.09, "low": 0.03,
        "high": 0.2, "limit": 0.02, "confidence": 0.95,
    }  # fmt: skip
    console.state.store.change(found_change([Alarm(rule="errors", facts=facts)])).result(10)

    with Reader(console.url) as reader:
        words = shown(reader.get("/"))

    assert "Alarms · errors requests with an error: 9 of 100" in words


def test_memory_and_errors_are_among_the_figures(console: RunningGateway) -> None:
    fill(console, 9, 0)
    fill(console, 1, 0, error="timeout")

    with Reader(console.url) as reader:
        words = shown(reader.get("/"))

    assert re.search(r"Error rate 10% \d", words)
    assert re.search(r"Memory \d+ MB", words)


def test_the_processor_share_needs_two_looks_a_while_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([(100.0, 5.0), (110.0, 7.0)])
    reading = {"now": (0.0, 0.0)}

    def wall() -> float:
        reading["now"] = next(clock)
        return reading["now"][0]

    monkeypatch.setattr("trueline.gateway.console.process_load.time.monotonic", wall)
    monkeypatch.setattr(
        "trueline.gateway.console.process_load.time.process_time", lambda: reading["now"][1]
    )
    load = ProcessLoad()

    first, second = load.read(), load.read()

    assert first.cpu_share is None
    assert second.cpu_share == pytest.approx(0.2)


@given(SHARES, st.floats(0.0001, 0.5))
def test_a_band_never_leaves_its_chart(
    looks: list[tuple[float, float, float]], limit: float
) -> None:
    ordered = [tuple(sorted(look)) for look in looks]

    band = rate_band(
        list(range(len(ordered))),
        [low for low, _, _ in ordered],
        [rate for _, rate, _ in ordered],
        [high for _, _, high in ordered],
        limit,
        max(1, len(ordered)),
    )

    numbers = [float(found) for found in re.findall(r"-?[0-9.]+", band.area + band.line)]
    assert all(0 <= x <= band.width for x in numbers[::2])
    assert all(0 <= y <= HEIGHT for y in numbers[1::2])
    assert band.width == max(1, len(ordered)) * SLOT
    assert band.limit_y is not None


def test_the_policy_limit_is_the_line_of_the_chart(start: StartConsole) -> None:
    console = start(policy_text=POLICY + "max_violation_rate: 0.2\n")
    fill(console, 50, 0)

    with Reader(console.url) as reader:
        page = reader.get("/")

    assert "limit ε = 20%" in shown(page)
