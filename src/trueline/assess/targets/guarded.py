"""A screen in front of a target, and what the target says without it.

The same reply serves both: where the screen lets a request through unchanged, the model is asked
once and the screen reads that reply. So the two sides differ by the screen alone, and the gain
is measured on pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from trueline.assess.reply import Reply
from trueline.assess.reply_file import ReplyFile
from trueline.assess.suite_item import Message
from trueline.assess.target import Answer, Question, Target

#: Faults that say nothing of a question: nobody answered, or whoever did knows no such address,
#: model or key. Asked again they may be gone, so none of them is kept as a bare reply.
UNANSWERED = frozenset({"connection", "stopped", "http_401", "http_404", "http_407"})


class Screened(NamedTuple):
    """What a screen made of a reply: the text to deliver, and whether it stands in its place."""

    text: str
    blocked: bool


class Passage(Protocol):
    """One conversation on its way through a screen."""

    @property
    def safe_reply(self) -> str:
        """The answer given in place of a blocked prompt; empty when it may pass."""
        ...

    @property
    def messages(self) -> Sequence[Message]:
        """What may go to the model."""
        ...

    def reply(self, text: str) -> Screened:
        """What may be delivered of the model's reply."""
        ...


class Screen(Protocol):
    """Stands between people and a model; a Guard is one (see `trueline.lifecycle`)."""

    @property
    def settings(self) -> Mapping[str, Any]: ...

    def open(self, messages: Sequence[Message]) -> Passage:
        """Judge a request."""
        ...


class GuardedTarget:
    """A target behind a screen; every bare reply is kept as well.

    Args:
        target: what answers.
        screen: what stands before it.
        bare: where the replies without the screen are kept.
    """

    def __init__(self, target: Target, screen: Screen, bare: ReplyFile) -> None:
        self._target = target
        self._screen = screen
        self._bare = bare
        self.name = target.name
        self.concurrency = target.concurrency
        self.batch_size = target.batch_size
        self.seeded = target.seeded

    @property
    def settings(self) -> Mapping[str, Any]:
        return {**self._target.settings, "guard": dict(self._screen.settings)}

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """One answer for each question, as the screen lets it through."""
        bare = self._bare_replies(questions)
        passages = [self._screen.open(question.messages) for question in questions]
        again = [
            index
            for index, (question, passage) in enumerate(zip(questions, passages, strict=True))
            if not passage.safe_reply
            and [dict(m) for m in passage.messages] != [dict(m) for m in question.messages]
        ]
        said: dict[int, Answer | Reply] = dict(enumerate(bare))
        if again:
            changed = [
                Question(
                    item=questions[i].item, sample=questions[i].sample, seed=questions[i].seed,
                    messages=passages[i].messages,
                )
                for i in again
            ]  # fmt: skip
            said.update(zip(again, self._target.ask(changed), strict=True))
        return [_delivered(passage, said[index]) for index, passage in enumerate(passages)]

    def close(self) -> None:
        """Close the target."""
        self._target.close()

    def _bare_replies(self, questions: Sequence[Question]) -> list[Reply]:
        missing = [q for q in questions if (q.item, q.sample) not in self._bare]
        answers = self._target.ask(missing) if missing else []
        came = [
            reply_of(question, answer, self._target)
            for question, answer in zip(missing, answers, strict=True)
        ]
        if kept := [reply for reply in came if reply.fault not in UNANSWERED]:
            self._bare.append(kept)
        new = {reply.key: reply for reply in came}
        keys = [(question.item, question.sample) for question in questions]
        return [new[key] if key in new else self._bare[key] for key in keys]


def reply_of(question: Question, answer: Answer, target: Target, seconds: float = 0.0) -> Reply:
    """The record of an answer; a text of blanks alone is the fault `empty`."""
    return Reply(
        item=question.item,
        sample=question.sample,
        text=answer.text,
        fault=answer.fault or ("" if answer.text.strip() else "empty"),
        model=answer.model,
        finish_reason=answer.finish_reason,
        blocked_by_guard=answer.blocked_by_guard,
        seed=question.seed if target.seeded else -1,
        seconds=round(seconds, 4),
    )


def _delivered(passage: Passage, said: Answer | Reply) -> Answer:
    if said.fault in UNANSWERED:  # of a blocked prompt too: a safe reply would hide a dead model
        return Answer(fault=said.fault, model=said.model)
    if passage.safe_reply:
        return Answer(text=passage.safe_reply, model=said.model, finish_reason="content_filter",
                      blocked_by_guard="prompt")  # fmt: skip
    if said.fault:
        return Answer(text=said.text, fault=said.fault, model=said.model)
    screened = passage.reply(said.text)
    return Answer(
        text=screened.text,
        model=said.model,
        finish_reason="content_filter" if screened.blocked else said.finish_reason,
        blocked_by_guard="reply" if screened.blocked else "",
    )
