"""Step 4: a gateway in front of the assistant, and real requests to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from trueline.core.records import Action
from trueline.lifecycle.tour.place import Place, Size, read_rows
from trueline.lifecycle.tour.traffic import Sent, send
from trueline.monitor.review_draw import draw
from trueline.monitor.rules_file import load_monitoring
from trueline.store.events import EventStore
from trueline.store.queries import get_exchange

#: Opens a gateway with these settings in front of an upstream (None: the built-in assistant)
#: and gives its address.
OpenGateway = Callable[[Mapping[str, Any], Any], AbstractContextManager[str]]
ASSISTANT = "trueline-assistant"
STREAM_EVERY = 4
_WANTED: Mapping[str, Action] = {
    "impatient": Action.FLAG, "privacy": Action.REDACT, "prompt_injection": Action.BLOCK,
}  # fmt: skip


def guard_assistant(place: Place, size: Size, open_gateway: OpenGateway) -> dict[str, Any]:
    """Send the messages through a gateway and say what it did with them."""
    rows = messages(place, size)
    with EventStore.open(place.store) as store:
        draw(store, load_monitoring(place.monitor_file).review)  # from here on texts are drawn
    with open_gateway(settings(place), None) as address:
        sent = send(address, rows, sent_log(place), model=ASSISTANT, stream_every=STREAM_EVERY)
    decided = decisions(place, sent)
    wanted = {row["id"]: wanted_action(row) for row in rows}
    actions = Counter(str(action) for action in decided.values())
    return {
        "sent": len(sent),
        "streamed": sum(one.streamed for one in sent),
        **{name: actions[name] for name in ("allow", "flag", "redact", "block")},
        "as_known": sum(decided[one.exchange] == wanted[one.sample] for one in sent),
    }


def messages(place: Place, size: Size) -> list[dict[str, Any]]:
    """The messages that are sent."""
    return read_rows(place.sample("messages.jsonl"))[: size.messages]


def sent_log(place: Place) -> Path:
    """The file that says which messages were sent."""
    return place.folder / "traffic.jsonl"


def wanted_action(row: Mapping[str, Any]) -> Action:
    """What the policy wants done with a message, by what is known of it."""
    return max((_WANTED[name] for name in row["categories"]), default=Action.ALLOW)


def decisions(place: Place, sent: list[Sent]) -> dict[str, Action]:
    """What was done to the prompt of each exchange, as the log has it."""
    found: dict[str, Action] = {}
    with EventStore.open(place.store, read_only=True) as store:
        for one in sent:
            event = get_exchange(store, one.exchange)
            if event is not None:
                found[one.exchange] = event.exchange.prompt_action
    return found


def settings(place: Place) -> dict[str, Any]:
    """Settings of the tour's gateways: the tour itself does the rounds of the monitor."""
    return {
        "host": "127.0.0.1", "port": 0, "db": place.store, "policy": str(place.policy_file),
        "monitor": "off", "drain_timeout": 5.0,
    }  # fmt: skip
