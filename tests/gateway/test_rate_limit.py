"""The token bucket never lets more through than its rate."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.gateway.rate_limit import MAX_BUCKETS, RateLimiter


@given(
    per_minute=st.integers(1, 600),
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=200),
)
def test_no_stretch_of_time_sees_more_than_a_full_bucket_and_its_refill(
    per_minute: int, gaps: list[float]
) -> None:
    limiter, now, passed = RateLimiter(), 0.0, 0
    for gap in gaps:
        now += gap
        passed += limiter.take("k", per_minute, now=now).allowed

    assert passed <= per_minute + sum(gaps[1:]) * per_minute / 60 + 1e-3


@settings(deadline=None)
@given(per_minute=st.integers(1, 600), start=st.floats(0, 1e6))
def test_waiting_as_long_as_told_is_enough(per_minute: int, start: float) -> None:
    limiter = RateLimiter()
    while limiter.take("k", per_minute, now=start).allowed:
        pass
    refused = limiter.take("k", per_minute, now=start)

    assert limiter.take("k", per_minute, now=start + refused.retry_after).allowed


def test_one_key_does_not_use_up_anothers_allowance() -> None:
    limiter = RateLimiter()

    first = [limiter.take("a", 1, now=0).allowed for _ in range(2)]

    assert first == [True, False]
    assert limiter.take("b", 1, now=0).allowed


def test_buckets_that_are_full_again_are_forgotten() -> None:
    limiter = RateLimiter()
    for number in range(MAX_BUCKETS):
        limiter.take(f"old{number}", 1, now=0)

    limiter.take("new", 1, now=61)

    assert len(limiter._buckets) == 1
