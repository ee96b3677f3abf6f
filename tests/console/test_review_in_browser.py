"""Reviewing in a real Chromium: by keyboard, and from a user's report to an approved threshold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from tests.console.browser import PHONE, Browser
from tests.console.conftest import StartConsole
from tests.console.review_queue import key_of, put_item, start_quiet
from tests.e2e.servers import RunningGateway
from tests.e2e.test_monitoring import until

from trueline.core.exchange import Exchange
from trueline.store.policy_versions import list_versions
from trueline.store.reviews import ReviewItem, ReviewLabel, add_items, get_item, label_item
from trueline.store.watches import load_watches

pytestmark = pytest.mark.browser

LANGUAGES = ("en", "zh")
HOSTILE = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"
RULES = """\
look_seconds: 0.05
review: {random_share: 0, uncertain_share: 0}
rules:
  - {name: errors, kind: rate, rate: error, limit: 0.02}
"""
POLICY = """\
schema: trueline.policy/1
name: shop
max_violation_rate: 0.01
categories:
  violence:
    action: block
    threshold: 0.9
    max_miss_rate: 0.2
  privacy: {action: redact}
storage: {text: full}
"""

Press = Callable[..., None]


@pytest.fixture
def press(browser: Browser) -> Press:
    """Press keys, one after the other, wherever the focus is."""

    def keys(*names: str) -> None:
        for name in names:
            ActionChains(browser.driver).send_keys(name).perform()

    return keys


def sign_in(browser: Browser, base: str, secret: str, path: str) -> None:
    browser.open(f"/login?lang=en&next={path}", base)
    browser.one("#key").send_keys(secret)
    browser.one("main form button").click()
    browser.wait(lambda: browser.run("return location.pathname") == path)


def blurred(browser: Browser, selector: str = "#reply-text") -> bool:
    style = "return getComputedStyle(arguments[0]).filter"
    return "blur" in str(browser.run(style, browser.one(selector)))


def state_of(console: RunningGateway, item: ReviewItem) -> str:
    found = get_item(console.state.store, item.id)
    assert found is not None
    return found[0].state


@pytest.fixture
def ready(start: StartConsole, tmp_path: Path, browser: Browser) -> RunningGateway:
    """A console with a reviewer signed in."""
    console = start_quiet(start, tmp_path)
    sign_in(browser, console.url, key_of(console, "ann", "reviewer"), "/review")
    return console


def test_nothing_is_labelled_before_its_text_was_shown(
    browser: Browser, ready: RunningGateway, press: Press
) -> None:
    item = put_item(ready, "A question.", "An answer.")
    browser.open("/review", ready.url)

    before = blurred(browser)
    press("f")
    hint = browser.one("#show-first")
    told = hint.is_displayed()
    press("r")
    shown = blurred(browser)
    press("r")

    assert before
    assert told
    assert not shown
    assert blurred(browser)
    assert not hint.is_displayed()
    assert state_of(ready, item) == "open"


def test_a_violation_is_labelled_by_keyboard_alone(
    browser: Browser, ready: RunningGateway, press: Press
) -> None:
    item = put_item(ready, "A question.", "An answer.", priority=2)
    put_item(ready, "Another question.", "Another answer.", priority=1)
    browser.open("/review", ready.url)

    press("r", "v")
    asked = browser.one("#pick-one").is_displayed()
    press("2")
    ticked = browser.run("return document.activeElement.value")
    press(Keys.ENTER)
    browser.wait(lambda: "Saved: Violates." in browser.text("#notice"))

    found = get_item(ready.state.store, item.id)
    assert asked
    assert ticked == "privacy"
    assert found is not None
    assert (found[0].state, found[0].label, found[0].categories) == (
        "done",
        "violates",
        ("privacy",),
    )
    assert "Another answer." in browser.text("#reply-text")
    assert blurred(browser)


def test_skipping_fine_and_unsure_each_have_a_key(
    browser: Browser, ready: RunningGateway, press: Press
) -> None:
    first, second, third = (put_item(ready, f"q{n}", f"text {n}", priority=9 - n) for n in range(3))
    browser.open("/review", ready.url)

    press("s")
    browser.wait(lambda: browser.text("#reply-text") == "text 1")
    press("r", "f")
    browser.wait(lambda: browser.text("#reply-text") == "text 2")
    press("r", "u")
    browser.wait(lambda: "The 1 you skipped" in browser.text("main"))

    assert [state_of(ready, one) for one in (first, second, third)] == ["open", "done", "done"]


def test_a_random_items_findings_are_seen_only_with_the_scores(
    browser: Browser, ready: RunningGateway, press: Press
) -> None:
    score = {
        "category": "privacy", "score": 0.9, "threshold": 0.5, "action": "redact", "scorer": "email",
        "label": "email", "spans": [[5, 20]],
    }  # fmt: skip
    put_item(ready, "q", "mail ann@example.org now", scores={"reply": [score]})
    browser.open("/review", ready.url)
    tint = "return getComputedStyle(document.querySelector('#reply-text mark')).backgroundColor"

    press("r")
    hidden = browser.run(tint)
    press("g")
    seen = browser.run(tint)

    assert hidden == "rgba(0, 0, 0, 0)"
    assert seen != hidden
    assert browser.one("#guard .verdict").is_displayed()


def test_hostile_texts_do_nothing_on_a_phone_in_either_language(
    browser: Browser, ready: RunningGateway
) -> None:
    put_item(ready, HOSTILE + "w" * 2000, "\u202egnihton " + HOSTILE)
    browser.resize(PHONE)

    for lang in LANGUAGES:
        browser.open(f"/review?lang={lang}", ready.url)
        browser.one("#reveal-button").click()

        assert not browser.overflows()
        assert "broken" not in browser.driver.title
        assert not blurred(browser)
        assert "U+202E" in browser.text("#reply-text")


def test_a_page_without_scripts_is_the_same_form(browser: Browser, ready: RunningGateway) -> None:
    item = put_item(ready, "A question.", "An answer.")
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.driver.get(ready.url + "/review")
        label = browser.driver.find_element("id", "reveal-button")
        before = browser.driver.find_element("id", "reply-text").value_of_css_property("filter")
        label.click()
        after = browser.driver.find_element("id", "reply-text").value_of_css_property("filter")
        browser.driver.find_element("css selector", "button[value=fine]").click()
        told = browser.driver.find_element("id", "notice").text
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

    assert "blur" in before
    assert after == "none"
    assert told == "Saved: Fine."
    assert state_of(ready, item) == "done"


def test_a_report_becomes_a_label_and_labels_become_an_approved_threshold(
    browser: Browser, start: StartConsole, tmp_path: Path, press: Press
) -> None:
    rules = tmp_path / "monitor.yaml"
    rules.write_text(RULES, "utf-8")
    console = start(monitor=str(rules), policy_text=POLICY)
    store = console.state.store
    until(lambda: "*feedback" in load_watches(store))
    client, reviewer, admin = (
        key_of(console, name, role)
        for name, role in (("app", "client"), ("ann", "reviewer"), ("bob", "admin"))
    )

    # A user of the application reports a reply.
    bearer = {"authorization": f"Bearer {client}"}
    answer = console.chat("How do I cook rice?", model="trueline-assistant", headers=bearer)
    exchange_id = answer.headers["x-trueline-exchange-id"]
    report = {"exchange_id": exchange_id, "kind": "report", "reason": "harmful",
              "text": "This told me to hurt someone."}  # fmt: skip
    sent = httpx.post(f"{console.url}/v1/feedback", json=report, headers=bearer)
    assert sent.status_code == 200

    # It stands on the Feedback page, and in the review queue.
    sign_in(browser, console.url, reviewer, "/feedback")
    assert browser.text("#figure-reports") == "1"
    assert "This told me to hurt someone." in browser.text("#queue")

    def queued() -> Any:
        browser.open("/feedback", console.url)
        return browser.all("#queue .review-state a")

    browser.wait(queued)[0].click()

    # The reviewer labels it by keyboard, and it is settled.
    browser.wait(lambda: browser.text("h2") == "Judge the reply")
    press("r", "1", "v")
    browser.wait(lambda: "Saved: Violates." in browser.text("#notice"))
    browser.open("/review/settled", console.url)
    assert "Violates" in browser.text("#results tbody tr")
    assert "ann" in browser.text("#results tbody tr")

    # Enough random texts were labelled before; the admin lets the thresholds be worked out.
    prepare_labels(console)
    browser.driver.delete_all_cookies()
    sign_in(browser, console.url, admin, "/policy/versions")
    browser.one("form[action='/policy/versions/calibrate'] button").click()
    browser.wait(lambda: list_versions(store))
    (version,) = list_versions(store)
    browser.open(f"/policy/versions/{version.id}", console.url)
    assert "0.3" in browser.text("main")
    browser.one("button[value=approve]").click()

    until(lambda: console.state.policies.current.policy.hash == version.hash)
    changed = console.state.policies.current.policy.categories["violence"].threshold
    assert changed is not None
    assert 0.3 < changed < 0.36
    asked = console.chat("hello", model="trueline-assistant", headers=bearer)
    assert asked.headers["x-trueline-policy"] == version.hash


def prepare_labels(console: RunningGateway) -> None:
    """60 replies drawn at random that people found to violate, scored from 0.3 to 0.71."""
    store = console.state.store
    exchanges = []
    for number in range(60):
        score = {"category": "violence", "score": 0.3 + 0.007 * number, "action": "allow",
                 "threshold": 0.9}  # fmt: skip
        exchanges.append(
            Exchange(
                route="/v1/chat/completions", prompt_chars=9, reply_chars=9, language="en",
                scores={"reply": [score]},
            )
        )  # fmt: skip
    for receipt in [store.append(one) for one in exchanges]:
        receipt.result(30)
    items = [
        ReviewItem(exchange_id=one.id, part="reply", drawn_for="random", probability=0.1)
        for one in exchanges
    ]
    add_items(store, items)
    for item in items:
        label_item(store, ReviewLabel(item.id, "ann", "violates", ("violence",)))
