"""Who gets in, what a page says to the browser about itself, and forms from elsewhere."""

from __future__ import annotations

import httpx
import pytest
from tests.console.client import Reader, shown
from tests.console.conftest import StartConsole
from tests.e2e.servers import RunningGateway

from trueline.gateway.console.login import ATTEMPTS_A_MINUTE, local_path
from trueline.gateway.console.session import SESSION_SECONDS, session_cookie, session_key
from trueline.store.keys import create_key, list_keys, revoke_key

PAGES = ("/", "/playground", "/events", "/policy", "/policy/yaml", "/policy/draft",
         "/policy/templates", "/review", "/review/settled", "/feedback", "/alarms", "/login")  # fmt: skip
POSTS = ("/policy/draft", "/playground/check", "/playground/chat", "/playground/verdicts",
         "/review/name", "/feedback/review", "/alarms/silence", "/login", "/logout")  # fmt: skip


def make_key(console: RunningGateway, role: str) -> str:
    secret = create_key(console.state.store, f"{role}'s key", role=role).secret
    console.state.keys.refresh()
    return secret


@pytest.mark.parametrize("path", PAGES)
def test_every_page_keeps_its_content_to_itself(shared: RunningGateway, path: str) -> None:
    with Reader(shared.url) as reader:
        page = reader.get(path)

    assert page.headers["content-security-policy"] == (
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_script_style_or_an_address_elsewhere(
    shared: RunningGateway, path: str
) -> None:
    with Reader(shared.url) as reader:
        text = reader.get(path).text

    assert " style=" not in text
    assert "<style" not in text
    assert " onclick=" not in text
    assert "<script>" not in text
    assert 'src="http' not in text
    assert 'href="http' not in text
    assert 'src="//' not in text


def test_static_files_are_kept_by_the_browser_under_an_address_of_their_content(
    shared: RunningGateway,
) -> None:
    with Reader(shared.url) as reader:
        page = reader.get("/").text
        address = page.split('rel="stylesheet" href="')[1].split('"')[0]
        sheet = reader.get(address)
        outside = reader.get("/static/../words.py")
        listing = reader.get("/static/")

    assert "?" in address
    assert sheet.status_code == 200
    assert sheet.headers["content-type"].startswith("text/css")
    assert "immutable" in sheet.headers["cache-control"]
    assert outside.status_code == 404
    assert listing.status_code == 404


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_the_visits_token_is_refused(shared: RunningGateway, path: str) -> None:
    with Reader(shared.url) as reader:
        reader.get("/")
        without = reader.http.post(path, data={"yaml": "name: x", "text": "x"})
        wrong = reader.http.post(path, data={"csrf": "0" * 64})

    assert (without.status_code, wrong.status_code) == (403, 403)
    assert "came from elsewhere" in shown(without)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://127.0.0.1:1"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_from_another_origin_is_refused_even_with_the_token(
    shared: RunningGateway, headers: dict[str, str]
) -> None:
    with Reader(shared.url) as reader:
        token = reader.token()
        answer = reader.http.post("/policy/draft", data={"csrf": token}, headers=headers)

    assert answer.status_code == 403


def test_one_visits_token_does_not_open_anothers_form(shared: RunningGateway) -> None:
    with Reader(shared.url) as one, Reader(shared.url) as other:
        answer = other.post("/policy/draft", {"yaml": "name: x"}, token=one.token())

    assert answer.status_code == 403


def test_open_mode_answers_to_this_machine_only(shared: RunningGateway) -> None:
    answer = httpx.get(shared.url, headers={"host": "rebound.example"})

    assert answer.status_code == 403
    assert "localhost only" in answer.text


@pytest.mark.parametrize("path", PAGES[:-1])
def test_once_a_key_exists_every_page_asks_for_one(console: RunningGateway, path: str) -> None:
    make_key(console, "admin")

    with Reader(console.url) as reader:
        answer = reader.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")
    assert answer.text == ""


@pytest.mark.parametrize("path", ["/events.csv", "/overview/live", "/events/anything"])
def test_data_asks_for_a_key_as_well(console: RunningGateway, path: str) -> None:
    make_key(console, "admin")

    with Reader(console.url) as reader:
        answer = reader.get(path)
        part = reader.get(path, headers={"hx-request": "true"})

    assert answer.status_code == 303
    assert part.status_code == 401


