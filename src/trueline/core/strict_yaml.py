r"""Read YAML that is held against a strict model: every fault with its line, field and value.

Policies, recipes and studies share this; each turns `YamlFaults` into an error of its own.

    >>> root = compose("name: x\nname: y\n", "recipe")
    >>> [fault.told("en") for fault in duplicate_keys(root)]
    ['line 2, name: given twice (first in line 1)']
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ValidationError

from trueline.core.faults import (
    Fault,
    Finding,
    Message,
    Place,
    did_you_mean,
    field_message,
    yaml_message,
)
from trueline.core.model_fields import fields_at

MAX_BYTES = 2_000_000
MAX_DEPTH = 50
MAX_NODES = 200_000  # a file that expands beyond this through aliases is refused

#: What messages call a file.
Kind = Literal["policy", "recipe", "study", "monitor file"]
_KINDS_ZH: Mapping[Kind, str] = {
    "policy": "策略",
    "recipe": "配方",
    "study": "研究",
    "monitor file": "监控文件",
}

_TOO_MANY = Message(
    "too_many", f"expands to more than {MAX_NODES} values", f"展开后超过 {MAX_NODES} 个值"
)
_MISSING = Message("missing", "is required and missing", "必填，但没有填写")

try:  # the C loader reads a template four times as fast
    from yaml import CSafeLoader as _Loader
except ImportError:  # pragma: no cover - PyYAML built without libyaml
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


class _Constructor(yaml.SafeLoader):
    """PyYAML's own, but a value that its tag cannot hold (`!!int ''`) is an error of YAML."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (LookupError, AttributeError) as error:
            name = node.tag.removeprefix("tag:yaml.org,2002:")
            problem = f"the value does not fit its tag !!{name}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error


