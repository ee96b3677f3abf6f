"""Recipes: what they may hold, how their faults are told, and how values are set."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.train.rows import make_recipe, reviews

from trueline.core.errors import InputError
from trueline.train.recipe import DataOptions, LoopOptions, RecipeSettings
from trueline.train.recipe_file import (
    RecipeError,
    load_recipe,
    parse_recipe,
    recipe_from,
    schema,
    to_yaml,
)
from trueline.train.tasks.catalog import task_names
from trueline.train.tasks.classify import ClassifyOptions

GOOD = "data: {train: rows.jsonl}\ntask: classify\n"


def test_all_faults_of_a_recipe_come_at_once_with_line_field_and_accepted_values() -> None:
    text = (
        "nmae: x\ndata:\n  trian: rows.jsonl\nloop:\n  epochs: many\n  bf16: true\n  batchsize: 3\n"
        "optimizer: {name: adamm}\ntask:\n  task: classify\n  lable: y\nmodel: {width: 30, heads: 4}\n"
    )
    fields = ", ".join([*RecipeSettings.model_fields, "task", "modifiers"])

    with pytest.raises(RecipeError) as told:
        parse_recipe(text, source="bad.yaml")

    assert str(told.value) == (
        "bad.yaml is not a valid recipe:\n"
        f"  line 1, nmae: is not a field here; did you mean 'name'? Accepted: {fields} (got 'x')\n"
        "  line 2, data.train: is required and missing\n"
        "  line 3, data.trian: is not a field here; did you mean 'train'? "
        f"Accepted: {', '.join(DataOptions.model_fields)} (got 'rows.jsonl')\n"
        "  line 5, loop.epochs: Input should be a valid number, unable to parse string as a number "
        "(got 'many')\n"
        "  line 7, loop.batchsize: is not a field here; did you mean 'batch_size'? "
        f"Accepted: {', '.join(LoopOptions.model_fields)} (got 3)\n"
        "  line 8, optimizer: Input tag 'adamm' found using 'name' does not match any of the "
        "expected tags: 'sgd', 'momentum', 'adagrad', 'adam', 'adamw'\n"
        "  line 11, task.lable: is not a field here; did you mean 'label'? "
        f"Accepted: {', '.join(ClassifyOptions.model_fields)} (got 'y')\n"
        "  line 12, model: heads: 4 heads cannot share a width of 30"
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("data: {train: x}", "line 1, task: is required: 'task: NAME'. Accepted: TASKS"),
        ("data: {train: x}\ntask: clasify",
         "line 2, task: is not a task; did you mean 'classify'? Accepted: TASKS (got 'clasify')"),
        ("data: {train: x}\ntask: {label: y}",
         "line 2, task: names its task: 'task: NAME'. Accepted: TASKS"),
        ("data: {train: x}\ntask: mlm\nmodifiers: lora",
         "line 3, modifiers: is a list, one modifier an entry, such as '- modifier: NAME' (got 'lora')"),
        ("task: mlm\ntask: mlm\ndata: {train: x}", "line 2, task: given twice (first in line 1)"),
        ("name: [", "line 2, column 1: not valid YAML: did not find expected node content"),
        ("a text", "line 1: a recipe is a mapping of fields, such as 'name: mine'"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_recipe_says_so_by_line(text: str, fault: str) -> None:
    with pytest.raises(RecipeError) as told:
        parse_recipe(text, source="r.yaml")

    names = ", ".join(task_names())
    assert str(told.value) == f"r.yaml is not a valid recipe:\n  {fault.replace('TASKS', names)}"


def test_a_recipe_that_is_not_there_says_where_to_start(tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        load_recipe(tmp_path / "no.yaml")

    assert str(told.value) == (
        f"cannot read recipe {tmp_path}/no.yaml: No such file or directory.\n"
        "  Start from one of the files in recipes/train"
    )


def test_set_values_go_before_the_files() -> None:
    recipe = parse_recipe(
        GOOD, ["loop.epochs=0.5", "task.label=topic", "data.dev=[a.jsonl, b.jsonl]", "seed=7"]
    )

    assert recipe.loop.epochs == 0.5
    assert isinstance(recipe.task, ClassifyOptions)
    assert recipe.task.label == "topic"
    assert recipe.data.dev == ("a.jsonl", "b.jsonl")
    assert recipe.seed == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("loop.epochs", "--set loop.epochs: give FIELD=VALUE, such as --set loop.epochs=1"),
        ("seed.x=1", None),
        ("data.train.0.x=1", "--set data.train.0.x=1: '0' is not inside a mapping of the recipe"),
        ("name=[", "--set name=[: the value is not valid YAML"),
    ],
)
def test_a_value_that_cannot_be_set_says_why(change: str, message: str | None) -> None:
    with pytest.raises(InputError) as told:
        parse_recipe(GOOD + "seed: 3\n", [change])

    assert str(told.value) == (
        message or "--set seed.x=1: 'x' is not inside a mapping of the recipe"
    )


def test_a_stored_recipe_gives_the_same_recipe_again(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, reviews(), {"task": "classify", "severity": "level"})

    again = parse_recipe(to_yaml(recipe))

    assert again == recipe
    assert recipe_from(recipe.model_dump(mode="json")) == recipe


def test_the_schema_takes_what_the_reader_takes_and_refuses_unknown_fields(tmp_path: Path) -> None:
    values = yaml.safe_load(to_yaml(make_recipe(tmp_path, reviews())))

    jsonschema.validate(values, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**values, "nmae": "x"}, schema())


@given(st.text(max_size=200))
def test_no_text_whatever_ends_in_anything_but_a_recipe_or_its_faults(text: str) -> None:
    try:
        recipe = parse_recipe(text)
    except RecipeError:
        return

    assert recipe.data.train


def test_a_rate_alone_can_be_set_on_a_recipe_without_an_optimizer() -> None:
    recipe = parse_recipe(GOOD, ["optimizer.lr=0.002"])

    assert (recipe.optimizer.name, recipe.optimizer.lr) == ("adamw", 0.002)


def test_an_optimizer_that_is_named_keeps_its_name_when_its_rate_is_set() -> None:
    recipe = parse_recipe(GOOD + "optimizer: {name: sgd}\n", ["optimizer.lr=0.002"])

    assert (recipe.optimizer.name, recipe.optimizer.lr) == ("sgd", 0.002)
