"""What every page shares: templates, language, access, security headers, errors as pages."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context as TemplateContext
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from trueline.core.errors import InputError, StoreError
from trueline.core.exchange import now
from trueline.core.i18n import LANGUAGES, Language, known_language, preferred
from trueline.core.taxonomy import taxonomy
from trueline.core.version import version
from trueline.gateway.api_error import ApiError
from trueline.gateway.auth import OPEN, Caller, Right
from trueline.gateway.console import figures
from trueline.gateway.console.finding_names import finding_name
from trueline.gateway.console.process_load import ProcessLoad
from trueline.gateway.console.session import (
    SESSION_COOKIE,
    VISIT_COOKIE,
    form_token,
    form_token_holds,
    new_visit,
    session_key,
)
from trueline.gateway.console.words import say
from trueline.gateway.state import GatewayState
from trueline.store.alarms import count_open
from trueline.store.events import EventStore
from trueline.store.review_history import count_waiting

LANGUAGE_COOKIE = "trueline_lang"
ZONE_COOKIE = "trueline_zone"
YEAR = 365 * 24 * 3600
# Longer than any form here: a draft policy, or a 200 kB prompt in percent-encoded UTF-8.
MAX_FORM_BYTES = 4 * 1024 * 1024
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; object-src 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: with that a browser sends `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_LANGUAGE_NAMES: Mapping[Language, str] = {"zh": "中文", "en": "English"}
_PAGES: tuple[tuple[str, str, Right], ...] = (
    ("overview", "/", "read"),
    ("playground", "/playground", "use"),
    ("events", "/events", "read"),
    ("review", "/review", "read"),
    ("feedback", "/feedback", "read"),
    ("alarms", "/alarms", "read"),
    ("policy", "/policy", "read"),
    ("cases", "/cases", "read"),
    ("runs", "/runs", "read"),
    ("models", "/models", "read"),
)
# What a reader is told whose role lacks a right.
_DENIED: Mapping[Right, str] = {
    "use": "playground.forbidden", "review": "denied.review", "admin": "denied.admin",
}  # fmt: skip
# Fields that people write in; a form that comes after its session ended gives them back.
_TYPED = ("reason", "yaml", "name")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of one reader: who, in which language and time zone, with which form token."""

    request: Request
    reader: Caller | None
    lang: Language
    zone: tzinfo
    visit: str

    def say(self, key: str, **values: Any) -> str:
        """The words of a key in the reader's language."""
        return say(key, self.lang, **values)

    @property
    def partial(self) -> bool:
        """True when htmx asks for a part of a page."""
        return self.request.headers.get("hx-request") == "true"


Handler = Callable[[Visit], Awaitable[Response]]


