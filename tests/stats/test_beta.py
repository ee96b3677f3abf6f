from __future__ import annotations

import math

import pytest
import scipy.special  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.stats.beta import beta_quantile, incomplete_beta, log_incomplete_beta

SHAPES = st.floats(0.1, 50_000)


@settings(max_examples=300, deadline=None)
@given(x=st.floats(0, 1), a=SHAPES, b=SHAPES)
def test_the_incomplete_beta_function_agrees_with_scipy(x: float, a: float, b: float) -> None:
    ours = incomplete_beta(x, a, b)

    assert ours == pytest.approx(float(scipy.special.betainc(a, b, x)), rel=1e-9, abs=1e-13)


@settings(max_examples=300, deadline=None)
@given(p=st.floats(1e-6, 1 - 1e-6), found=st.integers(0, 5000), more=st.integers(1, 100_000))
def test_the_quantile_agrees_with_scipy(p: float, found: int, more: int) -> None:
    ours = beta_quantile(p, found + 1, more)

    assert ours == pytest.approx(float(scipy.special.betaincinv(found + 1, more, p)), rel=1e-8)


@settings(max_examples=200, deadline=None)
@given(p=st.floats(0.001, 0.999), a=st.floats(0.5, 1000), b=st.floats(0.5, 1000))
def test_the_quantile_undoes_the_function(p: float, a: float, b: float) -> None:
    x = beta_quantile(p, a, b)

    assert incomplete_beta(x, a, b) == pytest.approx(p, rel=1e-8)


def test_the_edges_are_exact() -> None:
    assert (incomplete_beta(0, 2, 3), incomplete_beta(1, 2, 3)) == (0, 1)
    assert (beta_quantile(0, 2, 3), beta_quantile(1, 2, 3)) == (0, 1)


@pytest.mark.parametrize(("x", "a", "b"), [(-0.1, 1, 1), (1.1, 1, 1), (0.5, 0, 1), (0.5, 1, -1)])
def test_impossible_arguments_are_named(x: float, a: float, b: float) -> None:
    with pytest.raises(ValueError, match="need 0 <= x <= 1 and a, b > 0"):
        incomplete_beta(x, a, b)
    with pytest.raises(ValueError, match="need 0 <= p <= 1 and a, b > 0"):
        beta_quantile(x, a, b)


@settings(max_examples=200, deadline=None)
@given(x=st.floats(1e-6, 1), a=SHAPES, b=SHAPES)
def test_the_logarithm_agrees_with_scipy_and_never_underflows(x: float, a: float, b: float) -> None:
    plain = float(scipy.special.betainc(a, b, x))
    ours = log_incomplete_beta(x, a, b)

    assert math.isfinite(ours)
    if plain > 1e-250:
        assert ours == pytest.approx(math.log(plain), rel=1e-8, abs=1e-11)
    else:
        assert ours < -500
