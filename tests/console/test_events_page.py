"""The events page: filters, paging, one exchange in full, the export."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.console.client import Reader, shown
from tests.console.conftest import PRIVACY_POLICY, Record, StartConsole
from tests.e2e.servers import RunningGateway

from trueline.core.exchange import now
from trueline.core.records import Action
from trueline.gateway.console.event_filters import Chosen
from trueline.gateway.console.events import PAGE_ROWS
from trueline.store.keys import create_key
from trueline.store.queries import Filter, list_exchanges

ROW = re.compile(r'<a href="/events/([0-9a-f]{32})"')


@given(st.dictionaries(st.sampled_from([*Chosen.__slots__, "cursor"]), st.text(max_size=60)))
def test_filters_come_back_from_the_address_they_make(query: dict[str, str]) -> None:
    chosen = Chosen.of(query)

    from urllib.parse import parse_qsl, urlsplit

    read = Chosen.of(dict(parse_qsl(urlsplit(chosen.url("/events")).query)))

    safe = {name: getattr(chosen, name).encode("utf-8", "replace").decode() for name in query
            if name != "cursor"}  # fmt: skip
    assert {name: getattr(read, name) for name in safe} == safe


def test_each_filter_finds_its_own(console: RunningGateway, record: Record) -> None:
    key = create_key(console.state.store, "shop", role="viewer").key
    console.state.keys.refresh()
    secret = create_key(console.state.store, "me", role="admin").secret
    console.state.keys.refresh()
    wanted = {
        "action=block": record(action=Action.BLOCK),
        "category=privacy": record(categories=("privacy",)),
        "language=zh": record(language="zh"),
        f"key={key.id}": record(key_id=key.id),
        "text=needle": record(prompt_text="a needle in it"),
        "text=%E9%92%88": record(reply_text="大海捞针"),
        "errors=1": record(error="upstream_timeout"),
        "until=2020-01-01T00:00": record(time=now() - timedelta(days=365 * 20)),
    }

    with Reader(console.url) as reader:
        reader.sign_in(secret)
        for query, event in wanted.items():
            found = ROW.findall(reader.get(f"/events?{query}").text)
            assert found == [event.exchange.id], query
        recent = ROW.findall(reader.get("/events?window=1h").text)

    assert len(recent) == len(wanted) - 1


def test_pages_follow_each_other_without_gap_or_repeat_while_more_arrive(
    console: RunningGateway, record: Record
) -> None:
    ids = [record(prompt_text=f"number {n}").exchange.id for n in range(PAGE_ROWS * 2 + 5)]
    seen: list[str] = []
    address = "/events?text=number"

    with Reader(console.url) as reader:
        while address:
            page = reader.get(address).text
            seen += ROW.findall(page)
            record(prompt_text="number, but newer than the page")
            older = re.search(r'id="older" href="([^"]+)"', page)
            address = older[1].replace("&amp;", "&") if older else ""

    assert seen == ids[::-1]


def test_a_bad_cursor_is_told_and_not_followed(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        page = reader.get("/events?cursor=nonsense")

    assert page.status_code == 400
    assert "this is not a cursor of this store" in shown(page)


def test_one_exchange_is_shown_in_full_with_its_place_in_the_chain(
    shared: RunningGateway,
) -> None:
    answer = shared.chat("我的手机号是13800138000，请回电", model="trueline-assistant")
    exchange_id = answer.headers["x-trueline-exchange-id"]
    event = list_exchanges(shared.state.store, Filter()).events[0]

    with Reader(shared.url) as reader:
        page = reader.get(f"/events/{exchange_id}")
    words = shown(page)

    assert event.exchange.id == exchange_id
    assert '<mark class="found found-redact" data-name="mobile number (CN)">13800138000</mark>' in (
        page.text
    )
    assert "format holds" in words
    assert event.receipt.hash in words
    assert f"Position {event.receipt.seq}" in words
    assert "x-trueline-action: redact" in words
    assert "Upstream model" in words


def test_a_redacted_record_marks_the_placeholder_and_says_why(start: StartConsole) -> None:
    redacting = start(policy_text=PRIVACY_POLICY.replace("text: full", "text: redacted"))
    answer = redacting.chat("mail ann@example.org about it", model="trueline-assistant")

    with Reader(redacting.url) as reader:
        page = reader.get(f"/events/{answer.headers['x-trueline-exchange-id']}")

    assert '<mark class="found found-redact" data-name="email">[EMAIL]</mark>' in page.text
    assert "Stored redacted" in shown(page)
    assert "ann@example.org" not in page.text


def test_texts_that_are_not_kept_are_said_to_be_missing(start: StartConsole) -> None:
    silent = start(policy_text=PRIVACY_POLICY.replace("text: full", "text: none"))
    answer = silent.chat("hello there", model="trueline-assistant")

    with Reader(silent.url) as reader:
        listing = reader.get("/events")
        page = reader.get(f"/events/{answer.headers['x-trueline-exchange-id']}")

    assert "text not kept" in shown(listing)
    assert "text not kept" in shown(page)
    assert "hello there" not in listing.text + page.text


def test_the_export_holds_what_the_filter_shows_and_runs_nothing(
    console: RunningGateway, record: Record
) -> None:
    record(prompt_text="left out")
    event = record(prompt_text='=cmd|"/c calc"!A1', action=Action.FLAG)

    with Reader(console.url) as reader:
        answer = reader.get("/events.csv?action=flag")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'attachment; filename="trueline-events.csv"' in answer.headers["content-disposition"]
    assert [row["id"] for row in rows] == [event.exchange.id]
    assert rows[0]["prompt_text"] == '\'=cmd|"/c calc"!A1'
