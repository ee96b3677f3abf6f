"""The monitor beside the gateway: a round every few seconds, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping

from trueline.core.errors import StoreError
from trueline.gateway.state import GatewayState
from trueline.monitor.levels import MachineLevels
from trueline.monitor.round import run_round
from trueline.monitor.rules import Monitoring
from trueline.monitor.rules_file import load_monitoring
from trueline.monitor.watching import LEASE, Watcher
from trueline.store.watches import give_up_lease

log = logging.getLogger(__name__)
OFF = "off"


def monitoring_of(state: GatewayState) -> Monitoring | None:
    """The rules that the settings name; None when monitoring is off.

    Raises:
        InputError: the monitor file cannot be used.
    """
    if state.settings.monitor == OFF:
        return None
    return load_monitoring(state.settings.monitor or None)


async def keep_monitoring(
    state: GatewayState, rules: Monitoring, environment: Mapping[str, str] | None = None
) -> None:
    """Do rounds until cancelled; a failure is logged and the next round goes on from there.

    Args:
        state: gives the store and the policy in force at that moment.
        rules: what is watched and who is told.
        environment: holds the secrets that channels name; the process's own when left out.
    """
    secrets = os.environ if environment is None else environment
    watcher = Watcher(
        state.store, rules, lambda: state.policies.current.policy, MachineLevels(state.store)
    )
    try:
        while True:
            await asyncio.sleep(rules.look_seconds)
            try:
                done = await asyncio.to_thread(run_round, watcher, secrets)
            except Exception as error:  # a rule or a channel must not end the watching
                log.error("monitor_failed", extra={"error": type(error).__name__})
                continue
            if done.found is not None:
                for alarm in done.found.raised:
                    state.metrics.alarms.add(alarm.rule, alarm.severity)
    finally:
        try:
            give_up_lease(state.store, LEASE, watcher.holder)
        except StoreError:
            log.debug("lease_kept_until_it_ends")
