"""The universal part-of-speech tags, and how jieba's and the Penn Treebank's map to them.

Reference: Petrov, Das & McDonald (2012), A universal part-of-speech tagset, in the later
names of Universal Dependencies v2 (universaldependencies.org/u/pos).
"""

from __future__ import annotations

TAGS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON",
    "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
)  # fmt: skip

PENN = {
    "CC": "CCONJ", "CD": "NUM", "DT": "DET", "EX": "PRON", "FW": "X", "IN": "ADP",
    "JJ": "ADJ", "JJR": "ADJ", "JJS": "ADJ", "LS": "X", "MD": "AUX", "NN": "NOUN",
    "NNS": "NOUN", "NNP": "PROPN", "NNPS": "PROPN", "PDT": "DET", "POS": "PART",
    "PRP": "PRON", "PRP$": "PRON", "RB": "ADV", "RBR": "ADV", "RBS": "ADV", "RP": "ADP",
    "SYM": "SYM", "TO": "PART", "UH": "INTJ", "VB": "VERB", "VBD": "VERB", "VBG": "VERB",
    "VBN": "VERB", "VBP": "VERB", "VBZ": "VERB", "WDT": "PRON", "WP": "PRON", "WP$": "PRON",
    "WRB": "ADV",
}  # fmt: skip

# ICTCLAS flags as jieba's dictionary uses them; the longest prefix that is listed counts.
JIEBA = {
    "a": "ADJ", "ad": "ADV", "an": "NOUN", "b": "ADJ", "c": "CCONJ", "d": "ADV", "df": "ADV",
    "dg": "ADV", "e": "INTJ", "eng": "X", "f": "NOUN", "g": "NOUN", "h": "X", "i": "X",
    "j": "NOUN", "k": "PART", "l": "X", "m": "NUM", "mq": "NUM", "n": "NOUN", "nr": "PROPN",
    "ns": "PROPN", "nt": "PROPN", "nz": "PROPN", "o": "INTJ", "p": "ADP", "q": "NOUN",
    "r": "PRON", "s": "NOUN", "t": "NOUN", "u": "PART", "v": "VERB", "vd": "ADV",
    "vn": "NOUN", "x": "X", "y": "PART", "z": "ADJ", "w": "PUNCT",
}  # fmt: skip


def from_jieba(flag: str) -> str:
    """`NOUN` for `n`, `PROPN` for `nrt`; `X` for a flag that is not known."""
    for length in range(min(3, len(flag)), 0, -1):
        if (tag := JIEBA.get(flag[:length])) is not None:
            return tag
    return "X"
