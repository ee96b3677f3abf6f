"""Cases that were begun with measures: a plan without questions, so that a report can be built.

Metrics, fairness, robustness and the like may come before anybody questions the target, or be all
there is. The first of them writes a plan that names the policy and what was measured;
`trueline assess TARGET` into the same folder puts its own in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from trueline.assess.evidence import Evidence
from trueline.assess.plan_file import FILE, make_plan, write_plan
from trueline.core.errors import InputError
from trueline.core.policy import Policy


class _Measured(NamedTuple):
    """What was measured, in the place of a target; it is not asked."""

    name: str
    settings: Mapping[str, Any]


def keep_evidence(evidence: Evidence, case: Path, policy: Policy, about: str) -> Path:
    """Write the evidence, and a plan first where the folder has none.

    Args:
        evidence: what was found.
        case: its folder; made when it is missing.
        policy: for a plan that is written now.
        about: what was measured, such as the name of the model's folder.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        case.mkdir(parents=True, exist_ok=True)
        if not (case / FILE).exists():
            options = {"samples": 0, "measured_only": True}
            write_plan(case, make_plan(_Measured(about, {}), policy, [], [], 0, options))
        return evidence.write(case)
    except OSError as error:
        raise InputError(f"cannot write to {case}: {error.strerror or error}") from None
