"""A reader of the console without a browser: keeps cookies, fills in forms."""

from __future__ import annotations

import html
import re
from types import TracebackType
from typing import Any

import httpx


class Reader:
    """An HTTP client that behaves like a browser on one console."""

    def __init__(self, url: str, language: str = "en") -> None:
        self.http = httpx.Client(
            base_url=url, timeout=30, headers={"accept-language": language}, trust_env=False
        )

    def get(self, path: str, **fields: Any) -> httpx.Response:
        """Read a page."""
        return self.http.get(path, **fields)

    def token(self, path: str = "/policy/draft") -> str:
        """The form token of this visit."""
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.get(path).text)
        assert found is not None
        return found[1]

    def post(self, path: str, form: dict[str, str], token: str | None = None) -> httpx.Response:
        """Send a form with the token of this visit."""
        csrf = self.token() if token is None else token
        return self.http.post(path, data={"csrf": csrf, **form})

    def sign_in(self, key: str, following: str = "") -> httpx.Response:
        """Send a key by the login page."""
        token = self.token("/login")
        return self.http.post("/login", data={"csrf": token, "key": key, "next": following})

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()


def shown(page: httpx.Response) -> str:
    """The text of a page without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page.text)).split())