class Site:
    """Renders pages of one gateway.

    Args:
        state: the gateway whose log, policies and settings the pages show.
    """

    def __init__(self, state: GatewayState) -> None:
        self.state = state
        self._templates = _environment()
        self._waiting: dict[str, int] = {}
        self.load = ProcessLoad()

    def page(
        self, visit: Visit, template: str, *, here: str = "", status: int = 200, **values: Any
    ) -> Response:
        """A page, or a part of one, with everything the frame needs."""
        state, reader = self.state, visit.reader
        active = state.policies.current
        text = self._templates.get_template(template).render(
            lang=visit.lang,
            zone=visit.zone,
            here=here,
            reader=reader,
            csrf=form_token(visit.visit),
            pages=[
                {"id": name, "path": path, "waiting": self._waiting.get(name, 0)}
                for name, path, right in _PAGES
                if reader is not None and reader.may(right)
            ],
            other_languages=_other_languages(visit),
            policy=active.policy if reader is not None else None,
            policy_fault=state.policies.fault_in(visit.lang),
            open_mode=state.open,
            version=version(),
            now=now(),
            categories_by_id=self.category_names(visit.lang),
            **values,
        )
        # A lone surrogate has no UTF-8 form; the pages name them, this is the last resort.
        return HTMLResponse(text.encode("utf-8", "replace"), status)

    def message(self, visit: Visit, status: int, title: str, text: str) -> Response:
        """A page that says why there is no other."""
        return self.page(visit, "message.html", status=status, title=title, text=text)

    def category_names(self, lang: str) -> dict[str, str]:
        """Names of the taxonomy's categories and of the topics of the policy in force."""
        names = {name: category.name(lang) for name, category in taxonomy().items()}
        for name, topic in self.state.policies.current.policy.topics.items():
            names[name] = topic.zh if lang == "zh" else topic.en
        return names

    def guarded(
        self, handler: Handler, right: Right | None = "read"
    ) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that lets in who may, and turns failures into pages.

        Args:
            handler: makes the page of a visit.
            right: what the reader's role must allow; None lets in everybody.
        """

        async def endpoint(request: Request) -> Response:
            visit = await self.visit(request)
            try:
                if visit.reader is not None and not visit.partial:
                    self._waiting = await asyncio.to_thread(_waiting, self.state.store)
                refused = await self._refusal(visit, right)
                response = refused or await handler(visit)
            except ApiError as error:
                response = self.message(
                    visit, error.status, visit.say("problem.title"), error.message
                )
            except (InputError, StoreError) as error:
                status = 503 if isinstance(error, StoreError) else 400
                response = self.message(visit, status, visit.say("problem.title"), str(error))
            return self._finished(visit, response)

        return endpoint

    async def visit(self, request: Request) -> Visit:
        """Read language, zone and session of a request."""
        lang = known_language(request.query_params.get("lang"))
        lang = lang or known_language(request.cookies.get(LANGUAGE_COOKIE))
        lang = lang or preferred(request.headers.get("accept-language", ""))
        zone = figures.zone_of(request.cookies.get(ZONE_COOKIE, ""))
        visit = request.cookies.get(VISIT_COOKIE) or new_visit()
        return Visit(request, await self._reader(request), lang, zone, visit)

    async def _reader(self, request: Request) -> Caller | None:
        if self.state.open:
            return OPEN
        cookie = request.cookies.get(SESSION_COOKIE)
        if not cookie:
            return None
        try:
            key = await asyncio.to_thread(session_key, self.state.store, cookie)
        except StoreError:
            return None
        if key is None:
            return None
        return Caller(key.id, key.name, key.role, key.policy, key.rate_limit)

    async def _refusal(self, visit: Visit, right: Right | None) -> Response | None:
        request = visit.request
        if right is not None and visit.reader is None:
            if request.method == "POST" and not visit.partial and await _is_own_form(request):
                return await self._signed_out(visit)
            if visit.partial or request.method != "GET":
                return self.message(visit, 401, visit.say("login.title"), visit.say("login.text"))
            path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?next={quote(path, safe='')}", 303)
        if right is not None and visit.reader is not None and not visit.reader.may(right):
            reason = _DENIED.get(right, "login.role")
            words = visit.say(reason, role=visit.reader.role)
            return self.message(visit, 403, visit.say("denied.title"), words)
        if request.method == "POST" and not await _is_own_form(request):
            return self.message(visit, 403, visit.say("denied.title"), visit.say("denied.csrf"))
        return None

    async def _signed_out(self, visit: Visit) -> Response:
        """A form came after its session had ended: what was typed is shown, not lost."""
        form = await read_form(visit.request)
        typed = [form[name] for name in _TYPED if form.get(name)]
        return self.page(visit, "signed_out.html", status=401, typed=typed)

    def _finished(self, visit: Visit, response: Response) -> Response:
        secure_response(response)
        request = visit.request
        secure = request.url.scheme == "https"
        if request.cookies.get(VISIT_COOKIE) != visit.visit:
            response.set_cookie(
                VISIT_COOKIE, visit.visit, httponly=True, samesite="strict", secure=secure
            )
        if known_language(request.query_params.get("lang")) is not None:
            response.set_cookie(
                LANGUAGE_COOKIE, visit.lang, max_age=YEAR, samesite="strict", secure=secure
            )
        return response


def secure_response(response: Response) -> None:
    """Add the headers that keep a page's content to itself; a stricter policy of its own stays."""
    own = response.headers.get("content-security-policy", "")
    for name, value in SECURITY_HEADERS.items():
        response.headers[name] = value
    if own.startswith("sandbox"):
        response.headers["content-security-policy"] = own
    response.headers.setdefault("cache-control", "no-store")
    response.headers["vary"] = "Cookie, Accept-Language, HX-Request"


