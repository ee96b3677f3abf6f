"""Whose label it is: the key's name, or in open mode the name that was asked for once.

>>> reviewer_name("  Ann   Lee "), reviewer_name(""), reviewer_name("x" * 61)
('Ann Lee', '', '')
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from starlette.responses import Response

from trueline.gateway.console.site import YEAR, Visit

NAME_COOKIE = "trueline_reviewer"
MAX_NAME = 60


def reviewer_of(visit: Visit) -> str:
    """The name that labels of this visit are kept under; empty when nobody gave one."""
    if visit.reader is not None and visit.reader.key_id:
        return visit.reader.name
    return reviewer_name(unquote(visit.request.cookies.get(NAME_COOKIE, "")))


def reviewer_name(text: str) -> str:
    """A name with single blanks; empty when it is none: too long, or not printable."""
    name = " ".join(text.split())
    return name if name.isprintable() and len(name) <= MAX_NAME else ""


def remember_reviewer(visit: Visit, response: Response, name: str) -> None:
    """Keep a name in this browser."""
    response.set_cookie(
        NAME_COOKIE,
        quote(name, safe=""),
        max_age=YEAR,
        httponly=True,
        samesite="strict",
        secure=visit.request.url.scheme == "https",
    )
