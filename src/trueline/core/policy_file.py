"""Read a policy file: every fault at once, each with its line, field and accepted values.

>>> policy_from_template("default").name
'default'
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from trueline.core.errors import InputError, PolicyError
from trueline.core.policy import Policy
from trueline.core.policy_faults import (
    Fault,
    Message,
    field_message,
    unreadable_message,
    yaml_message,
)
from trueline.core.policy_fields import fields_at
from trueline.core.policy_references import (
    ReferenceFaults,
    is_quiet,
    nearest_hint,
    reference_faults,
)

TEMPLATES = ("default", "strict", "minors", "customer-service", "cn-genai", "eu-ai-act")
MAX_BYTES = 2_000_000
MAX_DEPTH = 50
MAX_NODES = 200_000  # a file that expands beyond this through aliases is refused
Path_ = tuple[str | int, ...]

_TOO_DEEP = Message("too_deep", "nested too deeply to be a policy", "嵌套过深，不是策略")
_TOO_MANY = Message(
    "too_many", f"expands to more than {MAX_NODES} values", f"展开后超过 {MAX_NODES} 个值"
)
_NO_MAPPING = Message(
    "no_mapping",
    "a policy is a mapping of fields, such as 'name: mine'",
    "策略由字段与值组成，例如 'name: mine'",
)
_NO_FOLDER = Message(
    "no_folder",
    "a text without a folder may not name files; give `words`",
    "单独的文本不能引用文件，请改用 `words`",
)

try:  # the C loader reads a template four times as fast
    from yaml import CSafeLoader as _Loader
except ImportError:  # pragma: no cover - PyYAML built without libyaml
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


def load_policy(path: str | Path) -> Policy:
    """Read and validate a policy file.

    Args:
        path: a YAML file in UTF-8; word lists it names are read from beside it.

    Raises:
        InputError: the file cannot be read.
        PolicyError: the file has faults; all are listed.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read policy file {path}: {error.strerror or error}.\n"
            "  Make one with: trueline init"
        ) from error
    if len(data) > MAX_BYTES:
        size = Message(
            "too_large",
            f"the file has {len(data)} bytes; at most {MAX_BYTES}",
            f"文件有 {len(data)} 字节，至多 {MAX_BYTES} 字节",
        )
        raise PolicyError(str(path), [Fault(size)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        encoding = Message(
            "not_utf8",
            f"not valid UTF-8 (byte {error.start}); save it as UTF-8",
            f"不是有效的 UTF-8（第 {error.start} 字节），请另存为 UTF-8",
        )
        raise PolicyError(str(path), [Fault(encoding, line=line)]) from error
    return parse_policy(text, source=str(path), folder=path.parent)


def policy_from_template(name: str) -> Policy:
    """A bundled policy: `default`, `strict`, `minors`, `customer-service`, ..."""
    return parse_policy(template_text(name), source=f"template {name}")


def template_text(name: str) -> str:
    """The YAML of a bundled template, comments included."""
    if name not in TEMPLATES:
        raise InputError(f"no template is called {name!r}. Accepted: {', '.join(TEMPLATES)}")
    source = files("trueline.core").joinpath(f"templates/{name}.yaml")
    return source.read_text(encoding="utf-8")


def parse_policy(text: str, *, source: str = "policy", folder: Path | None = None) -> Policy:
    """Validate policy text; `folder` is where the word lists it names are looked for.

    Without a folder no file is read: a text from elsewhere must not open files here.

    Raises:
        PolicyError: with every fault found.
    """
    root = _compose(text, source)
    faults = list(_duplicate_keys(root, ()))
    data = _construct(root, source)
    faults += _read_lexicon_files(data, folder, root)
    policy: Policy | None = None
    try:
        policy = Policy.model_validate(data)
    except ValidationError as error:
        found = (*_flatten(error), *reference_faults(data))
        faults += [_describe(fault, root) for fault in found]
    if faults or policy is None:
        raise PolicyError(source, sorted(set(faults), key=_line_number))
    return policy


def _compose(text: str, source: str) -> yaml.Node:
    try:
        _check_depth(text, source)
        root: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        fault = Fault(yaml_message(str(error.problem)), line=line, column=column)
        raise PolicyError(source, [fault]) from error
    except (yaml.YAMLError, ValueError) as error:
        position = getattr(error, "position", None)
        line = 0 if position is None else text[:position].count("\n") + 1
        raise PolicyError(source, [Fault(yaml_message(_first_line(error)), line=line)]) from error
    except RecursionError as error:
        raise PolicyError(source, [Fault(_TOO_DEEP)]) from error
    if not isinstance(root, yaml.MappingNode):
        raise PolicyError(source, [Fault(_NO_MAPPING, line=1)])
    _check_size(root, source)
    return root


def _check_depth(text: str, source: str) -> None:
    # libyaml's composer recurses in C: thousands of brackets would end the process.
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise PolicyError(source, [Fault(_TOO_DEEP, line=line)])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_size(root: yaml.Node, source: str) -> None:
    count, stack = 0, [root]
    while stack:
        node = stack.pop()
        count += 1
        if count > MAX_NODES:
            raise PolicyError(source, [Fault(_TOO_MANY)])
        if isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            stack.extend(part for pair in node.value for part in pair)


def _construct(root: yaml.Node, source: str) -> dict[str, Any]:
    loader = yaml.SafeLoader("")
    try:
        data: Any = loader.construct_document(root)  # pyright: ignore
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        fault = Fault(yaml_message(str(error.problem)), line=mark.line + 1 if mark else 0)
        raise PolicyError(source, [fault]) from error
    except (ValueError, RecursionError) as error:
        raise PolicyError(source, [Fault(yaml_message(_first_line(error)))]) from error
    finally:
        loader.dispose()
    return dict(data)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _duplicate_keys(node: yaml.Node, path: Path_) -> Iterator[Fault]:
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
                yield Fault(twice, line=line, field=_dotted((*path, name)))
            seen.setdefault(name, line)
            yield from _duplicate_keys(value, (*path, name))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _duplicate_keys(value, (*path, index))


def _read_lexicon_files(data: dict[str, Any], folder: Path | None, root: yaml.Node) -> list[Fault]:
    faults: list[Fault] = []
    lexicons = data.get("lexicons")
    for index, entry in enumerate(lexicons if isinstance(lexicons, list) else []):
        if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
            continue
        path = ("lexicons", index, "file")
        if folder is None:
            faults.append(_fault(path, _NO_FOLDER, root))
            continue
        file = folder / entry["file"]
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            faults.append(_fault(path, unreadable_message(entry["file"], error), root))
            continue
        words = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        entry["words"] = [*(entry.get("words") or []), *words]
    return faults


def _flatten(error: ValidationError) -> Iterator[tuple[Path_, Message, Any]]:
    for fault in error.errors(include_url=False):
        if isinstance(fault.get("ctx", {}).get("error"), ReferenceFaults):
            continue  # told by reference_faults, which also sees files with other faults
        path = tuple(part for part in fault["loc"] if part != "[key]")
        if fault["type"] == "extra_forbidden":
            message = _unknown_field(path)
        elif fault["type"] == "missing":
            message = Message("missing", "is required and missing", "必填，但没有填写")
        else:
            message = field_message(fault["type"], fault["msg"], fault.get("ctx", {}))
        yield path, message, fault.get("input")


def _unknown_field(path: Path_) -> Message:
    names = fields_at(path[:-1])
    near = difflib.get_close_matches(str(path[-1]), names, n=1, cutoff=0.6)
    hint = nearest_hint(near, names)
    return Message("unknown_field", f"is not a field here{hint}", f"这里没有这个字段{hint.zh}")


def _describe(fault: tuple[Path_, str, Any], root: yaml.Node) -> Fault:
    path, message, value = fault
    silent = isinstance(value, dict | list) or is_quiet(value)
    return _fault(path, message, root, "" if silent else f"{value!r:.80}")


def _fault(path: Path_, message: str, root: yaml.Node, got: str = "") -> Fault:
    return Fault(message, line=_line_of(root, path), field=_dotted(path), got=got)


def _line_of(root: yaml.Node, path: Path_) -> int:
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
    return line


def _dotted(path: Path_) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _line_number(fault: str) -> tuple[int, str]:
    head = fault.removeprefix("line ").split(",")[0].split(":")[0]
    return (int(head) if head.isdigit() else 0, fault)
