"""What a signature is under: the claims of a case, and what they were measured on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

#: Evidence made from the checklist itself.
OWN = "ethics"
#: Of `plan.json`: what was asked, and with which items.
_MEASURED = ("target", "target_settings", "items_sha256")
_PARTS = ("id", "formula", "inputs", "confidence", "limit", "side", "required")


def claims_digest(case: Path) -> str:
    """Digest over target, items, and every claim's counts and limit; it changes with any of them."""
    found: list[list[Any]] = [_measured(case)]
    for path in sorted((case / "evidence").glob("*.json")):
        if path.stem == OWN:
            continue
        try:
            claims = json.loads(path.read_text("utf-8"))["claims"]
            found += [[claim.get(part) for part in _PARTS] for claim in claims]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            found.append([path.name, "unreadable"])  # the case itself refuses such a file
    found.sort(key=lambda parts: json.dumps(parts, sort_keys=True))
    text = json.dumps(found, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()


def _measured(case: Path) -> list[Any]:
    try:
        plan = json.loads((case / "plan.json").read_text("utf-8"))
        return ["plan.json", *(plan.get(part) for part in _MEASURED)]
    except (OSError, ValueError, AttributeError):
        return ["plan.json", "unreadable"]  # the case itself refuses such a file
