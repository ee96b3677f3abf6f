"""One text field of one choice of a reply: guarded, unmasked, its verdict kept.

A channel is what `trueline.guard.chat_stream` and `trueline.guard.chat_reply` keep for each
field that carries words of the model: content, reasoning, refusal, tool-call arguments.
"""

from __future__ import annotations

from dataclasses import dataclass

from trueline.core.records import Context, Verdict
from trueline.guard.guard import Guard
from trueline.guard.json_text import JsonText
from trueline.guard.masking import Mask
from trueline.guard.messages import Path, path_name

# Fields of a chat completion that name things and hold no words of the model. A tool's name
# is one only when the request defines it.
NAMING_FIELDS = frozenset({"role", "type", "id", "call_id", "object"})
JSON_FIELD = "arguments"
# Levels below a delta or a message; what lies deeper is left out.
MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one field, for the audit log.

    `text` is what the model said (placeholders in it, where masked); for arguments it is
    the text inside the JSON.
    """

    choice: int
    field: str
    text: str
    verdict: Verdict


class Channel:
    """A field as it comes: raw pieces in, deliverable pieces out.

    Args:
        guard: what judges it.
        context: of the reply.
        path: keys below the delta or message; names the field in outcomes.
        mask: values to restore.
        whole: the field comes in one piece, so nothing need be judged before its end.
    """

    def __init__(
        self,
        guard: Guard,
        context: Context,
        path: Path,
        mask: Mask | None = None,
        *,
        whole: bool = False,
    ) -> None:
        self.path = path
        in_json = path[-1] == JSON_FIELD
        self._stream = guard.open_reply(context, whole=whole)
        self._lens = JsonText() if in_json else None
        self._unmask = mask.stream(in_json=in_json) if mask is not None else None

    @property
    def blocked(self) -> bool:
        """True once a finding stopped the field."""
        return self._stream.blocked

    @property
    def stopped(self) -> Verdict | None:
        """What stopped the field."""
        return self._stream.stopped

    def feed(self, raw: str) -> str:
        """Take a piece as the model sent it, give what may be delivered."""
        if self._lens is not None:
            out = self._lens.render(self._stream.feed_parts(self._lens.feed(raw)))
        else:
            out = self._stream.feed(raw)
        return self._unmask.feed(out) if self._unmask is not None and out else out

    def finish(self) -> tuple[str, Verdict]:
        """The field has ended: the rest, and the verdict on all of it."""
        if self._lens is not None:
            out = self._lens.render(self._stream.feed_parts(self._lens.close()))
            parts, verdict = self._stream.finish_parts()
            out += self._lens.render(parts)
        else:
            out, verdict = self._stream.finish()
        if self._unmask is not None and not self.blocked:
            out = self._unmask.feed(out) + self._unmask.finish()
        return out, verdict

    def outcome(self, choice: int, verdict: Verdict) -> Outcome:
        """The record for the audit log."""
        return Outcome(choice, path_name(self.path), self._stream.text, verdict)
