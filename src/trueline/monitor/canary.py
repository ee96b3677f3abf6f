"""Take a canary back by itself when an alarm is raised while it runs."""

from __future__ import annotations

from collections.abc import Sequence

from trueline.core.errors import InputError
from trueline.store.alarms import Alarm, list_alarms
from trueline.store.events import EventStore
from trueline.store.policy_versions import PolicyVersion, decide, list_versions


def roll_back_canaries(store: EventStore, found: Sequence[Alarm]) -> list[PolicyVersion]:
    """Roll back every canary when a page was raised while it ran; returns what was rolled back.

    Pages stand in the store, so one that was raised just before a crash counts as well. Which
    version caused the alarm is for people to find out: the policy that ran before is the
    safe one to stand on meanwhile.

    Raises:
        StoreError: the store cannot be used.
    """
    taken_back = []
    for version in list_versions(store, states=("canary",)):
        since = version.decided or version.created
        pages = [
            alarm
            for alarm in (*found, *list_alarms(store, since=since))
            if alarm.severity == "page"
        ]
        if not pages:
            continue
        try:
            taken_back.append(
                decide(
                    store, version.id, "rolled_back", approver=f"alarm {pages[0].id}",
                    reason=f"alarm of rule {pages[0].rule} while the canary ran",
                )
            )  # fmt: skip
        except InputError:  # a person decided at the same moment
            continue
    return taken_back
