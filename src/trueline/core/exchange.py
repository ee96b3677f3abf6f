"""One prompt, its reply and both verdicts, as the event store keeps them.

>>> exchange = Exchange(route="/v1/chat/completions", action=Action.FLAG)
>>> Exchange.from_json(exchange.as_json()) == exchange
True
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from random import Random
from typing import Any, Literal

from trueline.core.errors import InputError
from trueline.core.records import Action, Verdict

StorageMode = Literal["full", "redacted", "none"]
Scores = Mapping[str, Sequence[Mapping[str, Any]]]

_VERSION_7 = 0x7000
_VARIANT = 0x8000000000000000


def new_id() -> str:
    """A fresh id: 32 hexadecimal digits that sort by the time they were made.

    The layout is UUID version 7 (RFC 9562, 5.7): 48 bits of milliseconds, then 12 bits of
    the fraction of the millisecond, then 62 random bits. Ids are no secrets: they come from
    a generator seeded by the system, since a call of the system for each would give up the
    interpreter's lock in every request.
    """
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    bits = _random.getrandbits(62)
    return f"{milliseconds:012x}{_VERSION_7 | fraction:04x}{_VARIANT | bits:016x}"


_random = Random(os.urandom(32))  # noqa: S311 - distinct, not secret
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _random.seed(os.urandom(32)))


def now() -> datetime:
    """The present moment in UTC, with microseconds."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What happened to one request, from its arrival to its answer.

    `prompt_text` and `reply_text` are already reduced to what the policy lets the store
    keep (see `stored_text`). `scores` maps a channel (`prompt`, `prompt[2]`, `reply`,
    `reply[0].tool_calls`) to the graded scores found there, in the shape of
    `GradedScore.as_json`; they carry no text. `error` is a kind such as
    `upstream_timeout`, never a message. `user` is the end user's id, hashed by the caller.
    """

    id: str = field(default_factory=new_id)
    time: datetime = field(default_factory=now)
    route: str = ""
    key_id: str = ""
    model: str = ""
    upstream: str = ""
    stream: bool = False
    shadow: bool = False
    action: Action = Action.ALLOW
    prompt_action: Action = Action.ALLOW
    reply_action: Action = Action.ALLOW
    categories: tuple[str, ...] = ()
    scores: Scores = field(default_factory=dict[str, Sequence[Mapping[str, Any]]])
    prompt_text: str = ""
    reply_text: str = ""
    policy_name: str = ""
    policy_hash: str = ""
    language: str = ""
    status: int = 200
    error: str = ""
    latency_ms: float = 0.0
    guard_ms: float = 0.0
    upstream_ms: float = 0.0
    prompt_chars: int = 0
    reply_chars: int = 0
    user: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary: time as ISO 8601 in UTC, actions by name."""
        record: dict[str, Any] = {name: getattr(self, name) for name in FIELD_NAMES}
        record["time"] = self.time.astimezone(UTC).isoformat(timespec="microseconds")
        for name in _ACTION_FIELDS:
            record[name] = str(record[name])
        record["categories"] = list(self.categories)
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Exchange:
        """The exchange that `as_json` wrote; keys that are no field are left out.

        Raises:
            InputError: a time or an action that cannot be read.
        """
        values = {name: record[name] for name in FIELD_NAMES if name in record}
        try:
            if "time" in values:
                values["time"] = datetime.fromisoformat(values["time"]).astimezone(UTC)
            for name in _ACTION_FIELDS:
                if name in values:
                    values[name] = Action.parse(values[name])
        except (KeyError, ValueError, TypeError, AttributeError):
            raise InputError(
                "this is not an exchange: its time must be ISO 8601 and its actions one of "
                + ", ".join(str(action) for action in Action)
            ) from None
        if "categories" in values:
            values["categories"] = tuple(values["categories"])
        return cls(**values)


FIELD_NAMES = tuple(entry.name for entry in fields(Exchange))
_ACTION_FIELDS = ("action", "prompt_action", "reply_action")


def stored_text(text: str, verdict: Verdict | None, mode: StorageMode) -> str:
    """What the store may keep of `text` under the policy's storage mode.

    In `redacted` mode the verdict says what to replace. Where it cannot say (no verdict, a
    scorer that failed, a finding to redact that names no span) nothing is kept.

    Args:
        text: the prompt or reply as it was judged.
        verdict: the Judge's answer about exactly this text.
        mode: `full`, `redacted` or `none`.
    """
    if mode == "full":
        return text
    if mode == "none" or verdict is None or verdict.faults:
        return ""
    if any(score.action >= Action.REDACT and not score.spans for score in verdict.scores):
        return ""
    return verdict.redacted_text
