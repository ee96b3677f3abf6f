"""One choice of a streamed chat completion: a delta in, a delta that may be delivered out.

Every string below a delta is guarded, whatever its field is called, so that a field nobody
has heard of yet cannot carry what `content` may not. Numbers, booleans and the names of
things pass through.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from trueline.core.records import Action, Context, Verdict
from trueline.guard.channel import MAX_DEPTH, NAMING_FIELDS, Channel, Outcome
from trueline.guard.guard import Guard
from trueline.guard.json_shapes import is_list, is_object
from trueline.guard.masking import Mask
from trueline.guard.messages import Path

Delta = dict[str, Any]
_CONTENT: Path = ("content",)
_CALLS = ("function", "custom", "function_call")


@dataclass(slots=True)
class ChoiceSettings:
    """What all choices of a reply share."""

    guard: Guard
    context: Context
    language: str
    mask: Mask | None = None
    tool_names: Collection[str] = ()


@dataclass(slots=True)
class _Head:
    """The beginning of a tool call, held until its name is complete and judged."""

    fields: Delta = field(default_factory=dict[str, Any])
    name: str = ""


class ChatChoice:
    """State of one choice.

    Args:
        index: its number in the reply.
        settings: guard, context and the like.
    """

    def __init__(self, index: int, settings: ChoiceSettings) -> None:
        self.index = index
        self.finished = False
        self.outcomes: list[Outcome] = []
        self._settings = settings
        self._channels: dict[Path, Channel] = {}
        self._heads: dict[Path, _Head] = {}
        self._stopped: Verdict | None = None
        self._role_sent = False
        self._content_sent = False

    @property
    def stopped(self) -> bool:
        """True once a finding ended the choice for the client."""
        return self._stopped is not None

    def feed(self, delta: Mapping[str, Any]) -> Delta:
        """What of `delta`, and of what was held, may be delivered now."""
        words = delta.get("content")
        if len(delta) == 1 and isinstance(words, str):  # nearly every delta
            released = self._feed(_CONTENT, words)
            out: Delta = {"content": released} if released or not words else {}
        else:
            out = self._walk(delta, (), 0)
        if self._stopped is not None:
            return {}
        if out:
            self._note(out)
        return out

    def finish(self) -> Delta:
        """The choice has ended: the rest of all its fields, or nothing when it is stopped."""
        out: Delta = {}
        for path in list(self._heads):
            self._place(out, path, self._head(path))
        for path, channel in self._channels.items():
            tail, verdict = channel.finish()
            self.outcomes.append(channel.outcome(self.index, verdict))
            if channel.blocked:
                self._stop(verdict)
            elif tail:
                self._place(out, path, tail)
        if self.stopped:
            return {}
        self._note(out)
        return out

    def closing(self) -> tuple[Delta, str]:
        """For a stopped choice: the safe reply as a delta, and the finish reason."""
        verdict = self._stopped
        assert verdict is not None, "closing() is for stopped choices"
        text = self._settings.guard.safe_reply_for(verdict, self._settings.language)
        delta: Delta = {} if self._role_sent else {"role": "assistant"}
        delta["content"] = f"\n\n{text}" if self._content_sent else text
        return delta, "content_filter" if verdict.action >= Action.BLOCK else "stop"

    def _note(self, out: Delta) -> None:
        self._role_sent = self._role_sent or "role" in out
        self._content_sent = self._content_sent or bool(out.get("content"))

    def _stop(self, verdict: Verdict) -> None:
        if self._stopped is None or verdict.action > self._stopped.action:
            self._stopped = verdict

    def _walk(self, node: Mapping[str, Any], path: Path, depth: int) -> Delta:
        out: Delta = {}
        for key, value in node.items():
            here: Path = (*path, key)
            if isinstance(value, str):
                if key in NAMING_FIELDS:
                    out[key] = value
                else:
                    released = self._feed(here, value)
                    if released or not value:
                        out[key] = released
            elif is_object(value):
                inner = value
                if depth < MAX_DEPTH and (sub := self._nested(inner, here, depth)):
                    out[key] = sub
            elif is_list(value):
                items = self._items(value, here, depth)
                if items or not value:
                    out[key] = items
            else:
                out[key] = value
        return out

    def _items(self, items: list[Any], path: Path, depth: int) -> list[Delta]:
        found: list[Delta] = []
        for place, item in enumerate(items):
            if not is_object(item) or depth >= MAX_DEPTH:
                continue
            fields = item
            number = fields.get("index", place)
            if not isinstance(number, int):
                number = place
            here: Path = (*path, number)
            sub = self._call(fields, here, depth) if path == ("tool_calls",) else None
            if sub is None:
                sub = self._walk(fields, here, depth + 1)
            if sub.keys() - {"index"}:
                found.append({"index": number, **sub})
        return found

    def _nested(self, node: Mapping[str, Any], path: Path, depth: int) -> Delta:
        if path == ("function_call",):
            sub = self._call({"function_call": node}, (), depth)
            return cast("Delta", (sub or {}).get("function_call", {}))
        return self._walk(node, path, depth + 1)

    def _call(self, call: Mapping[str, Any], path: Path, depth: int) -> Delta | None:
        """A piece of a tool call; None when it holds no call this knows."""
        kind = next((key for key in _CALLS if is_object(call.get(key))), None)
        if kind is None:
            return None
        inner = call[kind]
        name = inner.get("name")
        rest = {key: value for key, value in inner.items() if key != "name"}
        if isinstance(name, str) and name:
            head = self._heads.setdefault((*path, kind), _Head())
            head.name += name
            head.fields.update(
                {k: v for k, v in call.items() if k in NAMING_FIELDS and isinstance(v, str)}
            )
        known = (*path, kind) in self._heads
        out: Delta = {}
        if known and (
            self._heads[*path, kind].name in self._settings.tool_names or any(rest.values())
        ):
            out = self._head((*path, kind))
        elif not known:
            out = {k: v for k, v in call.items() if k in NAMING_FIELDS and isinstance(v, str)}
        words = self._walk(rest, (*path, kind), depth + 1)
        if words and (out or any(words.values())):
            out[kind] = {**cast("Delta", out.get(kind, {})), **words}
        extra = {k: v for k, v in call.items() if k != kind and k not in NAMING_FIELDS}
        out.update(self._walk(extra, path, depth + 1))
        return out

    def _head(self, path: Path) -> Delta:
        """The judged beginning of a call, ready to deliver."""
        head = self._heads.pop(path)
        if head.name not in self._settings.tool_names:
            channel = Channel(
                self._settings.guard, self._settings.context, (*path, "name"), whole=True
            )
            channel.feed(head.name)
            text, verdict = channel.finish()
            self.outcomes.append(channel.outcome(self.index, verdict))
            if text != head.name and not self._settings.guard.shadow:
                self._stop(verdict)
        start = "" if path[-1] != "custom" else None
        kind = str(path[-1])
        inner: Delta = {"name": head.name}
        if start is not None:
            inner["arguments"] = start
        return {**head.fields, kind: inner}

    def _feed(self, path: Path, piece: str) -> str:
        channel = self._channels.get(path)
        if channel is None:
            if not piece:
                return ""
            settings = self._settings
            channel = Channel(settings.guard, settings.context, path, settings.mask)
            self._channels[path] = channel
        released = channel.feed(piece)
        if channel.stopped is not None and self._stopped is None:
            self._stop(channel.stopped)
        return released

    @staticmethod
    def _place(out: Delta, path: Path, value: Any) -> None:
        """Set `value` at `path`; a whole call goes where its item stands."""
        if is_object(value):
            path = path[:-1]
        node: Any = out
        for place, key in enumerate(path):
            last = place + 1 == len(path)
            following = None if last else path[place + 1]
            if isinstance(following, int):
                items = cast("list[Delta]", node.setdefault(key, []))
                found = next((item for item in items if item["index"] == following), None)
                if found is None:
                    found = {"index": following}
                    items.append(found)
                node = found
            elif isinstance(key, int):
                continue
            elif last and not is_object(value):
                node[key] = node.get(key, "") + value
            else:
                node = node.setdefault(key, {})
        if is_object(value):
            node.update(value)
