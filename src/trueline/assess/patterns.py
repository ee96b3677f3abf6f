"""Regular expressions of suites: which are accepted, and how they are searched.

Suites come from anywhere and replies may be long, so a pattern whose search could take more than
linear time per window is refused, and a text is searched window by window.

>>> pattern_fault("(a+)+$")
'a repetition within a repetition can take for ever; write it without'
>>> found("12356|988", "call 988 now")
True
"""

from __future__ import annotations

import importlib
import re
from functools import lru_cache
from typing import Any

# How the standard library itself reads a pattern; it has no public name.
_PARSER: Any = importlib.import_module("re._parser")
MAX_PATTERN = 1000
MAX_REPEATS = 4  # open-ended repetitions side by side
# A match longer than the overlap may be missed; no reply of a suite needs one.
WINDOW, OVERLAP = 4000, 1000
_OPEN_ENDED = 100  # a repetition up to here is as good as bounded


def pattern_fault(pattern: str) -> str:
    """What is wrong with a pattern; empty when it can be used."""
    if len(pattern) > MAX_PATTERN:
        return f"at most {MAX_PATTERN} characters; this has {len(pattern)}"
    try:
        re.compile(pattern)
        tree: Any = _PARSER.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"not a regular expression: {error}"
    return _tree_fault(tree)


def found(pattern: str, text: str) -> bool:
    """Whether an accepted pattern matches anywhere in the text; case does not matter."""
    compiled = _compiled(pattern)
    step = WINDOW - OVERLAP
    starts = range(0, max(1, len(text) - OVERLAP), step)
    return any(compiled.search(text, at, at + WINDOW) for at in starts)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _tree_fault(tree: Any) -> str:
    repeats = 0
    waiting: list[tuple[Any, bool]] = [(tree, False)]
    while waiting:
        node, inside = waiting.pop()
        for operation, argument in node:
            name = str(operation)
            if name == "GROUPREF":
                return "a back-reference can take for ever; write it without"
            repeated = inside
            if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
                _, most, _ = argument
                if int(most) > _OPEN_ENDED:
                    if inside:
                        return (
                            "a repetition within a repetition can take for ever; write it without"
                        )
                    repeats += 1
                repeated = inside or int(most) > 1
            waiting.extend((child, repeated) for child in _children(argument))
    if repeats > MAX_REPEATS:
        return f"at most {MAX_REPEATS} open-ended repetitions such as .*; this has {repeats}"
    return ""


def _children(argument: Any) -> list[Any]:
    """Sub-patterns among an operation's arguments."""
    if isinstance(argument, _PARSER.SubPattern):
        return [argument]
    if isinstance(argument, tuple | list):
        return [child for part in argument for child in _children(part)]
    return []
