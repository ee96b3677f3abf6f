"""The Review page: the next text to judge, and its label, skipped or saved."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from trueline.core.errors import InputError
from trueline.core.exchange import now
from trueline.gateway.console.review_item import ItemView, item_view, known_categories
from trueline.gateway.console.reviewer import (
    MAX_NAME,
    remember_reviewer,
    reviewer_name,
    reviewer_of,
)
from trueline.gateway.console.site import Site, Visit, read_chosen, read_form
from trueline.store.review_history import count_labelled
from trueline.store.reviews import (
    LABELS,
    Label,
    QueueCounts,
    ReviewItem,
    ReviewLabel,
    get_item,
    label_item,
    next_item,
    queue_counts,
)

TABS = (("queue", "/review"), ("settled", "/review/settled"))
# The address carries what was skipped; older skips are forgotten first.
MAX_SKIPPED = 40
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Notice:
    """What came of the form before this page."""

    text: str = ""
    warns: bool = False
    change_url: str = ""


async def review_page(site: Site, visit: Visit) -> Response:
    """How much waits; for reviewers, the next item."""
    reviewer = reviewer_of(visit)
    may = visit.reader is not None and visit.reader.may("review")
    skipped = skipped_in(visit.request.query_params.get("skip", ""))
    view = None
    if may and reviewer:
        view = await asyncio.to_thread(_next_view, site, visit, reviewer, skipped)
    return await _page(site, visit, view, skipped, notice=await _notice(site, visit))


async def item_page(site: Site, visit: Visit) -> Response:
    """One item: to judge it, to change one's label, or to see what came of it."""
    if not reviewer_of(visit):
        return RedirectResponse("/review", 303)
    found = await asyncio.to_thread(_find, site, visit)
    if found is None:
        return _missing(site, visit)
    view = await asyncio.to_thread(item_view, site, visit, *found, reviewer_of(visit))
    return await _page(site, visit, view, ())


async def save_label(site: Site, visit: Visit) -> Response:
    """Take a label, and go on to the next item."""
    reviewer = reviewer_of(visit)
    found = await asyncio.to_thread(_find, site, visit)
    if not reviewer:
        return RedirectResponse("/review", 303)
    if found is None:
        return _missing(site, visit)
    item, labels = found
    form = await read_form(visit.request)
    said = form.get("label", "")
    ticked = await read_chosen(visit.request, "category")
    chosen = known_categories(site, item.part, ticked)
    skipped = skipped_in(form.get("skip", ""))
    problem = ""
    if said not in LABELS:
        problem = "review.not_a_label"
    elif said == "violates" and not chosen:
        problem = "review.pick_one"
    if problem:
        view = await asyncio.to_thread(item_view, site, visit, item, labels, reviewer, chosen)
        notice = Notice(visit.say(problem), warns=True)
        return await _page(site, visit, view, skipped, notice=notice, status=400)
    label = next(one for one in get_args(Label) if one == said)
    settled = await asyncio.to_thread(
        _label, site, ReviewLabel(item.id, reviewer, label, chosen), _reviewers_needed(site)
    )
    if settled is None:
        return RedirectResponse(_address(skipped, notice="settled"), 303)
    return RedirectResponse(_address(skipped, notice="saved", label=label, item=item.id), 303)


async def set_name(site: Site, visit: Visit) -> Response:
    """Open mode: remember who is reviewing in this browser."""
    name = reviewer_name((await read_form(visit.request)).get("name", ""))
    if not name:
        notice = Notice(visit.say("review.name.empty", most=MAX_NAME), warns=True)
        return await _page(site, visit, None, (), notice=notice, status=400, asking=True)
    response = RedirectResponse("/review", 303)
    remember_reviewer(visit, response, name)
    return response


def skipped_in(text: str) -> tuple[str, ...]:
    """Ids of skipped items as the address carries them; what is no id is left out.

    >>> skipped_in("0" * 32 + ".<script>")
    ('00000000000000000000000000000000',)
    """
    ids = [one for one in text[-50 * MAX_SKIPPED :].split(".") if _ID.fullmatch(one)]
    return tuple(dict.fromkeys(ids))[-MAX_SKIPPED:]


async def _page(
    site: Site,
    visit: Visit,
    view: ItemView | None,
    skipped: Sequence[str],
    *,
    notice: Notice | None = None,
    status: int = 200,
    asking: bool = False,
) -> Response:
    counts, today = await asyncio.to_thread(_counts, site, visit)
    reviewer = reviewer_of(visit)
    return site.page(
        visit,
        "review.html",
        here="review",
        status=status,
        tab="queue",
        tabs=TABS,
        counts=counts,
        today=today,
        needed=_reviewers_needed(site),
        reviewer=reviewer,
        may_review=visit.reader is not None and visit.reader.may("review"),
        asks_name=asking or not reviewer or "who" in visit.request.query_params,
        named_by_key=bool(visit.reader and visit.reader.key_id),
        max_name=MAX_NAME,
        view=view,
        notice=notice or Notice(),
        skipped=".".join(skipped),
        skipped_count=len(skipped),
        skip_url=_address((*skipped, view.item.id)) if view else "",
    )


async def _notice(site: Site, visit: Visit) -> Notice:
    query = visit.request.query_params
    kind, said, item_id = query.get("notice", ""), query.get("label", ""), query.get("item", "")
    if kind == "settled":
        return Notice(visit.say("review.notice.settled"), warns=True)
    if kind != "saved" or said not in LABELS:
        return Notice()
    found = await asyncio.to_thread(get_item, site.state.store, item_id)
    open_still = found is not None and found[0].state != "done"
    text = visit.say("review.notice.saved", label=visit.say(f"label.{said}"))
    return Notice(text, change_url=f"/review/{item_id}" if open_still else "")


def _next_view(site: Site, visit: Visit, reviewer: str, skipped: Sequence[str]) -> ItemView | None:
    item = next_item(site.state.store, reviewer, skip=skipped)
    found = get_item(site.state.store, item.id) if item is not None else None
    return item_view(site, visit, *found, reviewer) if found is not None else None


def _find(site: Site, visit: Visit) -> tuple[ReviewItem, list[ReviewLabel]] | None:
    return get_item(site.state.store, str(visit.request.path_params["item_id"]))


def _label(site: Site, label: ReviewLabel, needed: int) -> ReviewItem | None:
    """The item after a label; None when someone else had settled it meanwhile."""
    try:
        return label_item(site.state.store, label, needed=needed)
    except InputError:
        found = get_item(site.state.store, label.item_id)
        if found is not None and found[0].state == "done":
            return None
        raise


def _counts(site: Site, visit: Visit) -> tuple[QueueCounts, int]:
    midnight = now().astimezone(visit.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    reviewer = reviewer_of(visit)
    today = count_labelled(site.state.store, reviewer, midnight) if reviewer else 0
    return queue_counts(site.state.store), today


def _reviewers_needed(site: Site) -> int:
    monitoring = site.state.monitoring
    return monitoring.review.reviewers_per_item if monitoring is not None else 1


def _address(skipped: Sequence[str], **more: str) -> str:
    pairs = {"skip": ".".join(skipped[-MAX_SKIPPED:]), **more}
    query = urlencode({name: value for name, value in pairs.items() if value})
    return f"/review?{query}" if query else "/review"


def _missing(site: Site, visit: Visit) -> Response:
    return site.message(visit, 404, visit.say("missing.title"), visit.say("review.missing"))
