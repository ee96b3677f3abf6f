"""Regulation facts for engineering, each with its source and status. Not legal advice.

The facts live in `data/regulations.json`; `status` says how each was checked:
`seen_in_source`, `seen_in_secondary_source_only` or `memory_unverified`.

    >>> "eu_ai_act" in regulation_ids()
    True
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def regulation_data() -> dict[str, Any]:
    """The whole file as plain data: sources, regulations, policy_categories."""
    text = files("trueline.core").joinpath("data/regulations.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


@cache
def regulation_ids() -> tuple[str, ...]:
    """Names a policy may list under `regulations`."""
    return tuple(regulation_data()["regulations"])


def regulation_title(name: str) -> str:
    """Title of a regulation as its source gives it, or the id when it has none."""
    entry = regulation_data()["regulations"].get(name, {})
    if not isinstance(entry, dict):
        return name
    return str(entry.get("title") or entry.get("title_zh") or name)
