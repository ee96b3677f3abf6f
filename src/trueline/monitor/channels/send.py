"""Send one message over one channel, whatever its kind."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from trueline.monitor.channels.command import run_command
from trueline.monitor.channels.email import send_email
from trueline.monitor.channels.webhook import send_webhook
from trueline.monitor.message import Message
from trueline.monitor.rules import Channel, Command, Email, Webhook

log = logging.getLogger(__name__)


def send(channel: Channel, message: Message, environment: Mapping[str, str]) -> None:
    """Send a message; returns when the receiver took it.

    Raises:
        DeliveryError: it was not taken.
    """
    if isinstance(channel, Webhook):
        send_webhook(channel, message, environment)
    elif isinstance(channel, Email):
        send_email(channel, message, environment)
    elif isinstance(channel, Command):
        run_command(channel, message)
    else:
        log.warning(
            "alarm",
            extra={
                "occasion": message.occasion,
                "rules": [alarm.rule for alarm in message.alarms],
                "alarms": [alarm.id for alarm in message.alarms],
            },
        )
