"""Words of a text with their places: jieba for Chinese, one expression for everything else.

>>> [token.text for token in tokens("It's 3.5 kg, isn't it?") if token.is_word]
["It's", '3.5', 'kg', "isn't", 'it']
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from trueline.curate.words.jieba_words import cut

# A word of letters with inner apostrophes or hyphens, a number with inner marks, or one other
# visible character. The inner marks stand between two characters of the same kind, so the
# expression never backtracks past one character.
_TOKEN = re.compile(
    r"[^\W\d_]+(?:['’\-][^\W\d_]+)*"
    r"|\d+(?:[.,:/]\d+)*"
    r"|[^\w\s]|_"
)
HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_LETTER = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number or a punctuation mark at `[start, end)` of a text, in code points."""

    text: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it holds a letter or a digit."""
        return _LETTER.search(self.text) is not None

    @property
    def is_number(self) -> bool:
        """Whether it starts with a digit."""
        return self.text[0].isdigit()


def tokens(text: str) -> list[Token]:
    """The tokens of a text from left to right; white space belongs to none.

    A text that holds a Chinese character is segmented with jieba, which keeps Latin words and
    numbers in it whole; every other text by the expression above. Two tokens never overlap,
    and `text[token.start:token.end] == token.text`.
    """
    if HAN.search(text) is None:
        return [Token(found.group(), *found.span()) for found in _TOKEN.finditer(text)]
    placed: list[Token] = []
    start = 0
    for piece in cut(text):
        end = start + len(piece)
        if not piece.isspace():
            placed.append(Token(piece, start, end))
        start = end
    return placed


def words(text: str, punctuation: bool = False) -> list[str]:
    """The words alone; with `punctuation` the marks between them as well."""
    return [token.text for token in tokens(text) if punctuation or token.is_word]
