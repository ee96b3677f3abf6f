"""Find credentials: vendor keys, private keys, web tokens, URLs with passwords, assignments.

>>> from trueline.core.records import Context
>>> from trueline.text.normalize import normalize
>>> text = normalize("配置里写了 aws_access_key_id=AKIAIOSFODNN7EXAMPLE 可以吗")
>>> [(s.label, s.value) for s in SecretScorer().score(text, Context())]
[('aws_access_key', 0.9)]
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence

from trueline.core.records import Context, Score
from trueline.scorers.credential_url import (
    CUE,
    PASSWORD_LIMIT,
    SCHEME_LIMIT,
    USER_LIMIT,
    credential_url,
)
from trueline.scorers.cues import Cue, Cues
from trueline.scorers.findings import Claims, Finding, scores_of
from trueline.scorers.jwt import HEADER_LIMIT, PREFIX, web_token
from trueline.scorers.private_key import BEGIN_LIMIT, private_key
from trueline.scorers.private_key import PREFIXES as KEY_PREFIXES
from trueline.scorers.secret_assignment import CUE_WORDS, VALUE_LIMIT, assigned_secret
from trueline.scorers.secret_formats import PREFIXES, vendor_secret
from trueline.text.normalize import NormalizedText

CATEGORY = "ip_secrets"
_URL = "url"
_KEY = "private_key"
_TOKEN = "web_token"  # noqa: S105  (name of a group of words)
_GROUPS = {
    **{prefix: (prefix,) for prefix in PREFIXES},
    **CUE_WORDS,
    _URL: (CUE,),
    _KEY: KEY_PREFIXES,
    _TOKEN: (PREFIX,),
}
# Rotated and reversed readings exist of every text; only their own words, looked for in the
# same pass, make them worth a search.
_HIDDEN = {
    "rot13": tuple(
        codecs.encode(word, "rot13")
        for words in _GROUPS.values()
        for word in words
        if word.isascii() and len(word) > 3
    ),
    "reversed": tuple(word[::-1] for words in _GROUPS.values() for word in words if word != CUE),
}
# Views that spell words anew hold no credential that the clean view has not.
_RESPELLED = frozenset(("repeats", "leet"))
_CUES = Cues({**_GROUPS, **_HIDDEN})


class SecretScorer:
    """Credentials in any text; category `ip_secrets`, one label a kind."""

    @property
    def name(self) -> str:
        return "secrets"

    @property
    def categories(self) -> tuple[str, ...]:
        return (CATEGORY,)

    @property
    def reach(self) -> int:
        """Characters that make a credential known.

        What follows only makes it longer, and is found as soon as it arrives: the body of a
        private key, the payload of a token, the path of a URL.
        """
        url = SCHEME_LIMIT + len(CUE) + USER_LIMIT + 1 + PASSWORD_LIMIT + 2
        return max(url, HEADER_LIMIT + 16, BEGIN_LIMIT, VALUE_LIMIT + 2)

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        """1.0 when the content was checked, 0.9 for a vendor's format, 0.8 and 0.6 by name."""
        clean = text.clean
        cues = _CUES.find(clean.text)
        views = [(clean, find_secrets(clean.text, cues))]
        hidden = {cue.name for cue in cues if cue.name in _HIDDEN}
        views += [
            (view, find_secrets(view.text))
            for view in text.decoded
            if view.name in hidden or (view.name not in _HIDDEN and view.name not in _RESPELLED)
        ]
        return (
            scores_of(CATEGORY, self.name, text.original, views) if any(f for _, f in views) else ()
        )

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        return 0.5


def find_secrets(text: str, cues: Sequence[Cue] | None = None) -> list[Finding]:
    """Findings in one view's text; no two of them overlap.

    Args:
        text: any string; offsets in the result count its code points.
        cues: words of the text, when they are known already.
    """
    claims = Claims(len(text))
    cues = _CUES.find(text) if cues is None else cues
    return [f for f in _candidates(text, cues) if claims.take(f.start, f.end)]


def _candidates(text: str, cues: Sequence[Cue]) -> Iterator[Finding]:
    """Everything that looks like a credential: formats first, then what a name calls secret."""
    if not cues:
        return
    yield from _formatted(text, cues)
    last = 0
    for name, start, end in cues:
        if start >= last and name in CUE_WORDS:
            finding = assigned_secret(text, start, end, name)
            if finding:
                last = finding.end
                yield finding


def _formatted(text: str, cues: Sequence[Cue]) -> Iterator[Finding]:
    """Everything but assignments, from left to right."""
    last = 0
    for name, start, _ in cues:
        if start < last or name in CUE_WORDS or name in _HIDDEN:
            continue
        if name == _KEY:
            finding = private_key(text, start)
        elif name == _TOKEN:
            finding = web_token(text, start)
        elif name == _URL:
            finding = credential_url(text, start)
        else:
            finding = vendor_secret(text, start, name)
        if finding:
            last = finding.end
            yield finding
