from __future__ import annotations

import numpy as np
import pytest
from tests.monitor.traffic import exchange, write

from trueline.core.errors import InputError
from trueline.core.exchange import Exchange
from trueline.core.policy_edit import with_thresholds
from trueline.core.policy_file import TEMPLATES, parse_policy, template_text
from trueline.monitor.calibrate import GRID, calibrate, propose_version
from trueline.stats.risk_control import calibrate_threshold
from trueline.store.events import EventStore
from trueline.store.policy_versions import decide, in_force, list_versions
from trueline.store.reviews import DrawnFor, ReviewItem, ReviewLabel, add_items, label_item
from trueline.store.verify import verify

TEXT = """\
# Written by people.
name: shop
max_violation_rate: 0.01
categories:
  violence:  # the one that matters
    action: block
    max_miss_rate: 0.2
  privacy: {action: redact}
"""
POLICY = parse_policy(TEXT)


def scored(number: int, value: float, text: str = "") -> Exchange:
    action = "block" if value >= 0.5 else "allow"
    score = {"category": "violence", "score": value, "action": action, "threshold": 0.5}
    return exchange(number, scores={"prompt": [score]}, prompt_text=text)


def reviewed(
    store: EventStore, values: list[float], *, violates: bool = True,
    drawn_for: DrawnFor = "random", text: str = "",
) -> None:  # fmt: skip
    exchanges = [scored(n, value, text) for n, value in enumerate(values)]
    write(store, exchanges)
    items = [
        ReviewItem(exchange_id=e.id, part="prompt", drawn_for=drawn_for, probability=0.1)
        for e in exchanges
    ]
    add_items(store, items)
    for item in items:
        label = ReviewLabel(
            item.id, "ann", "violates" if violates else "fine",
            ("violence",) if violates else (),
        )  # fmt: skip
        label_item(store, label)


def test_the_highest_threshold_that_keeps_the_budget_is_proposed(store: EventStore) -> None:
    reviewed(store, [0.3 + 0.007 * n for n in range(60)])
    reviewed(store, [0.02, 0.35, 0.4], violates=False)

    found = calibrate(store, POLICY, TEXT)

    (proposal,) = found.proposals
    assert proposal.violations == 60
    assert proposal.threshold is not None
    assert 0.3 < proposal.threshold < 0.36
    assert proposal.miss_rate_upper <= 0.2
    assert proposal.change is not None
    assert (proposal.change.texts, proposal.change.fine) == (126, 3)
    assert proposal.change.acted_after > proposal.change.acted_before
    assert proposal.change.over_refused_after == 2
    assert found.yaml == TEXT.replace(
        "    action: block\n", f"    threshold: {proposal.threshold:g}\n    action: block\n"
    )
    assert parse_policy(found.yaml).hash == found.new_hash


def test_too_few_labels_promise_nothing_and_say_how_many_would(store: EventStore) -> None:
    reviewed(store, [0.9] * 5)

    found = calibrate(store, POLICY, TEXT)

    (proposal,) = found.proposals
    assert not proposal.possible
    assert (proposal.violations, proposal.needed) == (5, 14)
    assert not found.changes
    with pytest.raises(InputError, match="the labels call for no change"):
        propose_version(store, found, POLICY, "ann")


def test_items_picked_for_a_reason_do_not_enter_the_calibration(store: EventStore) -> None:
    reviewed(store, [0.9] * 40, drawn_for="uncertain")

    assert calibrate(store, POLICY, TEXT).proposals[0].violations == 0


def test_a_policy_without_a_budget_says_how_to_give_one(store: EventStore) -> None:
    text = TEXT.replace("    max_miss_rate: 0.2\n", "")

    with pytest.raises(InputError) as error:
        calibrate(store, parse_policy(text), text)

    assert str(error.value) == (
        "no category of the policy has a miss budget; set max_miss_rate, such as\n"
        "  categories:\n    violence: {action: block, max_miss_rate: 0.2}"
    )


def test_calibrated_thresholds_break_their_budget_in_at_most_one_of_twenty() -> None:
    """The whole population is known here: scores of violations are Beta(4, 2)."""
    random = np.random.default_rng(20261122)
    population = random.beta(4, 2, 200_000)
    broken = promised = 0
    for _ in range(1000):
        found = calibrate_threshold(random.beta(4, 2, 80), GRID, 0.1, 0.95)
        if found is not None:
            promised += 1
            broken += float((population < found.threshold).mean()) > 0.1
    assert promised > 900
    assert broken <= 0.05 * 1000 + 3 * (1000 * 0.05 * 0.95) ** 0.5


def test_a_proposal_becomes_a_canary_then_the_policy_then_goes_back(store: EventStore) -> None:
    reviewed(store, [0.3 + 0.007 * n for n in range(60)])
    version = propose_version(store, calibrate(store, POLICY, TEXT), POLICY, "ann")
    before = in_force(list_versions(store), POLICY.hash)

    decide(store, version.id, "canary", approver="bob", share=0.1)
    canary = in_force(list_versions(store), POLICY.hash)
    decide(store, version.id, "active", approver="bob")
    active = in_force(list_versions(store), POLICY.hash)
    decide(store, version.id, "rolled_back", approver="bob", reason="too strict")
    after = in_force(list_versions(store), POLICY.hash)

    assert before == (None, None)
    assert canary[0] is None
    assert canary[1] is not None
    assert canary[1].share == 0.1
    assert active[0] is not None
    assert active[0].hash == version.hash
    assert after == (None, None)
    assert verify(store).ok


def test_a_file_edited_by_hand_wins_over_versions_of_the_older_file(store: EventStore) -> None:
    reviewed(store, [0.3 + 0.007 * n for n in range(60)])
    version = propose_version(store, calibrate(store, POLICY, TEXT), POLICY, "ann")
    decide(store, version.id, "active", approver="bob")

    edited = parse_policy(TEXT.replace("0.01", "0.02"))

    assert in_force(list_versions(store), edited.hash) == (None, None)


@pytest.mark.parametrize(
    ("state", "options", "message"),
    [
        ("rolled_back", {}, "is proposed; from there it can become canary, active, rejected"),
        ("canary", {"share": 1.5}, "a canary's share must be between 0 and 1 (got 1.5)"),
        ("active", {"approver": ""}, "a decision needs the name of the person who makes it"),
    ],
)
def test_a_step_that_is_none_is_refused(
    store: EventStore, state: str, options: dict[str, object], message: str
) -> None:
    reviewed(store, [0.3 + 0.007 * n for n in range(60)])
    version = propose_version(store, calibrate(store, POLICY, TEXT), POLICY, "ann")

    with pytest.raises(InputError) as error:
        decide(store, version.id, state, **{"approver": "bob", **options})  # type: ignore[arg-type]

    assert str(error.value).endswith(message)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_can_be_given_thresholds(name: str) -> None:
    text = template_text(name)
    policy = parse_policy(text)
    wanted = dict.fromkeys(policy.categories, 0.33)

    changed = parse_policy(with_thresholds(text, wanted))

    assert {c: rule.threshold for c, rule in changed.categories.items()} == wanted
    assert [c for c in changed.categories.values() if c.action] == [
        rule.model_copy(update={"threshold": 0.33}) for rule in policy.categories.values()
    ]


def test_a_category_the_policy_does_not_name_is_told() -> None:
    with pytest.raises(InputError) as error:
        with_thresholds(TEXT, {"sexual": 0.5})

    assert str(error.value) == "the policy has no rule for sexual; add one before calibrating it"
