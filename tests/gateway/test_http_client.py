"""The client of the upstream: which URLs it takes, and how it uses connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from trueline.core.errors import InputError, UpstreamError
from trueline.gateway.http_client import (
    HttpClient,
    Origin,
    TimeLimits,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.mark.parametrize(
    ("url", "host_header", "prefix"),
    [
        ("http://127.0.0.1:8000/v1", "127.0.0.1:8000", "/v1"),
        ("https://api.example.com/v1/", "api.example.com", "/v1"),
        ("http://[::1]:9/x", "[::1]:9", "/x"),
        ("http://host:80", "host", ""),
    ],
)
def test_a_url_is_taken_apart(url: str, host_header: str, prefix: str) -> None:
    origin = Origin.parse(url)

    assert (origin.host_header, origin.prefix) == (host_header, prefix)


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://host/", "http://", "http://host:99999/", "http://u:p@host/",
     "http://host/?q=1", "http://host/#x", "http://hôst/", "http://[::1/"],
)  # fmt: skip
def test_what_is_no_plain_http_url_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="upstream"):
        Origin.parse(url)


def run(handler: Handler, work: Callable[[HttpClient], Awaitable[None]], **limits: float) -> int:
    """Serve with `handler` while `work` runs; gives the number of connections made."""
    made = 0

    async def main() -> None:
        async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal made
            made += 1
            try:
                await handler(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(counted, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = HttpClient(
            f"http://127.0.0.1:{port}/v1", limits=TimeLimits(**{"first_byte": 5, **limits})
        )
        try:
            await work(client)
        finally:
            await client.close()
            server.close()
            await asyncio.sleep(0)

    asyncio.run(main())
    return made


async def answer(writer: asyncio.StreamWriter, body: bytes, head: bytes = b"") -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))
    await writer.drain()


async def keeping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await reader.readuntil(b"\r\n\r\n")
        await answer(writer, b"ok")


def test_one_connection_serves_many_requests() -> None:
    async def work(client: HttpClient) -> None:
        for _ in range(20):
            assert await client.fetch("GET", "/x") == (200, b"ok")

    assert run(keeping, work) == 1


def test_requests_at_the_same_time_have_connections_of_their_own() -> None:
    async def work(client: HttpClient) -> None:
        answers = await asyncio.gather(*[client.fetch("GET", "/x") for _ in range(10)])
        assert answers == [(200, b"ok")] * 10

    assert run(keeping, work) == 10


def test_a_connection_that_says_close_is_not_used_again() -> None:
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answer(writer, b"ok", b"connection: close\r\n")

    async def work(client: HttpClient) -> None:
        for _ in range(3):
            await client.fetch("GET", "/x")

    assert run(closing, work) == 3


def test_an_interim_answer_is_passed_over() -> None:
    async def interim(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await answer(writer, b"final")

    async def work(client: HttpClient) -> None:
        assert await client.fetch("GET", "/x") == (200, b"final")

    run(interim, work)


def test_a_second_answer_in_the_same_bytes_is_never_taken_for_the_next_ones() -> None:
    async def splitting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            one = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"
            writer.write(one + b"own" + one + b"bad")
            await writer.drain()

    async def work(client: HttpClient) -> None:
        for _ in range(3):
            with pytest.raises(UpstreamError, match="more than one reply"):
                await client.fetch("GET", "/x")

    assert run(splitting, work) == 3


def test_a_stream_read_slowly_does_not_fill_the_memory() -> None:
    sent = 0

    async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            await writer.drain()
            sent += 65536

    async def work(client: HttpClient) -> None:
        _, pieces = await client.open_stream("GET", "/x")
        await anext(pieces)
        before = -1
        while sent != before:  # until the server cannot send any more
            before = sent
            await asyncio.sleep(0.05)
        await pieces.aclose()

    run(flooding, work)

    assert sent < 32_000_000


def test_a_stream_that_is_never_read_is_still_closed() -> None:
    closed = asyncio.Event()

    async def streaming(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n")
        await reader.read()
        closed.set()

    async def work(client: HttpClient) -> None:
        _, pieces = await client.open_stream("GET", "/x")
        await pieces.aclose()
        await asyncio.wait_for(closed.wait(), 10)

    run(streaming, work)


def test_silence_is_told_apart_from_refusal() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def hanging_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async def late(client: HttpClient) -> None:
        with pytest.raises(UpstreamTimeoutError, match=r"did not answer within 0\.05 s"):
            await client.fetch("GET", "/x")

    async def gone(client: HttpClient) -> None:
        with pytest.raises(UpstreamUnreachableError):
            await client.fetch("GET", "/x")

    run(silent, late, first_byte=0.05)
    run(hanging_up, gone)
