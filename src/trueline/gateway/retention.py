"""Texts older than the policy's `storage.retention_days` leave the log while the gateway runs.

The records stay, and the chain verifies; `trueline events prune` does the same by hand.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from trueline.core.errors import StoreError
from trueline.core.exchange import now
from trueline.gateway.state import GatewayState
from trueline.store.prune import prune

log = logging.getLogger(__name__)
FIRST_AFTER_SECONDS = 60.0  # a start under load has other things to do
EVERY_SECONDS = 24 * 3600.0


async def keep_retention(
    state: GatewayState,
    *,
    first_after: float = FIRST_AFTER_SECONDS,
    every: float = EVERY_SECONDS,
) -> None:
    """Remove old texts again and again until cancelled; a failure is logged and tried anew.

    Args:
        state: gives the store and the policy in force at that moment.
        first_after: seconds until the first round.
        every: seconds between rounds.
    """
    await asyncio.sleep(first_after)
    while True:
        days = state.policies.current.policy.storage.retention_days
        try:
            report = await asyncio.to_thread(
                prune,
                state.store,
                now() - timedelta(days=days),
                texts_only=True,
                author="retention",
            )
        except StoreError as error:
            log.error("retention_failed", extra={"error": type(error).__name__})
        else:
            log.info("retention", extra={"days": days, "exchanges": report.exchanges})
        await asyncio.sleep(every)
