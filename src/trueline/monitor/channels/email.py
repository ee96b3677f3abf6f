"""Send a message over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from trueline.monitor.channels.delivery import DeliveryError
from trueline.monitor.message import Message
from trueline.monitor.rules import Email


def send_email(
    channel: Email, message: Message, environment: Mapping[str, str], *, timeout: float = 10.0
) -> None:
    """Send a message to every address of a channel.

    Raises:
        DeliveryError: the server did not take it; the message says why.
    """
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.to)
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(domain="trueline.invalid")
    mail.set_content(message.body or message.subject, charset="utf-8")
    password = environment.get(channel.password_env, "")
    if channel.user and not password:
        raise DeliveryError(f"no password: set {channel.password_env} in the environment")
    try:
        with _connect(channel, timeout) as server:
            if channel.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if channel.user:
                server.login(channel.user, password)
            refused = server.send_message(mail)
    except smtplib.SMTPResponseException as error:
        raise DeliveryError(f"SMTP {error.smtp_code}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(type(error).__name__) from None
    if refused:
        raise DeliveryError(f"{len(refused)} of {len(channel.to)} addresses were refused")


def _connect(channel: Email, timeout: float) -> smtplib.SMTP:
    if channel.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(channel.host, channel.port, timeout=timeout, context=context)
    return smtplib.SMTP(channel.host, channel.port, timeout=timeout)
