"""Safety cases: their verdicts, what production withdrew, verification, the page itself."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from trueline.assess.case.verify import verify
from trueline.gateway.console.case_folders import (
    HTML,
    JSON,
    PDF,
    CaseFolder,
    case_by_id,
    case_folders,
    made_at,
    read_page,
)
from trueline.gateway.console.site import Site, Visit

# Where cases lie when the settings name no folder: beside the gateway, by their usual names.
USUAL = (Path("cases"), Path("case"))
_TYPES = {JSON: "application/json", PDF: "application/pdf"}


async def cases_page(site: Site, visit: Visit) -> Response:
    """Every case with its verdict, newest first."""
    roots = case_roots(site)
    found = await asyncio.to_thread(case_folders, roots)
    return site.page(
        visit,
        "cases.html",
        here="cases",
        cases=[(case, made_at(case)) for case in found],
        roots=[str(root) for root in roots],
    )


async def case_page(site: Site, visit: Visit) -> Response:
    """One case."""
    return await _shown(site, visit, None)


async def verify_case(site: Site, visit: Visit) -> Response:
    """Compute the case again and say what came of it."""
    case = await _case(site, visit)
    if case is None:
        return _missing(site, visit)
    evidence = case.path if (case.path / "evidence").is_dir() else None
    found = await asyncio.to_thread(verify, case.path, evidence)
    return await _shown(site, visit, found)


async def case_html(site: Site, visit: Visit) -> Response:
    """The report itself, in a sandbox: its scripts cannot reach the console or its cookies."""
    case = await _case(site, visit)
    if case is None or not case.has(HTML):
        return _missing(site, visit)
    data = await asyncio.to_thread(read_page, case, HTML)
    headers = {"content-security-policy": sandbox_policy()}
    return Response(data, media_type="text/html; charset=utf-8", headers=headers)


async def case_file(site: Site, visit: Visit) -> Response:
    """`case.json` or `case.pdf` to keep."""
    case, name = await _case(site, visit), str(visit.request.path_params["name"])
    if case is None or name not in _TYPES or not case.has(name):
        return _missing(site, visit)
    data = await asyncio.to_thread(read_page, case, name)
    kept = quote(f"{case.id}-{name}")
    return Response(
        data,
        media_type=_TYPES[name],
        headers={"content-disposition": f"attachment; filename*=UTF-8''{kept}"},
    )


def case_roots(site: Site) -> tuple[Path, ...]:
    """The folders in which cases are looked for."""
    own = site.state.settings.cases
    monitoring = site.state.monitoring
    watched = (Path(monitoring.safety_case),) if monitoring and monitoring.safety_case else ()
    return ((Path(own),) if own else USUAL) + watched


@cache
def sandbox_policy() -> str:
    """What the report may do: its own style and its one known script, and nothing else."""
    script = files("trueline.assess.case").joinpath("page.js").read_text("utf-8")
    hashes = {
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (script, script.strip(), script.rstrip("\n"))
    }
    known = " ".join(f"'sha256-{one}'" for one in sorted(hashes))
    return (
        f"sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src {known}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


async def _shown(site: Site, visit: Visit, found: Any) -> Response:
    case = await _case(site, visit)
    if case is None:
        return _missing(site, visit)
    made: datetime | None = made_at(case)
    return site.page(
        visit,
        "case.html",
        here="cases",
        case=case,
        made=made,
        verification=found,
        downloads=[name for name in _TYPES if case.has(name)],
        has_page=case.has(HTML),
    )


async def _case(site: Site, visit: Visit) -> CaseFolder | None:
    wanted = str(visit.request.path_params["case_id"])
    return await asyncio.to_thread(case_by_id, case_roots(site), wanted)


def _missing(site: Site, visit: Visit) -> Response:
    return site.message(visit, 404, visit.say("missing.title"), visit.say("case.missing"))