def test_an_admin_signs_in_reads_and_signs_out(console: RunningGateway) -> None:
    secret = make_key(console, "admin")

    with Reader(console.url) as reader:
        entered = reader.sign_in(secret, "/events?action=block")
        cookie = entered.headers["set-cookie"]
        page = reader.get("/events")
        left = reader.post("/logout", {})
        after = reader.get("/events")

    assert (entered.status_code, entered.headers["location"]) == (303, "/events?action=block")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert secret not in cookie
    assert page.status_code == 200
    assert "Sign out" in shown(page)
    assert (left.status_code, after.status_code) == (303, 303)


@pytest.mark.parametrize("role", ["reviewer", "viewer"])
def test_who_may_only_read_is_not_shown_the_playground(console: RunningGateway, role: str) -> None:
    secret = make_key(console, role)

    with Reader(console.url) as reader:
        reader.sign_in(secret)
        home = reader.get("/")
        playground = reader.get("/playground")
        check = reader.post("/playground/check", {"text": "hello"})

    assert home.status_code == 200
    assert 'href="/playground"' not in home.text.split("<main")[0]
    assert (playground.status_code, check.status_code) == (403, 403)


def test_a_clients_key_does_not_open_the_console(console: RunningGateway) -> None:
    secret = make_key(console, "client")

    with Reader(console.url) as reader:
        answer = reader.sign_in(secret)
        page = reader.get("/events")

    assert answer.status_code == 403
    assert "client, does not open the console" in shown(answer)
    assert page.status_code == 303


def test_a_wrong_key_is_told_so_and_never_repeated(console: RunningGateway) -> None:
    make_key(console, "admin")

    with Reader(console.url) as reader:
        answer = reader.sign_in("tl-<b>guess</b>")

    assert answer.status_code == 401
    assert "This key is not valid" in shown(answer)
    assert "guess" not in answer.text


def test_guessing_is_slowed_down(console: RunningGateway) -> None:
    make_key(console, "admin")

    with Reader(console.url) as reader:
        token = reader.token("/login")
        form = {"csrf": token, "key": "tl-wrong"}
        answers = [
            reader.http.post("/login", data=form).status_code for _ in range(ATTEMPTS_A_MINUTE + 1)
        ]

    assert set(answers[:-1]) == {401}
    assert answers[-1] == 429


def test_revoking_a_key_ends_its_session(console: RunningGateway) -> None:
    secret = make_key(console, "viewer")

    with Reader(console.url) as reader:
        reader.sign_in(secret)
        before = reader.get("/events").status_code
        revoke_key(console.state.store, list_keys(console.state.store)[0].id)
        after = reader.get("/events").status_code

    assert (before, after) == (200, 303)


def test_a_session_survives_a_restart_and_is_good_on_any_worker(start: StartConsole) -> None:
    first = start()
    secret = make_key(first, "admin")

    with Reader(first.url) as reader:
        reader.sign_in(secret)
        cookies = dict(reader.http.cookies)
        first.stop()
        second = start(folder=first.folder)
        answer = httpx.get(f"{second.url}/events", cookies=cookies)

    assert answer.status_code == 200


def test_a_session_ends_and_cannot_be_stretched_or_forged(console: RunningGateway) -> None:
    make_key(console, "admin")
    store = console.state.store
    key = list_keys(store)[0]
    cookie = session_cookie(store, key.id, at=1000.0)
    name, expires, nonce, signature = cookie.split(".")

    later = str(int(expires) + 60)
    stretched = ".".join((name, later, nonce, signature))
    forged = ".".join((name, expires, nonce, "0" * 64))
    unknown = session_cookie(store, "no-such-key", at=1000.0)

    assert session_key(store, cookie, at=1001.0) == key
    assert session_key(store, cookie, at=1000.0 + SESSION_SECONDS) is None
    for bad in (stretched, forged, unknown, "", "...", "a.b.c.d", "x" * 10_000):
        assert session_key(store, bad, at=1001.0) is None


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)",
     "/a\r\nset-cookie: x=1", "", "/路径"],
)  # fmt: skip
def test_the_login_page_leads_nowhere_else(path: str) -> None:
    assert local_path(path) == "/"


def test_errors_of_the_gateway_become_pages(shared: RunningGateway) -> None:
    with Reader(shared.url, "zh-CN") as reader:
        missing = reader.get("/events/0123")
        template = reader.get("/policy/draft?template=none")
        times = reader.get("/events?since=yesterday")

    assert missing.status_code == 404
    assert "没有这条记录" in shown(missing)
    assert template.status_code == 400
    assert "no template is called 'none'" in shown(template)
    assert times.status_code == 400
    assert "2025-01-31T18:00" in shown(times)
