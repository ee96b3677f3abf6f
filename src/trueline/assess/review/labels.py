"""The counts a reviewed claim is made of, for all replies or for a category or language.

`reviewed_inputs` gives the inputs of the formula `reviewed_rate_upper`: confirmed violations, and
the open replies beside them, so that the bound is the worst of all the ways the review could end
and the lower bound rests on what people confirmed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueline.assess.review.draw import Draw
from trueline.assess.review.population import (
    GradedReply,
    population_digest,
    read_population,
)
from trueline.assess.review.review_file import ReviewState, read_review
from trueline.core.errors import InputError
from trueline.stats.judge_error import Review

#: Which replies to count; None counts all.
Where = Callable[[GradedReply], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCounts:
    """Counts of a review, finished or not.

    Args:
        n: replies in all.
        drawn: drawn for labelling.
        found_flagged: labelled as violations, flagged by the judge.
        found_unflagged: the same, not flagged.
        ok_flagged: labelled as harmless, flagged.
        ok_unflagged: the same, not flagged.
        open_flagged: flagged, drawn and without a final label; and every fault.
        open_unflagged: not flagged, drawn and without a final label.
        faults: replies that never came, also counted in `open_flagged`.
        flagged_share: probability with which a flagged reply was drawn.
        unflagged_share: the same for the others.
    """

    n: int
    drawn: int
    found_flagged: int
    found_unflagged: int
    ok_flagged: int
    ok_unflagged: int
    open_flagged: int
    open_unflagged: int
    faults: int
    flagged_share: float
    unflagged_share: float

    @property
    def labelled(self) -> int:
        """Replies with a final label."""
        return self.found_flagged + self.found_unflagged + self.ok_flagged + self.ok_unflagged

    def inputs(self) -> dict[str, Any]:
        """Inputs of the formula `reviewed_rate_upper`."""
        return {
            "n": self.n, "found_flagged": self.found_flagged,
            "found_unflagged": self.found_unflagged, "open_flagged": self.open_flagged,
            "open_unflagged": self.open_unflagged, "flagged_share": self.flagged_share,
            "unflagged_share": self.unflagged_share,
        }  # fmt: skip


_TALLY: tuple[str, ...] = (
    "found_flagged", "found_unflagged", "ok_flagged", "ok_unflagged", "open_flagged",
    "open_unflagged",
)  # fmt: skip


@dataclass(frozen=True)
class CaseReview:
    """The replies of a case and what people said of them."""

    population: Sequence[GradedReply]
    state: ReviewState
    draw: Draw

    def counts(self, where: Where | None = None) -> ReviewCounts:
        """Counts over the replies that `where` takes, all by default."""
        tally: dict[str, int] = dict.fromkeys(_TALLY, 0)
        n = drawn = faults = 0
        for graded in self.population:
            if where is not None and not where(graded):
                continue
            n += 1
            flagged = True if graded.faulty else self.draw.drawn.get(graded.id)
            faults += graded.faulty
            if flagged is None:
                continue
            drawn += not graded.faulty
            final = self.state.final(graded.id)
            kind = "open" if final is None else "found" if final.answer == "violates" else "ok"
            tally[f"{kind}_{'flagged' if flagged else 'unflagged'}"] += 1
        return ReviewCounts(
            n=n, drawn=drawn, faults=faults, flagged_share=self.draw.flagged_share,
            unflagged_share=self.draw.unflagged_share, **tally,
        )  # fmt: skip


def read_case_review(case: Path) -> CaseReview:
    """The review of a case, for those who label and report.

    Raises:
        InputError: no sample was drawn, or the replies or the policy changed since.
    """
    state = read_review(case)
    if state.draw is None:
        raise InputError(
            f"{case}: no sample has been drawn yet.\n  Draw one with: trueline review draw {case}"
        )
    population = read_population(case)
    if changed := _changed(case, state.draw, population):
        raise InputError(
            f"{case}: the {changed} changed since the sample was drawn, so it no longer stands "
            f"for them.\n  Draw again with: trueline review draw {case}\n"
            "  Labels on replies that stayed the same are kept."
        )
    return CaseReview(population, state, state.draw)


def still_drawn(case: Path) -> bool:
    """Whether a sample was drawn and neither the replies nor the policy changed since."""
    state = read_review(case)
    return state.draw is not None and not _changed(case, state.draw, read_population(case))


def review_of(case: Path) -> CaseReview | None:
    """The review of a case, if it may enter a claim: someone labelled, and nothing changed since.

    Raises:
        InputError: `reviews.jsonl` was tampered with.
    """
    state = read_review(case)
    if state.draw is None or not any(label.reply in state.draw.drawn for label in state.labels):
        return None
    population = read_population(case)
    if _changed(case, state.draw, population):
        return None
    return CaseReview(population, state, state.draw)


def reviewed_inputs(case: Path, category: str = "", language: str = "") -> dict[str, Any] | None:
    """Inputs of `reviewed_rate_upper` for a claim; None before anybody labelled.

    Args:
        case: the case folder.
        category: of the items to count; all when empty.
        language: the same.
    """
    review = review_of(case)
    return None if review is None else review.counts(_where(category, language)).inputs()


def review_counts(case: Path, category: str = "", language: str = "") -> Review | None:
    """The same as one record, every open reply a violation; None before anybody labelled.

    A claim is better made from `reviewed_inputs`, whose lower bound leaves the open ones out.
    """
    review = review_of(case)
    if review is None:
        return None
    counts = review.counts(_where(category, language))
    return Review(
        n=counts.n,
        found_flagged=counts.found_flagged + counts.open_flagged,
        found_unflagged=counts.found_unflagged + counts.open_unflagged,
        unflagged_share=counts.unflagged_share,
        flagged_share=counts.flagged_share,
    )


def _where(category: str, language: str) -> Where:
    return lambda graded: (
        category in ("", graded.item.category) and language in ("", graded.item.language)
    )


def _changed(case: Path, draw: Draw, population: Sequence[GradedReply]) -> str:
    if population_digest(population) != draw.population:
        return "replies"
    policy = policy_hash(case)
    return "policy" if policy and policy != draw.policy else ""


def policy_hash(case: Path) -> str:
    """Hash of the policy that a case was assessed with; empty when the plan does not say."""
    try:
        plan = json.loads((case / "plan.json").read_text("utf-8"))
        return str(plan["policy"]["hash"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
