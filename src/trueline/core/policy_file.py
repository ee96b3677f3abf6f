"""Read a policy file: every fault at once, each with its line, field and accepted values.

>>> policy_from_template("default").name
'default'
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from trueline.core.errors import InputError, PolicyError
from trueline.core.policy import Policy
from trueline.core.policy_references import ReferenceFaults, is_quiet, reference_faults

TEMPLATES = ("default", "strict", "minors", "customer-service", "cn-genai", "eu-ai-act")
MAX_BYTES = 2_000_000
MAX_DEPTH = 50
MAX_NODES = 200_000  # a file that expands beyond this through aliases is refused
Path_ = tuple[str | int, ...]

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
        raise PolicyError(str(path), [f"the file has {len(data)} bytes; at most {MAX_BYTES}"])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise PolicyError(
            str(path), [f"line {line}: not valid UTF-8 (byte {error.start}); save it as UTF-8"]
        ) from error
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
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise PolicyError(source, [f"{where}not valid YAML: {error.problem}"]) from error
    except (yaml.YAMLError, ValueError) as error:
        position = getattr(error, "position", None)
        where = "" if position is None else f"line {text[:position].count(chr(10)) + 1}: "
        raise PolicyError(source, [f"{where}not valid YAML: {_first_line(error)}"]) from error
    except RecursionError as error:
        raise PolicyError(source, ["nested too deeply to be a policy"]) from error
    if not isinstance(root, yaml.MappingNode):
        raise PolicyError(source, ["line 1: a policy is a mapping of fields, such as 'name: mine'"])
    _check_size(root, source)
    return root


def _check_depth(text: str, source: str) -> None:
    # libyaml's composer recurses in C: thousands of brackets would end the process.
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                where = f"line {event.start_mark.line + 1}: " if event.start_mark else ""
                raise PolicyError(source, [f"{where}nested too deeply to be a policy"])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_size(root: yaml.Node, source: str) -> None:
    count, stack = 0, [root]
    while stack:
        node = stack.pop()
        count += 1
        if count > MAX_NODES:
            raise PolicyError(source, [f"expands to more than {MAX_NODES} values"])
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
        where = f"line {mark.line + 1}: " if mark else ""
        raise PolicyError(source, [f"{where}not valid YAML: {error.problem}"]) from error
    except (ValueError, RecursionError) as error:
        raise PolicyError(source, [f"not valid YAML: {_first_line(error)}"]) from error
    finally:
        loader.dispose()
    return dict(data)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _duplicate_keys(node: yaml.Node, path: Path_) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                dotted = _dotted((*path, name))
                yield f"line {line}, {dotted}: given twice (first in line {seen[name]})"
            seen.setdefault(name, line)
            yield from _duplicate_keys(value, (*path, name))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _duplicate_keys(value, (*path, index))


def _read_lexicon_files(data: dict[str, Any], folder: Path | None, root: yaml.Node) -> list[str]:
    faults: list[str] = []
    lexicons = data.get("lexicons")
    for index, entry in enumerate(lexicons if isinstance(lexicons, list) else []):
        if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
            continue
        if folder is None:
            where = _where(root, ("lexicons", index, "file"))
            faults.append(f"{where}: a text without a folder may not name files; give `words`")
            continue
        file = folder / entry["file"]
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "not valid UTF-8"
            where = _where(root, ("lexicons", index, "file"))
            faults.append(f"{where}: cannot read {entry['file']}: {why}")
            continue
        words = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        entry["words"] = [*(entry.get("words") or []), *words]
    return faults


def _flatten(error: ValidationError) -> Iterator[tuple[Path_, str, Any]]:
    for fault in error.errors(include_url=False):
        if isinstance(fault.get("ctx", {}).get("error"), ReferenceFaults):
            continue  # told by reference_faults, which also sees files with other faults
        path = tuple(part for part in fault["loc"] if part != "[key]")
        message = fault["msg"]
        if fault["type"] == "extra_forbidden":
            message = _unknown_field(path)
        elif fault["type"] == "missing":
            message = "is required and missing"
        yield path, message, fault.get("input")


def _unknown_field(path: Path_) -> str:
    names = _fields_at(path[:-1])
    near = difflib.get_close_matches(str(path[-1]), names, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"is not a field here{hint} Accepted: {', '.join(names)}"


def _fields_at(path: Path_) -> list[str]:
    model: Any = Policy
    for part in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            found = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
            model = found.annotation if found else None
        else:
            model = _inner_model(model)
        if not _is_model(model) and _inner_model(model) is not None and _optional(model):
            model = _inner_model(model)
    model = model if _is_model(model) else _inner_model(model)
    if not _is_model(model):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


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


def _describe(fault: tuple[Path_, str, Any], root: yaml.Node) -> str:
    path, message, value = fault
    silent = isinstance(value, dict | list) or is_quiet(value)
    shown = "" if silent else f" (got {value!r:.80})"
    return f"{_where(root, path)}: {message}{shown}"


def _where(root: yaml.Node, path: Path_) -> str:
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
    return f"line {line}, {_dotted(path)}" if path else f"line {line}"


def _dotted(path: Path_) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _line_number(fault: str) -> tuple[int, str]:
    head = fault.removeprefix("line ").split(",")[0].split(":")[0]
    return (int(head) if head.isdigit() else 0, fault)
