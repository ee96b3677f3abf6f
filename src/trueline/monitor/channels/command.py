"""Run a program with the message on its standard input."""

from __future__ import annotations

import json
import subprocess

from trueline.monitor.channels.delivery import DeliveryError
from trueline.monitor.message import Message
from trueline.monitor.rules import Command


def run_command(channel: Command, message: Message, *, timeout: float = 30.0) -> None:
    """Run the channel's program; the message comes as one JSON object, no shell is involved.

    Raises:
        DeliveryError: it could not be started, took too long or ended with an error.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own program, as a list
            channel.run,
            input=json.dumps(message.as_json(), ensure_ascii=False).encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeliveryError(f"still running after {timeout:g} s") from None
    except OSError as error:
        raise DeliveryError(error.strerror or type(error).__name__) from None
    if done.returncode:
        raise DeliveryError(f"ended with {done.returncode}")
