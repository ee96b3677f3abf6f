"""Texts leave the log when the policy says so, without anyone asking."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest
from tests.e2e.conftest import StartGateway

from trueline.core import exchange
from trueline.gateway import retention
from trueline.store.queries import get_exchange
from trueline.store.verify import verify


async def _until(check: object, task: asyncio.Task[None]) -> None:
    assert callable(check)
    while not check():
        assert not task.done(), task.exception()
        await asyncio.sleep(0.02)


def test_texts_older_than_the_retention_days_are_removed_and_the_chain_verifies(
    start: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = start(policy="default")
    body = {"model": "m", "messages": [{"role": "user", "content": "good morning"}]}
    reply = httpx.post(f"{running.url}/v1/chat/completions", json=body, timeout=30)
    identifier = reply.headers["x-trueline-exchange-id"]
    store = running.state.store
    days = running.state.policies.current.policy.storage.retention_days

    def kept() -> str | None:
        event = get_exchange(store, identifier)
        assert event is not None
        return event.exchange.prompt_text

    assert kept()
    monkeypatch.setattr(retention, "now", lambda: exchange.now() + timedelta(days=days + 1))

    async def rounds() -> None:
        task = asyncio.create_task(
            retention.keep_retention(running.state, first_after=0.0, every=3600.0)
        )
        await asyncio.wait_for(_until(lambda: not kept(), task), 30)
        task.cancel()

    asyncio.run(rounds())

    assert not kept()
    assert verify(store).ok
