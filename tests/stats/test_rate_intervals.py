"""Many intervals at once are the same as each on its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.stats.betting import rate_interval, rate_intervals

COUNTS = st.integers(0, 200_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.lists(COUNTS, max_size=8), st.sampled_from([0.9, 0.95, 0.99]))
def test_intervals_of_many_counts_are_those_of_each_count(
    counts: list[tuple[int, int]], confidence: float
) -> None:
    alone = [rate_interval(found, n, confidence) for found, n in counts]

    together = rate_intervals([k for k, _ in counts], [n for _, n in counts], confidence)

    assert [one.low for one in together] == pytest.approx([one.low for one in alone], abs=3e-9)
    assert [one.high for one in together] == pytest.approx([one.high for one in alone], abs=3e-9)


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="need 0 <= violations <= n, got 3 of 2"):
        rate_intervals([3], [2])
