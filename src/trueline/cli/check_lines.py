"""JSON lines in, one verdict a line out, in the same order; a bad line is answered in place."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TextIO, cast

import click

from trueline.core.errors import InputError
from trueline.core.records import Action, Context, Role
from trueline.judge import Judge

ROLES = ("prompt", "reply", "document", "tool_result")


@contextmanager
def open_lines(file: str) -> Iterator[BinaryIO]:
    """The file's bytes, or those of stdin for `-`."""
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        handle = open(file, "rb")  # noqa: SIM115  closed below
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror or error}") from error
    with handle:
        yield handle


def check_lines(
    judge: Judge, lines: Iterable[bytes], source: str, out: TextIO, role: str = "prompt"
) -> int:
    """Judge every line and write one JSON object for each.

    Args:
        judge: the Judge to ask.
        lines: `{"id","text","role"?,"context"?}` objects as UTF-8 bytes; blank lines are
            skipped. `context` is `{"history"?: [str], "language"?: str}` or a list of
            earlier turns.
        source: file name for messages.
        out: where verdicts go.
        role: role of lines that do not name one.

    Returns:
        How many lines the policy acted on (redact or stricter).

    Raises:
        InputError: after the last line, when some lines could not be read.
    """
    acted, faults = 0, list[str]()
    progress = _Progress()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        identifier: Any = None
        try:
            record = _parse(line)
            identifier = record.get("id")
            text, context = _text_and_context(record, role)
        except InputError as error:
            faults.append(f"{source}, line {number}: {error}")
            answer: dict[str, Any] = {"id": identifier, "error": str(error), "line": number}
        else:
            verdict = judge.judge(text, context)
            acted += verdict.action > Action.FLAG
            answer = {"id": identifier, **verdict.as_json()}
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        progress.tell(number)
    out.flush()
    progress.done()
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults[:20])
        more = f"\n  and {len(faults) - 20} more" if len(faults) > 20 else ""
        count = "1 line" if len(faults) == 1 else f"{len(faults)} lines"
        raise InputError(f"{count} could not be checked:\n{shown}{more}")
    return acted


def _parse(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"not valid UTF-8 (byte {error.start} of the line)") from error
    except json.JSONDecodeError as error:
        raise InputError(f"not valid JSON: {error.msg} (column {error.colno})") from error
    except (RecursionError, ValueError) as error:
        raise InputError("not usable JSON: nested too deeply or a number too long") from error
    if not isinstance(record, dict):
        raise InputError(f"expected an object with id and text, got {_kind(record)}")
    return record


def _text_and_context(record: dict[str, Any], default_role: str) -> tuple[str, Context]:
    text = record.get("text")
    if not isinstance(text, str):
        raise InputError(f"field text: expected a string, got {_kind(text, 'text' in record)}")
    role = record.get("role", default_role)
    if role not in ROLES:
        raise InputError(f"field role: expected one of {', '.join(ROLES)}, got {role!r:.60}")
    context = record.get("context")
    history: Any = context
    language: Any = ""
    if isinstance(context, dict):
        history, language = context.get("history"), context.get("language", "")
    if history is None:
        history = []
    if isinstance(history, str):
        history = [history]
    if not isinstance(history, list) or not all(isinstance(turn, str) for turn in history):
        raise InputError("field context: expected earlier turns as strings, or {history, language}")
    if not isinstance(language, str):
        raise InputError(f"field context.language: expected a string, got {_kind(language)}")
    return text, Context(role=cast(Role, role), history=tuple(history), language=language)


def _kind(value: Any, present: bool = True) -> str:
    if not present:
        return "nothing"
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return names.get(type(value), "null" if value is None else "a number")


class _Progress:
    """A line on a terminal's stderr for long inputs; silent everywhere else."""

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty() and not sys.stdout.isatty()
        self.start = self.last = time.monotonic()

    def tell(self, number: int) -> None:
        now = time.monotonic()
        if self.shown and now - self.last > 0.5:
            self.last = now
            rate = number / (now - self.start)
            click.echo(f"\r{number} lines, {rate:.0f} a second", nl=False, err=True)

    def done(self) -> None:
        if self.shown and self.last > self.start:
            click.echo("", err=True)
