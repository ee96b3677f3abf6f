"""Attacks within a ball, held against cases that can be solved by hand."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from trueline.assess.gradients.embedding_attacks import (
    NORMS,
    Attacked,
    Ball,
    Norm,
    fgsm,
    margin_loss,
    noise,
    pgd,
    projected,
)

BATCH, TIME, WIDTH = 12, 3, 8


def linear_texts(seed: int = 0) -> tuple[Attacked, Tensor]:
    """Two labels told apart by one hyperplane over all tokens; the last token may not change."""
    random = torch.Generator().manual_seed(seed)
    normal = torch.randn(TIME, WIDTH, generator=random)
    clean = torch.randn(BATCH, TIME, WIDTH, generator=random)

    def logits_of(vectors: Tensor) -> Tensor:
        score = (vectors * normal).sum((1, 2))
        return torch.stack([score, -score], 1)

    own = torch.ones(BATCH, TIME, dtype=torch.bool)
    own[:, -1] = False
    return Attacked(logits_of, clean, logits_of(clean).argmax(1), own), normal


def reach(normal: Tensor, ball: Ball) -> float:
    """How far the score of `linear_texts` can be moved by the two tokens that may change."""
    free = normal[:-1]
    if ball.norm == "linf":
        return float(free.abs().sum()) * ball.radius / math.sqrt(WIDTH)
    return float(torch.linalg.vector_norm(free, dim=-1).sum()) * ball.radius


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("radius", [0.05, 0.3, 1.0])
def test_one_step_is_the_best_attack_on_a_linear_model(norm: Norm, radius: float) -> None:
    texts, normal = linear_texts()
    ball = Ball(radius, norm)
    scores = texts.logits_of(texts.clean)[:, 0].abs()

    moved = texts.logits_of(texts.clean + fgsm(texts, ball))[:, 0]
    broken = texts.wrong(fgsm(texts, ball))

    before = texts.logits_of(texts.clean)[:, 0]
    assert torch.allclose((moved - before).abs(), torch.full((BATCH,), reach(normal, ball)), 1e-4)
    assert broken.tolist() == (scores < reach(normal, ball)).tolist()


@pytest.mark.parametrize("norm", NORMS)
def test_many_steps_break_no_linear_model_that_cannot_be_broken(norm: Norm) -> None:
    texts, normal = linear_texts(3)
    ball = Ball(0.4, norm)
    scores = texts.logits_of(texts.clean)[:, 0].abs()

    broken = pgd(texts, ball, steps=20, starts=3, random=torch.Generator().manual_seed(0))

    assert 0 < int(broken.sum()) < BATCH
    assert broken.tolist() == (scores < reach(normal, ball)).tolist()


@pytest.mark.parametrize("norm", NORMS)
def test_many_steps_find_what_one_step_misses(norm: Norm) -> None:
    """The label turns only beyond a bend: the first gradient points past the way out."""

    def logits_of(vectors: Tensor) -> Tensor:
        x, y = vectors[:, 0, 0], vectors[:, 0, 1]
        score = 1 - x * 4 * torch.exp(-3 * (x - 0.5) ** 2) * torch.exp(-2 * (y - x) ** 2)
        return torch.stack([score, -score], 1)

    clean = torch.zeros(1, 1, 2)
    texts = Attacked(logits_of, clean, torch.tensor([0]), torch.ones(1, 1, dtype=torch.bool))
    ball = Ball(1.6, norm)

    one_step = texts.wrong(fgsm(texts, ball))
    many = pgd(texts, ball, steps=40, starts=1, random=torch.Generator().manual_seed(0))

    assert not bool(one_step[0])
    assert bool(many[0])


@pytest.mark.parametrize("norm", NORMS)
def test_a_token_of_the_frame_is_never_changed(norm: Norm) -> None:
    texts, _ = linear_texts()

    change = fgsm(texts, Ball(1.0, norm))
    drawn = noise(texts, 1.0, torch.Generator().manual_seed(0))

    assert not change[:, -1].any()
    assert not drawn[:, -1].any()
    lengths = torch.linalg.vector_norm(drawn[:, :-1], dim=-1)
    assert torch.allclose(lengths, torch.ones_like(lengths), atol=1e-5)


def test_a_certain_model_still_has_a_gradient() -> None:
    logits = torch.tensor([[200.0, 0.0]], requires_grad=True)

    (gradient,) = torch.autograd.grad(margin_loss(logits, torch.tensor([0])).sum(), logits)

    assert gradient.tolist() == [[-1.0, 1.0]]


@given(
    radius=st.floats(0.01, 10),
    norm=st.sampled_from(NORMS),
    scale=st.floats(0.001, 100),
    seed=st.integers(0, 1000),
)
def test_what_is_projected_lies_in_the_ball_and_what_lies_there_stays(
    radius: float, norm: Norm, scale: float, seed: int
) -> None:
    random = torch.Generator().manual_seed(seed)
    change = torch.randn(4, TIME, WIDTH, generator=random) * scale
    ball = Ball(radius, norm)

    inside = projected(change, ball)

    if norm == "l2":
        assert float(torch.linalg.vector_norm(inside, dim=-1).max()) <= radius * 1.0001
    else:
        assert float(inside.abs().max()) <= radius / math.sqrt(WIDTH) * 1.0001
    assert torch.allclose(projected(inside, ball), inside, rtol=1e-5)
