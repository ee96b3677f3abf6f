"""Parts of speech: jieba's for texts with Chinese, a small Brill tagger for the others.

>>> tagged("She reads old books.")
[('She', 'PRON'), ('reads', 'VERB'), ('old', 'ADJ'), ('books', 'NOUN'), ('.', 'PUNCT')]
"""

from __future__ import annotations

import re

from trueline.curate.words.brill import tag
from trueline.curate.words.jieba_words import cut_with_flags
from trueline.curate.words.segment import HAN, Token, tokens
from trueline.curate.words.tags import PENN, from_jieba


def _listed(line: str) -> frozenset[str]:
    return frozenset(line.split())


_AUXILIARIES = _listed("am is are was were be been being 'm 're do does did have has had")
_MAY_BE_MAIN = _listed("do does did have has had")
_INDEFINITE = _listed(
    "nobody somebody anybody everybody none nothing something anything everything one"
)
_SUBORDINATING = _listed("if because although though while since whether unless that")
_SYMBOLS = frozenset("$%€£¥+=<>&#@^~|°")
_CLITIC = re.compile(r"(?i)(?:n['’]t|['’](?:s|m|re|ve|ll|d))$")


def tagged(text: str) -> list[tuple[str, str]]:
    """Words and marks of a text, each with its universal tag."""
    if HAN.search(text) is not None:
        pairs = [(word, flag) for word, flag in cut_with_flags(text) if not word.isspace()]
        return [(word, _chinese(word, flag)) for word, flag in pairs]
    found = [token.text for token in tokens(text)]
    penn = tag(found)
    return [(word, _english(found, penn, at)) for at, word in enumerate(found)]


def _chinese(word: str, flag: str) -> str:
    if not Token(word, 0, 0).is_word:
        return "PUNCT"
    return "NUM" if word[0].isdigit() else from_jieba(flag)


def _english(words: list[str], penn: list[str], at: int) -> str:
    """The universal tag; where the Penn tag is too coarse the word decides."""
    word = _CLITIC.sub("", words[at].lower())
    tag_here, tag_after = penn[at], penn[at + 1] if at + 1 < len(penn) else ""
    if not Token(word, 0, 0).is_word:
        return "SYM" if word in _SYMBOLS else "PUNCT"
    if word in _AUXILIARIES and tag_here.startswith("VB"):
        return "AUX" if word not in _MAY_BE_MAIN or _helps(word, words, penn, at) else "VERB"
    if word in _INDEFINITE and tag_here == "NN":
        return "PRON"
    if tag_here == "IN" and word in _SUBORDINATING:
        return "SCONJ"
    if word == "not":
        return "PART"
    if tag_here == "TO" and tag_after != "VB":
        return "ADP"
    return PENN.get(tag_here, "X")


def _helps(word: str, words: list[str], penn: list[str], at: int) -> bool:
    """Whether do or have stands before another verb: `had gone`, `did she go`."""
    if word != words[at].lower() and words[at].lower().endswith("t"):
        return True  # don't, hadn't
    skips = {"RB", "PRP"} | ({"DT", "NN", "NNP", "NNS"} if word in {"do", "does", "did"} else set())
    following = next((tag for tag in penn[at + 1 : at + 5] if tag not in skips), "")
    return following.startswith("VB")
