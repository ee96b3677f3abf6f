"""Penn Treebank tags for English words: a lexicon, endings for unknown words, context rules.

The lexicon and the rules are those of Brill's tagger (see data/SOURCES.md); the endings are
ours. Words come as `trueline.curate.words.segment` cuts them.

>>> tag(["We", "run", "a", "run"])
['PRP', 'VBP', 'DT', 'NN']

Reference: Brill (1992), A simple rule-based part of speech tagger.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_EDGE = "STAART"  # how the rules spell the edge of a sentence
_PAD = 3  # the farthest a rule looks
_CLITIC = re.compile(r"(?i)(.+?)(n['’]t|['’](?:s|m|re|ve|ll|d))")
_CLOSING = frozenset(".!?")
# First ending that fits. Chosen against the lexicon itself: what it predicts right is left
# out of the bundled file, so a wrong entry here costs bytes, not accuracy on known words.
_ENDINGS = (
    ("ness", "NN"), ("ment", "NN"), ("tion", "NN"), ("sion", "NN"), ("ship", "NN"),
    ("ity", "NN"), ("ism", "NN"), ("ist", "NN"), ("ance", "NN"), ("ence", "NN"),
    ("ly", "RB"), ("able", "JJ"), ("ible", "JJ"), ("less", "JJ"), ("ful", "JJ"),
    ("ous", "JJ"), ("ive", "JJ"), ("ical", "JJ"), ("ic", "JJ"), ("al", "JJ"), ("ary", "JJ"),
    ("ish", "JJ"), ("est", "JJS"), ("ize", "VB"), ("ise", "VB"), ("ify", "VB"),
    ("ing", "VBG"), ("ed", "VBN"), ("ss", "NN"), ("us", "NN"), ("is", "NN"), ("s", "NNS"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """Turn tag `old` into `new` where `kind` holds of `x` (and `y`)."""

    old: str
    new: str
    kind: str
    x: str
    y: str


def tag(words: Sequence[str]) -> list[str]:
    """One Penn tag for each word; a word with a clitic (`isn't`) gets that of its first part."""
    tags: list[str] = []
    start = 0
    for at, word in enumerate(words):
        if word in _CLOSING or at + 1 == len(words):
            tags += _tag_sentence(words[start : at + 1])
            start = at + 1
    return tags


def guess(word: str) -> str:
    """The tag of a lower-case word that the lexicon lacks, by its ending."""
    if word[:1].isdigit():
        return "CD"
    if "-" in word:
        return "JJ"
    return next((tag for ending, tag in _ENDINGS if word.endswith(ending)), "NN")


def _tag_sentence(words: Sequence[str]) -> list[str]:
    parts: list[str] = []
    firsts: list[int] = []
    for word in words:
        firsts.append(len(parts))
        found = _CLITIC.fullmatch(word)
        parts += [found[1], found[2].replace("’", "'").lower()] if found else [word]
    tags = [_first_tag(word, at == 0) for at, word in enumerate(parts)]
    padded_words = [_EDGE] * _PAD + parts + [_EDGE] * _PAD
    padded_tags = [_EDGE] * _PAD + tags + [_EDGE] * _PAD
    present = set(tags)
    for rule in _rules():
        if rule.old not in present:
            continue
        holds = _CONDITIONS[rule.kind]
        places = [i for i, tag in enumerate(padded_tags) if tag == rule.old]
        for at in places:
            if holds(padded_words, padded_tags, at, rule.x, rule.y):
                padded_tags[at] = rule.new
                present.add(rule.new)
    return [padded_tags[_PAD + at] for at in firsts]


def _first_tag(word: str, opens: bool) -> str:
    low = word.lower()
    known = _lexicon().get(low)
    if word[:1].isupper() and word != "I" and not opens:
        return "NNPS" if low.endswith("s") and known == "NNS" else "NNP"
    if opens and known is None and word[:1].isupper() and guess(low) == "NN":
        return "NNP"  # no ending speaks against a name
    return known or guess(low)


@cache
def _lexicon() -> dict[str, str]:
    packed = files("trueline.curate.words").joinpath("data", "brill_lexicon.tsv.gz").read_bytes()
    found: dict[str, str] = {}
    for line in gzip.decompress(packed).decode().splitlines():
        tag, _, listed = line.partition("\t")
        found.update(dict.fromkeys(listed.split(), tag))
    return found


@cache
def _rules() -> tuple[Rule, ...]:
    text = files("trueline.curate.words").joinpath("data", "brill_context.txt").read_text("utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(Rule(r[0], r[1], r[2], r[3], r[4] if len(r) > 4 else "") for r in rows)


_Condition = Callable[[Sequence[str], Sequence[str], int, str, str], bool]
# w: words, t: tags, i: the place, x and y: what the rule names.
_CONDITIONS: dict[str, _Condition] = {
    "PREVTAG": lambda w, t, i, x, y: t[i - 1] == x,
    "NEXTTAG": lambda w, t, i, x, y: t[i + 1] == x,
    "PREV2TAG": lambda w, t, i, x, y: t[i - 2] == x,
    "NEXT2TAG": lambda w, t, i, x, y: t[i + 2] == x,
    "PREV1OR2TAG": lambda w, t, i, x, y: x in t[i - 2 : i],
    "NEXT1OR2TAG": lambda w, t, i, x, y: x in t[i + 1 : i + 3],
    "PREV1OR2OR3TAG": lambda w, t, i, x, y: x in t[i - 3 : i],
    "SURROUNDTAG": lambda w, t, i, x, y: t[i - 1] == x and t[i + 1] == y,
    "CURWD": lambda w, t, i, x, y: w[i] == x,
    "PREVWD": lambda w, t, i, x, y: w[i - 1] == x,
    "NEXTWD": lambda w, t, i, x, y: w[i + 1] == x,
    "PREV1OR2WD": lambda w, t, i, x, y: x in w[i - 2 : i],
    "WDPREVTAG": lambda w, t, i, x, y: t[i - 1] == x and w[i] == y,
    "WDNEXTTAG": lambda w, t, i, x, y: w[i] == x and t[i + 1] == y,
    "WDAND2AFT": lambda w, t, i, x, y: w[i] == x and w[i + 2] == y,
    "WDAND2TAGBFR": lambda w, t, i, x, y: t[i - 2] == x and w[i] == y,
    "WDAND2TAGAFT": lambda w, t, i, x, y: w[i] == x and t[i + 2] == y,
    "LBIGRAM": lambda w, t, i, x, y: w[i - 1] == x and w[i] == y,
    "RBIGRAM": lambda w, t, i, x, y: w[i] == x and w[i + 1] == y,
    "PREVBIGRAM": lambda w, t, i, x, y: t[i - 2] == x and t[i - 1] == y,
    "NEXTBIGRAM": lambda w, t, i, x, y: t[i + 1] == x and t[i + 2] == y,
}