class YamlFaults(Exception):
    """A text that is no YAML mapping; `faults` has one line for each fault."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


def read_yaml(path: Path) -> str:
    """The text of a file.

    Raises:
        OSError: the file cannot be read.
        YamlFaults: it is too long, or not UTF-8.
    """
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        size = Message(
            "too_large",
            f"the file has {len(data)} bytes; at most {MAX_BYTES}",
            f"文件有 {len(data)} 字节，至多 {MAX_BYTES} 字节",
        )
        raise YamlFaults([Fault(size)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        encoding = Message(
            "not_utf8",
            f"not valid UTF-8 (byte {error.start}); save it as UTF-8",
            f"不是有效的 UTF-8（第 {error.start} 字节），请另存为 UTF-8",
        )
        line = data[: error.start].count(b"\n") + 1
        raise YamlFaults([Fault(encoding, line=line)]) from error


def compose(text: str, kind: Kind) -> yaml.Node:
    """The node tree of a text that must be a mapping; `kind` is what messages call it.

    Raises:
        YamlFaults: it is not YAML, not a mapping, or too deep or large to be meant.
    """
    chinese = _KINDS_ZH[kind]
    try:
        _check_depth(text, kind)
        root: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        message = yaml_message(str(error.problem), chinese)
        raise YamlFaults([Fault(message, line=line, column=column)]) from error
    except (yaml.YAMLError, ValueError) as error:
        position = getattr(error, "position", None)
        line = 0 if position is None else text[:position].count("\n") + 1
        raise YamlFaults([Fault(yaml_message(_first_line(error), chinese), line=line)]) from error
    except RecursionError as error:
        raise YamlFaults([Fault(_too_deep(kind))]) from error
    if not isinstance(root, yaml.MappingNode):
        shape = Message(
            "no_mapping",
            f"a {kind} is a mapping of fields, such as 'name: mine'",
            f"{chinese}由字段与值组成，例如 'name: mine'",
        )
        raise YamlFaults([Fault(shape, line=1)])
    _check_size(root)
    return root


def construct(root: yaml.Node) -> dict[str, Any]:
    """The values of a node tree.

    Raises:
        YamlFaults: a value cannot be made, such as a date that does not exist.
    """
    loader = _Constructor("")
    try:
        data: Any = loader.construct_document(root)  # pyright: ignore
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise YamlFaults([Fault(yaml_message(str(error.problem)), line=line)]) from error
    except (ValueError, RecursionError) as error:
        raise YamlFaults([Fault(yaml_message(_first_line(error)))]) from error
    finally:
        loader.dispose()
    if not isinstance(data, dict):  # a mapping that is tagged as something else, such as !!set
        problem = f"expected a mapping, but found {type(data).__name__}"
        raise YamlFaults([Fault(yaml_message(problem), line=root.start_mark.line + 1)])
    return data


def duplicate_keys(node: yaml.Node, place: Place = ()) -> list[Fault]:
    """One fault for each key that is given twice."""
    return list(_duplicate_keys(node, place))


def validation_faults(
    error: ValidationError,
    model: type[BaseModel],
    place: Place = (),
    further: Collection[str] = (),
    apart: type[Exception] | None = None,
) -> list[Finding]:
    """What is wrong with a model that stands at `place`; unknown fields get the nearest name.

    Args:
        error: what pydantic found.
        model: the model that was validated.
        place: where its mapping stands in the file.
        further: names accepted beside the model's own fields, at its top.
        apart: raised by a validator whose faults the caller tells itself.
    """
    found: list[Finding] = []
    for fault in error.errors(include_url=False):
        values = fault.get("ctx", {})
        if apart is not None and isinstance(values.get("error"), apart):
            continue
        inner = tuple(part for part in fault["loc"] if part != "[key]")
        value: Any = fault.get("input")
        if fault["type"] == "missing":
            message, value = _MISSING, []
        elif fault["type"] == "extra_forbidden":
            names = fields_at(model, inner[:-1])
            message = _unknown_field(inner, [*names, *(further if len(inner) == 1 else ())])
        else:
            english = fault["msg"].removeprefix("Value error, ")
            message = field_message(fault["type"], english, values)
        found.append(((*place, *inner), message, value))
    return found


def describe(finding: Finding, root: yaml.Node) -> Fault:
    """`line 12, a.b: what is wrong (got 'value')`, by the line `a.b` has in the file."""
    place, message, value = finding
    shown = "" if isinstance(value, dict | list) else f"{value!r:.80}"
    return Fault(message, line=_line_of(root, place), field=dotted(place), got=shown)


def dotted(place: Place) -> str:
    """A place as people write it: `steps[0].name`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Each fault once, by line."""
    return sorted(set(faults), key=lambda fault: (fault.line, fault))


def _check_depth(text: str, kind: Kind) -> None:
    # libyaml's composer recurses in C: thousands of brackets would end the process.
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise YamlFaults([Fault(_too_deep(kind), line=line)])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _too_deep(kind: Kind) -> Message:
    chinese = f"嵌套过深，不是{_KINDS_ZH[kind]}"
    return Message("too_deep", f"nested too deeply to be a {kind}", chinese)


def _check_size(root: yaml.Node) -> None:
    count, stack = 0, [root]
    while stack:
        node = stack.pop()
        count += 1
        if count > MAX_NODES:
            raise YamlFaults([Fault(_TOO_MANY)])
        if isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            stack.extend(part for pair in node.value for part in pair)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _duplicate_keys(node: yaml.Node, place: Place) -> Iterator[Fault]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                twice = Message(
                    "given_twice",
                    f"given twice (first in line {seen[name]})",
                    f"重复填写（首次在第 {seen[name]} 行）",
                )
                yield Fault(twice, line=line, field=dotted((*place, name)))
            seen.setdefault(name, line)
            yield from _duplicate_keys(value, (*place, name))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _duplicate_keys(value, (*place, index))


def _unknown_field(place: Place, accepted: Sequence[str]) -> Message:
    hint = did_you_mean(str(place[-1]), accepted)
    return Message("unknown_field", f"is not a field here{hint}", f"这里没有这个字段{hint.zh}")


def _line_of(root: yaml.Node, place: Place) -> int:
    """The line of the deepest part of `place` that the file has."""
    node, line = root, root.start_mark.line + 1
    for part in place:
        child: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if str(key.value) == str(part):
                    child, line = value, key.start_mark.line + 1
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value)
        ):
            item: yaml.Node = node.value[part]
            child, line = item, item.start_mark.line + 1
        if child is None:
            break
        node = child
    return line
