"""The scope line: which system, which policy, which prompts, when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueline.assess.case.sentences import Speaker

_GUARD_KEYS = ("guard", "screen", "guard_policy", "guard_hash")
_DIGEST = 19  # `sha256:` and twelve digits are enough to tell two apart


def scope_lines(case: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pairs of a key of `words.WORDS` and a value; what nobody stated is left out."""
    base, policy = case["base"], case["derived"]["policy"]
    plan = base["plan"]
    settings = plan.get("target_settings")
    settings = settings if isinstance(settings, Mapping) else {}
    speaker = Speaker(case, "en")
    target = speaker.target()
    model = str(settings.get("model") or "")
    hashes = [
        str(value)[:_DIGEST] for key, value in settings.items() if "sha256" in key or "hash" in key
    ]
    lines = [("scope.target", " · ".join(dict.fromkeys(filter(None, (target, model, *hashes)))))]
    guard = next((settings[key] for key in _GUARD_KEYS if settings.get(key)), None)
    if guard is not None:
        told = (
            guard
            if isinstance(guard, str)
            else " · ".join(str(value)[:_DIGEST] for value in guard.values())
            if isinstance(guard, Mapping)
            else str(guard)
        )
        lines.append(("scope.guard", told))
    lines.append(
        ("scope.policy", f"{policy['name']} {policy['version']} · {policy['hash'][:_DIGEST]}")
    )
    if languages := _languages(base):
        lines.append(("scope.languages", languages))
    if population := _population(base):
        lines.append(("scope.population", population))
    if mix := _mix(base):
        lines.append(("scope.mix", mix))
    if begun := plan.get("begun"):
        lines.append(("scope.replies", str(begun)))
    lines.append(("scope.date", str(case["made"])))
    return lines


def _languages(base: Mapping[str, Any]) -> str:
    counts: dict[str, int] = {}
    for key, count in base["items"].get("by_category", {}).items():
        language = key.rpartition(" ")[2]
        counts[language] = counts.get(language, 0) + count
    return ", ".join(f"{language} ({count:,})" for language, count in sorted(counts.items()))


def _population(base: Mapping[str, Any]) -> str:
    for one in base["evidence"]:
        for claim in one["claims"]:
            if claim["id"] == "violation_rate" and claim["population"]:
                return str(claim["population"])
    return ""


def _mix(base: Mapping[str, Any]) -> str:
    """How many prompts are to be refused, to be answered, and either: `1,428 / 1,299 / 221`."""
    for one in base["evidence"]:
        expected = one["settings"].get("expected")
        if isinstance(expected, Mapping):
            counts = [expected.get(name, 0) for name in ("refuse", "comply", "safe")]
            return " / ".join(f"{count:,}" for count in counts)
    return ""
