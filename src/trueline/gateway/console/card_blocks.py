r"""Model cards as blocks that a page can show: the little of Markdown that cards use.

Nothing of a card reaches a page as markup: a template writes the blocks, escaped. Links keep
their words alone.

    >>> [block.kind for block in card_blocks("# A\n\n- one\n- two\n\ntext `x` here\n")]
    ['heading', 'list', 'paragraph']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

#: A card is some 30 kB; more is cut.
MOST_CHARACTERS = 400_000
_HEADING = re.compile(r"(#{1,6}) (.*)")
_RULE = re.compile(r"\|?[ :|-]+\|?")
_INLINE = re.compile(
    r"`(?P<code>[^`\n]{1,500})`|\*\*(?P<strong>[^*\n]{1,500})\*\*|\*(?P<emphasis>[^*\n]{1,500})\*"
    r"|\[(?P<words>[^\[\]\n]{1,500})\]\([^()\n]{0,500}\)"
)


@dataclass(frozen=True, slots=True)
class Run:
    """Some words of a line: `text`, `code`, `strong` or `emphasis`."""

    kind: str
    text: str


Line = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One block: `heading`, `paragraph`, `list`, `table` or `code`."""

    kind: str
    lines: tuple[Line, ...] = ()
    level: int = 0
    text: str = ""
    head: tuple[Line, ...] = ()
    rows: tuple[tuple[Line, ...], ...] = ()


def card_blocks(text: str) -> list[Block]:
    """The blocks of a card, in order; in time linear in its length."""
    lines = text[:MOST_CHARACTERS].splitlines()
    found: list[Block] = []
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if not line:
            at += 1
        elif line.startswith("```"):
            end = _end(lines, at + 1, lambda one: not one.strip().startswith("```"))
            found.append(Block("code", text="\n".join(lines[at + 1 : end])))
            at = end + 1
        elif heading := _HEADING.fullmatch(line):
            found.append(Block("heading", (inline(heading[2]),), len(heading[1])))
            at += 1
        elif line.startswith("|"):
            end = _end(lines, at, lambda one: one.strip().startswith("|"))
            found.append(_table(lines[at:end]))
            at = end
        elif line.startswith(("- ", "* ")):
            end = _end(lines, at, _goes_on)
            found.append(Block("list", tuple(inline(one) for one in _items(lines[at:end]))))
            at = end
        else:
            end = _end(lines, at + 1, _is_plain)
            found.append(Block("paragraph", (inline(" ".join(map(str.strip, lines[at:end]))),)))
            at = end
    return found


def section(blocks: Sequence[Block], title: str) -> list[Block]:
    """The blocks under a heading, up to the next one of its level or above."""
    inside: list[Block] = []
    level = 0
    for block in blocks:
        if block.kind == "heading":
            if level and block.level <= level:
                break
            if not level and plain(block.lines[0]) == title:
                level = block.level
                continue
        if level:
            inside.append(block)
    return inside


def plain(line: Line) -> str:
    """The words of a line."""
    return "".join(run.text for run in line)


def inline(text: str) -> Line:
    """A line cut into runs."""
    return tuple(_runs(text))


def _runs(text: str) -> Iterator[Run]:
    at = 0
    for found in _INLINE.finditer(text):
        if found.start() > at:
            yield Run("text", text[at : found.start()])
        kind = found.lastgroup or "text"
        yield Run("text" if kind == "words" else kind, found[kind])
        at = found.end()
    if at < len(text):
        yield Run("text", text[at:])


def _end(lines: Sequence[str], at: int, goes_on: Callable[[str], bool]) -> int:
    while at < len(lines) and goes_on(lines[at]):
        at += 1
    return at


def _goes_on(line: str) -> bool:
    """Whether a line belongs to a list: an item, or an indented rest of one."""
    return line.strip().startswith(("- ", "* ")) or (line.startswith("  ") and bool(line.strip()))


def _is_plain(line: str) -> bool:
    told = line.strip()
    return bool(told) and not told.startswith(("#", "|", "```", "- ", "* "))


def _items(lines: Sequence[str]) -> list[str]:
    items: list[str] = []
    for line in lines:
        told = line.strip()
        if told.startswith(("- ", "* ")):
            items.append(told[2:])
        else:
            items[-1] += f" {told}"
    return items


def _table(lines: Sequence[str]) -> Block:
    rows = [tuple(inline(cell) for cell in _cells(line)) for line in lines if not _is_rule(line)]
    head = rows[0] if rows else ()
    return Block("table", head=head, rows=tuple(row[: len(head)] for row in rows[1:]))


def _is_rule(line: str) -> bool:
    return "-" in line and _RULE.fullmatch(line.strip()) is not None


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
