"""The answer to a blocked prompt, in the shape of a completion, so that no client stumbles.

>>> blocked_completion({"model": "m"}, "1", "Sorry.")["choices"][0]["finish_reason"]
'content_filter'
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

MAX_CHOICES = 128
REASON = "content_filter"


def blocked_completion(request: Mapping[str, Any], id: str, text: str) -> dict[str, Any]:
    """A `chat.completion` that holds the safe reply in every choice asked for."""
    choices = [
        {
            "index": number,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "logprobs": None,
            "finish_reason": REASON,
        }
        for number in range(_choice_count(request))
    ]
    return {**_head(request, id, "chat.completion"), "choices": choices, "usage": _NO_USAGE}


def blocked_stream(request: Mapping[str, Any], id: str, text: str) -> bytes:
    """The same as an event stream, `[DONE]` included."""
    head = _head(request, id, "chat.completion.chunk")
    events: list[dict[str, Any]] = []
    for number in range(_choice_count(request)):
        delta = {"role": "assistant", "content": text}
        for part, reason in ((delta, None), ({}, REASON)):
            choice = {"index": number, "delta": part, "logprobs": None, "finish_reason": reason}
            events.append({**head, "choices": [choice]})
    options = request.get("stream_options")
    if isinstance(options, Mapping) and options.get("include_usage") is True:
        events.append({**head, "choices": [], "usage": _NO_USAGE})
    lines = [b"data: " + orjson.dumps(event) + b"\n\n" for event in events]
    return b"".join([*lines, b"data: [DONE]\n\n"])


_NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def _head(request: Mapping[str, Any], id: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{id}",
        "object": kind,
        "created": int(time.time()),
        "model": request.get("model"),
    }


def _choice_count(request: Mapping[str, Any]) -> int:
    n = request.get("n")
    is_count = isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= MAX_CHOICES
    return n if is_count and isinstance(n, int) else 1
