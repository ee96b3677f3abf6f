"""After new labels: the evidence that rests on them, written anew."""

from __future__ import annotations

from pathlib import Path

from trueline.assess.case.sources import policy_of, read_plan
from trueline.assess.review.evidence import write_review_evidence
from trueline.assess.review.labels import read_case_review
from trueline.assess.suite_evidence import NAME, suite_evidence


def refresh_evidence(case: Path) -> None:
    """Write `evidence/human_review.json`, and `evidence/suites.json` if the case has one.

    Raises:
        InputError: the case cannot be read.
    """
    write_review_evidence(case, read_case_review(case))
    if (case / "evidence" / f"{NAME}.json").exists():
        plan = read_plan(case)
        policy = policy_of(plan, str(case / "plan.json"))
        excluded = plan.get("options", {}).get("unscored") == "exclude"
        suite_evidence(case, policy, unscored="exclude" if excluded else "violation").write(case)
