"""The Feedback page: scores, their parts, the reports, and what becomes of them."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.console.client import Reader, shown
from tests.console.conftest import Record, StartConsole
from tests.console.review_queue import key_of, start_quiet
from tests.e2e.servers import RunningGateway

from trueline.core.exchange import Exchange, now
from trueline.gateway.console.feedback_pages import GROUPS, PERIODS, FeedbackChosen
from trueline.gateway.console.feedback_trend import draw_trend
from trueline.monitor.satisfaction import TrendPoint, net_promoter_score
from trueline.store.feedback import Feedback, add_feedback
from trueline.store.reviews import ReviewLabel, label_item, list_items

HOSTILE = "<script>document.title='broken'</script>"


@pytest.fixture
def quiet(start: StartConsole, tmp_path: Path) -> RunningGateway:
    """A console whose monitor draws nothing by itself."""
    return start_quiet(start, tmp_path)


def asked(console: RunningGateway, **fields: object) -> str:
    values = {"route": "/v1/chat/completions", "prompt_chars": 5, "reply_chars": 5, **fields}
    exchange = Exchange(**values)  # type: ignore[arg-type]
    console.state.store.append(exchange).result(30)
    return exchange.id


def said(console: RunningGateway, exchange_id: str, **fields: object) -> None:
    remark = Feedback(exchange_id=exchange_id, **fields)  # type: ignore[arg-type]
    add_feedback(console.state.store, remark).result(30)


def test_scores_are_told_with_interval_and_parts(quiet: RunningGateway) -> None:
    for value in (5, 5, 4, 3, 1):
        said(quiet, asked(quiet, language="zh"), kind="rating", value=value)
    said(quiet, asked(quiet), kind="nps", value=10)
    for value in (1, 1, -1):
        said(quiet, asked(quiet), kind="thumbs", value=value)

    with Reader(quiet.url) as reader:
        page = shown(reader.get("/feedback"))
    with Reader(quiet.url, "zh") as reader:
        chinese = shown(reader.get("/feedback"))

    assert "NPS, rating 1–5 +40 95% interval −" in page
    assert "5 answers" in page
    assert "NPS, recommendation 0–10 +100" in page
    assert "Thumbs up 67% 2 up, 1 down" in page
    assert "Detractors 1 20%" in page
    assert "Promoters 3 60%" in page
    assert "Chinese 5 +40 (−" in page
    assert "净推荐值，1–5 分评分 +40 95% 区间 −" in chinese
    assert "赞 2，踩 1" in chinese


def test_the_period_and_the_scale_decide_what_counts(quiet: RunningGateway) -> None:
    old = asked(quiet, time=now() - timedelta(days=20))
    said(quiet, old, kind="rating", value=1, time=now() - timedelta(days=20))
    said(quiet, asked(quiet), kind="nps", value=9)

    with Reader(quiet.url) as reader:
        week = shown(reader.get("/feedback?window=7d"))
        month = shown(reader.get("/feedback?window=30d"))
        unknown = reader.get("/feedback?window=ever&by=__class__&scale=7&kind=x")
        only_ten = reader.get("/feedback?window=7d")

    assert "NPS, rating 1–5 – no answers" in week
    assert "NPS, rating 1–5 −100" in month
    assert unknown.status_code == 200
    ten = "/feedback?window=7d&amp;scale=10&amp;by=language&amp;kind=report"
    assert f'<a href="{ten}" aria-current="true">' in only_ten.text


def test_no_feedback_says_how_to_send_some_and_a_quiet_period_says_so(
    quiet: RunningGateway,
) -> None:
    with Reader(quiet.url) as reader:
        empty = shown(reader.get("/feedback"))
        old = asked(quiet)
        said(quiet, old, kind="thumbs", value=1, time=now() - timedelta(days=20))
        silent = shown(reader.get("/feedback?window=7d"))

    assert "No feedback yet" in empty
    assert f"{quiet.url}/v1/feedback" in empty
    assert "No feedback in this period" in silent


def test_a_report_is_put_into_review_once(quiet: RunningGateway) -> None:
    exchange_id = asked(quiet)
    said(quiet, exchange_id, kind="report", reason="harmful", text="It is wrong.")
    secret = key_of(quiet, "ann", "reviewer")

    with Reader(quiet.url) as reader:
        reader.sign_in(secret)
        page = reader.get("/feedback")
        form = {"exchange_id": exchange_id, "window": "7d"}
        first = reader.post("/feedback/review", form)
        after = reader.get(first.headers["location"])
        second = reader.get(reader.post("/feedback/review", form).headers["location"])
        nobody = reader.post("/feedback/review", {"exchange_id": "0" * 32})
    (item,) = list_items(quiet.state.store)

    assert f'href="/events/{exchange_id}"' in page.text
    assert "It is wrong." in shown(page)
    assert "Put into review" in shown(page)
    assert (item.exchange_id, item.part, item.drawn_for) == (exchange_id, "reply", "report")
    assert "window=7d" in first.headers["location"]
    assert "Put into the review queue." in shown(after)
    assert f'href="/review/{item.id}"' in after.text
    assert "It is in the review queue already." in shown(second)
    assert nobody.status_code == 404


def test_what_came_of_a_report_is_told(quiet: RunningGateway) -> None:
    exchange_id = asked(quiet)
    said(quiet, exchange_id, kind="report", reason="harmful")

    with Reader(quiet.url) as reader:
        reader.post("/feedback/review", {"exchange_id": exchange_id})
        (item,) = list_items(quiet.state.store)
        label_item(quiet.state.store, ReviewLabel(item.id, "ann", "fine"))
        page = shown(reader.get("/feedback"))

    assert "settled: Fine" in page


def test_a_viewer_reads_and_cannot_put_into_review(quiet: RunningGateway) -> None:
    exchange_id = asked(quiet)
    said(quiet, exchange_id, kind="report", reason="harmful")
    secret = key_of(quiet, "vic", "viewer")

    with Reader(quiet.url) as reader:
        reader.sign_in(secret)
        page = reader.get("/feedback")
        answer = reader.post("/feedback/review", {"exchange_id": exchange_id})

    assert page.status_code == 200
    assert "Put into review" not in shown(page)
    assert answer.status_code == 403
    assert list_items(quiet.state.store) == []


def test_hostile_words_models_and_reasons_are_shown_and_do_nothing(quiet: RunningGateway) -> None:
    for text in (HOSTILE, "\u202egnihton", "w" * 5000):
        exchange_id = asked(quiet, model=text[:200], language="zh")
        said(quiet, exchange_id, kind="report", reason="harmful", text=text)
        said(quiet, exchange_id, kind="rating", value=2)

    with Reader(quiet.url) as reader:
        page = reader.get("/feedback?by=model")

    assert "document.title='broken'" in shown(page)
    assert "<script>document" not in page.text
    assert "\u202e" not in page.text
    assert "w" * 500 not in page.text


def test_invented_models_do_not_make_the_page_long(quiet: RunningGateway) -> None:
    for number in range(GROUPS + 5):
        said(quiet, asked(quiet, model=f"model-{number}"), kind="rating", value=4)

    with Reader(quiet.url) as reader:
        page = reader.get("/feedback?by=model")

    assert page.text.count("<bdi>model-") == GROUPS
    assert f"The {GROUPS} groups with most answers." in shown(page)


def test_reports_follow_page_by_page(quiet: RunningGateway) -> None:
    exchange_id = asked(quiet)
    for number in range(25):
        said(quiet, exchange_id, kind="report", reason=f"reason{number:02}")

    with Reader(quiet.url) as reader:
        first = reader.get("/feedback")
        older = first.text.split('id="older" href="')[1].split('"')[0].replace("&amp;", "&")
        second = reader.get(older.split("#")[0])
        table = second.text.split('class="feedback-queue"')[1]

    assert first.text.split('class="feedback-queue"')[1].count("<code>reason") == 20
    assert table.count("<code>reason") == 5


def test_the_export_runs_nothing_and_keeps_to_the_period(
    quiet: RunningGateway, record: Record
) -> None:
    exchange_id = asked(quiet)
    said(quiet, exchange_id, kind="report", reason="harmful", text="=HYPERLINK(1)")
    said(quiet, exchange_id, kind="rating", value=4, time=now() - timedelta(days=20))

    with Reader(quiet.url) as reader:
        answer = reader.get("/feedback.csv?window=7d")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))

    assert 'filename="trueline-feedback.csv"' in answer.headers["content-disposition"]
    assert [(row["kind"], row["reason"], row["text"]) for row in rows] == [
        ("report", "harmful", "'=HYPERLINK(1)")
    ]


@given(st.dictionaries(st.sampled_from(["window", "scale", "by", "kind"]), st.text(max_size=20)))
def test_whatever_is_chosen_becomes_an_address_that_means_the_same(query: dict[str, str]) -> None:
    chosen = FeedbackChosen.of(query)
    again = FeedbackChosen.of(dict(parse_qsl(urlsplit(chosen.url()).query)))

    assert chosen.window in PERIODS
    assert again == chosen


@given(st.lists(st.lists(st.integers(1, 5), max_size=4), min_size=1, max_size=5))
def test_a_drawing_has_a_mark_for_each_stretch_with_answers(stretches: list[list[int]]) -> None:
    begin = now()
    points = [
        TrendPoint(begin, begin + timedelta(days=1), net_promoter_score(values, scale=5))
        for values in stretches
    ]

    drawing = draw_trend(points, ["title"] * len(points))

    assert len(drawing.marks) == sum(bool(values) for values in stretches)
    assert all(0 <= mark.high_y <= mark.y <= mark.low_y <= 100 for mark in drawing.marks)
    assert drawing.line.count("M") + drawing.line.count("L") == len(drawing.marks)
