"""A group whose commands are imported when they are used, so that `--help` is quick."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click


class Lazy(NamedTuple):
    """Where a command stands: a module of `trueline.cli`, its attribute, one line of help."""

    module: str
    attribute: str
    help: str


class LazyGroup(click.Group):
    """Its own commands, then the lazy ones, in the order given.

    Args:
        lazy: by name.
    """

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy], **options: Any) -> None:
        super().__init__(*args, **options)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.commands, *self.lazy]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.lazy.get(cmd_name)
        if entry is None:
            return self.commands.get(cmd_name)
        loaded = importlib.import_module(f"trueline.cli.{entry.module}")
        command: click.Command = getattr(loaded, entry.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, one.get_short_help_str(80)) for name, one in self.commands.items()]
        rows += [(name, entry.help) for name, entry in self.lazy.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
