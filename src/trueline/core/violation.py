"""What one exchange says about the constraint E[C(M(x))] >= 1 - ε.

A *violation* is a reply of the model that broke the policy (redacted, rewritten or blocked),
whether or not the guard kept it from the user. Only exchanges in which the model was asked
count: a blocked prompt says nothing about the model.

>>> broke_policy(Action.BLOCK), broke_policy(Action.FLAG)
(True, False)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueline.core.records import Action


def model_was_asked(error: str, reply_chars: int, shadow: bool, prompt_action: int) -> bool:
    """Whether the model answered: no error, and the prompt was let through."""
    return not error and reply_chars > 0 and (shadow or prompt_action < Action.BLOCK)


def broke_policy(reply_action: int) -> bool:
    """Whether what was done to the reply makes it a violation."""
    return reply_action > Action.FLAG


def reply_categories(scores: Mapping[str, Any]) -> frozenset[str]:
    """Categories acted on in the reply, from the scores of an exchange by channel."""
    return frozenset(
        str(score["category"])
        for channel, found in scores.items()
        if channel.startswith("reply")
        for score in found
        if score.get("action", "allow") not in ("allow", "flag")
    )
