"""The report in a real Chromium: both languages, wide and narrow, light and dark, offline."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from tests.assess.case.case_folders import MADE, write_full_case
from tests.assess.case.test_page import hostile_case
from tests.console.browser import DESKTOP, PHONE, Browser, start_chromium
from tests.curate.test_report_in_browser import CONTRAST

from trueline.assess.case.build import build_case
from trueline.core.withdrawals import FILE, withdraw

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("Chromium or ChromeDriver is not installed (Debian: chromium chromium-driver)")
    started = start_chromium(program, driver, tmp_path_factory.mktemp("profile"))
    yield started
    started.quit()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_full_case(tmp_path_factory.mktemp("case"))
    withdraw(folder / FILE, "violation_rate", alarm="surge-1", reason="2 % since Monday")
    build_case(folder, made=MADE, pdf=False)
    return folder


@pytest.fixture
def browser(chromium: WebDriver, written: Path) -> Iterator[Browser]:
    """A browser on the case's folder; the page may log nothing and ask no one anything."""
    opened = Browser(chromium, written.as_uri())
    opened.reset()
    yield opened
    assert opened.unexpected_errors() == []
    assert opened.hosts() == set()


@pytest.mark.parametrize("size", [DESKTOP, PHONE, (320, 640)])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_fits_the_screen_in_both_languages(
    browser: Browser, lang: str, size: tuple[int, int]
) -> None:
    browser.resize(size)
    browser.open(f"/case.html?lang={lang}")

    assert not browser.overflows()
    assert browser.run("return document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[lang]
    assert browser.one("#verdict .word").text == {"en": "HOLD", "zh": "暂缓发布"}[lang]


def test_the_first_screen_says_verdict_number_and_reason(browser: Browser) -> None:
    browser.open("/case.html?lang=en")

    bottom = browser.run("return document.querySelector('#verdict').getBoundingClientRect().bottom")

    assert bottom < DESKTOP[1] / 2
    assert "at most 0.53 % of replies violate policy cn-genai 1" in browser.one("#verdict").text
    assert browser.one("#withdrawn").is_displayed()


def test_the_switch_shows_one_language_at_a_time(browser: Browser) -> None:
    browser.open("/case.html?lang=en")
    shown = (
        "return [...document.querySelectorAll('main [lang|=\"%s\"]')]"
        ".filter(e => e.getClientRects().length).length"
    )
    english = (browser.run(shown % "en"), browser.run(shown % "zh"))

    browser.one(".for-zh").click()

    assert english[0] > 150
    assert english[1] == 0
    assert browser.run(shown % "en") == 0
    assert browser.run(shown % "zh") == english[0]
    assert browser.run("return document.documentElement.lang") == "zh-CN"


def test_it_can_be_read_without_scripts(browser: Browser) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.driver.get(f"{browser.url}/case.html")
    first = browser.one("#verdict .word").text
    browser.one(".for-zh").click()
    second = browser.one("#verdict .word").text
    browser.one('label[for="tab-eu_ai_act"]').click()
    panel = browser.one("#panel-eu_ai_act").is_displayed()
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

    assert (first, second, panel) == ("HOLD", "暂缓发布", True)


def test_examples_cannot_be_read_until_asked_for(browser: Browser) -> None:
    browser.open("/case.html?lang=en")
    look = "return getComputedStyle(document.querySelector('.example .words')).filter"
    before = browser.run(look)
    browser.one('label[for="reveal"]').click()

    assert before == "blur(7px)"
    assert browser.run(look) == "none"


def test_tabs_show_one_regulation_and_print_shows_all(browser: Browser) -> None:
    browser.open("/case.html?lang=en")
    count = "return [...document.querySelectorAll('.panel')].filter(e => e.offsetParent).length"
    one = browser.run(count)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    printed = browser.run(count)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    assert (one, printed) == (1, 10)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_text_stands_out_from_what_is_behind_it(browser: Browser, scheme: str, lang: str) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.open(f"/case.html?lang={lang}")

    lowest = browser.run(CONTRAST)

    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert lowest[0] >= 4.5, lowest


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_hostile_words_run_nothing_and_break_no_layout(
    chromium: WebDriver, tmp_path: Path, size: tuple[int, int]
) -> None:
    build_case(hostile_case(tmp_path), made=MADE, pdf=False)
    opened = Browser(chromium, tmp_path.as_uri())
    opened.reset()

    opened.resize(size)
    opened.open("/case.html?lang=zh")

    assert not opened.run("return document.title").startswith("broken")
    assert not opened.overflows()
    assert opened.run("return document.scripts.length") == 2
    assert opened.unexpected_errors() == []
    assert opened.hosts() == set()
