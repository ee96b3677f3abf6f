"""Why a verdict is what it is: what acted, by which rule or which words, and what came nearest.

    >>> from trueline.core.policy_file import policy_from_template
    >>> judge = Judge.from_policy(policy_from_template("default"))
    >>> explanation = explain_verdict(judge, "call 138-0013-8000 after six")
    >>> [(f.score.label, f.score.scorer) for f in explanation.findings]
    [('cn_mobile', 'pii')]

Rules and word lists give their reason in words. For the bundled classifier every n-gram's part
in the logit is given (`trueline.scorers.linear_explanation`), with nothing left over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trueline.core.records import Action, Context, GradedScore, Verdict
from trueline.judge import Judge
from trueline.scorers.linear import LinearScorer
from trueline.scorers.linear_explanation import SegmentExplanation, explain_segments
from trueline.text.normalize import NormalizedText, normalize

#: Findings of the classifier that are taken apart.
MOST_SEGMENTS = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """A score of the verdict and what is behind it.

    Args:
        score: as the verdict holds it; `reason` says which rule it was.
        segment: the classifier's n-grams; None for any other scorer.
        needed_logit: the logit at which the score would act; None without a segment.
    """

    score: GradedScore
    segment: SegmentExplanation | None = None
    needed_logit: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The shape that the command line and the console show."""
        told = self.score.as_json()
        if self.segment is not None:
            told["classifier"] = {**self.segment.as_json(), "needed_logit": self.needed_logit}
        return told


@dataclass(frozen=True, slots=True)
class GuardExplanation:
    """Why a text got its verdict.

    Args:
        text: as it was given.
        verdict: the Judge's.
        findings: scores that act, strictest first.
        nearest: where nothing acts, the score that came nearest to acting; None without any.
        disguises: families of disguises undone on the way.
    """

    text: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    nearest: Finding | None
    disguises: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape that the command line and the console show; without the text itself."""
        return {
            "action": str(self.verdict.action),
            "policy_hash": self.verdict.policy_hash,
            "role": self.verdict.role,
            "findings": [finding.as_json() for finding in self.findings],
            "nearest": self.nearest.as_json() if self.nearest else None,
            "disguises": list(self.disguises),
            "faults": list(self.verdict.faults),
        }


def explain_verdict(judge: Judge, text: str, context: Context | None = None) -> GuardExplanation:
    """Judge a text and say why.

    Args:
        judge: the Judge that decides.
        text: any length, any language.
        context: role, history and language; a prompt when not given.
    """
    normalized = normalize(text)
    verdict = judge.judge(normalized, context)
    acting = [score for score in verdict.scores if score.action > Action.ALLOW]
    linear = next((one for one in judge.scorers if isinstance(one, LinearScorer)), None)
    nearest = None if acting else _nearest(verdict.scores)
    explained = 0
    findings: list[Finding] = []
    for score in acting:
        take = score.scorer == "linear" and explained < MOST_SEGMENTS
        explained += take
        findings.append(_finding(score, linear if take else None, normalized))
    return GuardExplanation(
        text,
        verdict,
        tuple(findings),
        _finding(nearest, linear, normalized) if nearest else None,
        normalized.disguises,
    )


def _nearest(scores: Sequence[GradedScore]) -> GradedScore | None:
    """The score with the largest share of its threshold; faults aside."""
    usable = [score for score in scores if not score.fault and 0 < score.threshold <= 1]
    return max(usable, key=lambda score: score.value / score.threshold, default=None)


def _finding(score: GradedScore, linear: LinearScorer | None, text: NormalizedText) -> Finding:
    if linear is None or score.scorer != "linear" or score.fault or not score.spans:
        return Finding(score)
    for segment in explain_segments(linear, text, score.label, score.spans[0]):
        if segment.value == score.value:
            head = next(head for head in linear.model.heads if head.label == score.label)
            return Finding(score, segment, head.ladder.logit_at(score.threshold, segment.language))
    return Finding(score)
