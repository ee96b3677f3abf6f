"""A trivial OpenAI-compatible upstream on plain asyncio, so that it hardly costs anything.

    python benchmarks/echo_upstream.py 9100

It answers at once with the beginning of the last user text; with `stream` in 20 pieces.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time

PIECES = 20
MODELS = b'{"object":"list","data":[{"id":"echo","object":"model","created":1,"owned_by":"bench"}]}'


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length:")[2].split(b"\r\n")[0]
            body = await reader.readexactly(int(length or 0))
            if head.startswith(b"get"):
                writer.write(whole(MODELS))
            else:
                answer(json.loads(body), writer)
            await writer.drain()
    writer.close()


def answer(request: dict[str, object], writer: asyncio.StreamWriter) -> None:
    """Write the reply to one chat request."""
    messages = request["messages"]
    assert isinstance(messages, list)
    text = "ok: " + str(messages[-1]["content"])[:200]
    head = {"id": "c1", "created": int(time.time()), "model": "echo"}
    if not request.get("stream"):
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        reply = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
        writer.write(whole(json.dumps(reply).encode()))
        return
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    head["object"] = "chat.completion.chunk"
    for number in range(PIECES):
        delta = {"role": "assistant", "content": f"word{number} "}
        writer.write(chunk({**head, "choices": [{"index": 0, "delta": delta}]}))
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    writer.write(chunk({**head, "choices": [last]}))
    writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")


def whole(body: bytes) -> bytes:
    """An answer with a length."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )


def chunk(value: dict[str, object]) -> bytes:
    """One event as one chunk."""
    event = b"data: " + json.dumps(value).encode() + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(event), event)


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(handle, "127.0.0.1", port, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9100))
