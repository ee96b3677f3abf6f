"""The events page: search, page by page, one exchange in full, and the export."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.responses import Response, StreamingResponse

from trueline.core.errors import InputError
from trueline.core.exchange import Exchange
from trueline.core.records import Action
from trueline.gateway.console.event_filters import WINDOWS, Chosen
from trueline.gateway.console.events_csv import csv_lines
from trueline.gateway.console.highlight import (
    MAX_CHARACTERS,
    Piece,
    is_redacted,
    pieces,
    stored_pieces,
    visible,
)
from trueline.gateway.console.overview import language_name
from trueline.gateway.console.site import Site, Visit
from trueline.gateway.console.verdict_view import (
    ScoreData,
    VerdictView,
    channels_of,
    strictest,
    verdict_view,
)
from trueline.store.events import EventStore
from trueline.store.keys import list_keys
from trueline.store.queries import Event, export_exchanges, get_exchange, list_exchanges

PAGE_ROWS = 50
EXCERPT = 160
MAX_EXPORT = 100_000
MAX_ATTRIBUTE = 2_000


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of the list."""

    id: str
    time: datetime
    action: str
    shadow: bool
    error: str
    excerpt: str
    no_text: str
    categories: tuple[str, ...]
    language: str
    model: str
    latency: float


@dataclass(frozen=True, slots=True)
class Side:
    """Prompt or reply of one exchange: its stored text, cut at the findings, and its verdict."""

    id: str
    title: str
    characters: int
    pieces: tuple[Piece, ...]
    cut: int
    no_text: str
    note: str
    verdict: VerdictView


async def events_page(site: Site, visit: Visit) -> Response:
    """The list with its filters; faults of a filter are told above it."""
    query = visit.request.query_params
    chosen, cursor = Chosen.of(query), query.get("cursor", "")
    state, problem = site.state, ""
    events: Sequence[Event] = ()
    after, complete = "", True
    try:
        where = chosen.filter(visit.zone)
        page = await asyncio.to_thread(
            lambda: list_exchanges(state.store, where, cursor=cursor, limit=PAGE_ROWS)
        )
        events, after, complete = page.events, page.cursor, page.complete
    except InputError as error:
        problem = str(error)
    names = site.category_names(visit.lang)
    return site.page(
        visit,
        "events.html",
        here="events",
        status=400 if problem else 200,
        problem=problem,
        chosen=chosen,
        rows=[_row(event, names, visit) for event in events],
        complete=complete,
        filtered=chosen.any or bool(cursor),
        older_url=chosen.url("/events", cursor=after) if after else "",
        newest_url=chosen.url("/events") if cursor else "",
        csv_url=chosen.url("/events.csv"),
        actions=[str(action) for action in Action],
        categories=sorted(names.items(), key=lambda item: item[1]),
        windows=tuple(WINDOWS),
        keys=await asyncio.to_thread(_key_names, state.store),
    )


async def event_page(site: Site, visit: Visit) -> Response:
    """One exchange in full."""
    state = site.state
    wanted: str = visit.request.path_params["event_id"]
    event = await asyncio.to_thread(get_exchange, state.store, wanted)
    if event is None:
        return site.message(visit, 404, visit.say("missing.title"), visit.say("missing.event"))
    exchange = event.exchange
    names = site.category_names(visit.lang)
    keys = dict(await asyncio.to_thread(_key_names, state.store))
    whole = max(exchange.latency_ms, exchange.upstream_ms + exchange.guard_ms, 0.001)
    return site.page(
        visit,
        "event.html",
        here="events",
        event=exchange,
        receipt=event.receipt,
        back_url="/events",
        sides=[exchange_side(event, side, names, visit) for side in _sides_of(exchange)],
        timing={
            "upstream_share": exchange.upstream_ms / whole,
            "guard_share": exchange.guard_ms / whole,
        },
        facts=_facts(exchange, keys, visit),
        attributes=[
            (str(name)[:100], _plain(value)) for name, value in exchange.attributes.items()
        ],
    )


async def events_csv(site: Site, visit: Visit) -> Response:
    """Everything that matches as CSV, oldest first, at most `MAX_EXPORT` lines."""
    where = Chosen.of(visit.request.query_params).filter(visit.zone)
    found = export_exchanges(site.state.store, where, limit=MAX_EXPORT)
    return StreamingResponse(
        csv_lines(found),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="trueline-events.csv"'},
    )


