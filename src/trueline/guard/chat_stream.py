r"""A streamed chat completion through the guard: upstream bytes in, client bytes out. Sans-IO.

>>> from trueline.core.policy_file import policy_from_template
>>> from trueline.guard.guard import Guard
>>> from trueline.judge import Judge
>>> from trueline.scorers.pii import PiiScorer
>>> stream = ChatStream(Guard(Judge(policy_from_template("default"), [PiiScorer()])))
>>> sent = stream.feed(b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n')
>>> (sent + stream.feed(b"data: [DONE]\n\n")).endswith(b"data: [DONE]\n\n")
True

Each text field of each choice has its own hold-back (`trueline.guard.stream`). Log-probability
lists repeat the tokens of a text, so they are left out, as is every top-level field that this
module does not know. The client always gets a final chunk for every choice and `[DONE]`: when
a choice is blocked (the safe reply, `finish_reason: content_filter`), and when the upstream
stops early, reports an error or sends what is no JSON (what was held and is fine, then
`finish_reason: length`, then an error event).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from trueline.core.errors import UpstreamError
from trueline.core.records import Action, Context
from trueline.guard.channel import Outcome
from trueline.guard.chat_choice import ChatChoice, ChoiceSettings, Delta
from trueline.guard.guard import Guard
from trueline.guard.json_shapes import is_list, is_object
from trueline.guard.masking import Mask
from trueline.guard.sse import SseEvent, SseParser

DONE = b"data: [DONE]\n\n"
KEEP_ALIVE = b":\n\n"
ENVELOPE = (
    "id", "object", "created", "model", "system_fingerprint", "service_tier", "provider",
)  # fmt: skip
MAX_CHOICES = 128
_REASON = re.compile(r"[a-z_]{1,32}\Z")


class ChatStream:
    """One streamed reply.

    Args:
        guard: decides.
        context: of the reply; its role is set.
        language: `zh` or `en`, for safe replies.
        mask: values to restore in the reply.
        tool_names: tools the request defines; their names pass unjudged.
        model: named in chunks made before the upstream sent one.
    """

    def __init__(
        self,
        guard: Guard,
        context: Context | None = None,
        *,
        language: str = "en",
        mask: Mask | None = None,
        tool_names: Collection[str] = (),
        model: str = "",
    ) -> None:
        self._settings = ChoiceSettings(
            guard, context or Context(role="reply"), language, mask, frozenset(tool_names)
        )
        self._shadow = guard.shadow
        self._parser = SseParser()
        self._choices: dict[int, ChatChoice] = {}
        self._envelope: Delta = {
            "id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 0, "model": model,
        }  # fmt: skip
        self._seen_keys: Collection[str] = ()
        self._usage: Any = None
        self.ended = False
        self.upstream_fault = ""

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Verdicts by choice and field; complete once the stream has ended."""
        return tuple(o for choice in self._choices.values() for o in choice.outcomes)

    @property
    def action(self) -> Action:
        """The strictest action of all fields."""
        return max((o.verdict.action for o in self.outcomes), default=Action.ALLOW)

    @property
    def all_stopped(self) -> bool:
        """True when every choice seen was blocked: the upstream may be left."""
        return bool(self._choices) and all(c.stopped for c in self._choices.values())

    @property
    def all_finished(self) -> bool:
        """True when every choice seen has its final chunk, or was stopped."""
        return bool(self._choices) and all(
            choice.finished or choice.stopped for choice in self._choices.values()
        )

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the upstream, give bytes for the client."""
        if self.ended:
            return data if self._shadow else b""
        out: list[bytes] = []
        try:
            for event in self._parser.feed(data):
                self._event(event, out)
        except UpstreamError:
            self._end(out, "upstream_invalid")
        return data if self._shadow else b"".join(out)

    def close(self) -> bytes:
        """The upstream has ended, in good order or not."""
        out: list[bytes] = []
        if not self.ended:
            try:
                for event in self._parser.close():
                    self._event(event, out)
            except UpstreamError:
                self._end(out, "upstream_invalid")
        if not self.ended:
            finished = self._choices and all(c.finished for c in self._choices.values())
            self._end(out, "" if finished else "upstream_cut")
        return b"" if self._shadow else b"".join(out)

    def _event(self, event: SseEvent, out: list[bytes]) -> None:
        if self.ended:
            return
        if event.comment:
            out.append(KEEP_ALIVE)
            return
        data = event.data.strip()
        if data == "[DONE]":
            self._end(out, "")
            return
        chunk = _parsed(data)
        if chunk is None:
            self._end(out, "upstream_invalid")
        elif chunk.get("error"):
            self._end(out, "upstream_error")
        elif not self._chunk(chunk, out):
            self._end(out, "upstream_invalid")

    def _chunk(self, chunk: Mapping[str, Any], out: list[bytes]) -> bool:
        """Pass a chunk on; False when its shape is wrong."""
        if chunk.keys() != self._seen_keys:
            self._seen_keys = chunk.keys()
            for key in ENVELOPE:
                if key in chunk and isinstance(chunk[key], (str, int, float)):
                    self._envelope[key] = chunk[key]
        choices = chunk.get("choices")
        if choices is None:
            choices = []
        if not is_list(choices):
            return False
        if chunk.get("usage") is not None:
            self._usage = chunk["usage"]
        for choice in choices:
            if not is_object(choice) or not self._choice(choice, out):
                return False
        return True

    def _choice(self, piece: Mapping[str, Any], out: list[bytes]) -> bool:
        index = piece.get("index", 0)
        if not isinstance(index, int) or not 0 <= index < MAX_CHOICES:
            return False
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = ChatChoice(index, self._settings)
        if choice.finished:
            return True
        delta = piece.get("delta")
        if is_object(delta):
            stopped = choice.stopped
            allowed = choice.feed(delta)
            if allowed:
                out.append(self._dump(index, allowed))
            if choice.stopped and not stopped:
                self._close_stopped(choice, out)
        elif delta is not None:
            return False
        reason = piece.get("finish_reason")
        if reason is not None:
            valid = isinstance(reason, str) and _REASON.match(reason)
            self._finish(choice, reason if valid else "stop", out)
        return True

    def _finish(self, choice: ChatChoice, reason: str, out: list[bytes]) -> None:
        was_stopped = choice.stopped
        tail = choice.finish()
        choice.finished = True
        if tail:
            out.append(self._dump(choice.index, tail))
        if not choice.stopped:
            out.append(self._dump(choice.index, {}, reason))
        elif not was_stopped:
            self._close_stopped(choice, out)

    def _close_stopped(self, choice: ChatChoice, out: list[bytes]) -> None:
        delta, reason = choice.closing()
        out.append(self._dump(choice.index, delta))
        out.append(self._dump(choice.index, {}, reason))

    def _end(self, out: list[bytes], fault: str) -> None:
        """Final chunks, usage, an error when the upstream failed, `[DONE]`."""
        self.ended = True
        self.upstream_fault = fault
        if not self._choices:
            self._choices[0] = ChatChoice(0, self._settings)
        cut = False
        for choice in self._choices.values():
            if not choice.finished:
                self._finish(choice, "length" if fault else "stop", out)
                cut = cut or not choice.stopped
        if self._usage is not None:
            out.append(_event_bytes({**self._envelope, "choices": [], "usage": self._usage}))
        if fault and cut:
            out.append(_event_bytes({"error": _error(fault)}))
        out.append(DONE)

    def _dump(self, index: int, delta: Delta, reason: str | None = None) -> bytes:
        choice: Delta = {
            "index": index, "delta": delta, "logprobs": None, "finish_reason": reason,
        }  # fmt: skip
        return _event_bytes({**self._envelope, "choices": [choice]})


_MESSAGES = {
    "upstream_cut": "the upstream closed the stream before the reply was complete",
    "upstream_error": "the upstream reported an error while it replied",
    "upstream_invalid": "the upstream sent something that is no chat completion chunk",
}


def _error(code: str) -> Delta:
    return {"message": _MESSAGES[code], "type": "upstream_error", "param": None, "code": code}


def _parsed(data: str) -> Mapping[str, Any] | None:
    """A JSON object, or None. Lone surrogate escapes, which orjson refuses, are kept."""
    try:
        value: Any = orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return None
    return value if is_object(value) else None


def _event_bytes(value: Delta) -> bytes:
    try:
        body = orjson.dumps(value)
    except TypeError:  # lone surrogates, or integers beyond 64 bits
        body = json.dumps(value, separators=(",", ":")).encode()
    return b"data: " + body + b"\n\n"
