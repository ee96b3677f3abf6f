"""Tell people of alarms: grouped, silenced where asked, again when nobody answers.

What was told to whom stands with each alarm in the store, so a process that starts again neither
repeats a message nor forgets one. A channel that fails is tried again, later each time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from trueline.core.exchange import now
from trueline.monitor.channels.delivery import DeliveryError
from trueline.monitor.channels.send import send
from trueline.monitor.message import Message, Occasion, compose
from trueline.monitor.rules import Channel, Monitoring
from trueline.store.alarms import Alarm, list_alarms, note_delivery, silences_now
from trueline.store.events import EventStore

log = logging.getLogger(__name__)
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)
# Longer than any channel's own limit (a command has 30 s), so that only a receiver that keeps the
# connection alive without an answer is cut off.
PATIENCE_SECONDS = 45.0
# Alarms older than this are told no more; they are still in the store.
TOLD_FOR = timedelta(days=30)

Sender = Callable[[Channel, Message, Mapping[str, str]], None]


def tell(
    store: EventStore,
    rules: Monitoring,
    environment: Mapping[str, str],
    *,
    moment: datetime | None = None,
    sender: Sender = send,
) -> list[Message]:
    """Send what is due over every channel; returns the messages that were taken.

    Args:
        store: holds the alarms and silences.
        rules: channels, grouping, reminders and language.
        environment: holds the secrets that channels name.
        moment: now.
        sender: sends one message; raises DeliveryError.

    Raises:
        StoreError: the store cannot be read, or what was sent cannot be noted.
    """
    moment = moment or now()
    pages = {rule.name for rule in rules.rules if rule.severity == "page"}
    alarms = [
        alarm
        for alarm in list_alarms(store, since=moment - TOLD_FOR, limit=1000)
        if alarm.severity == "page" or alarm.rule in pages
    ]
    quiet = {silence.rule for silence in silences_now(store)}
    sent: list[Message] = []
    for channel in rules.channels:
        for occasion in ("raised", "reminder", "recovered"):
            due = [a for a in alarms if _due(a, channel.name, occasion, rules, quiet, moment)]
            if due and _group_is_whole(due, occasion, rules, moment):
                message = compose(due, rules.language, occasion)
                if _deliver(store, channel, message, environment, moment, sender):
                    sent.append(message)
                alarms = _again(store, alarms, due)
    return sent


def _due(
    alarm: Alarm,
    channel: str,
    occasion: Occasion,
    rules: Monitoring,
    quiet: set[str],
    moment: datetime,
) -> bool:
    if "*" in quiet or alarm.rule in quiet:
        return False
    told: Mapping[str, Any] = alarm.delivered.get(channel, {})
    if told.get("again_after") and moment < datetime.fromisoformat(told["again_after"]):
        return False
    if occasion == "raised":
        sounds_again = alarm.state == "open" and "recovered" in told
        return sounds_again or (not told.get("sent") and alarm.state in ("open", "recovered"))
    if not told.get("sent"):
        return False
    if occasion == "recovered":
        return alarm.state == "recovered" and told.get("recovered") != alarm.times
    if alarm.state != "open" or not rules.remind_hours:
        return False
    return moment - datetime.fromisoformat(told["sent"]) >= timedelta(hours=rules.remind_hours)


def _group_is_whole(
    due: Sequence[Alarm], occasion: Occasion, rules: Monitoring, moment: datetime
) -> bool:
    """A first message waits so that what belongs together goes out together."""
    if occasion != "raised":
        return True
    return moment - min(alarm.opened for alarm in due) >= timedelta(seconds=rules.group_seconds)


def _deliver(
    store: EventStore,
    channel: Channel,
    message: Message,
    environment: Mapping[str, str],
    moment: datetime,
    sender: Sender,
) -> bool:
    fault = _send_in_time(sender, channel, message, environment)
    if fault:
        log.error("alarm_not_delivered", extra={"channel": channel.name, "reason": fault})
    for alarm in message.alarms:
        told: dict[str, Any] = dict(alarm.delivered.get(channel.name, {}))
        if fault:
            tries = int(told.get("tries", 0)) + 1
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries - 1, 20))
            told |= {"tries": tries, "why": fault, "again_after": (moment + wait).isoformat()}
        else:
            told = {"sent": moment.isoformat(timespec="seconds")}
            if message.occasion == "recovered":
                told["recovered"] = alarm.times
        note_delivery(store, alarm, {channel.name: told}).result()
    return not fault


def _send_in_time(
    sender: Sender, channel: Channel, message: Message, environment: Mapping[str, str]
) -> str:
    """Send, and say what went wrong; a receiver that drips or hangs is left to itself."""
    faults = ["no answer in time"]

    def work() -> None:
        try:
            sender(channel, message, environment)
            faults[0] = ""
        except DeliveryError as error:
            faults[0] = str(error)
        except Exception as error:  # a receiver may answer anything; the others are still told
            faults[0] = type(error).__name__

    thread = threading.Thread(target=work, name=f"tell {channel.name}", daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    return faults[0]


def _again(store: EventStore, alarms: list[Alarm], changed: Sequence[Alarm]) -> list[Alarm]:
    """The alarms as they now stand in the store."""
    ids = {alarm.id for alarm in changed}
    fresh = {alarm.id: alarm for alarm in list_alarms(store, limit=1000)}
    return [fresh.get(alarm.id, alarm) if alarm.id in ids else alarm for alarm in alarms]
