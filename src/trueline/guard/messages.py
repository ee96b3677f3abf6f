"""Every text in a chat request that must be checked, with its path, and the way back.

>>> request = {"messages": [{"role": "user", "content": "hello"}]}
>>> [(item.where, item.text) for item in chat_texts(request)]
[('messages[0].content', 'hello')]
>>> with_texts(request, {("messages", 0, "content"): "bye"})
{'messages': [{'role': 'user', 'content': 'bye'}]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trueline.core.errors import InputError
from trueline.core.records import Role
from trueline.guard.json_shapes import is_list, is_object
from trueline.guard.json_text import JsonText, join_surrogates

Path = tuple[str | int, ...]

SPEAKERS = ("system", "developer", "user", "assistant", "tool", "function")
# Parts whose payload is not text: passed through, except a `text` they may carry.
_PAYLOAD_PARTS = ("image_url", "input_audio", "file", "video_url", "audio_url", "input_image")
_ROLE: dict[str, Role] = {"assistant": "reply", "tool": "tool_result", "function": "tool_result"}
# A schema deeper or larger than this is refused: no tool needs it.
MAX_SCHEMA_NODES = 50_000


@dataclass(frozen=True, slots=True)
class ChatText:
    """One text of a request.

    `speaker` is who wrote it (`user`, `tools` for a definition, ...), `role` how the Judge
    reads it, `message` the index of its message (-1 outside of messages). `in_json` is
    true for tool-call arguments, where the text is a JSON document. `editable` is false
    for names, which other fields refer to.
    """

    path: Path
    text: str
    speaker: str
    role: Role
    message: int = -1
    in_json: bool = False
    editable: bool = True

    @property
    def judged_text(self) -> str:
        """What the Judge reads: the text, or the text inside the JSON, escapes undone."""
        if not self.in_json:
            return join_surrogates(self.text)
        lens = JsonText()
        return lens.feed(self.text) + lens.close()

    @property
    def where(self) -> str:
        """The path as people write it: `messages[2].content[0].text`."""
        return path_name(self.path)


def path_name(path: Path) -> str:
    """`("messages", 2, "content")` -> `messages[2].content`."""
    out = ""
    for key in path:
        out += f"[{key}]" if isinstance(key, int) else f".{key}" if out else key
    return out


def chat_texts(request: Mapping[str, Any]) -> list[ChatText]:
    """All checkable texts in the order of the request; empty texts are left out.

    Raises:
        InputError: a field has the wrong shape; the message names it.
    """
    messages = request.get("messages")
    if not is_list(messages):
        raise _wrong(("messages",), "a list", messages)
    if not messages:
        raise InputError("messages: expected at least one message, got none")
    found: list[ChatText] = []
    for index, message in enumerate(messages):
        found += _message_texts(message, index)
    for key in ("tools", "functions"):
        if request.get(key) is not None:
            found += _definition_texts(request[key], (key,))
    if is_object(prediction := request.get("prediction")):
        content = prediction.get("content")
        path: Path = ("prediction", "content")
        found += _content_texts(content, path, "user", "prompt", -1)
    if is_object(form := request.get("response_format")):
        found += _descriptions(form, ("response_format",))
    return [item for item in found if item.text]


def with_texts(request: Mapping[str, Any], changes: Mapping[Path, str]) -> dict[str, Any]:
    """A copy of `request` with some texts replaced; all else is the very same objects."""
    copy = dict(request)
    copied: dict[Path, Any] = {(): copy}
    for path, text in changes.items():
        node: Any = copy
        for depth, key in enumerate(path[:-1]):
            here = path[: depth + 1]
            if here not in copied:
                child = node[key]
                copied[here] = dict(child) if is_object(child) else list(child)
                node[key] = copied[here]
            node = copied[here]
        node[path[-1]] = text
    return copy


def _message_texts(message: Any, index: int) -> Iterator[ChatText]:
    path: Path = ("messages", index)
    if not is_object(message):
        raise _wrong(path, "an object", message)
    fields = message
    speaker = fields.get("role")
    if not isinstance(speaker, str):
        raise _wrong((*path, "role"), "a string", speaker)
    if speaker not in SPEAKERS:
        raise InputError(
            f"{path_name((*path, 'role'))}: expected one of {', '.join(SPEAKERS)}, "
            f"got another string of {len(speaker)} characters"
        )
    role = _ROLE.get(speaker, "prompt")
    name = fields.get("name")
    if name is not None:
        if not isinstance(name, str):
            raise _wrong((*path, "name"), "a string", name)
        yield ChatText((*path, "name"), name, speaker, role, index, editable=False)
    yield from _content_texts(fields.get("content"), (*path, "content"), speaker, role, index)
    for key in ("refusal", "reasoning_content", "reasoning"):
        value = fields.get(key)
        if isinstance(value, str):
            yield ChatText((*path, key), value, speaker, role, index)
        elif value is not None and key == "refusal":
            raise _wrong((*path, key), "a string", value)
    yield from _call_texts(fields, path, speaker, role, index)


def _content_texts(
    content: Any, path: Path, speaker: str, role: Role, index: int
) -> Iterator[ChatText]:
    if content is None:
        return
    if isinstance(content, str):
        yield ChatText(path, content, speaker, role, index)
        return
    if not is_list(content):
        raise _wrong(path, "a string or a list of parts", content)
    for number, part in enumerate(content):
        here: Path = (*path, number)
        if isinstance(part, str):
            yield ChatText(here, part, speaker, role, index)
            continue
        if not is_object(part):
            raise _wrong(here, "an object", part)
        fields = part
        kind = fields.get("type")
        if not isinstance(kind, str):
            raise _wrong((*here, "type"), "a string", kind)
        for key in ("text", "refusal"):
            value = fields.get(key)
            if isinstance(value, str):
                yield ChatText((*here, key), value, speaker, role, index)
            elif value is not None or (key == kind and kind not in _PAYLOAD_PARTS):
                raise _wrong((*here, key), "a string", value)


def _call_texts(
    message: Mapping[str, Any], path: Path, speaker: str, role: Role, index: int
) -> Iterator[ChatText]:
    calls = message.get("tool_calls")
    if calls is not None:
        if not is_list(calls):
            raise _wrong((*path, "tool_calls"), "a list", calls)
        for number, call in enumerate(calls):
            here: Path = (*path, "tool_calls", number)
            if not is_object(call):
                raise _wrong(here, "an object", call)
            fields = call
            for kind, key in (("function", "arguments"), ("custom", "input")):
                if fields.get(kind) is not None:
                    inner: Path = (*here, kind)
                    yield from _call(fields[kind], inner, key, speaker, role, index)
    if message.get("function_call") is not None:
        inner = (*path, "function_call")
        yield from _call(message["function_call"], inner, "arguments", speaker, role, index)


def _call(
    call: Any, path: Path, key: str, speaker: str, role: Role, index: int
) -> Iterator[ChatText]:
    if not is_object(call):
        raise _wrong(path, "an object", call)
    fields = call
    for field, in_json, editable in (("name", False, False), (key, key == "arguments", True)):
        value = fields.get(field)
        if isinstance(value, str):
            here: Path = (*path, field)
            yield ChatText(here, value, speaker, role, index, in_json, editable)
        elif value is not None:
            raise _wrong((*path, field), "a string", value)


def _definition_texts(tools: Any, path: Path) -> Iterator[ChatText]:
    if not is_list(tools):
        raise _wrong(path, "a list", tools)
    for number, tool in enumerate(tools):
        here: Path = (*path, number)
        if not is_object(tool):
            raise _wrong(here, "an object", tool)
        fields = tool
        for inner in (here, (*here, "function"), (*here, "custom")):
            holder = fields if inner == here else fields.get(str(inner[-1]))
            name = holder.get("name") if is_object(holder) else None
            if isinstance(name, str):
                yield ChatText((*inner, "name"), name, "tools", "document", editable=False)
        yield from _descriptions(fields, here)


def _descriptions(schema: Any, path: Path) -> Iterator[ChatText]:
    """Every `description` below `schema`, without recursion (nesting may be hostile)."""
    stack: list[tuple[Any, Path]] = [(schema, path)]
    found: list[ChatText] = []
    seen = 0
    while stack:
        node, here = stack.pop()
        seen += 1
        if seen > MAX_SCHEMA_NODES or len(here) > 200:
            raise InputError(
                f"{path_name(path)}: too large or nested too deeply "
                f"(at most {MAX_SCHEMA_NODES} values and 200 levels)"
            )
        if is_object(node):
            for key, value in node.items():
                if key == "description" and isinstance(value, str):
                    found.append(ChatText((*here, key), value, "tools", "document"))
                elif isinstance(value, (Mapping, list)):
                    stack.append((value, (*here, key)))
        elif is_list(node):
            for number, value in enumerate(node):
                if isinstance(value, (Mapping, list)):
                    stack.append((value, (*here, number)))
    yield from sorted(found, key=lambda item: [str(key) for key in item.path])


def _wrong(path: Path, expected: str, value: Any) -> InputError:
    return InputError(f"{path_name(path)}: expected {expected}, got {_kind(value)}")


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, Sequence):
        return "a list"
    return "an object" if is_object(value) else type(value).__name__
