"""The reference pages name what there is: commands, options, routes, settings, metrics, codes."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from trueline.cli.main import COMMANDS, cli
from trueline.gateway.app import ROUTES
from trueline.gateway.metrics import Metrics
from trueline.gateway.openapi import document
from trueline.gateway.settings import Settings
from trueline.store.keys import ROLES

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "trueline"
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def page(language: str, name: str) -> str:
    return (ROOT / "docs" / language / name).read_text("utf-8")


def section(language: str, command: str) -> str:
    """What the page says under the heading of a command."""
    parts = re.split(r"^## ", page(language, "cli.md"), flags=re.MULTILINE)
    return next((part for part in parts if part.startswith(f"trueline {command}\n")), "")


def command_of(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, name
    return command


def subcommands(name: str) -> dict[str, click.Command]:
    command = command_of(name)
    return dict(command.commands) if isinstance(command, click.Group) else {}


@LANGUAGES
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_subcommand_has_its_place_on_the_page(
    language: str, command: str
) -> None:
    told = section(language, command)

    assert told, f"no heading for trueline {command}"
    missing = [
        name
        for name in subcommands(command)
        if f"`{name}`" not in told and f"trueline {command} {name}" not in told
    ]
    assert missing == []


@LANGUAGES
@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_on_the_page(language: str, command: str) -> None:
    told = page(language, "cli.md")
    commands = subcommands(command).values() or [command_of(command)]
    options = {
        max(parameter.opts, key=len)
        for found in commands
        for parameter in found.params
        if isinstance(parameter, click.Option)
    }

    assert [option for option in options if f"{option}" not in told] == []


@LANGUAGES
def test_every_route_is_on_the_page(language: str) -> None:
    told = page(language, "gateway.md")
    described = {
        f"{method.upper()} {path}" for path, item in document()["paths"].items() for method in item
    }
    served = {f"{method} {path}" for path, item in ROUTES.items() for method in item}

    assert [route for route in sorted(described | served) if f"`{route}`" not in told] == []


@LANGUAGES
def test_every_setting_is_on_the_page(language: str) -> None:
    told = page(language, "gateway.md")

    assert [name for name in Settings.model_fields if f"`{name}`" not in told] == []


@LANGUAGES
def test_every_metric_and_role_is_on_the_page(language: str) -> None:
    told = page(language, "gateway.md")
    metrics = [name for metric in vars(Metrics()).values() if (name := getattr(metric, "name", ""))]

    assert [name for name in (*metrics, *ROLES) if f"`{name}`" not in told] == []


@LANGUAGES
def test_every_error_code_of_the_api_is_on_the_page(language: str) -> None:
    told = page(language, "gateway.md")
    files = [file for file in (SOURCE / "gateway").glob("*.py") if file.name != "openapi.py"]
    raised = re.compile(
        r"ApiError\((?:[^()]|\([^()]*\))*?(?<!kind=)\"([a-z]+(?:_[a-z]+)+|internal)\""
    )
    codes = {code for file in files for code in raised.findall(file.read_text("utf-8"))}

    assert len(codes) > 15
    assert [code for code in sorted(codes) if f"`{code}`" not in told] == []
