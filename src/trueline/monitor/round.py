"""One round of monitoring: look, keep the safety case in step, draw for review, tell people."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trueline.core.errors import InputError
from trueline.monitor.canary import roll_back_canaries
from trueline.monitor.claims import sync_claims
from trueline.monitor.review_draw import draw
from trueline.monitor.telling import tell
from trueline.monitor.watching import Found, Watcher

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did; `found` is None while another process does the watching."""

    found: Found | None
    messages: int = 0
    claims: int = 0
    drawn: int = 0


def run_round(watcher: Watcher, environment: Mapping[str, str]) -> Round:
    """Do one round.

    Args:
        watcher: the store, the rules and the policy.
        environment: holds the secrets that channels name.

    Raises:
        StoreError: the store cannot be used; the next round begins where this one began.
    """
    found = watcher.look()
    if found is None:
        return Round(None)
    claims = 0
    case = watcher.rules.safety_case
    if case:
        if Path(case).is_dir():
            try:
                claims = len(sync_claims(watcher.store, case))
            except InputError as error:
                log.error("claims_not_withdrawn", extra={"reason": str(error)[:300]})
        else:
            log.error("safety_case_missing")
    roll_back_canaries(watcher.store, [*found.raised, *found.again])
    drawn = draw(watcher.store, watcher.rules.review, found.raised)
    messages = len(tell(watcher.store, watcher.rules, environment))
    return Round(found, messages, claims, drawn)
