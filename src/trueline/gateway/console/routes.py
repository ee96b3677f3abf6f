"""The console's routes: pages, parts of pages, and static files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from trueline.gateway.auth import Right
from trueline.gateway.console import (
    alarm_pages,
    case_pages,
    events,
    feedback_pages,
    login,
    model_pages,
    overview,
    policy_pages,
    policy_version_pages,
    review_pages,
    review_settled,
    run_pages,
)
from trueline.gateway.console.playground import Playground
from trueline.gateway.console.site import Site, Visit, secure_response
from trueline.gateway.state import GatewayState

STATIC = Path(__file__).parent / "static"
_YEAR = "public, max-age=31536000, immutable"

PageMaker = Callable[[Site, Visit], Awaitable[Response]]


def routes(state: GatewayState) -> list[BaseRoute]:
    """Everything the console answers to; the gateway's own routes come before these."""
    site = Site(state)
    playground = Playground(site)

    def page(
        path: str, make: PageMaker, right: Right | None = "read", method: str = "GET"
    ) -> Route:
        async def handler(visit: Visit) -> Response:
            return await make(site, visit)

        return Route(path, site.guarded(handler, right), methods=[method])

    return [
        page("/", overview.overview_page),
        page("/overview/live", overview.overview_live),
        page("/events", events.events_page),
        page("/events.csv", events.events_csv),
        page("/events/{event_id}", events.event_page),
        page("/review", review_pages.review_page),
        page("/review.csv", review_settled.settled_csv, "review"),
        page("/review/settled", review_settled.settled_page, "review"),
        page("/review/name", review_pages.set_name, "review", "POST"),
        page("/review/{item_id}", review_pages.item_page, "review"),
        page("/review/{item_id}", review_pages.save_label, "review", "POST"),
        page("/feedback", feedback_pages.feedback_page),
        page("/feedback.csv", feedback_pages.feedback_csv),
        page("/feedback/review", feedback_pages.put_into_review, "review", "POST"),
        page("/alarms", alarm_pages.alarms_page),
        page("/alarms/silence", alarm_pages.silence, "admin", "POST"),
        page("/alarms/channels/{name}/test", alarm_pages.try_channel, "admin", "POST"),
        page("/alarms/{alarm_id}/acknowledge", alarm_pages.acknowledge, "review", "POST"),
        page("/alarms/{alarm_id}/resolve", alarm_pages.resolve, "admin", "POST"),
        page("/policy", policy_pages.rules_page),
        page("/policy/yaml", policy_pages.yaml_page),
        page("/policy/templates", policy_pages.templates_page),
        page("/policy/templates/{name}", policy_pages.templates_page),
        page("/policy/draft", policy_pages.draft_page),
        page("/policy/draft", policy_pages.check_draft, method="POST"),
        page("/policy/draft/propose", policy_version_pages.propose_draft, "admin", "POST"),
        page("/policy/versions", policy_version_pages.versions_page),
        page("/policy/versions/calibrate", policy_version_pages.calibrate_now, "admin", "POST"),
        page("/policy/versions/{version_id}", policy_version_pages.version_page),
        page(
            "/policy/versions/{version_id}/decide",
            policy_version_pages.decide_version,
            "admin",
            "POST",
        ),
        page("/cases", case_pages.cases_page),
        page("/cases/{case_id}", case_pages.case_page),
        page("/cases/{case_id}/verify", case_pages.verify_case, method="POST"),
        page("/cases/{case_id}/report", case_pages.case_html),
        page("/cases/{case_id}/files/{name}", case_pages.case_file),
        page("/runs", run_pages.runs_page),
        page("/runs/{run_id}", run_pages.run_page),
        page("/models", model_pages.models_page),
        Route("/playground", site.guarded(playground.page, "use")),
        Route("/playground/chat", site.guarded(playground.chat, "use"), methods=["POST"]),
        Route("/playground/check", site.guarded(playground.check, "use"), methods=["POST"]),
        Route("/playground/verdicts", site.guarded(playground.verdicts, "use"), methods=["POST"]),
        page("/login", login.login_page, None),
        page("/login", login.login, None, "POST"),
        page("/logout", login.logout, None, "POST"),
        Mount("/static", _Assets(directory=STATIC), name="static"),
    ]


class _Assets(StaticFiles):
    """Files whose address changes with their content, so they may be kept for a year."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        secure_response(response)
        response.headers["cache-control"] = _YEAR
        del response.headers["vary"]
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["x-content-type-options"] = "nosniff"
        return response
