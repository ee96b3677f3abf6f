"""Every page of the console in a real Chromium: both languages, a phone, the keyboard.

The `browser` fixture fails a test whose page logs an error, breaks the content security policy
or asks any other host for anything.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.keys import Keys
from tests.assess.case.case_folders import write_case
from tests.console.browser import DESKTOP, PHONE, Browser
from tests.console.test_in_browser import CONTRAST
from tests.console.test_overview_band import fill
from tests.console.test_training_runs import write_run
from tests.e2e.servers import RunningGateway, start_gateway

from trueline.assess.case.build import build_case
from trueline.core.policy_file import parse_policy, template_text
from trueline.core.withdrawals import FILE, withdraw
from trueline.store.policy_versions import PolicyVersion, propose

pytestmark = pytest.mark.browser

PAGES = (
    "/", "/?by=key&window=7d", "/playground", "/events", "/review", "/feedback", "/alarms",
    "/policy", "/policy/yaml", "/policy/draft?template=strict", "/policy/templates/minors",
    "/policy/versions", "/policy/versions/VERSION", "/cases", "/cases/spring", "/runs",
    "/runs/one", "/models",
)  # fmt: skip
LANGUAGES = ("en", "zh")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway with traffic, a proposed version, a case with a withdrawn claim, and a run."""
    folder = tmp_path_factory.mktemp("filled")
    text = template_text("default")
    (folder / "policy.yaml").write_text(text, encoding="utf-8")
    case = folder / "cases/spring"
    case.mkdir(parents=True)
    write_case(case)
    build_case(case, pdf=False)
    withdraw(case / FILE, "violation_rate", alarm="a1", reason="above the limit")
    write_run(folder / "runs/one")
    running = start_gateway(folder, cases=str(folder / "cases"), runs=str(folder / "runs"))
    fill(running, 60, 2)
    draft = text.replace("max_violation_rate: 0.01", "max_violation_rate: 0.005")
    propose(
        running.state.store,
        PolicyVersion(
            policy="default", hash=parse_policy(draft).hash, yaml=draft, author="Ann",
            parent_hash=running.state.policies.current.policy.hash, reason="w" * 400,
        ),
    )  # fmt: skip
    yield running
    running.close()


@pytest.fixture
def pages(_chromium: WebDriver, filled: RunningGateway) -> Iterator[Browser]:
    """A clean browser on the filled gateway."""
    opened = Browser(_chromium, filled.url)
    opened.reset()
    yield opened
    assert opened.unexpected_errors() == []
    assert opened.hosts() <= {"127.0.0.1"}


def at(filled: RunningGateway, path: str, lang: str = "en") -> str:
    """A page's address in a language."""
    if path.endswith("VERSION"):
        from trueline.store.policy_versions import list_versions

        path = path.replace("VERSION", list_versions(filled.state.store)[0].id)
    return f"{path}{'&' if '?' in path else '?'}lang={lang}"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_clean_and_fits_a_desktop_and_a_phone(
    pages: Browser, filled: RunningGateway, path: str, lang: str
) -> None:
    where = at(filled, path, lang)

    pages.resize(DESKTOP)
    pages.open(where)
    wide = pages.overflows()
    pages.resize(PHONE)
    pages.open(where)

    assert not wide
    assert not pages.overflows()
    assert len(pages.all("h1")) == 1
    assert len(pages.all("nav.nav [aria-current=page]")) == 1
    assert pages.run("return document.documentElement.lang") == ("zh-CN" if lang == "zh" else "en")


@pytest.mark.parametrize("path", PAGES)
def test_the_keyboard_shows_where_it_is(pages: Browser, filled: RunningGateway, path: str) -> None:
    pages.open(at(filled, path))

    seen = set()
    for _ in range(14):
        pages.driver.switch_to.active_element.send_keys(Keys.TAB)
        told = pages.run(
            """const at = document.activeElement, style = getComputedStyle(at);
               return [at.outerHTML.slice(0, 120), style.outlineStyle, style.outlineWidth]"""
        )
        seen.add(told[0])
        if not told[0].startswith("<body"):
            assert told[1] != "none", told[0]
            assert told[2] != "0px", told[0]

    assert len(seen) > 8


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/", "/policy/versions", "/policy/versions/VERSION", "/cases", "/cases/spring",
             "/runs", "/runs/one", "/models"],
)  # fmt: skip
def test_text_has_the_contrast_that_wcag_asks_for(
    pages: Browser, filled: RunningGateway, path: str, scheme: str
) -> None:
    """WCAG 2.2, success criterion 1.4.3: 4.5 to 1 for text."""
    features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    pages.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
    pages.open(at(filled, path))

    poor = pages.run(CONTRAST)

    pages.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert poor == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_report_of_a_case_runs_and_reaches_nothing(
    pages: Browser, filled: RunningGateway, lang: str
) -> None:
    pages.open(f"/cases/spring/report?lang={lang}")

    assert pages.run("return document.documentElement.lang") == ("zh-CN" if lang == "zh" else "en")
    assert pages.run("return window.origin") == "null"
    read = pages.run("try { return document.cookie } catch (refused) { return refused.name }")
    assert read == "SecurityError"


def test_a_draft_becomes_a_version_and_comes_into_force_by_clicks(
    pages: Browser, filled: RunningGateway
) -> None:
    before = filled.state.policies.current.policy.hash
    pages.open("/policy/draft?from=current")
    pages.run(
        "const at = document.getElementById('yaml');"
        "at.value = at.value.replace('max_violation_rate: 0.01', 'max_violation_rate: 0.004')"
    )
    pages.one(".draft .button-main").click()
    pages.one("#outcome .decide .button-main").click()
    pages.one("button[value=approve]").click()
    pages.wait(lambda: pages.all("button[value=rollback]"))

    assert filled.state.policies.current.policy.max_violation_rate == 0.004

    pages.type("#reason", "a trial")
    pages.one("button[value=rollback]").click()
    pages.wait(lambda: not pages.all("button[value=rollback]"))
    assert filled.state.policies.current.policy.hash == before
