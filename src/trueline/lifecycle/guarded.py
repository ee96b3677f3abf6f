"""A Guard as the screen in front of a target, for assess to measure what it gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trueline.assess.suite_item import Message
from trueline.assess.targets.guarded import Screened
from trueline.core.policy import Policy
from trueline.core.records import Context
from trueline.guard.guard import Guard, PromptDecision
from trueline.judge import Judge


class GuardScreen:
    """Holds requests and replies against a policy, as the gateway would.

    Args:
        policy: what the Guard holds texts against.
    """

    def __init__(self, policy: Policy) -> None:
        self._guard = Guard(Judge.from_policy(policy))
        self._policy = policy

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"policy": self._policy.name, "policy_hash": self._policy.hash}

    def open(self, messages: Sequence[Message]) -> GuardPassage:
        """Judge a request."""
        request = [dict(message) for message in messages]
        return GuardPassage(self._guard, self._guard.check_prompt(request))


class GuardPassage:
    """One conversation on its way through a Guard."""

    def __init__(self, guard: Guard, decision: PromptDecision) -> None:
        self._guard = guard
        self._decision = decision

    @property
    def safe_reply(self) -> str:
        """The answer in place of a blocked prompt; empty when it may pass."""
        return self._decision.safe_reply if self._decision.blocked else ""

    @property
    def messages(self) -> Sequence[Message]:
        """What may go to the model."""
        messages: Sequence[Message] = self._decision.request["messages"]
        return messages

    def reply(self, text: str) -> Screened:
        """What may be delivered of the model's reply."""
        context = Context(role="reply", language=self._decision.language)
        decision = self._guard.check_reply(text, context)
        delivered = decision.text
        if self._decision.mask is not None and not decision.blocked:
            delivered = self._decision.mask.restore(delivered)
        return Screened(delivered, decision.blocked)
