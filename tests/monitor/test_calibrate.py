from __future__ import annotations

from concurrent.futures import Future

import numpy as np
import pytest
from sqlalchemy import select
from tests.monitor.traffic import exchange, write

from trueline.core.errors import InputError
from trueline.core.exchange import Exchange
from trueline.core.policy_edit import with_thresholds
from trueline.core.policy_file import TEMPLATES, parse_policy, template_text
from trueline.monitor.calibrate import GRID, calibrate, propose_version
from trueline.stats.risk_control import calibrate_threshold
from trueline.store.batch import Change
from trueline.store.chain import Receipt
from trueline.store.events import EventStore
from trueline.store.policy_versions import PolicyVersion, decide, in_force, list_versions, propose
from trueline.store.reviews import DrawnFor, ReviewItem, ReviewLabel, add_items, label_item
from trueline.store.schema import audit
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


def version_of(number: int, parent: str, policy: str = "shop") -> PolicyVersion:
    return PolicyVersion(policy=policy, hash=f"sha256:{number}", parent_hash=parent, yaml=TEXT)


def test_rolling_back_a_version_takes_those_made_from_it_with_it(store: EventStore) -> None:
    first = propose(store, version_of(1, POLICY.hash))
    second = propose(store, version_of(2, first.hash))
    third = propose(store, version_of(3, second.hash))
    decide(store, first.id, "active", approver="bob")
    decide(store, second.id, "active", approver="bob")
    decide(store, third.id, "canary", approver="bob", share=0.1)

    decide(store, first.id, "rolled_back", approver="eve", reason="too strict")
    again = propose(store, version_of(1, POLICY.hash))
    decide(store, again.id, "active", approver="bob")

    states = {one.id: (one.state, one.reason) for one in list_versions(store)}
    assert states[first.id] == ("rolled_back", "too strict")
    assert states[second.id] == states[third.id] == ("rolled_back", f"rolled back with {first.id}")
    head, canary = in_force(list_versions(store), POLICY.hash)
    assert head is not None
    assert (head.id, canary) == (again.id, None)
    assert verify(store).ok


def test_a_version_rolled_back_before_it_was_in_force_leaves_the_others_alone(
    store: EventStore,
) -> None:
    first = propose(store, version_of(1, POLICY.hash))
    other = propose(store, version_of(2, POLICY.hash))
    decide(store, first.id, "active", approver="bob")
    decide(store, other.id, "canary", approver="bob", share=0.1)

    decide(store, other.id, "rolled_back", approver="bob")

    assert [one.state for one in list_versions(store)] == ["rolled_back", "active"]


def test_a_decision_that_comes_too_late_is_refused_and_leaves_no_record(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = propose(store, version_of(1, POLICY.hash))
    change = store.change

    def late(record: Change) -> Future[Receipt]:
        monkeypatch.undo()
        decide(store, version.id, "rejected", approver="ann")
        return change(record)

    monkeypatch.setattr(store, "change", late)
    with pytest.raises(InputError) as error:
        decide(store, version.id, "active", approver="bob")

    assert str(error.value) == (
        f"version {version.id} was changed by someone else meanwhile; look again"
    )
    (kept,) = list_versions(store)
    assert (kept.state, kept.approver) == ("rejected", "ann")
    with store.reading() as connection:
        kinds = connection.execute(select(audit.c.kind).order_by(audit.c.seq)).scalars().all()
    assert kinds == ["chain.opened", "policy.proposed", "policy.rejected"]
    assert verify(store).ok


def test_a_canary_of_another_policy_is_no_hindrance_and_is_not_named(store: EventStore) -> None:
    other = propose(store, version_of(1, "sha256:o", policy="other"))
    running = propose(store, version_of(2, POLICY.hash))
    version = propose(store, version_of(3, POLICY.hash))
    decide(store, running.id, "canary", approver="bob", share=0.1)
    decide(store, other.id, "canary", approver="bob", share=0.1)

    with pytest.raises(InputError) as error:
        decide(store, version.id, "canary", approver="bob", share=0.1)

    assert str(error.value) == f"a canary of shop is running already: {running.id}"


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


SHARED = "name: p\ncategories:\n  violence: &s {action: block, threshold: 0.5}\n  self_harm: *s\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (SHARED, "violence"),
        (SHARED, "self_harm"),
        (SHARED.replace(", threshold: 0.5", ""), "violence"),
        (
            "name: p\ncategories:\n  violence: {action: block, threshold: &t 0.5}\n"
            "  self_harm: {action: block, threshold: *t}\n",
            "self_harm",
        ),
        (
            "name: p\ncategories:\n  violence: {action: block, threshold: &t 0.5}\n"
            "  self_harm: {action: block, threshold: *t}\n",
            "violence",
        ),
    ],
)
def test_a_threshold_that_would_change_another_rule_is_refused(text: str, name: str) -> None:
    with pytest.raises(InputError) as error:
        with_thresholds(text, {name: 0.3})

    assert str(error.value) == (
        f"the rule for {name} shares its text with another one (a YAML anchor and alias); write "
        "both out before a threshold is set"
    )
