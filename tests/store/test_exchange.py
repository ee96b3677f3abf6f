from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.core.errors import InputError
from trueline.core.exchange import Exchange, StorageMode, new_id, stored_text
from trueline.core.records import Action, GradedScore, Span, Verdict

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
exchanges = st.builds(
    Exchange,
    time=st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    route=texts,
    model=texts,
    stream=st.booleans(),
    action=st.sampled_from(Action),
    prompt_action=st.sampled_from(Action),
    categories=st.lists(texts, max_size=3).map(tuple),
    scores=st.dictionaries(texts, st.lists(st.dictionaries(texts, st.integers(0, 9)), max_size=2)),
    prompt_text=texts,
    reply_text=texts,
    status=st.integers(0, 999),
    latency_ms=st.floats(0, 1e9),
    attributes=st.dictionaries(texts, texts, max_size=2),
)


@given(exchange=exchanges)
def test_an_exchange_survives_json(exchange: Exchange) -> None:
    line = orjson.dumps(exchange.as_json())

    assert Exchange.from_json(orjson.loads(line)) == exchange


def test_json_gives_time_in_utc_and_actions_by_name() -> None:
    shanghai = timezone(timedelta(hours=8))
    exchange = Exchange(time=datetime(2026, 3, 1, 8, 0, tzinfo=shanghai), action=Action.BLOCK)

    record = exchange.as_json()

    assert record["time"] == "2026-03-01T00:00:00.000000+00:00"
    assert record["action"] == "block"


@pytest.mark.parametrize("record", [{"time": "yesterday"}, {"action": "explode"}, {"time": 3}])
def test_json_that_is_no_exchange_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(InputError) as error:
        Exchange.from_json(record)

    assert str(error.value) == (
        "this is not an exchange: its time must be ISO 8601 and its actions one of "
        "allow, flag, redact, rewrite, block"
    )


def test_ids_are_unique_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(5000)]

    assert len(set(ids)) == 5000
    milliseconds = [made[:12] for made in ids]
    assert milliseconds == sorted(milliseconds)
    assert all(len(made) == 32 and made[12] == "7" and made[16] in "89ab" for made in ids)


def _verdict(*scores: GradedScore, faults: tuple[str, ...] = ()) -> Verdict:
    return Verdict(Action.REDACT, scores, "call [phone]", "hash", faults=faults)


FOUND = GradedScore("privacy", 1.0, 0.5, Action.REDACT, (Span(5, 16),))
WITHOUT_SPAN = GradedScore("violence", 1.0, 0.5, Action.BLOCK)
FLAGGED = GradedScore("violence", 1.0, 0.5, Action.FLAG)


@pytest.mark.parametrize(
    ("verdict", "mode", "kept"),
    [
        (_verdict(FOUND), "full", "call 13800138000"),
        (_verdict(FOUND), "none", ""),
        (_verdict(FOUND), "redacted", "call [phone]"),
        (_verdict(FOUND, FLAGGED), "redacted", "call [phone]"),
        (None, "redacted", ""),
        (None, "full", "call 13800138000"),
        (_verdict(FOUND, WITHOUT_SPAN), "redacted", ""),
        (_verdict(faults=("pii",)), "redacted", ""),
    ],
)
def test_a_stored_text_is_what_the_policy_lets_be_kept(
    verdict: Verdict | None, mode: StorageMode, kept: str
) -> None:
    assert stored_text("call 13800138000", verdict, mode) == kept
