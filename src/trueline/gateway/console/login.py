"""Signing in with a key, and out again."""

from __future__ import annotations

import asyncio

from starlette.responses import RedirectResponse, Response

from trueline.gateway.api_error import ApiError
from trueline.gateway.console.session import (
    SESSION_COOKIE,
    SESSION_SECONDS,
    VISIT_COOKIE,
    session_cookie,
)
from trueline.gateway.console.site import Site, Visit, read_form

ATTEMPTS_A_MINUTE = 20


async def login_page(site: Site, visit: Visit) -> Response:
    """The form; whoever is signed in already goes on."""
    if visit.reader is not None:
        return RedirectResponse("/", 303)
    return _form(site, visit, local_path(visit.request.query_params.get("next", "")))


async def login(site: Site, visit: Visit) -> Response:
    """Take a key and open a session."""
    form = await read_form(visit.request)
    following = local_path(form.get("next", ""))
    client = visit.request.client
    allowance = site.state.limiter.take(
        f"console-login {client.host if client else ''}", ATTEMPTS_A_MINUTE
    )
    if not allowance.allowed:
        words = visit.say("login.wait", seconds=allowance.retry_after)
        return _form(site, visit, following, words, 429)
    try:
        caller = site.state.auth.caller_of(form.get("key", "").strip())
    except ApiError:
        return _form(site, visit, following, visit.say("login.wrong"), 401)
    if not caller.may("read"):
        words = visit.say("login.role", role=caller.role)
        return _form(site, visit, following, words, 403)
    cookie = await asyncio.to_thread(session_cookie, site.state.store, caller.key_id)
    response = RedirectResponse(following, 303)
    response.set_cookie(
        SESSION_COOKIE,
        cookie,
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=visit.request.url.scheme == "https",
    )
    return response


async def logout(site: Site, visit: Visit) -> Response:
    """Close the session in this browser."""
    response = RedirectResponse("/login", 303)
    for name in (SESSION_COOKIE, VISIT_COOKIE):
        response.delete_cookie(name, httponly=True, samesite="strict")
    return response


def local_path(path: str) -> str:
    """A path of this console, or `/`: never an address elsewhere.

    >>> local_path("/events?action=block"), local_path("//evil.example"), local_path("")
    ('/events?action=block', '/', '/')
    """
    plain = path.isprintable() and path.isascii() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


def _form(
    site: Site, visit: Visit, following: str, problem: str = "", status: int = 200
) -> Response:
    return site.page(visit, "login.html", status=status, next_url=following, problem=problem)
