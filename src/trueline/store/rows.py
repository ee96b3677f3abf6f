"""Exchanges as rows: the order of columns, what is hashed, and the way back.

>>> clean_text("nul" + chr(0) + " and half a pair " + chr(0xD83D))
'nul� and half a pair �'
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from trueline.core.errors import InputError
from trueline.core.exchange import Exchange
from trueline.core.records import Action
from trueline.store.chain import SALT_BYTES, body_hash, text_digest

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INT32 = 2**31
_INT64 = 2**63

# Hashed as they stand, in this order.
PLAIN_COLUMNS = (
    "id",
    "time_us",
    "route",
    "key_id",
    "model",
    "upstream",
    "stream",
    "shadow",
    "action",
    "prompt_action",
    "reply_action",
    "categories",
    "scores",
    "policy_name",
    "policy_hash",
    "language",
    "status",
    "error",
    "latency_ms",
    "guard_ms",
    "upstream_ms",
    "prompt_chars",
    "reply_chars",
    "end_user",
    "attributes",
)
TEXT_COLUMNS = ("prompt_digest", "reply_digest", "text_salt", "prompt_text", "reply_text")
CHAIN_COLUMNS = ("chain_id", "seq", "prev_hash", "hash")
COLUMNS = PLAIN_COLUMNS + TEXT_COLUMNS + CHAIN_COLUMNS

Plain = tuple[Any, ...]
Row = tuple[Any, ...]


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970; a naive time is read as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """The UTC time that `microseconds` stands for."""
    return EPOCH + timedelta(microseconds=microseconds)


def clean_text(text: str) -> str:
    """Replace what no database stores (NUL, lone surrogates) by U+FFFD."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "�")


def clean(value: Any) -> Any:
    """`clean_text` for every text inside a value, however deep."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean(key): clean(item) for key, item in value.items()}  # pyright: ignore
    if isinstance(value, (list, tuple)):
        return type(value)(clean(item) for item in value)  # pyright: ignore
    return value


def clean_exchange(exchange: Exchange) -> Exchange:
    """The same exchange with every text storable and every number finite."""
    values: dict[str, Any] = {}
    for entry in fields(exchange):
        value = getattr(exchange, entry.name)
        if isinstance(value, float) and not math.isfinite(value):
            value = 0.0
        values[entry.name] = clean(value)
    return replace(exchange, **values)


def exchange_values(exchange: Exchange) -> tuple[Plain, Row, bytes]:
    """The plain columns, the text columns and the body hash of an exchange.

    Raises:
        InputError: a value that cannot be stored; names the exchange and never the value.
    """
    try:
        try:
            values = _values(exchange)
            if not _storable(values):
                raise ValueError
            texts = _texts(exchange)
            return values, texts, exchange_body(values, texts[0], texts[1])
        except (TypeError, ValueError):
            exchange = clean_exchange(exchange)
        values, texts = _values(exchange), _texts(exchange)
        if not all(isinstance(text, str) for text in _plain_texts(values)):
            raise TypeError
        body = exchange_body(values, texts[0], texts[1])
    except (TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise InputError(
            f"exchange {_shown(exchange.id)} cannot be stored: a field has a value of the "
            f"wrong kind ({type(error).__name__})"
        ) from None
    if not (-_INT32 <= values[16] < _INT32 and _int64(values[21]) and _int64(values[22])):
        raise InputError(
            f"exchange {_shown(exchange.id)} cannot be stored: status, prompt_chars or "
            "reply_chars is out of range"
        )
    return values, texts, body


def exchange_body(values: Sequence[Any], prompt_digest: bytes, reply_digest: bytes) -> bytes:
    """The body hash of an exchange: its plain columns and the digests of its texts."""
    return body_hash("exchange", (*values, prompt_digest.hex(), reply_digest.hex()))


def row_exchange(row: Mapping[Any, Any]) -> Exchange:
    """The exchange a row holds; pruned texts come back empty."""
    return Exchange(
        id=row["id"],
        time=moment(row["time_us"]),
        route=row["route"],
        key_id=row["key_id"],
        model=row["model"],
        upstream=row["upstream"],
        stream=bool(row["stream"]),
        shadow=bool(row["shadow"]),
        action=Action(row["action"]),
        prompt_action=Action(row["prompt_action"]),
        reply_action=Action(row["reply_action"]),
        categories=tuple(orjson.loads(row["categories"])),
        scores=orjson.loads(row["scores"]),
        prompt_text=row["prompt_text"] or "",
        reply_text=row["reply_text"] or "",
        policy_name=row["policy_name"],
        policy_hash=row["policy_hash"],
        language=row["language"],
        status=row["status"],
        error=row["error"],
        latency_ms=row["latency_ms"],
        guard_ms=row["guard_ms"],
        upstream_ms=row["upstream_ms"],
        prompt_chars=row["prompt_chars"],
        reply_chars=row["reply_chars"],
        user=row["end_user"],
        attributes=orjson.loads(row["attributes"]),
    )


def _values(exchange: Exchange) -> Plain:
    return (
        exchange.id,
        microseconds(exchange.time),
        exchange.route,
        exchange.key_id,
        exchange.model,
        exchange.upstream,
        1 if exchange.stream else 0,
        1 if exchange.shadow else 0,
        int(exchange.action),
        int(exchange.prompt_action),
        int(exchange.reply_action),
        _json(exchange.categories),
        _json(exchange.scores),
        exchange.policy_name,
        exchange.policy_hash,
        exchange.language,
        int(exchange.status),
        exchange.error,
        float(exchange.latency_ms),
        float(exchange.guard_ms),
        float(exchange.upstream_ms),
        int(exchange.prompt_chars),
        int(exchange.reply_chars),
        exchange.user,
        _json(exchange.attributes),
    )


def _texts(exchange: Exchange) -> Row:
    prompt, reply = exchange.prompt_text, exchange.reply_text
    if not prompt and not reply:
        return b"", b"", b"", "", ""
    salt = os.urandom(SALT_BYTES)
    try:
        if "\0" in prompt or "\0" in reply:
            prompt, reply = clean_text(prompt), clean_text(reply)
        return _digested(prompt, reply, salt)
    except UnicodeEncodeError:
        return _digested(clean_text(prompt), clean_text(reply), salt)


def _digested(prompt: str, reply: str, salt: bytes) -> Row:
    return (
        text_digest(prompt, salt, b"prompt"),
        text_digest(reply, salt, b"reply"),
        salt,
        prompt,
        reply,
    )


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def _storable(values: Plain) -> bool:
    """Whether no text holds a NUL, no number is NaN or infinite, and all fit their columns.

    A lone surrogate shows when the values are hashed.
    """
    total = values[18] + values[19] + values[20]
    return (
        total - total == 0.0
        and "\0" not in "".join(_plain_texts(values))
        and -_INT32 <= values[16] < _INT32
        and -_INT64 <= values[21] + values[22] < _INT64
    )


def _plain_texts(values: Plain) -> tuple[str, ...]:
    return (*values[2:6], *values[11:16], values[0], values[17], values[23])


def _shown(exchange_id: object) -> str:
    return ascii(exchange_id)[1:-1][:64]


def _int64(value: int) -> bool:
    return -_INT64 <= value < _INT64
