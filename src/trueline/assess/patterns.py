"""Regular expressions of suites: which are accepted, and how they are searched.

Suites come from anywhere and replies may be long. So a text is searched window by window, and a
pattern is accepted only where the steps that a failing search takes at one place are bounded: the
ways in which its repetitions and branches can share the text out are multiplied. One open-ended
repetition such as `.*` is fine; a second one takes a bounded gap (`.{0,40}`) or one that gives
nothing back (`[ ]*+`).

>>> pattern_fault("(a+)+$")
'repetitions and branches in a row or within one another can take for ever; bound them, such as .{0,40} for .*, or write *+ for *'
>>> pattern_fault("ignore.*PWNED")
''
>>> found("12356|988", "call 988 now")
True
"""

from __future__ import annotations

import importlib
import math
import re
from functools import lru_cache
from typing import Any

# How the standard library itself reads a pattern; it has no public name.
_PARSER: Any = importlib.import_module("re._parser")
MAX_PATTERN = 1000
# A match longer than the overlap may be missed; no reply of a suite needs one.
WINDOW, OVERLAP = 4000, 1000
# Of a failing search at one place of a window; `.*` and a word take about 2 * WINDOW.
MAX_STEPS = 10 * WINDOW
_CHARACTER = 0.05  # a step; characters without a choice between them are compared at once
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
# The first way in which these match is the only one that is tried.
_COMMITTED = frozenset({"ATOMIC_GROUP", "ASSERT", "ASSERT_NOT"})
_TOO_MANY = (
    "repetitions and branches in a row or within one another can take for ever; bound them, such"
    " as .{0,40} for .*, or write *+ for *"
)


def pattern_fault(pattern: str) -> str:
    """What is wrong with a pattern; empty when it can be used."""
    if len(pattern) > MAX_PATTERN:
        return f"at most {MAX_PATTERN} characters; this has {len(pattern)}"
    try:
        re.compile(pattern)
        tree: Any = _PARSER.parse(pattern)
        if "GROUPREF" in repr(tree):  # text stands there as numbers
            return "a back-reference can take for ever; write it without"
        _, steps = _steps(tree)
    except (re.error, RecursionError, OverflowError) as error:
        return f"not a regular expression: {error}"
    return _TOO_MANY if steps > MAX_STEPS else ""


def found(pattern: str, text: str) -> bool:
    """Whether an accepted pattern matches anywhere in the text; case does not matter."""
    compiled = _compiled(pattern)
    step = WINDOW - OVERLAP
    starts = range(0, max(1, len(text) - OVERLAP), step)
    return any(compiled.search(text, at, at + WINDOW) for at in starts)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _steps(tree: Any) -> tuple[float, float]:
    """In how many ways a pattern can match at one place, and how many steps trying all takes.

    Both are bounds from above: a search goes through every way before it gives up. Infinite
    stands for more than `MAX_STEPS`.
    """
    ways = work = 1.0
    for operation, argument in tree:
        more, steps = _operation_steps(str(operation), argument)
        work += ways * steps
        ways *= more
        if work > MAX_STEPS:
            return math.inf, math.inf
    return ways, work


def _operation_steps(name: str, argument: Any) -> tuple[float, float]:
    if name in _REPEATS:
        return _repeat_steps(*argument, committed=name == "POSSESSIVE_REPEAT")
    children = [_steps(child) for child in _children(argument)]
    work = sum((steps for _, steps in children), 1.0)
    if not children:
        return 1.0, _CHARACTER
    if name in _COMMITTED:
        return 1.0, work
    return sum(ways for ways, _ in children), work


def _repeat_steps(least: Any, most: Any, repeated: Any, *, committed: bool) -> tuple[float, float]:
    ways, steps = _steps(repeated)
    most, least = min(int(most), WINDOW), min(int(least), WINDOW)
    if ways == 1 or committed:
        return 1.0 if committed else most - least + 1.0, most * steps
    total, work, tried = float(least == 0), 0.0, 1.0
    for count in range(1, most + 1):
        work += tried * steps
        tried *= ways
        total += tried if count >= least else 0.0
        if work > MAX_STEPS or tried > MAX_STEPS:
            return math.inf, math.inf
    return total, work


def _children(argument: Any) -> list[Any]:
    """Sub-patterns among an operation's arguments."""
    if isinstance(argument, _PARSER.SubPattern):
        return [argument]
    if isinstance(argument, tuple | list):
        return [child for part in argument for child in _children(part)]
    return []
