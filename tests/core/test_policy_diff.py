"""Differences between policies, and which way they go."""

from __future__ import annotations

from trueline.core.policy_diff import ABSENT, diff
from trueline.core.policy_file import parse_policy, policy_from_template

BASE = "name: p\ncategories:\n  violence: {action: flag, threshold: 0.5}\n"


def effects(old: str, new: str) -> dict[str, str]:
    return {change.path: change.effect for change in diff(parse_policy(old), parse_policy(new))}


def test_equal_policies_differ_in_nothing() -> None:
    assert diff(policy_from_template("default"), policy_from_template("default")) == []


def test_a_stronger_action_is_stricter_and_the_way_back_looser() -> None:
    new = BASE.replace("flag", "block")

    assert effects(BASE, new) == {"categories.violence.action": "stricter"}
    assert effects(new, BASE) == {"categories.violence.action": "looser"}


def test_a_lower_threshold_is_stricter() -> None:
    found = effects(BASE, BASE.replace("0.5", "0.4"))

    assert found == {"categories.violence.threshold": "stricter"}


def test_a_higher_violation_limit_is_looser() -> None:
    assert effects(BASE, BASE + "max_violation_rate: 0.1\n") == {"max_violation_rate": "looser"}


def test_a_removed_category_is_looser() -> None:
    old = BASE + "  sexual: {action: block}\n"

    changes = diff(parse_policy(old), parse_policy(BASE))

    action = next(c for c in changes if c.path == "categories.sexual.action")
    assert (action.old, action.new, action.effect) == ("block", ABSENT, "looser")


def test_a_label_that_loses_its_milder_action_is_stricter() -> None:
    old = "name: p\ncategories:\n  violence: {action: block, labels: {mild: {action: flag}}}\n"
    new = "name: p\ncategories:\n  violence: {action: block}\n"

    assert effects(old, new) == {"categories.violence.labels.mild.action": "stricter"}
    assert effects(new, old) == {"categories.violence.labels.mild.action": "looser"}


def test_a_role_that_need_not_sign_any_more_is_looser() -> None:
    two = BASE + "review: {required_sign_offs: [compliance, legal], reviewers_per_item: 2}\n"
    one = BASE + "review: {required_sign_offs: [compliance]}\n"

    assert effects(one, two) == {
        "review.required_sign_offs": "stricter",
        "review.reviewers_per_item": "stricter",
    }
    assert set(effects(two, one).values()) == {"looser"}
