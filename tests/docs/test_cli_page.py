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


def leaves(command: click.Command, name: str) -> dict[str, click.Command]:
    """Every command below, by its words; those that load when asked for as well."""
    if not isinstance(command, click.Group):
        return {name: command}
    context = click.Context(command)
    found: dict[str, click.Command] = {}
    for part in command.list_commands(context):
        below = command.get_command(context, part)
        assert below is not None, part
        found |= leaves(below, f"{name} {part}")
    return found


def code_words(text: str) -> set[str]:
    """The words that stand in code, within a line or in a block."""
    code = re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)
    return set(re.findall(r"(?<![\w-])[a-z][a-z-]*(?![\w-])", " ".join(code)))


def option_words(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def test_commands_that_load_when_asked_for_are_found() -> None:
    names = {*leaves(command_of("assess"), "assess"), *leaves(command_of("monitor"), "monitor")}

    assert {"assess run", "assess leakage plant", "assess ethics needs-work"} < names
    assert {"monitor watch", "monitor rollback", "monitor export"} < names


@LANGUAGES
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_subcommand_has_its_place_on_the_page(
    language: str, command: str
) -> None:
    told = section(language, command)

    assert told, f"no heading for trueline {command}"
    words = code_words(told.partition("\n")[2]) | {command}
    parts = {part for name in leaves(command_of(command), command) for part in name.split()}
    assert sorted(parts - words) == []


@LANGUAGES
@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_the_section_of_its_command(language: str, command: str) -> None:
    told = option_words(section(language, command))
    missing = [
        (name, parameter.opts)
        for name, found in leaves(command_of(command), command).items()
        for parameter in found.params
        if isinstance(parameter, click.Option)
        and not told & {*parameter.opts, *parameter.secondary_opts}
    ]

    assert missing == []


@LANGUAGES
@pytest.mark.parametrize("command", COMMANDS)
def test_the_section_of_a_command_tells_of_no_option_that_is_not_there(
    language: str, command: str
) -> None:
    own = {
        option
        for found in leaves(command_of(command), command).values()
        for parameter in found.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    told = option_words(code_of_rows(section(language, command)))

    assert sorted(told - own) == []


def code_of_rows(text: str) -> str:
    """The rows of the tables alone: prose may speak of other commands."""
    return "\n".join(line for line in text.splitlines() if line.startswith("| "))


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
