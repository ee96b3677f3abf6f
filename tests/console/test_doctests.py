"""The examples in the console's docstrings hold."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

from trueline.core import i18n
from trueline.gateway import console

MODULES = [f"{console.__name__}.{module.name}" for module in pkgutil.iter_modules(console.__path__)]


@pytest.mark.parametrize("name", [*MODULES, i18n.__name__])
def test_examples_hold(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0
