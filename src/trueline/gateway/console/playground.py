"""The Playground: a conversation through the gateway, and texts judged without the model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from time import monotonic
from typing import Any, get_args

import orjson
from starlette.responses import Response

from trueline.core.errors import UpstreamError
from trueline.core.policy_file import TEMPLATES
from trueline.core.records import Action, Role
from trueline.gateway.api_error import ApiError, bad_request
from trueline.gateway.auth import Caller
from trueline.gateway.chat import chat_completions
from trueline.gateway.check import check
from trueline.gateway.console.events import Side, exchange_side
from trueline.gateway.console.gateway_call import GatewayAnswer
from trueline.gateway.console.highlight import MAX_CHARACTERS, pieces, redacted_pieces
from trueline.gateway.console.site import Site, Visit, read_body, read_form
from trueline.gateway.console.verdict_view import verdict_view
from trueline.gateway.http_io import read_json_object
from trueline.store.queries import Event, get_exchange

ROLES: tuple[Role, ...] = get_args(Role)
SAMPLES = ("phone", "injection", "disguise", "plain")
MODELS_SECONDS = 60.0
MODELS_TIMEOUT = 3.0
MAX_MODELS = 200
_FALLBACK_MODEL = "default"


class Playground:
    """The pages of one site's Playground; remembers the upstream's models for a minute."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._models: tuple[float, tuple[str, ...]] = (float("-inf"), ())

    async def page(self, visit: Visit) -> Response:
        """The page, with an empty conversation."""
        state = self.site.state
        current = state.policies.current
        shown = visit.say("playground.policy.default", name=current.name)
        named = [name for name in state.settings.policies if name not in TEMPLATES]
        return self.site.page(
            visit,
            "playground.html",
            here="playground",
            models=await self._model_names(),
            roles=ROLES,
            samples=SAMPLES,
            policies=[("", shown), *((name, name) for name in (*named, *TEMPLATES))],
        )

    async def chat(self, visit: Visit) -> Response:
        """Pass a conversation to the gateway and stream its answer."""
        asked = read_json_object(await read_body(visit.request))
        body = {
            "model": _text(asked, "model") or _FALLBACK_MODEL,
            "messages": asked.get("messages"),
            "stream": True,
        }
        shadow = {"x-trueline-shadow": "1"} if asked.get("shadow") is True else {}
        return GatewayAnswer(
            self.site.state,
            self._caller(visit, _text(asked, "policy")),
            "/v1/chat/completions",
            chat_completions,
            body,
            shadow,
        )

    async def verdicts(self, visit: Visit) -> Response:
        """The recorded verdicts of an exchange, over the texts as the reader saw them."""
        form = await read_form(visit.request)
        wanted = form.get("exchange", "")
        event = await asyncio.to_thread(get_exchange, self.site.state.store, wanted)
        if event is None:
            raise ApiError(404, visit.say("missing.event"), "not_found")
        names = self.site.category_names(visit.lang)
        sides = [
            self._side(event, side, names, visit, _lines(form.get(side, "")))
            for side in ("prompt", "reply")
        ]
        return self.site.page(
            visit, "playground_verdicts.html", sides=sides, exchange=event.exchange
        )

    async def check(self, visit: Visit) -> Response:
        """Judge one text as prompt, reply, document or tool result."""
        form = await read_form(visit.request)
        text, role = _lines(form.get("text", "")), form.get("role", "prompt")
        try:
            caller = self._caller(visit, form.get("policy", ""))
            answer = GatewayAnswer(
                self.site.state, caller, "/v1/guard/check", check, {"text": text, "role": role}
            )
            status, headers, verdict = await answer.whole(visit.request.scope)
            if status != 200:
                raise ApiError(status, verdict["error"]["message"], verdict["error"]["code"])
        except ApiError as error:
            # The status stays 200: htmx would not show the answer otherwise.
            return self.site.page(visit, "playground_problem.html", problem=error.message)
        event = await asyncio.to_thread(
            get_exchange, self.site.state.store, headers["x-trueline-exchange-id"]
        )
        scores = verdict["scores"]
        action = Action.parse(verdict["action"])
        view = verdict_view(
            action,
            scores,
            self.site.category_names(visit.lang),
            visit.lang,
            milliseconds=event.exchange.guard_ms if event else None,
            redacted=redacted_pieces(text, scores),
        )
        active = self.site.state.policies.get(caller.policy)
        return self.site.page(
            visit,
            "playground_check.html",
            role=role,
            policy_name=active.name if active else "",
            pieces=pieces(text, scores),
            cut=max(0, len(text) - MAX_CHARACTERS),
            view=view,
        )

    def _caller(self, visit: Visit, policy: str) -> Caller:
        assert visit.reader is not None
        known = ("", *self.site.state.settings.policies, *TEMPLATES)
        if policy not in known:
            raise bad_request("There is no policy of this name here.", param="policy")
        return replace(visit.reader, policy=policy or visit.reader.policy)

    def _side(
        self, event: Event, side: str, names: Mapping[str, str], visit: Visit, text: str
    ) -> Side:
        shown = exchange_side(event, side, names, visit, text=text)
        blocked = event.exchange.prompt_action == Action.BLOCK
        if side == "reply" or blocked:  # a reply arrives redacted, a blocked prompt nowhere
            return shown
        redacted = redacted_pieces(text, event.exchange.scores.get(side, ()))
        return replace(shown, verdict=replace(shown.verdict, redacted=tuple(redacted)))

    async def _model_names(self) -> tuple[str, ...]:
        asked_at, names = self._models
        if monotonic() - asked_at < MODELS_SECONDS:
            return names
        try:
            async with asyncio.timeout(MODELS_TIMEOUT):
                status, body = await self.site.state.upstream.models(None)
            names = _read_models(body) if status == 200 else ()
        except (UpstreamError, TimeoutError):
            names = ()
        self._models = (monotonic(), names or (_FALLBACK_MODEL,))
        return self._models[1]


def _read_models(body: bytes) -> tuple[str, ...]:
    try:
        entries: Any = orjson.loads(body)["data"]
        return tuple(str(entry["id"])[:200] for entry in entries)[:MAX_MODELS]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ()


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name)
    return value if isinstance(value, str) else ""


def _lines(text: str) -> str:
    # A form sends line breaks as CR LF; the text that was judged has them as typed.
    return text.replace("\r\n", "\n")
