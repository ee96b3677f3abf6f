"""A real headless Chromium, and the few steps the tests take in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en",
)  # fmt: skip
PHONE = (390, 844)
DESKTOP = (1280, 900)
PATIENCE_SECONDS = 30


def start_chromium(program: str, driver: str, profile: Path) -> WebDriver:
    """A Chromium of its own profile, its console and network recorded."""
    options = Options()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


class Browser:
    """One test's use of Chromium."""

    def __init__(self, driver: WebDriver, url: str) -> None:
        self.driver = driver
        self.url = url
        self.expected_errors: tuple[str, ...] = ()

    def reset(self) -> None:
        """Forget cookies and logs, and be a desktop again."""
        self.resize(DESKTOP)
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self._log("browser")
        self._log("performance")

    def resize(self, size: tuple[int, int]) -> None:
        """Take the size of a screen; a narrow one is a phone."""
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1}
        metrics["mobile"] = size == PHONE
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def open(self, path: str, base: str = "") -> None:
        """Go to a page and wait until its scripts have run."""
        self.driver.get((base or self.url) + path)
        self.wait(lambda: self.run("return document.readyState") == "complete")

    def run(self, script: str, *values: Any) -> Any:
        """Run JavaScript in the page."""
        return self.driver.execute_script(script, *values)

    def wait(self, condition: Callable[[], Any]) -> Any:
        """Wait until a condition holds, and give what it gives."""
        # A page that refreshes itself may replace an element between finding and reading it.
        waiting = WebDriverWait(
            self.driver,
            PATIENCE_SECONDS,
            poll_frequency=0.05,
            ignored_exceptions=[StaleElementReferenceException],
        )
        return waiting.until(lambda _driver: condition())

    def all(self, selector: str) -> list[WebElement]:
        """Every element that matches."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """The element that matches, waited for."""
        found: WebElement = self.wait(lambda: next(iter(self.all(selector)), None))
        return found

    def text(self, selector: str) -> str:
        """The text of the element that matches, hidden parts included."""
        return str(self.one(selector).get_property("textContent"))

    def type(self, selector: str, text: str) -> None:
        """Put text into a field as if pasted; ChromeDriver cannot type beyond the BMP."""
        self.run("arguments[0].value = arguments[1]", self.one(selector), text)

    def send(self, text: str) -> None:
        """Send a message in the Playground and wait for its verdicts."""
        before = len(self.all("#log [data-done]"))
        self.type("#text", text)
        self.one("#send").click()
        self.wait(lambda: len(self.all("#log [data-done]")) > before)

    def overflows(self) -> bool:
        """Whether the page is wider than the screen."""
        return bool(self.run("return document.documentElement.scrollWidth > innerWidth"))

    def hosts(self) -> set[str]:
        """Hosts asked for anything since the last look."""
        found: set[str] = set()
        for entry in self._log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = urlsplit(message["params"]["request"]["url"])
                if url.scheme in {"http", "https", "ws", "wss", "ftp"}:
                    found.add(url.hostname or "")
        return found

    def unexpected_errors(self) -> list[str]:
        """What the browser's console says since the last look."""
        errors = [str(entry["message"]) for entry in self._log("browser")]
        return [e for e in errors if not any(known in e for known in self.expected_errors)]

    def _log(self, name: str) -> list[dict[str, Any]]:
        driver: Any = self.driver  # selenium's method has no types
        entries: list[dict[str, Any]] = driver.get_log(name)
        return entries
