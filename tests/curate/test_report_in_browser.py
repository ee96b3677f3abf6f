"""The report in a real Chromium: both languages, wide and narrow, light and dark, offline."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from tests.console.browser import DESKTOP, Browser, start_chromium
from tests.curate.run_folders import row, write_data, write_full_run, write_ledger

from trueline.curate.report import write_report

pytestmark = pytest.mark.browser

NARROW = (400, 800)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("Chromium or ChromeDriver is not installed (Debian: chromium chromium-driver)")
    started = start_chromium(program, driver, tmp_path_factory.mktemp("profile"))
    yield started
    started.quit()


@pytest.fixture
def browser(chromium: WebDriver, tmp_path: Path) -> Iterator[Browser]:
    """A browser on the folder `tmp_path`; the page may log nothing and ask no one anything."""
    opened = Browser(chromium, tmp_path.as_uri())
    opened.reset()
    yield opened
    assert opened.unexpected_errors() == []
    assert opened.hosts() == set()


@pytest.mark.parametrize("size", [DESKTOP, NARROW])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_full_report_fits_the_screen_in_both_languages(
    browser: Browser, tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    write_report(write_full_run(tmp_path))

    browser.resize(size)
    browser.open(f"/report.html?lang={lang}")

    assert not browser.overflows()
    assert browser.run("return document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[lang]
    assert browser.one("h1").text == {
        "en": "Shop pages: Curation report", "zh": "Shop pages: 数据整理报告",
    }[lang]  # fmt: skip
    assert browser.run("return document.title") == "Curation report / 数据整理报告 · Shop pages"


def test_the_switch_changes_every_text_and_back(browser: Browser, tmp_path: Path) -> None:
    write_report(write_full_run(tmp_path))
    browser.open("/report.html?lang=en")
    shown = "return [...document.querySelectorAll('body [lang=\"%s\"]')].filter(e => e.offsetParent).length"
    english = browser.run(shown % "en")

    browser.one("#switch").click()
    chinese = browser.run(shown % "zh-CN")
    left = browser.run(shown % "en")
    heading = browser.one("#flow h2").text
    browser.one("#switch").click()

    assert english == chinese > 50
    assert left == 0
    assert heading == "文档流经各步骤"
    assert browser.one("#flow h2").text == "Documents through the steps"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    write_report(write_full_run(tmp_path))
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.open("/report.html?lang=en")

    lowest = browser.run(CONTRAST)

    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert lowest[0] >= 4.5, lowest


def test_a_bare_run_and_hostile_names_show_without_errors(browser: Browser, tmp_path: Path) -> None:
    hostile = "<img src=x onerror=\"document.title='broken'\">" + "w" * 300
    write_ledger(tmp_path, [row(hostile, "dropped", step=hostile, reason=hostile, source=hostile)])
    write_data(tmp_path, [{"id": "a", "text": ""}])
    write_report(tmp_path)

    browser.resize(NARROW)
    browser.open("/report.html?lang=zh")

    assert "broken" not in browser.run("return document.title")
    assert not browser.overflows()
    assert "Not measured in this run." in browser.text("#pii")


def test_drawn_bars_are_as_long_as_their_numbers(browser: Browser, tmp_path: Path) -> None:
    write_report(write_full_run(tmp_path))
    browser.open("/report.html?lang=en")

    read, written = (
        browser.run(
            "const bars = document.querySelectorAll('#flow .rows svg');"
            f"const bar = bars[{at}].querySelector('rect.kept').getBoundingClientRect();"
            "return bar.width / bars[0].getBoundingClientRect().width"
        )
        for at in ("0", "bars.length - 1")
    )

    assert read == pytest.approx(1.0, abs=0.01)
    assert written == pytest.approx(0.5, abs=0.01)


# The lowest contrast of a text against the nearest painted background (WCAG 2.2, 1.4.3), after
# blending translucent backgrounds; numbers that stand for "none" may be fainter.
CONTRAST = """
const parse = (c) => { const n = c.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
const light = (c) => { const [r, g, b] = c.slice(0, 3).map(v => { v /= 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = (e) => { const layers = [];
  for (; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
  return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255, 1]); };
let lowest = [21, ""];
for (const e of document.querySelectorAll("body *")) {
  if (!e.offsetParent || e.closest(".zero, svg, .skip")) continue;
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
  const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < lowest[0]) lowest = [ratio, e.outerHTML.slice(0, 200)];
}
return lowest;
"""
