"""The examples in the docstrings print what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import trueline.stats

MODULES = sorted(path.stem for path in Path(trueline.stats.__path__[0]).glob("*.py"))


@pytest.mark.parametrize("name", [name for name in MODULES if name != "__init__"])
def test_the_examples_of_a_module_hold(name: str) -> None:
    module = importlib.import_module(f"trueline.stats.{name}")

    done = doctest.testmod(module)

    assert done.attempted > 0
    assert done.failed == 0
