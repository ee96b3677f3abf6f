"""No exchange is answered before its record is durable, and none is lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.e2e.conftest import StartGateway
from tests.e2e.servers import (
    RunningGateway,
    ScriptedUpstream,
    UpstreamCall,
    chunk,
    command,
    events_of,
    text_of,
    wait_until,
)

from trueline.core.errors import StoreError
from trueline.store.events import EventStore
from trueline.store.queries import export_exchanges, get_exchange
from trueline.store.verify import verify


@pytest.fixture
def broken_store(start: StartGateway) -> RunningGateway:
    """A gateway whose database stops taking writes, as on a full disk."""
    running = start()
    database = running.state.store.database
    with sqlite3.connect(running.folder / "events.db") as connection:
        for table in ("exchanges", "audit"):
            connection.execute(
                f"CREATE TRIGGER full_{table} BEFORE INSERT ON {table} "
                "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
            )
    connection.close()
    assert not database.read_only
    return running


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions",
         {"model": "m", "messages": [{"role": "user", "content": "hello"}]}),
        ("/v1/chat/completions",
         {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hello"}]}),
        ("/v1/chat/completions", {"model": "m", "messages": "wrong"}),
        ("/v1/moderations", {"input": "hello"}),
        ("/v1/guard/check", {"text": "hello"}),
    ],
    ids=["chat", "stream", "refused", "moderations", "check"],
)  # fmt: skip
def test_when_the_store_cannot_be_written_nothing_is_answered(
    broken_store: RunningGateway, path: str, body: dict[str, object]
) -> None:
    answer = broken_store.client.post(path, json=body)

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "store_unavailable"
    assert "All is well" not in answer.text
    assert answer.headers["retry-after"]


def test_a_store_that_fails_in_mid_stream_ends_it_without_the_rest(
    start: StartGateway, upstream: ScriptedUpstream
) -> None:
    opened, broken = threading.Event(), threading.Event()

    def script(call: UpstreamCall) -> None:
        call.start_stream()
        call.event(chunk({"content": "An early sentence of the reply. " * 60}))
        opened.set()
        broken.wait(20)
        call.event(chunk({"content": "The very last words."}))
        call.event(chunk({}, reason="stop"))
        call.end_stream()

    upstream.script = script
    running = start()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(running.chat, "hello", stream=True)
        opened.wait(20)
        with sqlite3.connect(running.folder / "events.db") as connection:
            connection.execute(
                "CREATE TRIGGER full BEFORE INSERT ON exchanges "
                "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
            )
        connection.close()
        broken.set()
        answer = asking.result(30)

    events = events_of(answer.text)
    assert events[-1]["error"]["code"] == "store_unavailable"
    assert "[DONE]" not in answer.text
    assert "very last words" not in text_of(events)


def test_a_read_only_database_is_refused_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    EventStore.open(f"sqlite:///{file}").close()

    if os.geteuid() == 0:
        pytest.skip("root may write to read-only files")
    file.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError):
            EventStore.open(f"sqlite:///{file}").check()
    finally:
        tmp_path.chmod(0o700)


def test_kill_9_under_load_loses_no_answered_exchange(tmp_path: Path) -> None:
    answered: list[str] = []
    stop = threading.Event()

    def load(url: str, stream: bool) -> None:
        body = {
            "model": "trueline-assistant",
            "stream": stream,
            "messages": [{"role": "user", "content": "What is a policy?"}],
        }
        with httpx.Client(base_url=url, timeout=10) as client:
            while not stop.is_set():
                try:
                    answer = client.post("/v1/chat/completions", json=body)
                except httpx.HTTPError:
                    return
                if answer.status_code == 200 and (
                    not stream or '"finish_reason":"stop"' in answer.text
                ):
                    answered.append(answer.headers["x-trueline-exchange-id"])

    with command(tmp_path) as running, ThreadPoolExecutor(8) as pool:
        url = running.wait_ready()
        for number in range(8):
            pool.submit(load, url, number % 2 == 1)
        wait_until(lambda: len(answered) >= 150, 60)
        running.process.send_signal(signal.SIGKILL)
        running.process.wait(10)
        stop.set()

    with EventStore.open(f"sqlite:///{tmp_path / 'trueline.db'}") as store:
        logged = Counter(event.exchange.id for event in export_exchanges(store))
        report = verify(store)
    assert len(set(answered)) == len(answered) >= 150
    assert [id for id in answered if logged[id] != 1] == []
    assert report.ok


def test_a_running_stream_ends_in_good_order_when_the_gateway_is_told_to_stop(
    start: StartGateway, upstream: ScriptedUpstream
) -> None:
    opened, stopping = threading.Event(), threading.Event()

    def script(call: UpstreamCall) -> None:
        call.start_stream()
        call.event(chunk({"content": "first half, "}))
        opened.set()
        stopping.wait(20)
        call.event(chunk({"content": "second half"}))
        call.event(chunk({}, reason="stop"))
        call.end_stream()

    upstream.script = script
    running = start()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(running.chat, "hello", stream=True)
        opened.wait(20)
        running.server.should_exit = True
        wait_until(lambda: running.state.stopping)
        stopping.set()
        answer = asking.result(30)
    running.thread.join(30)

    assert text_of(events_of(answer.text)) == "first half, second half"
    assert answer.text.endswith("data: [DONE]\n\n")
    id = answer.headers["x-trueline-exchange-id"]
    assert get_exchange(running.state.store, id) is not None


def test_a_client_that_goes_away_leaves_a_record(
    start: StartGateway, upstream: ScriptedUpstream
) -> None:
    gone = threading.Event()

    def script(call: UpstreamCall) -> None:
        call.start_stream()
        call.event(chunk({"content": "An early sentence of the reply. " * 60}))
        gone.wait(20)
        for _ in range(2000):
            call.event(chunk({"content": "more words than anybody reads. " * 40}))

    upstream.script = script
    running = start()
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
    with running.client.stream("POST", "/v1/chat/completions", json=body) as answer:
        id = answer.headers["x-trueline-exchange-id"]
    gone.set()

    wait_until(lambda: get_exchange(running.state.store, id) is not None)
    event = get_exchange(running.state.store, id)
    assert event is not None
    assert event.exchange.error == "client_gone"


def test_many_clients_at_once_have_one_record_each_and_the_chain_holds(
    gateway: RunningGateway,
) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: gateway.chat(f"hello {n}"), range(200)))

    ids = [answer.headers["x-trueline-exchange-id"] for answer in answers]
    logged = Counter(event.exchange.id for event in export_exchanges(gateway.state.store))
    assert len(set(ids)) == 200
    assert {logged[id] for id in ids} == {1}
    assert verify(gateway.state.store).ok
