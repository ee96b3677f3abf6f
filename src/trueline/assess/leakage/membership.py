"""Whether a model tells what it was trained on: attacks from its loss, with exact counts.

`loss` takes texts of low loss for members (Yeom et al. 2018, arXiv:1709.01604). `calibrated`
first takes away what other models, which never saw the texts, find hard about them (Watson et
al. 2022, arXiv:2111.08440; with several reference models this is the mean-only, offline form of
LiRA, Carlini et al. 2022, arXiv:2112.03570).

An average says little of the few who are exposed, so beside the area under the curve stands the
share of members found when at most 1 % of the others are accused (Carlini et al. 2022).

>>> found = membership([0.1, 0.2, 0.9], [1.0, 1.2, 0.8, 1.1], "loss")
>>> found.half_wins, found.caught
(22, 2)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trueline.stats.roc import Ranking

#: Share of others that may be accused.
FALSE_POSITIVES = 0.01
_CURVE_POINTS = 60


@dataclass(frozen=True, slots=True)
class Membership:
    """What one attack reached.

    Args:
        attack: `loss` or `calibrated`.
        members: texts that were trained on.
        others: texts that were not.
        half_wins: twice the pairs in which the member looks more like one, plus equal pairs.
        caught: members above the threshold.
        accused: others above the threshold; at most 1 % of them.
        curve: (share of others accused, share of members caught), rising.
    """

    attack: str
    members: int
    others: int
    half_wins: int
    caught: int
    accused: int
    curve: tuple[tuple[float, float], ...]

    @property
    def area(self) -> float:
        """Under the ROC curve; 0.5 for an attack that tells nothing."""
        return self.half_wins / (2 * self.members * self.others)


def membership(
    member_losses: Sequence[float], other_losses: Sequence[float], attack: str
) -> Membership:
    """Take what has the lower loss for a member.

    The threshold is the loss below which at most 1 % of the others lie. It depends on the
    others alone, so the count of members below it is binomial; and the true share of others
    below it is at most the Clopper-Pearson upper bound of the count (the share below an order
    statistic has that very beta distribution).

    Args:
        member_losses: of texts that were trained on; calibrated or not.
        other_losses: of texts from the same source that were not.
        attack: its name.

    Raises:
        ValueError: one of both is empty, or a loss is no number.
    """
    if not member_losses or not other_losses:
        raise ValueError(
            f"need members and others, got {len(member_losses)} and {len(other_losses)}"
        )
    ranking = Ranking.of(
        [-loss for loss in (*member_losses, *other_losses)],
        [True] * len(member_losses) + [False] * len(other_losses),
    )
    ordered = sorted(other_losses)
    allowed = int(FALSE_POSITIVES * len(ordered))
    threshold = ordered[allowed]
    return Membership(
        attack,
        len(member_losses),
        len(other_losses),
        round(2 * ranking.auc * len(member_losses) * len(other_losses)),
        sum(loss < threshold for loss in member_losses),
        sum(loss < threshold for loss in ordered),
        _thinned(ranking),
    )


def calibrated(losses: Sequence[float], references: Sequence[Sequence[float]]) -> list[float]:
    """Losses without what reference models find hard: loss minus the mean of theirs.

    Args:
        losses: of the model under attack, by text.
        references: for each reference model, losses of the same texts.
    """
    return [
        loss - sum(others) / len(others)
        for loss, others in zip(losses, zip(*references, strict=True), strict=True)
    ]


def _thinned(ranking: Ranking) -> tuple[tuple[float, float], ...]:
    """Points of the ROC curve, thinned evenly over thresholds; the ends are always there."""
    points = [(p.false_positive_rate, p.true_positive_rate) for p in ranking.curve]
    step = max(1, len(points) // _CURVE_POINTS)
    return tuple(dict.fromkeys([*points[::step], points[-1]]))
