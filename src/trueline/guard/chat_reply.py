"""A chat completion that came whole: check every text of every choice, give what may be sent.

>>> from trueline.core.policy_file import policy_from_template
>>> from trueline.guard.guard import Guard
>>> from trueline.judge import Judge
>>> from trueline.scorers.pii import PiiScorer
>>> guard = Guard(Judge(policy_from_template("default"), [PiiScorer()]))
>>> reply = check_chat_reply(guard, {"choices": [{"message": {"content": "ann@example.org"}}]})
>>> reply.body["choices"][0]["message"]["content"]
'[EMAIL]'
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from trueline.core.errors import UpstreamError
from trueline.core.records import Action, Context, Verdict
from trueline.guard.channel import MAX_DEPTH, NAMING_FIELDS, Channel, Outcome
from trueline.guard.chat_choice import ChoiceSettings
from trueline.guard.chat_stream import ENVELOPE
from trueline.guard.guard import Guard
from trueline.guard.json_shapes import is_list, is_object
from trueline.guard.masking import Mask
from trueline.guard.messages import Path

# Top-level and choice-level fields without words of the model.
_KEPT_FIELDS = (*ENVELOPE, "usage")
_KEPT_CHOICE_FIELDS = ("index", "finish_reason")


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What may be sent to the client, and the verdicts for the audit log."""

    body: dict[str, Any]
    outcomes: tuple[Outcome, ...]

    @property
    def action(self) -> Action:
        """The strictest action of all fields."""
        return max((o.verdict.action for o in self.outcomes), default=Action.ALLOW)


def check_chat_reply(
    guard: Guard,
    body: Mapping[str, Any],
    context: Context | None = None,
    *,
    language: str = "en",
    mask: Mask | None = None,
    tool_names: Collection[str] = (),
) -> ChatReply:
    """Check and rewrite a `chat.completion` object.

    Args:
        guard: decides; in shadow mode the body stays as it is.
        body: the upstream's answer.
        context: of the reply; its role is set.
        language: `zh` or `en`, for safe replies.
        mask: values to restore.
        tool_names: tools the request defines.

    Raises:
        UpstreamError: the body is no chat completion; the message names the field.
    """
    settings = ChoiceSettings(
        guard, context or Context(role="reply"), language, mask, frozenset(tool_names)
    )
    choices = body.get("choices")
    if not is_list(choices):
        raise UpstreamError("the upstream's reply has no list of choices")
    out = {key: body[key] for key in _KEPT_FIELDS if key in body}
    outcomes: list[Outcome] = []
    checked: list[Any] = []
    for place, choice in enumerate(choices):
        if not is_object(choice):
            raise UpstreamError(f"the upstream's reply: choices[{place}] is no object")
        checked.append(_choice(choice, place, settings, outcomes))
    if guard.shadow:
        return ChatReply(dict(body), tuple(outcomes))
    return ChatReply({**out, "choices": checked}, tuple(outcomes))


def _choice(
    choice: Mapping[str, Any], place: int, settings: ChoiceSettings, outcomes: list[Outcome]
) -> dict[str, Any]:
    message = choice.get("message")
    if not is_object(message):
        raise UpstreamError(f"the upstream's reply: choices[{place}].message is no object")
    walker = _Walker(settings, place, outcomes)
    checked = walker.checked(message, (), 0)
    out = {key: choice[key] for key in _KEPT_CHOICE_FIELDS if key in choice}
    out = {"index": place, **out, "message": checked, "logprobs": None}
    if walker.stopped is not None:
        text = settings.guard.safe_reply_for(walker.stopped, settings.language)
        out["message"] = {"role": "assistant", "content": text, "refusal": None}
        blocked = walker.stopped.action >= Action.BLOCK
        out["finish_reason"] = "content_filter" if blocked else "stop"
    return out


class _Walker:
    """Checks the strings of one message."""

    def __init__(self, settings: ChoiceSettings, choice: int, outcomes: list[Outcome]) -> None:
        self._settings = settings
        self._choice = choice
        self._outcomes = outcomes
        self.stopped: Verdict | None = None

    def checked(self, node: Any, path: Path, depth: int) -> Any:
        """`node` with every string below it checked."""
        if isinstance(node, str):
            return self._text(node, path)
        if is_object(node):
            fields = node
            if depth > MAX_DEPTH:
                return {}
            return {k: self.checked(v, (*path, k), depth + 1) for k, v in fields.items()}
        if is_list(node):
            items = node
            if depth > MAX_DEPTH:
                return []
            return [self.checked(v, (*path, i), depth + 1) for i, v in enumerate(items)]
        return node

    def _text(self, text: str, path: Path) -> str:
        key = path[-1]
        settings = self._settings
        if not text or key in NAMING_FIELDS:
            return text
        if key == "name" and text in settings.tool_names:
            return text
        mask = None if key == "name" else settings.mask
        channel = Channel(settings.guard, settings.context, path, mask, whole=True)
        out = channel.feed(text)
        tail, verdict = channel.finish()
        self._outcomes.append(channel.outcome(self._choice, verdict))
        renamed = key == "name" and out + tail != text
        if (channel.blocked or renamed) and (
            self.stopped is None or verdict.action > self.stopped.action
        ):
            self.stopped = verdict
        return out + tail
