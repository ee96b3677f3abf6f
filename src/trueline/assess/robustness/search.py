"""Search for a small change that turns the label: greedy, word by word, within a budget.

Units are ranked by how much the label's score falls when each is left out; then, from the most
important on, each takes the spelling that lowers the score most. It stops when the label turns,
when the budget of queries is spent or when the allowed share of units is changed.

What a search finds is an example of weakness. The share of texts it turns is no rate of any
population and has no limit: a better search turns more.

References: Jin et al. (2020), TextFooler, arXiv:1907.11932; Ren et al. (2019), PWWS, P19-1103;
Gao et al. (2018), DeepWordBug, arXiv:1801.04354; Yoo et al. (2020), arXiv:2009.06368 (budgets).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from trueline.assess.robustness.classifier import Classifier, QueryCounter
from trueline.assess.robustness.substitutions import variants
from trueline.assess.robustness.units import replaced, units

BUDGET = 200
MAX_CHANGED = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How an attack on one text ended.

    Args:
        applicable: whether any unit has another way to be written.
        turned: whether the label changed.
        label: the label before.
        label_after: the label of the last text.
        queries: texts the classifier was asked about, the original among them.
        changed: units that were rewritten.
        units: units there are.
        text: the last text, for people who want to see it; never part of a report.
    """

    applicable: bool
    turned: bool
    label: str
    label_after: str
    queries: int
    changed: int
    units: int
    text: str


def attack_text(
    classifier: Classifier,
    text: str,
    label: str,
    attack: str,
    random: Random,
    *,
    budget: int = BUDGET,
    max_changed: float = MAX_CHANGED,
) -> Attempt:
    """Search for a text that is told another label than `label`.

    Args:
        classifier: what is attacked; only its scores are seen.
        text: told `label` as it stands.
        label: the label to be turned.
        attack: name in `substitutions.ATTACKS`.
        random: decides among many spellings.
        budget: queries at most.
        max_changed: share of the units that may be rewritten, at least one.
    """
    places = units(text)
    ways = {
        position: found
        for position, unit in enumerate(places)
        if (found := variants(attack, unit, random))
    }
    counter = QueryCounter(classifier, label, budget)

    def ended(told: str, changes: dict[int, str]) -> Attempt:
        return Attempt(
            applicable=bool(ways), turned=told != label, label=label, label_after=told,
            queries=counter.spent, changed=len(changes), units=len(places),
            text=replaced(text, places, changes),
        )  # fmt: skip

    changes: dict[int, str] = {}
    if not ways:
        return ended(label, changes)
    best = counter.ask([text])[0].score
    # Half of the budget at most goes into finding out what matters.
    ranked = list(ways)
    if len(ranked) > budget // 2:
        ranked = sorted(random.sample(ranked, budget // 2))
    left_out = counter.ask([replaced(text, places, {position: ""}) for position in ranked])
    importance = {
        position: answer.score for position, answer in zip(ranked, left_out, strict=False)
    }
    for position in sorted(importance, key=lambda position: (importance[position], position)):
        if len(changes) >= max(1, math.floor(max_changed * len(places))) or counter.left <= 0:
            break
        tried = [replaced(text, places, {**changes, position: way}) for way in ways[position]]
        answers = counter.ask(tried)
        turned = [place for place, answer in enumerate(answers) if answer.label != label]
        if turned:
            changes[position] = ways[position][turned[0]]
            return ended(answers[turned[0]].label, changes)
        if not answers:
            break
        lowest = min(range(len(answers)), key=lambda place: answers[place].score)
        if answers[lowest].score < best:
            best = answers[lowest].score
            changes[position] = ways[position][lowest]
    return ended(label, changes)