def _waiting(store: EventStore) -> dict[str, int]:
    """What waits for somebody, by the page that deals with it."""
    try:
        return {"alarms": count_open(store), "review": count_waiting(store)}
    except StoreError:
        return {}


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a posted form; read once, the same answer afterwards.

    Raises:
        ApiError: 413 when it is longer than `MAX_FORM_BYTES`.
    """
    body = await read_body(request)
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=100)
    return dict(pairs)


async def read_chosen(request: Request, name: str) -> tuple[str, ...]:
    """Every value of a field that a form sends more than once, such as ticked boxes.

    Raises:
        ApiError: 413 when the form is longer than `MAX_FORM_BYTES`.
    """
    body = (await read_body(request)).decode("utf-8", "replace")
    pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=100)
    return tuple(value for field, value in pairs if field == name)


async def read_body(request: Request) -> bytes:
    """The whole body, kept on the request.

    Raises:
        ApiError: 413 when it is longer than `MAX_FORM_BYTES`.
    """
    known: bytes | None = getattr(request.state, "body", None)
    if known is None:
        pieces: list[bytes] = []
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > MAX_FORM_BYTES:
                raise ApiError(413, f"At most {MAX_FORM_BYTES} bytes.", "request_too_large")
            pieces.append(piece)
        known = request.state.body = b"".join(pieces)
    return known


async def _is_own_form(request: Request) -> bool:
    """Whether a POST comes from a page of ours: same origin, and the token of this visit."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        return False
    token = request.headers.get("x-csrf-token")
    if token is None:
        try:
            token = (await read_form(request)).get("csrf", "")
        except ValueError:
            return False
    return form_token_holds(request.cookies.get(VISIT_COOKIE, ""), token)


def _other_languages(visit: Visit) -> list[dict[str, str]]:
    url = visit.request.url
    shown = visit.request.method == "GET" and not visit.partial
    pairs = [(k, v) for k, v in parse_qsl(url.query) if k != "lang"] if shown else []
    path = url.path if shown else "/"
    return [
        {
            "code": "zh-CN" if code == "zh" else code,
            "name": _LANGUAGE_NAMES[code],
            "url": f"{path}?{urlencode([*pairs, ('lang', code)], errors='replace')}",
        }
        for code in LANGUAGES
        if code != visit.lang
    ]


@cache
def _asset(name: str) -> str:
    """The address of a static file; it changes with the content, so it can be kept for long."""
    data = files("trueline.gateway.console").joinpath("static", name).read_bytes()
    return f"/static/{name}?{hashlib.sha256(data).hexdigest()[:10]}"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("trueline.gateway.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(t=_say_here, asset=_asset)
    environment.filters.update(
        ms=figures.milliseconds,
        percent=figures.percent,
        share=figures.share,
        whole=figures.whole,
        short_hash=figures.short_hash,
        signed=figures.signed,
        rate=figures.rate,
        local=_local_here,
        local_short=_local_short_here,
        finding=_finding_here,
    )
    return environment


@pass_context
def _say_here(context: TemplateContext, key: str, **values: Any) -> str:
    return say(key, context["lang"], **values)


@pass_context
def _local_here(context: TemplateContext, moment: datetime, seconds: bool = True) -> str:
    return figures.local_time(moment, context["zone"], seconds=seconds)


@pass_context
def _local_short_here(context: TemplateContext, moment: datetime, present: datetime) -> str:
    return figures.short_time(moment, context["zone"], present)


@pass_context
def _finding_here(context: TemplateContext, name: str) -> str:
    return finding_name(name, context["categories_by_id"], context["lang"])
