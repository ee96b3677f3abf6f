"""POST a message to a URL: plain JSON, Slack, Feishu or DingTalk.

Feishu and DingTalk check a signature over the time when a secret was set: base64 of HMAC-SHA256
over the timestamp, a line feed and the secret; Feishu signs an empty message with it as key, DingTalk signs it with
the secret as key and wants it in the address (their custom-bot pages).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import quote

from trueline.monitor.channels.delivery import DeliveryError
from trueline.monitor.message import Message
from trueline.monitor.rules import Webhook

# The chat services cut or refuse longer texts (Feishu: 20 kB, DingTalk: 20 kB).
MAX_TEXT = 15_000


def send_webhook(
    channel: Webhook,
    message: Message,
    environment: Mapping[str, str],
    *,
    timeout: float = 10.0,
    clock: Callable[[], float] = time.time,
) -> None:
    """POST a message.

    Args:
        channel: where to and in which shape.
        message: what.
        environment: holds the URL and secret that the channel names.
        timeout: seconds until a receiver that hangs is given up.
        clock: seconds since 1970, for the signature.

    Raises:
        DeliveryError: it was not taken; the message says why, without the address.
    """
    url = channel.url or environment.get(channel.url_env, "")
    if not url.startswith(("https://", "http://")):
        raise DeliveryError(
            f"no URL: set url, or {channel.url_env or 'url_env'} in the environment"
        )
    secret = environment.get(channel.secret_env, "") if channel.secret_env else ""
    if channel.secret_env and not secret:
        raise DeliveryError(f"no secret: set {channel.secret_env} in the environment")
    body = payload(channel.shape, message)
    if secret and channel.shape == "feishu":
        stamp = str(int(clock()))
        body |= {"timestamp": stamp, "sign": _sign(f"{stamp}\n{secret}", "")}
    if secret and channel.shape == "dingtalk":
        stamp = str(int(clock() * 1000))
        joint = "&" if "?" in url else "?"
        url += f"{joint}timestamp={stamp}&sign={quote(_sign(secret, f'{stamp}{chr(10)}{secret}'), safe='')}"
    request = urllib.request.Request(  # noqa: S310 - http and https only, see above
        url,
        json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
        {"content-type": "application/json; charset=utf-8", "user-agent": "trueline"},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            said = answer.read(10_000)
    except urllib.error.HTTPError as error:
        error.close()
        raise DeliveryError(f"HTTP {error.code}") from None
    except (OSError, ValueError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise DeliveryError(type(reason).__name__) from None
    _check_answer(channel.shape, said)


def payload(shape: str, message: Message) -> dict[str, Any]:
    """The body of the request in a service's shape."""
    text = message.text[:MAX_TEXT]
    if shape == "slack":
        return {"text": text}
    if shape == "feishu":
        return {"msg_type": "text", "content": {"text": text}}
    if shape == "dingtalk":
        return {"msgtype": "text", "text": {"content": text}}
    return message.as_json()


def _sign(key: str, message: str) -> str:
    digest = hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _check_answer(shape: str, said: bytes) -> None:
    """Feishu and DingTalk answer 200 also when they refuse; a code other than 0 says so."""
    if shape not in ("feishu", "dingtalk"):
        return
    try:
        answer = json.loads(said)
    except ValueError:
        return
    if not isinstance(answer, dict):
        return
    code = answer.get("errcode", answer.get("code", answer.get("StatusCode", 0)))
    if code not in (0, "0"):
        raise DeliveryError(f"refused with code {str(code)[:20]}")
