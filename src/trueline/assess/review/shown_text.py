r"""Words of a target, made safe for a terminal: nothing in them can move the cursor or hide.

>>> shown("a\x1b[31mb\u202ec\td")
'a\\x1b[31mb\\u202ec\td'
>>> hidden("two\nlines")
'░░░░ 9 ░░░░'
"""

from __future__ import annotations

import unicodedata

# Escape codes, marks that turn the writing direction, surrogates, private use.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_KEPT = "\n\t"
_JOINER = "\u200d"  # within emoji


def shown(text: str) -> str:
    """The text with every control and invisible character spelled out."""
    return "".join(_spelled(one) for one in text)


def hidden(text: str) -> str:
    """A grey bar that tells no more than how long the text is."""
    return f"░░░░ {len(text)} ░░░░"


def _spelled(one: str) -> str:
    if one in _KEPT or one == _JOINER or unicodedata.category(one) not in _UNSAFE:
        return one
    return one.encode("unicode_escape").decode("ascii")
