"""A verdict as a page shows it, made from the scores that the log keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trueline.core.records import Action
from trueline.gateway.console.finding_names import label_name, reason_text
from trueline.gateway.console.highlight import Piece

# Scores shown for one text: all that acted but for absurd numbers, and the nearest misses.
MAX_ACTING = 40
MAX_BELOW = 6

ScoreData = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScoreView:
    """One score with its names in the reader's language; `acts` when it reached its threshold."""

    title: str
    value: float
    threshold: float
    action: str
    acts: bool
    scorer: str
    reason: str
    fault: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True)
class VerdictView:
    """One verdict: the action, the scores that led to it, and those that did not.

    `note` is a key of the catalogue that says what the verdict alone does not, or empty.
    """

    action: str
    acting: tuple[ScoreView, ...]
    below: tuple[ScoreView, ...]
    elsewhere: tuple[ScoreView, ...] = ()
    milliseconds: float | None = None
    redacted: tuple[Piece, ...] = ()
    shadow: bool = False
    note: str = ""


def verdict_view(
    action: Action,
    scores: Iterable[ScoreData],
    categories: Mapping[str, str],
    language: str,
    *,
    elsewhere: Mapping[str, Iterable[ScoreData]] | None = None,
    milliseconds: float | None = None,
    redacted: Iterable[Piece] = (),
    shadow: bool = False,
) -> VerdictView:
    """Sort scores into those that acted, strictest first, and those below their threshold.

    Args:
        action: what the verdict comes to.
        scores: scores of the text itself.
        categories: names of categories and topics by id.
        language: `zh` or `en`.
        elsewhere: scores of other texts of the request by where they stand; only those that
            acted are shown.
        milliseconds: time the check took, when known.
        redacted: the redacted text, when it differs.
        shadow: the verdict changed nothing.
    """
    views = [score_view(score, categories, language) for score in scores]
    views.sort(key=_strictest_first)
    others = [
        replace(score_view(score, categories, language), where=where)
        for where, found in (elsewhere or {}).items()
        for score in found
    ]
    others.sort(key=_strictest_first)
    return VerdictView(
        str(action),
        _highest(view for view in views if view.acts)[:MAX_ACTING],
        _highest(view for view in views if not view.acts and view.value > 0)[:MAX_BELOW],
        _highest(view for view in others if view.acts)[:MAX_ACTING],
        milliseconds,
        tuple(redacted),
        shadow,
    )


def _highest(views: Iterable[ScoreView]) -> tuple[ScoreView, ...]:
    """One score for each finding: a long text may hold the same one in many places."""
    kept: dict[tuple[str, str, str, str], ScoreView] = {}
    for view in views:
        kept.setdefault((view.title, view.scorer, view.action, view.where), view)
    return tuple(kept.values())


def _strictest_first(view: ScoreView) -> tuple[int, float]:
    return -Action.parse(view.action), -view.value


def score_view(score: ScoreData, categories: Mapping[str, str], language: str) -> ScoreView:
    """A score in the shape of `GradedScore.as_json`, with its names."""
    category, label = str(score.get("category", "")), str(score.get("label", ""))
    value, threshold = float(score.get("score", 0.0)), float(score.get("threshold", 0.0))
    action = str(score.get("action", "allow"))
    title = categories.get(category, category)
    if label and label != category:
        title = f"{title} · {label_name(label, language) or label}"
    reason = str(score.get("reason", ""))
    return ScoreView(
        title=title,
        value=min(1.0, max(0.0, value)),
        threshold=threshold,
        action=action,
        acts=action != "allow",
        scorer=str(score.get("scorer", "")),
        reason=reason_text(reason, language),
        fault=bool(score.get("fault", False)),
    )


def strictest(scores: Iterable[ScoreData]) -> Action:
    """The strictest action among scores."""
    return max((Action.parse(str(score["action"])) for score in scores), default=Action.ALLOW)


def channels_of(
    scores: Mapping[str, Sequence[ScoreData]], side: str
) -> dict[str, Sequence[ScoreData]]:
    """Scores of one side of an exchange by channel, in the order they were judged.

    Args:
        scores: `Exchange.scores`.
        side: `prompt` or `reply`; whatever is not the reply belongs to the prompt.
    """
    return {
        name: found
        for name, found in scores.items()
        if name.startswith("reply") == (side == "reply")
    }
