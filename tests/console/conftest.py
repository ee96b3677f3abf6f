"""Fixtures: a running gateway with a console, its log filled at will, and a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from tests.console.browser import Browser, start_chromium
from tests.e2e.servers import RunningGateway, start_gateway

from trueline.core.exchange import Exchange
from trueline.core.policy_file import template_text
from trueline.store.queries import Event, get_exchange

# Only validators decide under this policy: what a text comes to does not hang on a model.
PRIVACY_POLICY = """\
schema: trueline.policy/1
name: privacy
categories:
  privacy:
    action: redact
    labels:
      privacy_request: {action: allow}
storage: {text: full}
"""

StartConsole = Callable[..., RunningGateway]
Record = Callable[..., Event]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartConsole]:
    """Start gateways with the built-in assistant and settings of one's own."""
    running: list[RunningGateway] = []

    def starter(**fields: Any) -> RunningGateway:
        folder = fields.pop("folder", tmp_path / f"gateway{len(running)}")
        if policy_text := fields.pop("policy_text", ""):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "policy.yaml").write_text(policy_text, encoding="utf-8")
        running.append(start_gateway(folder, **fields))
        return running[-1]

    yield starter
    for one in running:
        one.close()


@pytest.fixture
def console(start: StartConsole) -> RunningGateway:
    """A fresh gateway in open mode with the test policy, which keeps texts in full."""
    return start()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """The same, shared by tests that leave keys and policy alone."""
    running = start_gateway(tmp_path_factory.mktemp("shared"))
    yield running
    running.close()


@pytest.fixture
def record(console: RunningGateway) -> Record:
    """Put an exchange into the log of `console`."""

    def put(**fields: Any) -> Event:
        exchange = Exchange(**{"route": "/v1/chat/completions", **fields})
        console.state.store.append(exchange).result(10)
        event = get_exchange(console.state.store, exchange.id)
        assert event is not None
        return event

    return put


@pytest.fixture(scope="session")
def _chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("Chromium or ChromeDriver is not installed (Debian: chromium chromium-driver)")
    chromium = start_chromium(program, driver, tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.quit()


@pytest.fixture(scope="session")
def _assistant_console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("console")
    (folder / "policy.yaml").write_text(template_text("default"), encoding="utf-8")
    running = start_gateway(folder)
    yield running
    running.close()


@pytest.fixture
def browser(_chromium: WebDriver, _assistant_console: RunningGateway) -> Iterator[Browser]:
    """A clean browser on a gateway with the default policy.

    At the end of every test: nothing was logged to the browser's console (script errors,
    CSP violations, failed loads), and nothing was asked of any other host.
    """
    opened = Browser(_chromium, _assistant_console.url)
    opened.reset()
    yield opened
    assert opened.unexpected_errors() == []
    assert opened.hosts() <= {"127.0.0.1"}
