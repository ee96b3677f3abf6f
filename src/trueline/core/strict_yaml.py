r"""Read YAML that is held against a strict model: every fault with its line, field and value.

Policies and recipes share this; each turns `YamlFaults` into an error of its own.

    >>> root = compose("name: x\\nname: y\\n", "recipe")
    >>> duplicate_keys(root)
    ['line 2, name: given twice (first in line 1)']
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

MAX_BYTES = 2_000_000
MAX_DEPTH = 50
MAX_NODES = 200_000  # a file that expands beyond this through aliases is refused
#: Where a value stands: keys and indices from the root.
Place = tuple[str | int, ...]
#: A place, what is wrong there, and the value met; `[]` where a value would say nothing.
Fault = tuple[Place, str, Any]

try:  # the C loader reads a template four times as fast
    from yaml import CSafeLoader as _Loader
except ImportError:  # pragma: no cover - PyYAML built without libyaml
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


class YamlFaults(Exception):
    """A text that is no YAML mapping; `faults` has one line for each fault."""

    def __init__(self, faults: Sequence[str]) -> None:
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
        raise YamlFaults([f"the file has {len(data)} bytes; at most {MAX_BYTES}"])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise YamlFaults(
            [f"line {line}: not valid UTF-8 (byte {error.start}); save it as UTF-8"]
        ) from error


def compose(text: str, kind: str) -> yaml.Node:
    """The node tree of a text that must be a mapping; `kind` is what messages call it.

    Raises:
        YamlFaults: it is not YAML, not a mapping, or too deep or large to be meant.
    """
    try:
        _check_depth(text, kind)
        root: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise YamlFaults([f"{place}not valid YAML: {error.problem}"]) from error
    except (yaml.YAMLError, ValueError) as error:
        position = getattr(error, "position", None)
        place = "" if position is None else f"line {text[:position].count(chr(10)) + 1}: "
        raise YamlFaults([f"{place}not valid YAML: {_first_line(error)}"]) from error
    except RecursionError as error:
        raise YamlFaults([f"nested too deeply to be a {kind}"]) from error
    if not isinstance(root, yaml.MappingNode):
        raise YamlFaults([f"line 1: a {kind} is a mapping of fields, such as 'name: mine'"])
    _check_size(root)
    return root


def construct(root: yaml.Node) -> dict[str, Any]:
    """The values of a node tree.

    Raises:
        YamlFaults: a value cannot be made, such as a date that does not exist.
    """
    loader = yaml.SafeLoader("")
    try:
        data: Any = loader.construct_document(root)  # pyright: ignore
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}: " if mark else ""
        raise YamlFaults([f"{place}not valid YAML: {error.problem}"]) from error
    except (ValueError, RecursionError) as error:
        raise YamlFaults([f"not valid YAML: {_first_line(error)}"]) from error
    finally:
        loader.dispose()
    return dict(data)


def duplicate_keys(node: yaml.Node, path: Place = ()) -> list[str]:
    """One fault for each key that is given twice."""
    return list(_duplicate_keys(node, path))


def validation_faults(
    error: ValidationError,
    model: type[BaseModel],
    place: Place = (),
    further: Collection[str] = (),
) -> list[Fault]:
    """The faults of a model that stands at `place`; unknown fields get the nearest name.

    Args:
        further: names accepted beside the model's own fields, at its top.
    """
    found: list[Fault] = []
    for fault in error.errors(include_url=False):
        inner = tuple(part for part in fault["loc"] if part != "[key]")
        message = fault["msg"].removeprefix("Value error, ")
        value: Any = fault.get("input")
        if fault["type"] == "missing":
            message, value = "is required and missing", []
        elif fault["type"] == "extra_forbidden":
            names = fields_at(model, inner[:-1])
            names += list(further) if len(inner) == 1 else []
            message = f"is not a field here{did_you_mean(str(inner[-1]), names)}"
        found.append(((*place, *inner), message, value))
    return found


def did_you_mean(name: str, accepted: Sequence[str]) -> str:
    """`; did you mean 'x'? Accepted: x, y`, or `. Accepted: x, y` when nothing is near."""
    near = difflib.get_close_matches(name, accepted, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"{hint} Accepted: {', '.join(accepted)}"


def fields_at(model: type[BaseModel], path: Place) -> list[str]:
    """Names of the fields that a mapping at `path` inside `model` may have."""
    found: Any = model
    for part in path:
        if _is_model(found):
            field = next(
                (f for n, f in found.model_fields.items() if part in (n, f.alias)), None
            )  # fmt: skip
            found = field.annotation if field else None
        else:
            found = _inner_model(found)
        if not _is_model(found) and _inner_model(found) is not None and _optional(found):
            found = _inner_model(found)
    found = found if _is_model(found) else _inner_model(found)
    if not _is_model(found):
        return []
    return [field.alias or name for name, field in found.model_fields.items()]


def describe(fault: Fault, root: yaml.Node, quiet: bool = False) -> str:
    """`line 12, a.b: what is wrong (got 'value')`; no value when `quiet`."""
    path, message, value = fault
    silent = quiet or isinstance(value, dict | list)
    shown = "" if silent else f" (got {value!r:.80})"
    return f"{where(root, path)}: {message}{shown}"


def where(root: yaml.Node, path: Place) -> str:
    """`line 12, a.b[0]`: the line of the deepest part of `path` that the file has."""
    node, line = root, root.start_mark.line + 1
    for part in path:
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
    return f"line {line}, {dotted(path)}" if path else f"line {line}"


def dotted(path: Place) -> str:
    """A place as people write it: `steps[0].name`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def by_line(fault: str) -> tuple[int, str]:
    """Key that sorts told faults by their line."""
    head = fault.removeprefix("line ").split(",")[0].split(":")[0]
    return (int(head) if head.isdigit() else 0, fault)


def _check_depth(text: str, kind: str) -> None:
    # libyaml's composer recurses in C: thousands of brackets would end the process.
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                place = f"line {event.start_mark.line + 1}: " if event.start_mark else ""
                raise YamlFaults([f"{place}nested too deeply to be a {kind}"])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_size(root: yaml.Node) -> None:
    count, stack = 0, [root]
    while stack:
        node = stack.pop()
        count += 1
        if count > MAX_NODES:
            raise YamlFaults([f"expands to more than {MAX_NODES} values"])
        if isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            stack.extend(part for pair in node.value for part in pair)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _duplicate_keys(node: yaml.Node, path: Place) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                given = dotted((*path, name))
                yield f"line {line}, {given}: given twice (first in line {seen[name]})"
            seen.setdefault(name, line)
            yield from _duplicate_keys(value, (*path, name))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _duplicate_keys(value, (*path, index))


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _optional(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


def _inner_model(annotation: Any) -> Any:
    for part in get_args(annotation):
        if _is_model(part):
            return part
        inner = _inner_model(part)
        if inner is not None:
            return inner
    return None
