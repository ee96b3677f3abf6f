from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from tests.monitor.traffic import BEGIN, exchange, write

from trueline.core.policy import Policy
from trueline.core.policy_file import policy_from_template
from trueline.core.records import Action
from trueline.monitor.measures import violation_band, violation_rate, violation_rates
from trueline.store.events import EventStore
from trueline.store.overview import Overview, overview
from trueline.store.rollups import MAX_STRATA

POLICY: Policy = policy_from_template("default")


def traffic(store: EventStore, buckets: int = 10) -> Overview:
    return overview(store, BEGIN, BEGIN + timedelta(hours=1), buckets=buckets)


def test_violations_are_counted_by_language_model_and_category(store: EventStore) -> None:
    write(
        store,
        (
            exchange(
                n, violates=n % 50 == 0, language="zh" if n % 2 else "en",
                model="small" if n < 100 else "large",
            )
            for n in range(400)
        ),
    )  # fmt: skip

    whole = traffic(store).whole

    rate = violation_rate(whole, POLICY)
    assert (rate.found, rate.n, rate.limit) == (8, 400, POLICY.max_violation_rate)
    assert rate.low <= 0.02 <= rate.high
    languages = {r.name: (r.found, r.n) for r in violation_rates(whole, POLICY, "language")}
    assert languages == {"en": (8, 200), "zh": (0, 200)}
    models = {r.name: (r.found, r.n) for r in violation_rates(whole, POLICY, "model")}
    assert models == {"small": (2, 100), "large": (6, 300)}
    worst = violation_rates(whole, POLICY, "category")[0]
    assert (worst.name, worst.found, worst.n) == ("violence", 8, 400)


def test_a_prompt_that_was_blocked_or_an_error_is_not_asked(store: EventStore) -> None:
    write(
        store,
        [
            exchange(1, prompt_action=Action.BLOCK, action=Action.BLOCK),
            exchange(2, error="upstream_timeout", reply_chars=0),
            exchange(3),
        ],
    )

    rate = violation_rate(traffic(store).whole, POLICY)

    assert (rate.found, rate.n) == (0, 1)


def test_the_band_only_narrows_and_skips_silence(store: EventStore) -> None:
    write(store, (exchange(n * 3, violates=n % 40 == 39) for n in range(500)))

    points = violation_band(traffic(store, buckets=12), 0.95)

    assert points[-1].n == 500
    assert all(a.low <= b.low and b.high <= a.high for a, b in pairwise(points))
    assert points[-1].low <= 12 / 500 <= points[-1].high


def test_a_flood_of_keys_does_not_grow_a_row_without_end(store: EventStore) -> None:
    write(store, (exchange(0, key_id=f"key{n}") for n in range(MAX_STRATA + 200)))

    asked = traffic(store).whole.asked

    assert len(asked) <= MAX_STRATA + 6
    assert sum(n for name, n in asked.items() if name.startswith("k:")) == MAX_STRATA + 200


def test_no_stratum_has_more_violations_than_replies(store: EventStore) -> None:
    write(
        store,
        (
            exchange(0, model=f"m{n}", violates=n % 3 == 0, key_id=f"k{n % 7}")
            for n in range(2 * MAX_STRATA)
        ),
    )

    whole = traffic(store).whole

    for by in ("model", "key", "language", "route", "category"):
        rates = violation_rates(whole, POLICY, by)
        assert all(rate.found <= rate.n for rate in rates)
    assert (
        sum(rate.found for rate in violation_rates(whole, POLICY, "model")) == MAX_STRATA * 2 // 3
    )
    assert violation_rates(whole, POLICY, "category")[0].found == MAX_STRATA * 2 // 3