def exchange_side(
    event: Event,
    side: str,
    names: Mapping[str, str],
    visit: Visit,
    *,
    text: str | None = None,
) -> Side:
    """One side of an exchange.

    Args:
        event: the exchange as stored.
        side: `prompt` or `reply`.
        names: names of categories and topics.
        visit: whose language it is shown in.
        text: the text as the reader has it, when that is more than what is stored.
    """
    exchange = event.exchange
    prompt = side == "prompt"
    stored = exchange.prompt_text if prompt else exchange.reply_text
    length = exchange.prompt_chars if prompt else exchange.reply_chars
    channels = channels_of(exchange.scores, side)
    own, others = _own_scores(channels, side)
    known = prompt and text is not None  # the judged text itself, where offsets count
    shown = stored if text is None else text
    cut = pieces(shown, own) if known else stored_pieces(shown, own, length)
    action = exchange.prompt_action if prompt else exchange.reply_action
    verdict = verdict_view(
        strictest(own) if known else action,
        own,
        names,
        visit.lang,
        elsewhere=others,
        shadow=exchange.shadow,
    )
    if not prompt and exchange.prompt_action == Action.BLOCK and not exchange.shadow:
        verdict = replace(verdict, note="verdict.safe_reply")
    return Side(
        id=side,
        title=visit.say(f"role.{side}"),
        characters=length,
        pieces=tuple(cut),
        cut=max(0, len(shown) - MAX_CHARACTERS),
        no_text=_no_text(event, length),
        note="event.redacted_note" if text is None and is_redacted(shown, own) else "",
        verdict=verdict,
    )


def _own_scores(
    channels: Mapping[str, Sequence[ScoreData]], side: str
) -> tuple[Sequence[ScoreData], dict[str, Sequence[ScoreData]]]:
    """Scores of the text that is shown, and those of other texts by where they stand.

    The gateway calls the newest text `prompt` and a reply's content `reply`. A check names
    its role. Anything else (earlier turns, tool calls) keeps the path it has in the request.
    """
    name = next((name for name in (side, "document", "tool_result") if name in channels), "")
    others = {where: found for where, found in channels.items() if where != name}
    return channels.get(name, ()), others


def _sides_of(exchange: Exchange) -> list[str]:
    sides = ["prompt", "reply"]
    if exchange.route == "/v1/guard/check":
        reply = exchange.reply_chars or channels_of(exchange.scores, "reply")
        return ["reply"] if reply else ["prompt"]
    return sides


def _row(event: Event, names: Mapping[str, str], visit: Visit) -> EventRow:
    exchange = event.exchange
    text = exchange.prompt_text or exchange.reply_text
    excerpt = " ".join(text[: EXCERPT * 4].split())[:EXCERPT]
    return EventRow(
        id=exchange.id,
        time=exchange.time,
        action=str(exchange.action),
        shadow=exchange.shadow,
        error=exchange.error,
        excerpt=visible(excerpt),
        no_text=_no_text(event, exchange.prompt_chars + exchange.reply_chars),
        categories=tuple(names.get(name, name) for name in exchange.categories),
        language=language_name(exchange.language, visit),
        model=exchange.model,
        latency=exchange.latency_ms,
    )


def _no_text(event: Event, length: int) -> str:
    if event.texts_pruned:
        return "text.pruned"
    return "text.none" if length else "text.empty"


def _facts(exchange: Exchange, keys: Mapping[str, str], visit: Visit) -> list[tuple[str, str]]:
    key = keys.get(exchange.key_id, exchange.key_id) or visit.say("key.open")
    headers = [
        f"x-trueline-exchange-id: {exchange.id}",
        f"x-trueline-action: {exchange.action}",
        f"x-trueline-categories: {','.join(exchange.categories)}",
    ]
    facts = [
        ("fact.route", exchange.route),
        ("fact.model", exchange.model),
        ("fact.upstream", exchange.upstream),
        ("fact.key", key),
        ("fact.user", exchange.user),
        ("fact.language", language_name(exchange.language, visit)),
        ("fact.stream", visit.say("yes" if exchange.stream else "no")),
        ("fact.status", str(exchange.status)),
        ("fact.policy", f"{exchange.policy_name} {exchange.policy_hash}"),
        ("fact.headers", "\n".join(headers)),
    ]
    return [(name, value) for name, value in facts if value]


def _key_names(store: EventStore) -> list[tuple[str, str]]:
    return [(key.id, f"{key.name} ({key.hint}…)") for key in list_keys(store)]


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return visible(text[:MAX_ATTRIBUTE])
