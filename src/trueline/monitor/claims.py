"""An alarm about a claim withdraws it from the safety case until someone resolves the alarm.

The alarms are the truth and the case's list follows them, so a crash between the two is mended
at the next look.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trueline.core.withdrawals import (
    FILE,
    Withdrawal,
    open_withdrawals,
    read_withdrawals,
    resolve,
    withdraw,
)
from trueline.monitor.message import describe
from trueline.store.alarms import STATES, Alarm, list_alarms
from trueline.store.events import EventStore

MOST = 1000


def sync_claims(store: EventStore, case: str | Path) -> list[Withdrawal]:
    """Withdraw what live alarms speak against, give back what was resolved.

    Args:
        store: holds the alarms.
        case: folder of the safety case; its list is made when it is first needed.

    Returns:
        The lines that were added.

    Raises:
        InputError: the list was tampered with, or cannot be written.
    """
    path = Path(case) / FILE
    alarms = [a for a in list_alarms(store, states=STATES, limit=MOST) if a.facts.get("claim")]
    if not alarms:
        return []
    lines = read_withdrawals(path)
    open_now = {line.alarm for line in open_withdrawals(lines)}
    added: list[Withdrawal] = []
    for alarm in reversed(alarms):
        claim = str(alarm.facts["claim"])
        if alarm.state != "resolved" and alarm.id not in open_now:
            reason = describe(alarm, "en")
            added.append(withdraw(path, claim, alarm=alarm.id, reason=reason))
        elif alarm.state == "resolved" and alarm.id in open_now:
            added.append(resolve(path, claim, alarm=alarm.id, reason=_why(alarm)))
    return added


def withdrawn_claims(alarms: Sequence[Alarm]) -> tuple[str, ...]:
    """Claims that live alarms speak against, each once."""
    claims = (str(a.facts.get("claim", "")) for a in alarms if a.state != "resolved")
    return tuple(dict.fromkeys(claim for claim in claims if claim))


def _why(alarm: Alarm) -> str:
    who = alarm.resolved_by or "nobody named"
    return f"resolved by {who}: {alarm.reason}" if alarm.reason else f"resolved by {who}"
