"""Step 3: the assistant behind the guard, questioned with the bundled suites."""

from __future__ import annotations

from typing import Any

from trueline.assess.case.gate import gate
from trueline.assess.case.verify import verify
from trueline.assess.run import Plan, assess
from trueline.assess.suite_choice import Choice
from trueline.assess.targets.function import ReplyFunction
from trueline.assess.targets.open_target import TargetOptions
from trueline.lifecycle.guarded import GuardScreen
from trueline.lifecycle.tour.place import Place, Size

TARGET = "builtin:assistant"
SEED = 7


def assess_assistant(place: Place, size: Size, assistant: ReplyFunction) -> dict[str, Any]:
    """Question the assistant, write the safety case and say its verdict.

    Replies that were given before the tour was broken off are kept.
    """
    policy = place.policy()
    done = assess(
        TARGET, policy, place.case,
        plan=Plan(choice=Choice(sample=size.assess_items, seed=SEED)),
        options=TargetOptions(builtin={TARGET: assistant}),
        screen=GuardScreen(policy),
        command=by_hand(place, size),
    )  # fmt: skip
    claim = done.violation_rate
    return {
        "n": claim.inputs["n"],
        "found": claim.inputs["found"],
        "upper": claim.upper,
        "limit": claim.limit,
        "outcome": claim.outcome,
        "confidence": claim.confidence,
        **case_facts(place),
    }


def case_facts(place: Place) -> dict[str, Any]:
    """The verdict of the case as it stands, in both languages, and whether it verifies."""
    answer = gate(place.case, build=True)
    found = verify(place.case, place.case)
    return {
        "verdict": answer.verdict,
        "sentence": {language: answer.sentence(language) for language in ("zh", "en")},
        "verified": found.holds,
        "claims": found.claims,
    }


def by_hand(place: Place, size: Size) -> list[str]:
    """The command that does the same."""
    return [
        "trueline", "assess", TARGET, "--guard", "--sample", str(size.assess_items), "--seed",
        str(SEED), "--policy", str(place.policy_file), "--out", str(place.case),
    ]  # fmt: skip
