"""Feedback through the API: what is taken, what is refused, what counts once."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.e2e.servers import RunningGateway

from trueline.gateway.feedback import MAX_REMARKS
from trueline.store.feedback import list_feedback


def ask(gateway: RunningGateway) -> str:
    return str(gateway.chat("hello").headers["x-trueline-exchange-id"])


def say(gateway: RunningGateway, exchange_id: str, **fields: Any) -> httpx.Response:
    return gateway.client.post("/v1/feedback", json={"exchange_id": exchange_id, **fields})


def test_saying_the_same_twice_counts_once(gateway: RunningGateway) -> None:
    exchange_id = ask(gateway)

    first = say(gateway, exchange_id, kind="rating", value=4)
    second = say(gateway, exchange_id, kind="rating", value=4)

    assert first.json() == second.json()
    assert len(list_feedback(gateway.state.store, exchange_id=exchange_id).items) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "rating", "value": 6}, "the value of rating must be from 1 to 5 (got 6)."),
        ({"kind": "nps"}, "the value of nps must be from 0 to 10 (got none)."),
        ({"kind": "report"}, "a report needs a reason, a code such as harmful or wrong."),
        ({"kind": "correction"}, "A correction needs the right answer in text."),
    ],
)
def test_a_remark_that_makes_no_sense_is_refused(
    gateway: RunningGateway, fields: dict[str, Any], message: str
) -> None:
    answer = say(gateway, ask(gateway), **fields)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == message


def test_one_key_cannot_flood_an_exchange(gateway: RunningGateway) -> None:
    exchange_id = ask(gateway)
    codes = [
        say(gateway, exchange_id, kind="report", reason=f"code{number}").status_code
        for number in range(MAX_REMARKS + 1)
    ]

    assert codes == [200] * MAX_REMARKS + [429]
