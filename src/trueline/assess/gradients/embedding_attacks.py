"""FGSM, PGD and Gaussian noise inside a ball around each token's embedding.

The ball is drawn around every token by itself: `l2` bounds the length of each token's change,
`linf` each coordinate of it. So that one radius means about the same in both, the `linf` bound
is radius / sqrt(width): a corner of the cube is then as long as the `l2` radius.

The gradient is that of log(1 - p) - log p, with p the probability of the right label. Its
direction is that of the cross-entropy's, but it does not vanish where p rounds to 1, so a
confident model does not look robust for that reason alone.

References: Goodfellow et al. (2015), arXiv:1412.6572 (FGSM); Miyato et al. (2017),
arXiv:1605.07725 (its L2 form on word embeddings); Madry et al. (2018), arXiv:1706.06083 (PGD);
Carlini & Wagner (2017), arXiv:1608.04644 (gradients that vanish).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Norm = Literal["l2", "linf"]
NORMS: tuple[Norm, ...] = ("l2", "linf")
#: Length of a PGD step as a share of radius / steps (Madry et al. use 2.5).
STEP_SHARE = 2.5
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Ball:
    """What a change may be: `radius` in the embedding's own units, and its norm."""

    radius: float
    norm: Norm


@dataclass(frozen=True, slots=True)
class Attacked:
    """Texts under attack.

    Args:
        logits_of: logits [batch, labels] of embeddings [batch, time, width].
        clean: float32 [batch, time, width], embeddings of the texts.
        targets: int64 [batch], right labels.
        own: bool [batch, time], tokens that may change; framing and padding stay.
    """

    logits_of: Callable[[Tensor], Tensor]
    clean: Tensor
    targets: Tensor
    own: Tensor

    def wrong(self, change: Tensor) -> Tensor:
        """Which texts are read wrongly after a change, bool [batch]."""
        with torch.no_grad():
            return is_wrong(self.logits_of(self.clean + change), self.targets)


def margin_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Log of the odds against the right label; above 0 it has less than half.

    float32 [batch].
    """
    right = logits.gather(1, targets[:, None]).squeeze(1)
    others = logits.scatter(1, targets[:, None], -math.inf)
    loss: Tensor = others.logsumexp(1) - right
    return loss


def is_wrong(logits: Tensor, targets: Tensor) -> Tensor:
    """Whether another label has the highest logit, bool [batch]."""
    return logits.argmax(1) != targets


def steepest(gradient: Tensor, ball: Ball) -> Tensor:
    """The change within the ball, token by token, that a linear loss grows most by."""
    if ball.norm == "linf":
        return gradient.sign() * _coordinate_bound(ball, gradient)
    return gradient / _length(gradient) * ball.radius


def projected(change: Tensor, ball: Ball) -> Tensor:
    """The nearest change within the ball, token by token."""
    if ball.norm == "linf":
        bound = _coordinate_bound(ball, change)
        return change.clamp(-bound, bound)
    return change * (ball.radius / _length(change)).clamp_max(1.0)


def fgsm(texts: Attacked, ball: Ball) -> Tensor:
    """One step to the edge of the ball; the change, float32 [batch, time, width]."""
    gradient, _ = _gradient_and_wrong(texts, torch.zeros_like(texts.clean))
    return steepest(gradient, ball) * texts.own[..., None]


def pgd(
    texts: Attacked,
    ball: Ball,
    *,
    steps: int,
    starts: int,
    random: torch.Generator,
    broken: Tensor | None = None,
) -> Tensor:
    """Whether any point met was read wrongly, bool [batch].

    The first start is the point FGSM finds, so PGD breaks whatever FGSM breaks; the others are
    drawn within the ball.

    Args:
        texts: under attack.
        ball: around each token.
        steps: from each start.
        starts: at least 1.
        random: for the starts.
        broken: bool [batch], texts known to be broken within a smaller ball.
    """
    clean = texts.clean
    found = torch.zeros(len(clean), dtype=torch.bool) if broken is None else broken.clone()
    free = texts.own[..., None]
    size = Ball(STEP_SHARE * ball.radius / steps, ball.norm)
    for start in range(starts):
        drawn = (
            torch.randn(clean.shape, generator=random) * ball.radius / math.sqrt(clean.shape[-1])
        )
        change = fgsm(texts, ball) if start == 0 else projected(drawn, ball) * free
        for _ in range(steps):
            gradient, wrong = _gradient_and_wrong(texts, change)
            found |= wrong
            if bool(found.all()):
                return found
            change = projected(change + steepest(gradient, size) * free, ball)
        found |= texts.wrong(change)
    return found


def noise(texts: Attacked, radius: float, random: torch.Generator) -> Tensor:
    """A Gaussian change of length `radius` at each token that may change."""
    drawn = torch.randn(texts.clean.shape, generator=random)
    return drawn / _length(drawn) * radius * texts.own[..., None]


def _gradient_and_wrong(texts: Attacked, change: Tensor) -> tuple[Tensor, Tensor]:
    point = (texts.clean + change).detach().requires_grad_(True)
    with torch.enable_grad():
        logits = texts.logits_of(point)
        (gradient,) = torch.autograd.grad(margin_loss(logits, texts.targets).sum(), point)
    return gradient, is_wrong(logits.detach(), texts.targets)


def _coordinate_bound(ball: Ball, like: Tensor) -> float:
    return ball.radius / math.sqrt(like.shape[-1])


def _length(vectors: Tensor) -> Tensor:
    """Of each vector, at least a trifle, [..., 1]."""
    length: Tensor = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
    return length.clamp_min(_TINY)
