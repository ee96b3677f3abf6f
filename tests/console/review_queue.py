"""A review queue to work on: a gateway whose monitor draws nothing by itself, items, and keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.console.conftest import StartConsole
from tests.e2e.servers import RunningGateway

from trueline.core.exchange import Exchange
from trueline.store.keys import create_key
from trueline.store.reviews import DrawnFor, Part, ReviewItem, add_items

# Nothing is drawn, and no round comes in between: the tests say what is in the queue.
QUIET = """\
look_seconds: 3600
review: {{random_share: 0, uncertain_share: 0, reviewers_per_item: {reviewers}}}
"""


def start_quiet(start: StartConsole, tmp_path: Path, reviewers: int = 1) -> RunningGateway:
    """A gateway with a monitor that leaves the queue alone."""
    rules = tmp_path / "monitor.yaml"
    rules.write_text(QUIET.format(reviewers=reviewers), "utf-8")
    return start(monitor=str(rules))


def put_item(
    console: RunningGateway,
    prompt: str = "What is a level?",
    reply: str = "A tool to see what is even.",
    *,
    part: Part = "reply",
    drawn_for: DrawnFor = "random",
    priority: float = 1.0,
    **fields: Any,
) -> ReviewItem:
    """Store an exchange and ask people about it."""
    exchange = Exchange(
        route="/v1/chat/completions", prompt_text=prompt, reply_text=reply,
        prompt_chars=len(prompt), reply_chars=len(reply), **fields,
    )  # fmt: skip
    console.state.store.append(exchange).result(30)
    item = ReviewItem(
        exchange_id=exchange.id, part=part, drawn_for=drawn_for, priority=priority,
        probability=0.1 if drawn_for == "random" else None,
    )  # fmt: skip
    assert add_items(console.state.store, [item]) == 1
    return item


def key_of(console: RunningGateway, name: str, role: str) -> str:
    """A new key's secret."""
    secret = create_key(console.state.store, name, role=role).secret
    console.state.keys.refresh()
    return secret
