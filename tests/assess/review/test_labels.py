"""Labels to counts: what is final, what is open, and that the bound holds half-way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trueline.assess.claim import make_claim
from trueline.assess.reply import Reply
from trueline.assess.review.draw import draw_sample
from trueline.assess.review.labelling import Labelling, waiting_for
from trueline.assess.review.labels import (
    CaseReview,
    read_case_review,
    review_counts,
    reviewed_inputs,
    still_drawn,
)
from trueline.assess.review.measures import agreement, refusal_table
from trueline.assess.review.population import GradedReply, read_population
from trueline.assess.review.review_file import (
    Answer,
    Label,
    ReviewState,
    add_draw,
    add_labels,
    read_review,
)
from trueline.assess.review.share_plan import SharePlan, plan_shares
from trueline.assess.suite_item import SuiteItem
from trueline.core.errors import InputError
from trueline.core.policy import Bilingual
from trueline.stats.judge_error import Review

MakeCase = Callable[..., Path]


def draw(case: Path, share: float = 1.0, reviewers: int = 1) -> CaseReview:
    population = read_population(case)
    faults = sum(graded.faulty for graded in population)
    flagged = sum(graded.flagged for graded in population) - faults
    plan = plan_shares(len(population), flagged, faults, 0.5, unflagged_share=share)
    policy = json.loads((case / "plan.json").read_text("utf-8"))["policy"]["hash"]
    add_draw(case, draw_sample(population, plan, policy, reviewers))
    return read_case_review(case)


def say(case: Path, who: str, *, adjudicates: bool = False, **answers: Answer) -> None:
    ids = {graded.item.id: graded.id for graded in read_population(case)}
    add_labels(case, [
        Label(reply=ids[item], item=item, answer=answer, refusal=False, labeller=who,
              adjudicates=adjudicates)
        for item, answer in answers.items()
    ])  # fmt: skip


def test_before_anybody_labelled_no_claim_is_reviewed(make_case: MakeCase) -> None:
    case = make_case()

    assert reviewed_inputs(case) is None
    draw(case)
    assert reviewed_inputs(case) is None
    assert review_counts(case) is None


def test_counts_tell_confirmed_from_open(make_case: MakeCase) -> None:
    case = make_case(6, flagged=(1, 2), faults=(5,))
    draw(case)

    say(case, "mei", i0="ok", i1="violates", i2="unsure", i3="violates")

    assert reviewed_inputs(case) == {
        "n": 6, "found_flagged": 1, "found_unflagged": 1, "open_flagged": 2, "open_unflagged": 1,
        "flagged_share": 1.0, "unflagged_share": 1.0,
    }  # fmt: skip
    assert review_counts(case) == Review(6, 3, 2, 1.0, 1.0)


def test_counts_by_category_and_language_add_up(make_case: MakeCase) -> None:
    case = make_case(6, flagged=(1, 2))
    draw(case)
    say(case, "mei", i0="ok", i1="violates", i2="violates", i3="ok", i4="ok", i5="ok")

    zh, violence = reviewed_inputs(case, language="zh"), reviewed_inputs(case, "violence")

    assert zh is not None
    assert violence is not None
    assert (zh["n"], zh["found_flagged"]) == (3, 1)
    assert (violence["n"], violence["found_flagged"]) == (3, 1)


def test_two_people_must_agree_or_an_adjudicator_settles_it(make_case: MakeCase) -> None:
    case = make_case(4, flagged=(1,))
    draw(case, reviewers=2)

    say(case, "mei", i0="ok", i1="violates", i2="ok", i3="ok")
    one = read_case_review(case).counts()
    say(case, "wei", i0="ok", i1="ok", i2="unsure")
    two = read_case_review(case)
    say(case, "lin", adjudicates=True, i1="violates", i2="ok")
    settled = read_case_review(case).counts()

    assert one.labelled == 0
    assert two.counts().labelled == 1
    assert [graded.item.id for graded in waiting_for(two, "lin", adjudicate=True)] != []
    assert {g.item.id for g in waiting_for(two, "lin", adjudicate=True)} == {"i1", "i2"}
    assert waiting_for(two, "mei", adjudicate=True) == []
    assert (settled.found_flagged, settled.labelled, settled.open_unflagged) == (1, 3, 1)


def test_a_later_word_of_the_same_person_replaces_the_earlier_one(make_case: MakeCase) -> None:
    case = make_case(2, flagged=())
    draw(case)

    say(case, "mei", i0="violates")
    say(case, "mei", i0="ok")

    assert read_case_review(case).counts().ok_unflagged == 1
    assert len(read_review(case).labels) == 2


def test_a_judge_changed_after_the_draw_changes_nothing(make_case: MakeCase) -> None:
    case = make_case(4, flagged=(1,))
    draw(case, 0.5)
    say(case, "mei", i1="ok")
    before = reviewed_inputs(case)

    make_case(4, flagged=(2,))

    assert reviewed_inputs(case) == before


def test_replies_or_a_policy_that_changed_make_the_sample_stale(make_case: MakeCase) -> None:
    case = make_case(4)
    draw(case)
    say(case, "mei", i0="ok", i1="ok")

    make_case(4, text="new {0}")

    assert reviewed_inputs(case) is None
    assert not still_drawn(case)
    with pytest.raises(InputError) as told:
        read_case_review(case)
    assert str(told.value) == (
        f"{case}: the replies changed since the sample was drawn, so it no longer stands "
        f"for them.\n  Draw again with: trueline review draw {case}\n"
        "  Labels on replies that stayed the same are kept."
    )
    make_case(4, limit=0.4)
    with pytest.raises(InputError, match="the policy changed since the sample was drawn"):
        read_case_review(case)


def test_labels_on_replies_that_stayed_are_kept_by_a_new_draw(make_case: MakeCase) -> None:
    case = make_case(4)
    draw(case)
    say(case, "mei", i0="ok", i1="violates")
    make_case(5)

    draw(case)

    counts = read_case_review(case).counts()
    assert (counts.n, counts.labelled, counts.found_flagged) == (5, 2, 1)


def test_without_a_sample_the_message_says_how_to_draw_one(make_case: MakeCase) -> None:
    case = make_case()

    with pytest.raises(InputError) as told:
        read_case_review(case)

    assert str(told.value) == (
        f"{case}: no sample has been drawn yet.\n  Draw one with: trueline review draw {case}"
    )


def test_a_label_without_a_name_is_refused(make_case: MakeCase) -> None:
    case = make_case()
    draw(case)

    with pytest.raises(InputError) as told:
        say(case, " ", i0="ok")

    assert str(told.value) == "--as needs a name of 1 to 100 printable characters (got ' ')"


def test_an_open_reply_makes_a_claim_thin_and_never_fail(make_case: MakeCase) -> None:
    case = make_case(40, flagged=tuple(range(20)))
    draw(case)
    say(case, "mei", i30="ok")
    inputs = reviewed_inputs(case)
    assert inputs is not None

    claim = make_claim("violation_rate", "reviewed_rate_upper", inputs, limit=0.1,
                       statement=Bilingual(zh="违规率", en="violation rate"))  # fmt: skip

    assert claim.outcome == "thin"
    assert claim.upper > 0.99
    assert claim.lower == 0.0


def test_going_back_replaces_an_answer_and_skipping_leaves_it_open(make_case: MakeCase) -> None:
    case = make_case(3, flagged=())
    queue = waiting_for(draw(case), "mei")
    sitting = Labelling(case, queue, "mei")

    sitting.answer("violates")
    sitting.back()
    sitting.answer("ok", refusal=True)
    sitting.skip()
    sitting.answer("ok")

    assert sitting.current is None
    assert (sitting.labelled, sitting.size) == (2, 3)
    review = read_case_review(case)
    assert [graded.id for graded in waiting_for(review, "mei")] == [queue[1].id]
    assert review.counts().ok_unflagged == 2
    assert refusal_table(review) == ((0, 1), (0, 1))


def test_agreement_is_over_replies_that_two_people_labelled(make_case: MakeCase) -> None:
    case = make_case(4)
    draw(case)
    say(case, "mei", i0="ok", i1="violates", i2="ok")
    say(case, "wei", i0="ok", i1="ok", i3="ok")

    found = agreement(read_case_review(case))

    assert (found.agreed, found.n, found.pair) == (1, 2, ("mei", "wei"))
    assert found.table == ((0, 1, 0), (0, 1, 0), (0, 0, 0))
    assert sorted(found.units) == [(0, 2, 0), (1, 1, 0)]
    assert found.disputed == 1


@pytest.mark.parametrize("stop", [0.3, 1.0])
def test_the_bound_of_the_whole_way_covers_also_when_the_reviewer_stops(stop: float) -> None:
    """Draw, label some, count, bound: the pipeline as it runs, on made-up replies."""
    random = np.random.default_rng(21)
    n, rate, sensitivity, runs = 300, 0.03, 0.7, 60
    statement = Bilingual(zh="违规率", en="violation rate")
    items = [
        SuiteItem(id=f"i{k}", category="privacy", language="en", expected="safe",
                  messages=({"role": "user", "content": "q"},))
        for k in range(n)
    ]  # fmt: skip
    covered = 0
    plans: dict[int, SharePlan] = {}

    for run in range(runs):
        violates = random.random(n) < rate
        flagged = random.random(n) < np.where(violates, sensitivity, 0.02)
        population = [
            GradedReply(item, (Reply(item=item.id, text=f"{run}"),), bool(flag))
            for item, flag in zip(items, flagged, strict=True)
        ]
        count = int(flagged.sum())
        if count not in plans:
            plans[count] = plan_shares(n, count, 0, 0.05, unflagged_share=0.4)
        plan = plans[count]
        sample = draw_sample(population, plan, "")
        truth = {g.id: bool(v) for g, v in zip(population, violates, strict=True)}
        labelled = list(sample.drawn)[: round(stop * len(sample.drawn))]
        labels = [
            Label(reply=id, item="", answer="violates" if truth[id] else "ok", refusal=False,
                  labeller="mei")
            for id in labelled
        ]  # fmt: skip
        review = CaseReview(population, ReviewState([sample], labels), sample)
        claim = make_claim("violation_rate", "reviewed_rate_upper", review.counts().inputs(),
                           statement=statement, limit=0.05)  # fmt: skip
        covered += claim.lower <= rate <= claim.upper

    # Both bounds are one-sided at 95 %, so the interval between them holds in 90 %.
    assert covered / runs >= 0.95
