"""The assistant as an in-process upstream: OpenAI's chat completions, whole or streamed.

It keeps the interface the gateway asks of an upstream without importing the gateway.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from trueline.apps.assistant.answers import Turn, answer

MODEL = "trueline-assistant"
MAX_CHOICES = 16
PIECE_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a request asks for, checked."""

    turns: tuple[Turn, ...]
    choices: int
    max_pieces: int | None
    stops: tuple[str, ...]
    tools: bool
    images: bool
    include_usage: bool


class _Refused(ValueError):
    def __init__(self, status: int, message: str, code: str, param: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = orjson.dumps(
            {
                "error": {
                    "message": message,
                    "type": "invalid_request_error",
                    "param": param,
                    "code": code,
                }
            }
        )


class Assistant:
    """Answers from bundled knowledge; needs no network and holds nothing between calls."""

    @property
    def name(self) -> str:
        return MODEL

    async def complete(
        self, request: dict[str, Any], authorization: str | None
    ) -> tuple[int, bytes]:
        """A whole `chat.completion`; `authorization` is not used."""
        try:
            wanted = _read(request)
        except _Refused as refused:
            return refused.status, refused.body
        text, finish = _say(wanted)
        choices = [
            {
                "index": number,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None,
                "finish_reason": finish,
            }
            for number in range(wanted.choices)
        ]
        head = _head("chat.completion")
        return 200, orjson.dumps({**head, "choices": choices, "usage": _usage(wanted, text)})

    async def stream(
        self, request: dict[str, Any], authorization: str | None
    ) -> tuple[int, AsyncGenerator[bytes]]:
        """The same as an event stream, a few characters at a time."""
        try:
            wanted = _read(request)
        except _Refused as refused:
            return refused.status, _once(refused.body)
        return 200, _events(wanted)

    async def models(self, authorization: str | None) -> tuple[int, bytes]:
        model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "trueline"}
        return 200, orjson.dumps({"object": "list", "data": [model]})

    async def reachable(self) -> bool:
        return True

    async def close(self) -> None:
        """There is nothing to free."""


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    yield body


async def _events(wanted: _Wanted) -> AsyncGenerator[bytes]:
    head = _head("chat.completion.chunk")
    text, finish = _say(wanted)

    def event(number: int, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": number, "delta": delta, "logprobs": None, "finish_reason": reason}
        return b"data: " + orjson.dumps({**head, "choices": [choice]}) + b"\n\n"

    for number in range(wanted.choices):
        yield event(number, {"role": "assistant", "content": ""})
    for piece in pieces(text):
        for number in range(wanted.choices):
            yield event(number, {"content": piece})
    for number in range(wanted.choices):
        yield event(number, {}, finish)
    if wanted.include_usage:
        yield b"data: " + orjson.dumps({**head, "choices": [], "usage": _usage(wanted, text)})
        yield b"\n\n"
    yield b"data: [DONE]\n\n"


def pieces(text: str) -> Iterator[str]:
    """The text cut into pieces, which stand in for tokens."""
    for at in range(0, len(text), PIECE_CHARACTERS):
        yield text[at : at + PIECE_CHARACTERS]


def _say(wanted: _Wanted) -> tuple[str, str]:
    text = answer(wanted.turns, tools=wanted.tools, images=wanted.images)
    stops = [at for at in (text.find(stop) for stop in wanted.stops) if at >= 0]
    if stops:
        text = text[: min(stops)]
    if wanted.max_pieces is not None and len(text) > wanted.max_pieces * PIECE_CHARACTERS:
        return text[: wanted.max_pieces * PIECE_CHARACTERS], "length"
    return text, "stop"


def _head(kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": MODEL,
    }


def _usage(wanted: _Wanted, text: str) -> dict[str, int]:
    prompt = sum(_piece_count(turn.text) for turn in wanted.turns)
    reply = _piece_count(text) * wanted.choices
    return {"prompt_tokens": prompt, "completion_tokens": reply, "total_tokens": prompt + reply}


def _piece_count(text: str) -> int:
    return -(-len(text) // PIECE_CHARACTERS)


def _read(request: dict[str, Any]) -> _Wanted:
    model = request.get("model")
    if model != MODEL:
        raise _Refused(
            404,
            f"This model does not exist here. The built-in assistant is called {MODEL}; "
            "start the gateway with --upstream to use other models.",
            "model_not_found",
            "model",
        )
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _Refused(400, "messages must be a list with a message in it.", "invalid", "messages")
    turns: list[Turn] = []
    images = False
    for message in messages:
        if not isinstance(message, dict):
            raise _Refused(400, "each message must be an object.", "invalid", "messages")
        text, other = _text_of(message.get("content"))
        turns.append(Turn(str(message.get("role", "")), text))
        images = images or other
    options = request.get("stream_options")
    return _Wanted(
        turns=tuple(turns),
        choices=_count(request, "n", 1, MAX_CHOICES) or 1,
        max_pieces=_count(request, "max_completion_tokens", 1, 1_000_000)
        or _count(request, "max_tokens", 1, 1_000_000),
        stops=_stops(request.get("stop")),
        tools=bool(request.get("tools")) and request.get("tool_choice") != "none",
        images=images,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
    )


def _count(request: dict[str, Any], field: str, least: int, most: int) -> int | None:
    value = request.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _Refused(400, f"{field} must be a number from {least} to {most}.", "invalid", field)
    return value


def _stops(value: Any) -> tuple[str, ...]:
    given = value if isinstance(value, list) else [value]
    return tuple(stop for stop in given if isinstance(stop, str) and stop)


def _text_of(content: Any) -> tuple[str, bool]:
    """The words of a message, and whether it holds anything else."""
    if isinstance(content, str):
        return content, False
    if not isinstance(content, list):
        return "", content is not None
    texts: list[str] = []
    other = False
    for part in content:
        text = part.get("text") if isinstance(part, dict) else None
        if isinstance(text, str):
            texts.append(text)
        else:
            other = True
    return "\n".join(texts), other
