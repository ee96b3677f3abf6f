"""Recipes: what they may hold, and how their faults are told."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from trueline.core.errors import InputError
from trueline.curate.catalog import step_names
from trueline.curate.recipe import Recipe, RecipeSettings
from trueline.curate.recipe_file import RecipeError, bundled_recipes, load_recipe, parse_recipe

STEPS = ", ".join(step_names())
FIELDS = ", ".join([*RecipeSettings.model_fields, "steps"])


def test_all_faults_of_a_recipe_come_at_once_with_line_field_and_accepted_values() -> None:
    text = (
        "name: x\ntext_feild: body\non_error: maybe\nencoding: klingon\nsteps:\n"
        "  - step: lowercas\n  - step: lowercase\n    loud: 3\n  - lowercase\n"
    )

    with pytest.raises(RecipeError) as told:
        parse_recipe(text, source="bad.yaml")

    assert str(told.value) == (
        "bad.yaml is not a valid recipe:\n"
        "  line 2, text_feild: is not a field here; did you mean 'text_field'? "
        f"Accepted: {FIELDS} (got 'body')\n"
        "  line 3, on_error: Input should be 'stop' or 'skip' (got 'maybe')\n"
        "  line 4, encoding: is not an encoding this can read. Try utf-8, gb18030 or big5 "
        "(got 'klingon')\n"
        "  line 6, steps[0].step: is not a step; did you mean 'lowercase'? "
        f"Accepted: {STEPS} (got 'lowercas')\n"
        "  line 8, steps[1].loud: is not a field here. Accepted: version, step (got 3)\n"
        "  line 9, steps[2]: an entry names its step: '- step: NAME'. "
        f"Accepted: {STEPS} (got 'lowercase')"
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name: x\nname: y\nsteps: [{step: lowercase}]", "line 2, name: given twice (first in line 1)"),
        ("name: [", "line 2, column 1: not valid YAML: did not find expected node content"),
        ("just words", "line 1: a recipe is a mapping of fields, such as 'name: mine'"),
        ("name: x\nsteps: lowercase",
         "line 2, steps: is a list, one step an entry, such as '- step: lowercase' (got 'lowercase')"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_recipe_says_so_by_line(text: str, fault: str) -> None:
    with pytest.raises(RecipeError) as told:
        parse_recipe(text, source="r.yaml")

    assert str(told.value) == f"r.yaml is not a valid recipe:\n  {fault}"


def test_a_recipe_without_steps_is_told_which_there_are() -> None:
    with pytest.raises(RecipeError) as told:
        parse_recipe("name: x")

    assert told.value.faults == (f"line 1, steps: is required: a list of steps. Accepted: {STEPS}",)


def test_a_missing_recipe_names_the_bundled_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        load_recipe(tmp_path / "none.yaml")

    assert str(told.value) == (
        f"cannot read recipe {tmp_path}/none.yaml: No such file or directory.\n"
        f"  Give a file, or one of the bundled recipes: {', '.join(bundled_recipes())}"
    )


@pytest.mark.parametrize("name", bundled_recipes())
def test_every_bundled_recipe_is_valid_and_is_the_one_under_recipes(name: str) -> None:
    shipped = Path(__file__).parents[2] / "recipes" / "curate" / f"{name}.yaml"

    assert load_recipe(name) == load_recipe(shipped)
    assert shipped.read_text(encoding="utf-8") == (
        Path(__file__).parents[2] / "src/trueline/curate/recipes" / f"{name}.yaml"
    ).read_text(encoding="utf-8")


def test_one_input_may_be_given_without_a_list() -> None:
    assert parse_recipe("input: a.jsonl\nsteps: [{step: lowercase}]").input == ("a.jsonl",)


def test_every_option_of_a_recipe_and_of_its_steps_is_described() -> None:
    models: list[type[BaseModel]] = [Recipe, *step_names().values()]
    silent = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if not field.description and name not in ("step", "version")
    ]

    assert silent == []


@given(st.text(max_size=200))
def test_any_text_is_a_recipe_or_a_told_fault(text: str) -> None:
    with contextlib.suppress(RecipeError):
        parse_recipe(text)
