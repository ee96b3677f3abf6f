"""Exchanges as a gateway would write them, for the tests of the monitor."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from trueline.core.exchange import Exchange
from trueline.core.records import Action
from trueline.store.events import EventStore

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def exchange(number: int, *, violates: bool = False, **values: Any) -> Exchange:
    """One answered chat; `violates` says that the reply broke the policy."""
    score = {"category": "violence", "score": 0.9, "action": "block", "threshold": 0.5}
    return Exchange(
        **{
            "route": "/v1/chat/completions",
            "time": BEGIN + timedelta(seconds=number),
            "language": "en",
            "prompt_chars": 40 + number % 17,
            "reply_chars": 200,
            "latency_ms": 100.0,
            "reply_action": Action.BLOCK if violates else Action.ALLOW,
            "action": Action.BLOCK if violates else Action.ALLOW,
            "categories": ("violence",) if violates else (),
            "scores": {"reply": [score]} if violates else {},
            **values,
        }
    )


def write(store: EventStore, exchanges: Iterable[Exchange]) -> None:
    """Store exchanges and wait until they are durable."""
    for receipt in [store.append(one) for one in exchanges]:
        receipt.result(60)
