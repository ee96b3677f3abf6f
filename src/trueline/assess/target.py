"""What assess questions: anything that answers a conversation.

A target answers a few questions at a time and never raises for one of them: what went wrong is
in the answer, as a fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from trueline.assess.suite_item import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A conversation to be answered.

    Args:
        item: id of the item it comes from.
        sample: which reply to the item is wanted.
        messages: oldest first.
        seed: for the target's random choices; differs by item and sample.
    """

    item: str
    sample: int
    messages: Sequence[Message]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a target made of a question; the fields are those of `Reply`."""

    text: str = ""
    fault: str = ""
    model: str = ""
    finish_reason: str = ""
    blocked_by_guard: str = ""


class Target(Protocol):
    """Answers questions.

    `name` is what the user gave; it identifies the target within a case. `settings` are written
    to the plan, so they hold no secret. `ask` is called from as many threads as `concurrency`
    says, each time with up to `batch_size` questions.
    """

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, Any]: ...

    @property
    def concurrency(self) -> int: ...

    @property
    def batch_size(self) -> int: ...

    @property
    def seeded(self) -> bool:
        """Whether the seed of a question reaches whatever answers."""
        ...

    def ask(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """One answer for each question, in order."""
        ...

    def close(self) -> None:
        """Free what is held; waiting calls come back soon."""
        ...
