from __future__ import annotations

import pytest

from trueline.monitor.reviewer_agreement import reviewer_agreement
from trueline.stats.agreement import cohen_kappa, krippendorff_alpha
from trueline.stats.bounds import clopper_pearson
from trueline.store.reviews import Label, ReviewLabel


def said(item: str, **labels: Label) -> list[ReviewLabel]:
    return [ReviewLabel(item, name, label) for name, label in labels.items()]


def test_two_reviewers_are_compared_by_kappa() -> None:
    labels: list[ReviewLabel] = []
    for number in range(20):
        labels += said(f"same{number}", ann="violates" if number < 8 else "fine",
                       bob="violates" if number < 8 else "fine")  # fmt: skip
    labels += said("differs", ann="fine", bob="violates")
    labels += said("alone", ann="unsure")

    found = reviewer_agreement(labels)

    assert found is not None
    assert (found.items, found.same, found.measure) == (21, 20, "kappa")
    assert found.value == pytest.approx(cohen_kappa([[8, 0, 0], [1, 12, 0], [0, 0, 0]]))
    assert found.share == clopper_pearson(20, 21)
    assert found.value is not None
    assert found.interval.low < found.value <= found.interval.high


def test_more_than_two_reviewers_are_compared_by_alpha() -> None:
    labels = [
        *said("a", ann="fine", bob="fine"),
        *said("b", ann="violates", chen="violates"),
        *said("c", bob="fine", chen="unsure"),
    ]

    found = reviewer_agreement(labels)

    assert found is not None
    assert (found.items, found.same, found.measure) == (3, 2, "alpha")
    assert found.value == pytest.approx(krippendorff_alpha([[0, 2, 0], [2, 0, 0], [0, 1, 1]]))


def test_who_decided_a_dispute_knew_of_it_and_does_not_count() -> None:
    labels = [
        *said("a", ann="fine", bob="fine"),
        *said("b", ann="fine"),
        ReviewLabel("b", "chen", "violates", ("privacy",), adjudicates=True),
    ]

    found = reviewer_agreement(labels)

    assert found is not None
    assert found.items == 1


def test_one_label_only_leaves_kappa_undefined() -> None:
    found = reviewer_agreement([*said("a", ann="fine", bob="fine")])

    assert found is not None
    assert found.value is None
    assert found.same == found.items == 1


def test_labels_of_one_reviewer_say_nothing() -> None:
    assert reviewer_agreement(said("a", ann="fine")) is None
    assert reviewer_agreement([]) is None
