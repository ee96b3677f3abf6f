"""Read a recipe file: every fault at once, each with its line, field and accepted values."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trueline.core.errors import InputError
from trueline.core.faults import Finding, Place, did_you_mean
from trueline.core.strict_yaml import (
    YamlFaults,
    compose,
    construct,
    describe,
    duplicate_keys,
    in_order,
    read_yaml,
    validation_faults,
)
from trueline.curate.catalog import step_names
from trueline.curate.recipe import Recipe, RecipeSettings
from trueline.curate.step import StepOptions


class RecipeError(InputError):
    """A recipe file with faults; `faults` lists every one of them."""

    def __init__(self, source: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"{source} is not a valid recipe:\n{lines}")


def bundled_recipes() -> list[str]:
    """Names of the recipes that come with the package, such as `default`."""
    folder = files("trueline.curate").joinpath("recipes")
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    )


def load_recipe(path: str | Path) -> Recipe:
    """Read a recipe file, or a bundled recipe by its name.

    Raises:
        InputError: the file cannot be read.
        RecipeError: the file has faults; all are listed.
    """
    if str(path) in bundled_recipes() and not Path(path).exists():
        entry = files("trueline.curate").joinpath(f"recipes/{path}.yaml")
        return parse_recipe(entry.read_text(encoding="utf-8"), source=f"recipe {path}")
    try:
        text = read_yaml(Path(path))
    except OSError as error:
        raise InputError(
            f"cannot read recipe {path}: {error.strerror or error}.\n"
            f"  Give a file, or one of the bundled recipes: {', '.join(bundled_recipes())}"
        ) from error
    except YamlFaults as error:
        raise RecipeError(str(path), error.faults) from error
    return parse_recipe(text, source=str(path))


def parse_recipe(text: str, *, source: str = "recipe") -> Recipe:
    """Validate recipe text.

    Raises:
        RecipeError: with every fault found.
    """
    try:
        root = compose(text, "recipe")
        faults = duplicate_keys(root)
        data = construct(root)
    except YamlFaults as error:
        raise RecipeError(source, error.faults) from None
    steps: list[StepOptions] = []
    raw_steps = data.pop("steps", None)
    found = [*_settings_faults(data), *_step_faults(raw_steps, steps)]
    faults += [describe(fault, root) for fault in found]
    if faults:
        raise RecipeError(source, in_order(faults))
    return Recipe(**data, steps=tuple(steps))


def _settings_faults(data: dict[str, Any]) -> list[Finding]:
    try:
        RecipeSettings.model_validate(data)
    except ValidationError as error:
        return validation_faults(error, RecipeSettings, further=("steps",))
    return []


def _step_faults(raw: Any, steps: list[StepOptions]) -> list[Finding]:
    known = step_names()
    accepted = ", ".join(known)
    if raw is None or raw == []:
        return [(("steps",), f"is required: a list of steps. Accepted: {accepted}", [])]
    if not isinstance(raw, list):
        return [(("steps",), "is a list, one step an entry, such as '- step: lowercase'", raw)]
    faults: list[Finding] = []
    for index, entry in enumerate(raw):
        place: Place = ("steps", index)
        if not isinstance(entry, dict) or not isinstance(entry.get("step"), str):
            message = f"an entry names its step: '- step: NAME'. Accepted: {accepted}"
            faults.append((place, message, entry))
            continue
        name = entry["step"]
        if name not in known:
            message = f"is not a step{did_you_mean(name, list(known))}"
            faults.append(((*place, "step"), message, name))
            continue
        try:
            steps.append(known[name].model_validate(entry))
        except ValidationError as error:
            faults += validation_faults(error, known[name], place)
    return faults
