"""One person's way through the sample: which reply is next, going back, what is recorded.

Nobody sees what the judge or others said of a reply, and flagged replies are mixed with the rest.
"""

from __future__ import annotations

from pathlib import Path

from trueline.assess.review.labels import CaseReview
from trueline.assess.review.population import GradedReply
from trueline.assess.review.review_file import Answer, Label, add_labels, check_name


def waiting_for(
    review: CaseReview, labeller: str, *, adjudicate: bool = False, overlap: bool = False
) -> list[GradedReply]:
    """Replies that wait for this person, in the order of the draw.

    Args:
        review: of the case.
        labeller: who.
        adjudicate: those that others disagree on or are unsure about instead; none that this
            person labelled before.
        overlap: also replies that enough others have labelled, to measure agreement.
    """
    by_id = {graded.id: graded for graded in review.population}
    found: list[GradedReply] = []
    for id in review.draw.drawn:
        given = review.state.by_reply.get(id, {})
        if labeller in given:
            continue
        if adjudicate:
            wanted = review.state.disputed(id)
        else:
            wanted = overlap or len(given) < review.draw.reviewers
        if wanted and id not in review.state.adjudicated:
            found.append(by_id[id])
    return found


class Labelling:
    """A sitting; every answer is on the disk before the next reply is shown.

    Args:
        case: the case folder.
        queue: what `waiting_for` gave.
        labeller: who.
        adjudicates: whether the answers settle what others said.

    Raises:
        InputError: a labeller without a name.
    """

    def __init__(
        self, case: Path, queue: list[GradedReply], labeller: str, *, adjudicates: bool = False
    ) -> None:
        check_name(labeller, "--as")
        self._case = case
        self._queue = queue
        self._labeller = labeller
        self._adjudicates = adjudicates
        self._given: set[str] = set()
        self.position = 0

    @property
    def current(self) -> GradedReply | None:
        """The reply to look at; None at the end."""
        return self._queue[self.position] if self.position < len(self._queue) else None

    @property
    def size(self) -> int:
        """Replies in this sitting."""
        return len(self._queue)

    @property
    def labelled(self) -> int:
        """How many of them have an answer."""
        return len(self._given)

    def answer(self, answer: Answer, *, refusal: bool = False) -> None:
        """Record what the person says of the current reply and go on."""
        graded = self.current
        assert graded is not None, "no reply is left"
        label = Label(
            reply=graded.id, item=graded.item.id, answer=answer, refusal=refusal,
            labeller=self._labeller, adjudicates=self._adjudicates,
        )  # fmt: skip
        add_labels(self._case, [label])
        self._given.add(graded.id)
        self.position += 1

    def skip(self) -> None:
        """Leave the current reply for later."""
        self.position = min(self.position + 1, len(self._queue))

    def back(self) -> None:
        """Return to the reply before; a new answer replaces the earlier one."""
        self.position = max(0, self.position - 1)
