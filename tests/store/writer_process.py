"""A process of its own that stores exchanges and prints each id once it is durable.

python writer_process.py URL APPENDERS COUNT     COUNT 0: until it is killed
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys

from trueline.core.exchange import Exchange
from trueline.store.events import EventStore


async def run(url: str, appenders: int, count: int) -> None:
    numbers = iter(range(count)) if count else itertools.count()
    with EventStore.open(url) as store:

        async def appender() -> None:
            for number in numbers:
                exchange = Exchange(
                    prompt_text=f"prompt {number}", categories=("privacy",) if number % 3 else ()
                )
                await store.append_async(exchange)
                os.write(1, exchange.id.encode() + b"\n")

        await asyncio.gather(*(appender() for _ in range(appenders)))


asyncio.run(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
