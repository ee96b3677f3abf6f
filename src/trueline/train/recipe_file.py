"""Read a recipe file: every fault at once, each with its line, field and accepted values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from trueline.core.errors import InputError
from trueline.core.faults import Finding, Place, did_you_mean
from trueline.core.strict_yaml import (
    YamlFaults,
    compose,
    construct,
    describe,
    dotted,
    duplicate_keys,
    in_order,
    read_yaml,
    validation_faults,
)
from trueline.train.modifiers.catalog import modifier_names, stack_faults
from trueline.train.recipe import Recipe, RecipeSettings
from trueline.train.tasks.catalog import task_names


class RecipeError(InputError):
    """A recipe file with faults; `faults` lists every one of them."""

    def __init__(self, source: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"{source} is not a valid recipe:\n{lines}")


def load_recipe(path: str | Path, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe file.

    Args:
        path: a YAML file in UTF-8.
        changes: values that go before the file's, such as `loop.epochs=1`.

    Raises:
        InputError: the file cannot be read, or a change is not `field=value`.
        RecipeError: the recipe has faults; all are listed.
    """
    try:
        text = read_yaml(Path(path))
    except OSError as error:
        raise InputError(
            f"cannot read recipe {path}: {error.strerror or error}.\n"
            "  Start from one of the files in recipes/train"
        ) from error
    except YamlFaults as error:
        raise RecipeError(str(path), error.faults) from error
    return parse_recipe(text, changes, source=str(path))


def parse_recipe(text: str, changes: Sequence[str] = (), *, source: str = "recipe") -> Recipe:
    """Validate recipe text; see `load_recipe`."""
    try:
        root = compose(text, "recipe")
        faults = duplicate_keys(root)
        data = construct(root)
    except YamlFaults as error:
        raise RecipeError(source, error.faults) from error
    for change in changes:
        _set(data, change)
    recipe, found = validate(data)
    faults += [describe(fault, root) for fault in found]
    if faults or recipe is None:
        raise RecipeError(source, in_order(faults))
    return recipe


def recipe_from(values: Mapping[str, Any], *, source: str = "recipe") -> Recipe:
    """Validate a recipe that is at hand as values, such as one stored with a model."""
    recipe, found = validate(dict(values))
    if recipe is None:
        raise RecipeError(source, [f"{dotted(place)}: {message}" for place, message, _ in found])
    return recipe


def validate(data: dict[str, Any]) -> tuple[Recipe | None, list[Finding]]:
    """The recipe, or None and everything that is wrong with it."""
    data = dict(data)
    task = data.pop("task", None)
    modifiers = data.pop("modifiers", [])
    faults: list[Finding] = []
    settings: RecipeSettings | None = None
    try:
        settings = RecipeSettings.model_validate(data)
    except ValidationError as error:
        faults += validation_faults(error, RecipeSettings, (), ("task", "modifiers"))
    made_task = _named(task, ("task",), "task", task_names(), faults)
    made_modifiers = _modifiers(modifiers, faults)
    if faults or settings is None or made_task is None:
        return None, faults
    values = {name: getattr(settings, name) for name in RecipeSettings.model_fields}
    return Recipe.model_construct(**values, task=made_task, modifiers=tuple(made_modifiers)), []


def to_yaml(recipe: Recipe) -> str:
    """The whole recipe, defaults included, as a file that can be run again."""
    values = recipe.model_dump(mode="json")
    return yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=100)


def schema() -> dict[str, Any]:
    """JSON Schema of recipe files, for editors."""
    found = RecipeSettings.model_json_schema()
    definitions = found.setdefault("$defs", {})

    def add(options: type[BaseModel], name: str) -> dict[str, str]:
        inner = options.model_json_schema(ref_template="#/$defs/{model}")
        definitions.update(inner.pop("$defs", {}))
        inner["required"] = [*inner.get("required", []), name]
        definitions[options.__name__] = inner
        return {"$ref": f"#/$defs/{options.__name__}"}

    tasks = [add(options, "task") for options in task_names().values()]
    entries = [add(options, "modifier") for options in modifier_names().values()]
    found["properties"]["task"] = {"anyOf": [*tasks, {"enum": list(task_names())}]}
    found["properties"]["modifiers"] = {
        "type": "array",
        "items": {"anyOf": entries} if entries else {},
    }
    found["required"] = [*found.get("required", []), "task"]
    found["title"] = "Recipe"
    return found


def _modifiers(raw: Any, faults: list[Finding]) -> list[Any]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        message = "is a list, one modifier an entry, such as '- modifier: NAME'"
        faults.append((("modifiers",), message, raw))
        return []
    found = [
        _named(entry, ("modifiers", index), "modifier", modifier_names(), faults)
        for index, entry in enumerate(raw)
    ]
    named = ["" if entry is None else str(entry.modifier) for entry in found]
    faults += [(("modifiers", index), message, []) for index, message in stack_faults(named)]
    return [entry for entry in found if entry is not None]


def _named(
    raw: Any, place: Place, key: str, known: Mapping[str, type[Any]], faults: list[Finding]
) -> Any:
    """Options of the kind that `raw` names in its field `key`; a bare name will do."""
    accepted = ", ".join(known)
    entry = {key: raw} if isinstance(raw, str) else raw
    if entry is None:
        faults.append((place, f"is required: '{key}: NAME'. Accepted: {accepted}", []))
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get(key), str):
        faults.append((place, f"names its {key}: '{key}: NAME'. Accepted: {accepted}", raw))
        return None
    name = entry[key]
    if name not in known:
        at = place if isinstance(raw, str) else (*place, key)
        faults.append((at, f"is not a {key}{did_you_mean(name, list(known))}", name))
        return None
    try:
        return known[name].model_validate(entry)
    except ValidationError as error:
        faults += validation_faults(error, known[name], place)
    return None


def _set(data: dict[str, Any], change: str) -> None:
    path, found, value = change.partition("=")
    if not found or not path.strip():
        raise InputError(f"--set {change}: give FIELD=VALUE, such as --set loop.epochs=1")
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise InputError(f"--set {change}: the value is not valid YAML") from error
    *parents, last = path.strip().split(".")
    inner: Any = data
    for part in parents:
        if isinstance(inner, list) and part.isdigit() and int(part) < len(inner):
            inner = inner[int(part)]
            continue
        if not isinstance(inner, dict):
            raise InputError(f"--set {change}: {part!r} is not inside a mapping of the recipe")
        if isinstance(inner.get(part), str) and part == "task":
            inner[part] = {"task": inner[part]}
        if inner.get(part) is None:
            inner[part] = {}
        inner = inner[part]
    if isinstance(inner, list) and last.isdigit() and int(last) < len(inner):
        inner[int(last)] = parsed
    elif isinstance(inner, dict):
        inner[last] = parsed
    else:
        raise InputError(f"--set {change}: {last!r} is not inside a mapping of the recipe")
