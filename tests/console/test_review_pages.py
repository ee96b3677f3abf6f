"""The Review page: who may label, what is shown to whom, and what two people at once do."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.console.client import Reader, shown
from tests.console.conftest import StartConsole
from tests.console.review_queue import key_of, put_item, start_quiet
from tests.e2e.servers import RunningGateway

from trueline.core.records import Action
from trueline.gateway.console.review_pages import MAX_SKIPPED, skipped_in
from trueline.store.feedback import Feedback, add_feedback
from trueline.store.keys import list_keys, revoke_key
from trueline.store.reviews import ReviewItem, ReviewLabel, add_items, get_item, label_item

HOSTILE = "<script>document.title='broken'</script>"
SCORE = {
    "category": "crime_fraud", "score": 0.91, "threshold": 0.5, "action": "block",
    "scorer": "lexicon", "reason": "listed word",
}  # fmt: skip


@pytest.fixture
def quiet(start: StartConsole, tmp_path: Path) -> RunningGateway:
    """A console whose queue holds what the test put there."""
    return start_quiet(start, tmp_path)


def signed_in(console: RunningGateway, name: str, role: str, language: str = "en") -> Reader:
    reader = Reader(console.url, language)
    reader.sign_in(key_of(console, name, role))
    return reader


def label(reader: Reader, item: ReviewItem, said: str, *categories: str) -> httpx.Response:
    form: dict[str, object] = {"csrf": reader.token(), "label": said, "category": list(categories)}
    return reader.http.post(f"/review/{item.id}", data=form)


def state_of(console: RunningGateway, item: ReviewItem) -> ReviewItem:
    found = get_item(console.state.store, item.id)
    assert found is not None
    return found[0]


def test_a_reviewer_sees_prompt_reply_and_what_the_guard_did(quiet: RunningGateway) -> None:
    put_item(
        quiet, "How is it done?", "Like this.", drawn_for="uncertain",
        reply_action=Action.BLOCK, action=Action.BLOCK, scores={"reply": [SCORE]},
    )  # fmt: skip

    with signed_in(quiet, "ann", "reviewer") as reader:
        page = reader.get("/review")
    words = shown(page)

    assert page.status_code == 200
    assert "How is it done?" in words
    assert "Like this." in words
    assert "Judge the reply" in words
    assert "A score was close to its threshold." in words
    assert "Block" in words
    assert "0.91" in words
    assert "listed word" in words
    assert page.text.count('class="text blurrable"') == 2


def test_a_random_item_is_judged_before_its_scores_are_seen(quiet: RunningGateway) -> None:
    put_item(quiet, scores={"reply": [SCORE]}, priority=9)
    random = Reader(quiet.url)
    random.sign_in(key_of(quiet, "ann", "reviewer"))

    first = random.get("/review").text
    put_item(quiet, "other", "other", drawn_for="report", priority=10)
    second = random.get("/review").text
    random.http.close()

    assert '<details class="card review-guard" id="guard">' in first
    assert '<details class="card review-guard" id="guard" open>' in second


def test_a_viewer_sees_how_much_waits_and_nothing_of_it(quiet: RunningGateway) -> None:
    item = put_item(quiet, "a secret prompt", "a secret reply")

    with signed_in(quiet, "vic", "viewer") as reader:
        page = reader.get("/review")
        closed = [
            reader.get(path).status_code
            for path in (f"/review/{item.id}", "/review/settled", "/review.csv")
        ]
        answer = label(reader, item, "fine")

    assert "1 Waiting" in shown(page)
    assert "may see the counts only" in shown(page)
    assert "secret" not in page.text
    assert closed == [403, 403, 403]
    assert answer.status_code == 403
    assert "may look and not review" in shown(answer)
    assert state_of(quiet, item).state == "open"


def test_a_label_settles_the_item_and_leads_to_the_next(quiet: RunningGateway) -> None:
    first = put_item(quiet, "first", "one", priority=2)
    put_item(quiet, "second", "two", priority=1)

    with signed_in(quiet, "ann", "reviewer") as reader:
        answer = label(reader, first, "violates", "privacy", "no-such-category")
        page = reader.get(answer.headers["location"])

    settled = state_of(quiet, first)
    assert (answer.status_code, settled.state, settled.label) == (303, "done", "violates")
    assert settled.categories == ("privacy",)
    assert "Saved: Violates." in shown(page)
    assert "1 Labelled by me today" in shown(page)
    assert "second" in shown(page)


def test_a_violation_needs_its_category_and_the_ticks_are_kept(quiet: RunningGateway) -> None:
    item = put_item(quiet)

    with signed_in(quiet, "ann", "reviewer") as reader:
        without = label(reader, item, "violates")
        nothing = label(reader, item, "nonsense", "privacy")

    assert without.status_code == 400
    assert "Choose the category it violates first." in shown(without)
    assert nothing.status_code == 400
    assert "Choose one of the labels." in shown(nothing)
    assert 'value="privacy" data-key="2" checked' in nothing.text
    assert state_of(quiet, item).state == "open"


def test_reviewers_who_differ_are_hidden_until_a_third_decides(
    start: StartConsole, tmp_path: Path
) -> None:
    console = start_quiet(start, tmp_path, reviewers=2)
    item = put_item(console)
    ann = signed_in(console, "ann", "reviewer")
    label(ann, item, "fine")
    bob = signed_in(console, "bob", "reviewer")

    alone = bob.get("/review")
    label(bob, item, "violates", "privacy")
    mine = ann.get(f"/review/{item.id}")
    chen = signed_in(console, "chen", "admin")
    disputed = chen.get("/review")
    label(chen, item, "violates", "privacy")
    after = chen.get("/review/settled")
    for reader in (ann, bob, chen):
        reader.http.close()

    assert "ann" not in shown(alone)
    assert "You said: Fine." in shown(mine)
    assert "bob" not in shown(mine)
    assert "Two reviewers differ; you decide." in shown(disputed)
    assert not {"ann", "bob"} & set(shown(disputed).split())
    assert "ann Fine bob Violates chen Violates decided" in shown(after)
    assert state_of(console, item).label == "violates"


def test_an_item_settled_meanwhile_is_told_and_the_next_one_comes(quiet: RunningGateway) -> None:
    item = put_item(quiet, "first", "one", priority=2)
    put_item(quiet, "second", "two", priority=1)

    with signed_in(quiet, "ann", "reviewer") as reader:
        reader.get("/review")
        label_item(quiet.state.store, ReviewLabel(item.id, "bob", "violates", ("privacy",)))
        answer = label(reader, item, "fine")
        page = reader.get(answer.headers["location"])

    assert answer.status_code == 303
    assert "Someone settled that item meanwhile, so your label was not saved." in shown(page)
    assert "second" in shown(page)
    assert state_of(quiet, item).label == "violates"


def test_two_reviewers_who_save_at_once_are_both_heard(start: StartConsole, tmp_path: Path) -> None:
    console = start_quiet(start, tmp_path, reviewers=2)
    items = [put_item(console, f"text {n}", "reply") for n in range(8)]
    readers = [signed_in(console, name, "reviewer") for name in ("ann", "bob")]
    tokens = [reader.token() for reader in readers]

    def save(who: int, item: ReviewItem) -> int:
        form = {"csrf": tokens[who], "label": "fine"}
        return readers[who].http.post(f"/review/{item.id}", data=form).status_code

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(save, who, item) for item in items for who in (0, 1)]
        codes = {one.result() for one in asked}
    for reader in readers:
        reader.http.close()

    assert codes == {303}
    for item in items:
        found = get_item(console.state.store, item.id)
        assert found is not None
        assert found[0].state == "done"
        assert sorted(one.reviewer for one in found[1]) == ["ann", "bob"]


def test_skipped_items_come_last_and_can_be_seen_again(quiet: RunningGateway) -> None:
    first = put_item(quiet, "first", "one", priority=2)
    put_item(quiet, "second", "two", priority=1)

    with signed_in(quiet, "ann", "reviewer") as reader:
        start_page = reader.get("/review")
        second = reader.get(f"/review?skip={first.id}")
        ids = first.id + "." + second.text.split('action="/review/')[1][:32]
        end = reader.get(f"/review?skip={ids}")

    assert f'href="/review?skip={first.id}"' in start_page.text
    assert "second" in shown(second)
    assert "The 2 you skipped still wait." in shown(end)
    assert 'href="/review"' in end.text


@given(st.text(max_size=400), st.integers(0, 100))
def test_an_address_never_carries_more_than_ids(text: str, ids: int) -> None:
    many = ".".join(f"{n:032x}" for n in range(ids))

    found = skipped_in(f"{many}.{text}")

    assert len(found) <= MAX_SKIPPED
    assert all(len(one) == 32 and set(one) <= set("0123456789abcdef") for one in found)


def test_open_mode_asks_for_a_name_once(quiet: RunningGateway) -> None:
    item = put_item(quiet)

    with Reader(quiet.url) as reader:
        asked = reader.get("/review")
        empty = reader.post("/review/name", {"name": "   "})
        reader.post("/review/name", {"name": " Ann  <b>Lee</b> 李 "})
        page = reader.get("/review")
        label(reader, item, "fine")

    assert "Who is reviewing?" in shown(asked)
    assert empty.status_code == 400
    assert "A name has 1 to 60 characters." in shown(empty)
    assert "Reviewing as Ann <b>Lee</b> 李" in shown(page)
    assert "<b>Lee" not in page.text
    found = get_item(quiet.state.store, item.id)
    assert found is not None
    assert [one.reviewer for one in found[1]] == ["Ann <b>Lee</b> 李"]


@pytest.mark.parametrize("name", ["/review/name", "/review/" + "0" * 32])
def test_a_form_without_its_token_changes_nothing(quiet: RunningGateway, name: str) -> None:
    with signed_in(quiet, "ann", "admin") as reader:
        answer = reader.http.post(name, data={"csrf": "0" * 64, "name": "eve", "label": "fine"})

    assert answer.status_code == 403


def test_hostile_text_is_shown_and_does_nothing(quiet: RunningGateway) -> None:
    item = put_item(quiet, HOSTILE, "\u202egnihton" + "w" * 3000, drawn_for="report")
    remark = Feedback(exchange_id=item.exchange_id, kind="report", reason="harmful", text=HOSTILE)
    add_feedback(quiet.state.store, remark).result(30)

    with signed_in(quiet, HOSTILE, "reviewer") as reader:
        page = reader.get("/review")
        label(reader, item, "fine")
        settled = reader.get("/review/settled")

    assert "In the user's words" in shown(page)
    for text in (page.text, settled.text):
        assert "<script>document" not in text
        assert "\u202e" not in text


def test_a_record_that_was_removed_can_only_be_unsure(quiet: RunningGateway) -> None:
    item = ReviewItem(exchange_id="f" * 32, part="reply", drawn_for="random")
    add_items(quiet.state.store, [item])

    with signed_in(quiet, "ann", "reviewer") as reader:
        page = reader.get("/review")
        missing = reader.get("/review/" + "e" * 32)

    assert "The record was removed, so it cannot be judged" in shown(page)
    assert missing.status_code == 404
    assert "There is no such review item." in shown(missing)


def test_a_session_that_ended_gives_back_what_was_written(quiet: RunningGateway) -> None:
    put_item(quiet)
    secret = key_of(quiet, "ann", "admin")
    key_of(quiet, "spare", "admin")

    with Reader(quiet.url, "zh") as reader:
        reader.sign_in(secret)
        token = reader.token()
        ann = next(key for key in list_keys(quiet.state.store) if key.name == "ann")
        revoke_key(quiet.state.store, ann.id)
        form = {"csrf": token, "reason": f"模型已回滚 {HOSTILE}"}
        answer = reader.http.post("/alarms/0/resolve", data=form)
        forged = reader.http.post("/alarms/0/resolve", data={**form, "csrf": "0" * 64})

    assert answer.status_code == 401
    assert "登录已失效" in shown(answer)
    assert "模型已回滚" in shown(answer)
    assert "<script>document" not in answer.text
    assert forged.status_code == 401
    assert "模型已回滚" not in forged.text


def test_agreement_is_told_with_its_intervals(start: StartConsole, tmp_path: Path) -> None:
    console = start_quiet(start, tmp_path, reviewers=2)
    for number in range(10):
        item = put_item(console, f"text {number}", "reply")
        for name in ("ann", "bob"):
            said = "violates" if number < 4 else "fine"
            if number == 0 and name == "bob":
                said = "fine"
            categories = ("privacy",) if said == "violates" else ()
            one = ReviewLabel(item.id, name, "violates" if categories else "fine", categories)
            label_item(console.state.store, one, needed=2)

    with signed_in(console, "chen", "reviewer") as reader:
        page = shown(reader.get("/review/settled"))
    with signed_in(console, "li", "reviewer", "zh") as reader:
        chinese = shown(reader.get("/review/settled"))

    assert "Said the same 9 / 10 · 90% (55% to 100%)" in page
    assert "Cohen's kappa 0.78 (" in page
    assert "From 10 items that two people or more labelled on their own in 90 days" in page
    assert "判断相同 9 / 10" in chinese
    assert "Cohen κ 0.78" in chinese


def test_the_export_has_a_line_for_each_label_and_runs_nothing(
    start: StartConsole, tmp_path: Path
) -> None:
    console = start_quiet(start, tmp_path)
    item = put_item(console, "kept to the log", "kept too")
    put_item(console, "open", "open")
    label_item(console.state.store, ReviewLabel(item.id, "=cmd|'/c calc'!A1", "fine"))

    with signed_in(console, "chen", "reviewer") as reader:
        answer = reader.get("/review.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))

    assert 'filename="trueline-reviews.csv"' in answer.headers["content-disposition"]
    assert [(row["item_id"], row["label"]) for row in rows] == [(item.id, "fine")]
    assert rows[0]["reviewer"] == "'=cmd|'/c calc'!A1"
    assert "kept" not in answer.text


def test_settled_items_follow_page_by_page(quiet: RunningGateway) -> None:
    for number in range(60):
        item = put_item(quiet, f"text {number}", "reply")
        label_item(quiet.state.store, ReviewLabel(item.id, "ann", "fine"))

    with signed_in(quiet, "ann", "reviewer") as reader:
        first = reader.get("/review/settled").text
        older = first.split('id="older" href="')[1].split('"')[0]
        second = reader.get(older).text
        bad = reader.get("/review/settled?cursor=nonsense")

    assert (first.count("/review/0"), second.count("/review/0")) == (50, 10)
    assert bad.status_code == 400
