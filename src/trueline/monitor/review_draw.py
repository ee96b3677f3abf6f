"""Choose what people should judge next.

Always a random sample, so that rates stay unbiased: every prompt and every reply is drawn with
one probability, by a toss that its id decides. Beside it, in the same queue, what promises most:
scores near their threshold, what users reported, what an alarm is about. Those are marked as
picked and never enter a rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

from trueline.core.exchange import now
from trueline.core.violation import broke_policy, model_was_asked
from trueline.monitor.rules import ReviewDraw
from trueline.store.alarms import Alarm
from trueline.store.events import EventStore
from trueline.store.feedback import Feedback, list_feedback
from trueline.store.reviews import PARTS, Part, ReviewItem, add_items
from trueline.store.stream import BATCH, Cursor, Observed, newest, read_after
from trueline.store.watches import Watch, load_watches, save_watches

#: Where the draw's own cursor is kept.
WATCH = "*reviews"
FEEDBACK_WATCH = "*feedback"
# Higher goes first. Alarms and reports are about harm that may be happening now.
PRIORITY: Mapping[str, float] = {"alarm": 4.0, "report": 3.0, "random": 2.0, "uncertain": 1.0}
ITEMS_AN_ALARM = 20
REPORTS_A_PAGE = 500


def draw(store: EventStore, settings: ReviewDraw, alarms: Sequence[Alarm] = ()) -> int:
    """Draw from what is new since the last call; returns how many items were new.

    The first call begins with the next exchange: what is stored already was not promised a
    chance.

    Args:
        store: exchanges come from it, items go into it.
        settings: how much is drawn.
        alarms: raised just now; the newest violations behind them are drawn.

    Raises:
        StoreError: the store cannot be used; nothing is drawn twice when it is back.
    """
    watches = load_watches(store)
    watch = watches.get(WATCH)
    if watch is None:
        save_watches(store, [Watch(WATCH, "", newest(store), "{}")])
        return _draw_reports(store, watches.get(FEEDBACK_WATCH))
    cursor, added = watch.cursor, 0
    recent: list[Observed] = []
    while True:
        events, cursor = read_after(store, cursor, scores=True)
        added += add_items(store, chosen(events, settings))
        recent = (recent + [e for e in events if broke_policy(e.reply_action)])[-ITEMS_AN_ALARM:]
        if cursor != watch.cursor:
            save_watches(store, [Watch(WATCH, "", cursor, "{}")])
        if len(events) < BATCH:
            break
    if alarms and recent:
        added += add_items(store, [_picked(event.id, "reply", "alarm") for event in recent])
    return added + _draw_reports(store, watches.get(FEEDBACK_WATCH))


def chosen(events: Iterable[Observed], settings: ReviewDraw) -> list[ReviewItem]:
    """The items of some exchanges: the random ones, and the uncertain ones."""
    items: list[ReviewItem] = []
    for event in events:
        for part in PARTS:
            if not _has(event, part):
                continue
            if toss(event.id, part, "random") < settings.random_share:
                items.append(
                    ReviewItem(
                        exchange_id=event.id, part=part, drawn_for="random",
                        probability=settings.random_share, priority=PRIORITY["random"],
                    )
                )  # fmt: skip
            distance = nearness(event.scores, part)
            if (
                distance is not None
                and distance <= settings.uncertain_margin
                and toss(event.id, part, "uncertain") < settings.uncertain_share
            ):
                closeness = 1 - distance / max(settings.uncertain_margin, 1e-9)
                items.append(
                    ReviewItem(
                        exchange_id=event.id, part=part, drawn_for="uncertain",
                        priority=PRIORITY["uncertain"] * closeness,
                    )
                )  # fmt: skip
    return items


def nearness(scores: Mapping[str, Any], part: Part) -> float | None:
    """How far the score nearest to its threshold is from it; None where nothing was scored."""
    distances = [
        abs(float(score["score"]) - float(score["threshold"]))
        for channel, found in scores.items()
        if channel.startswith(part)
        for score in found
    ]
    return min(distances, default=None)


def toss(event_id: str, part: str, purpose: str) -> float:
    """A number in [0, 1) that the id decides: whoever asks again gets the same answer."""
    text = f"{purpose}\0{part}\0{event_id}".encode("utf-8", "replace")
    return int.from_bytes(blake2b(text, digest_size=6, person=b"review").digest(), "big") / 2**48


def _has(event: Observed, part: Part) -> bool:
    if part == "prompt":
        return event.prompt_chars > 0
    return model_was_asked(event.error, event.reply_chars, event.shadow, event.prompt_action)


def _picked(exchange_id: str, part: Part, reason: str) -> ReviewItem:
    return ReviewItem(
        exchange_id=exchange_id, part=part, drawn_for=reason,  # type: ignore[arg-type]
        priority=PRIORITY[reason],
    )  # fmt: skip


def _draw_reports(store: EventStore, watch: Watch | None) -> int:
    since = _since(watch)
    moment = now()
    reported: set[str] = set()
    found, cursor = False, ""
    while since is not None:
        page = list_feedback(store, since=since, cursor=cursor, limit=REPORTS_A_PAGE)
        reported |= {item.exchange_id for item in page.items if _complains(item)}
        found, cursor = found or bool(page.items), page.cursor
        if not cursor:
            break
    added = add_items(store, [_picked(one, "reply", "report") for one in sorted(reported)])
    # Remarks that were being written while we looked have a time before ours: look back a little.
    if found or watch is None:
        state = f"{moment.timestamp() - 60:.6f}"
        save_watches(store, [Watch(FEEDBACK_WATCH, "", Cursor(), state)])
    return added


def _complains(item: Feedback) -> bool:
    return item.kind in ("report", "correction") or (item.kind == "thumbs" and item.value == -1)


def _since(watch: Watch | None) -> datetime | None:
    if watch is None:
        return None
    return datetime.fromtimestamp(float(watch.state), tz=now().tzinfo)
