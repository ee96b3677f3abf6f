"""The recipes that come with the project can be read, and hold nothing the reader refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from trueline.train.recipe_file import load_recipe

FOLDER = Path(__file__).parents[2] / "recipes" / "train"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_recipe_of_the_project_is_valid(path: Path) -> None:
    recipe = load_recipe(path)

    assert recipe.out.startswith("runs/")
