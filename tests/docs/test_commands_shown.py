"""Every `trueline` command that a page shows exists, with every option it is shown with."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from trueline.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*/*.md", "deploy/*.md", "src/trueline/assess/suites/*.md")
    for path in ROOT.glob(pattern)
)
BLOCK = re.compile(r"^```(?:bash|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHELL = re.compile(r"^(?:\|\|?|&&?|;|<|>>?|2>.*)$")


def commands(text: str) -> list[list[str]]:
    """The words of each command in the blocks of a page, up to a comment, pipe or redirection."""
    lines = "\n".join(BLOCK.findall(text)).replace("\\\n", " ").splitlines()
    shown = [line.removeprefix("$ ") for line in lines]
    return [words_of(line) for line in shown if line.startswith("trueline ")]


def words_of(line: str) -> list[str]:
    words = shlex.split(line, comments=True)
    end = next((at for at, word in enumerate(words) if SHELL.match(word)), len(words))
    return words[1:end]


def fault(words: list[str]) -> str:
    """What is wrong with a command; empty when nothing is."""
    command: click.Command = cli
    context = click.Context(cli, info_name="trueline")
    while isinstance(command, click.Group):
        try:
            with command.make_context(
                context.info_name, list(words), parent=context.parent, resilient_parsing=True
            ) as context:
                rest = [*context._protected_args, *context.args]
        except click.ClickException as error:
            return error.format_message()
        if not rest:
            return ""
        below = command.get_command(context, rest[0])
        if below is None:
            return f"no command {rest[0]!r}"
        command, words = below, rest[1:]
        context = click.Context(command, info_name=rest[0], parent=context)
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    known |= {"--help", "-h"}
    given = {word.partition("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)}
    return ", ".join(sorted(given - known))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_shown_exists_with_its_options(path: Path) -> None:
    found = [(" ".join(words), fault(words)) for words in commands(path.read_text("utf-8"))]

    assert [one for one in found if one[1]] == []


def test_commands_and_options_that_are_not_there_are_found() -> None:
    page = (
        "```bash\ntrueline events backup b.db --fast | cat --all  # --slow\n"
        "trueline assess builtin:assistant --out case && ./deploy --now\n```\n"
        "```console\n$ trueline assess leakage runs/lm --members a.jsonl --othres b.jsonl\n"
        "$ trueline gaet case\n```\n"
    )

    assert [fault(words) for words in commands(page)] == [
        "--fast", "", "--othres", "no command 'gaet'",
    ]  # fmt: skip
