"""What the labels measure: how people agree, and how the judge does against them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

from trueline.assess.review.labels import CaseReview
from trueline.assess.review.review_file import ANSWERS


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people agree on the replies that two of them or more labelled.

    Args:
        agreed: replies on which all labels are the same.
        n: replies with two labels or more.
        units: for each of them, how many people gave each of `ANSWERS`.
        pair: the two people with most replies in common; empty strings when there are none.
        table: `table[a][b]`: how many replies the first of the pair called `ANSWERS[a]` and the
            second `ANSWERS[b]`.
        disputed: drawn replies that people answer differently and nobody settled.
    """

    agreed: int
    n: int
    units: tuple[tuple[int, ...], ...]
    pair: tuple[str, str]
    table: tuple[tuple[int, ...], ...]
    disputed: int


def agreement(review: CaseReview) -> Agreement:
    """Agreement over the replies drawn; adjudications are left out."""
    units: list[tuple[int, ...]] = []
    together: Counter[tuple[str, str]] = Counter()
    given = {id: review.state.by_reply.get(id, {}) for id in review.draw.drawn}
    for labels in given.values():
        if len(labels) < 2:
            continue
        units.append(tuple(sum(one.answer == a for one in labels.values()) for a in ANSWERS))
        together.update(combinations(sorted(labels), 2))
    pair = min(together, key=lambda two: (-together[two], two)) if together else ("", "")
    cells = Counter(
        (labels[pair[0]].answer, labels[pair[1]].answer)
        for labels in given.values()
        if {*pair} <= labels.keys()
    )
    return Agreement(
        agreed=sum(max(unit) == sum(unit) for unit in units),
        n=len(units),
        units=tuple(units),
        pair=pair,
        table=tuple(tuple(cells[a, b] for b in ANSWERS) for a in ANSWERS),
        disputed=sum(
            review.state.disputed(id) and len({one.answer for one in labels.values()}) > 1
            for id, labels in given.items()
        ),
    )


def labels_by_person(review: CaseReview) -> dict[str, int]:
    """How many of the drawn replies each person labelled or adjudicated."""
    found: Counter[str] = Counter()
    for id in review.draw.drawn:
        found.update(review.state.by_reply.get(id, {}).keys())
        if id in review.state.adjudicated:
            found[review.state.adjudicated[id].labeller] += 1
    return dict(sorted(found.items()))


def refusal_table(review: CaseReview) -> tuple[tuple[int, int], tuple[int, int]]:
    """Replies with a final label: by people's word (refusal, none) and the judge's (the same).

    Replies of which the judge does not say whether they refuse are left out.
    """
    cells: Counter[tuple[bool, bool]] = Counter()
    for graded in review.population:
        final = review.state.final(graded.id) if graded.id in review.draw.drawn else None
        if final is not None and graded.judged_refusal is not None:
            cells[final.refusal, graded.judged_refusal] += 1
    return (
        (cells[True, True], cells[True, False]),
        (cells[False, True], cells[False, False]),
    )


def unsure(review: CaseReview) -> int:
    """Drawn replies that somebody is unsure about and that are still open."""
    return sum(
        review.state.final(id) is None
        and any(one.answer == "unsure" for one in review.state.by_reply.get(id, {}).values())
        for id in review.draw.drawn
    )
