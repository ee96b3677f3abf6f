"""Recorded exchanges as an upstream: each question is answered as it was answered then.

It keeps the interface the gateway asks of an upstream without importing the gateway.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import orjson

MODEL = "tour-replay"


class Replay:
    """Answers from recorded replies.

    Args:
        replies: reply by question.
    """

    def __init__(self, replies: Mapping[str, str]) -> None:
        self._replies = dict(replies)

    @property
    def name(self) -> str:
        return MODEL

    async def complete(
        self, request: dict[str, Any], authorization: str | None
    ) -> tuple[int, bytes]:
        """The recorded reply to the last message, as a whole `chat.completion`."""
        reply = self._replies.get(request["messages"][-1]["content"])
        if reply is None:
            return 404, _error("This question was not recorded.", "not_recorded")
        choice = {
            "index": 0, "message": {"role": "assistant", "content": reply},
            "finish_reason": "stop",
        }  # fmt: skip
        return 200, orjson.dumps(
            {
                "id": "tour-replay", "object": "chat.completion", "created": int(time.time()),
                "model": MODEL, "choices": [choice],
            }
        )  # fmt: skip

    async def stream(
        self, request: dict[str, Any], authorization: str | None
    ) -> tuple[int, AsyncGenerator[bytes]]:
        """Recorded replies come whole; asking for a stream is refused."""
        return 400, _once(_error("Recorded replies are not streamed.", "not_streamed"))

    async def models(self, authorization: str | None) -> tuple[int, bytes]:
        model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "trueline"}
        return 200, orjson.dumps({"object": "list", "data": [model]})

    async def reachable(self) -> bool:
        return True

    async def close(self) -> None:
        """There is nothing to free."""


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    yield body


def _error(message: str, code: str) -> bytes:
    return orjson.dumps(
        {"error": {"message": message, "type": "invalid_request_error", "code": code}}
    )
