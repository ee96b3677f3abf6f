"""Find personal information: numbers with checksums, formats, and what its words announce.

    >>> from trueline.core.records import Context
    >>> from trueline.text.normalize import normalize
    >>> text = normalize("身份证号11010519491231002X已提交，手机１３８００１３８０００")
    >>> [(s.label, s.spans[0].start) for s in PiiScorer().score(text, Context())]
    [('cn_resident_id', 4), ('cn_mobile', 28)]

Han characters and digits are both word characters, so a word boundary never stands between
them; every pattern here uses look-arounds on digits and Latin letters instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from trueline.core.records import Context, Score
from trueline.scorers.bank_card import bank_cards
from trueline.scorers.cn_address import LEAD_LIMIT, TAIL_LIMIT, addresses
from trueline.scorers.cn_phone import LANDLINE, cn_phones
from trueline.scorers.cn_plate import plates
from trueline.scorers.cn_regions import DISTRICTS, PREFECTURES, PROVINCES
from trueline.scorers.cn_resident_id import resident_ids
from trueline.scorers.cn_uscc import usccs
from trueline.scorers.coded_document import coded_documents
from trueline.scorers.cues import Cues
from trueline.scorers.email import DOMAIN_LIMIT, LOCAL_LIMIT, emails
from trueline.scorers.findings import Claims, Finding, scores_of
from trueline.scorers.network_address import colon_addresses, ipv4s
from trueline.scorers.person_fact import CUE_WORDS, fact
from trueline.scorers.phone import phones
from trueline.scorers.pii_context import ANY_WORDS, announced
from trueline.scorers.us_ssn import ssns
from trueline.text.normalize import NormalizedText, View

CATEGORY = "privacy"
# Digits with at most four separators between two of them; four digits at least.
_CLUSTER = re.compile(r"[0-9](?:[ \-./()–·]{0,4}[0-9]){3,}")
_LONG_NUMBER = re.compile(r"[0-9](?:[ \-./()–·]{0,3}[0-9]){8}")
_DIGIT = re.compile(r"[0-9]")
_MARGIN = 6  # a cluster's number may begin with +86 ( and end with X
LANDLINE_RATE = 0.012  # share of KdConv's benign lines, see threshold()
# Views that spell words anew; their digits are those of the clean view, or made up.
_RESPELLED = frozenset(("rot13", "repeats", "leet"))
_REGION = "region"
_HOME = "home"
#: Words after which the address of a home stands.
HOME_WORDS = (
    "住址",
    "家庭地址",
    "收货地址",
    "收件地址",
    "家住",
    "我住",
    "住在",
    "寄到",
    "寄往",
    "送到",
)
_CUES = Cues(
    {
        **CUE_WORDS,
        _REGION: (*PROVINCES, *PREFECTURES, *DISTRICTS),
        _HOME: HOME_WORDS,
    }
)
# Shortest cluster worth each search, in characters; strongest first, the first one claims.
_NUMBERS = (
    (7, ipv4s),
    (15, resident_ids),
    (7, usccs),
    (12, bank_cards),
    (10, cn_phones),
    (9, ssns),
    (7, phones),
)


class PiiScorer:
    """Personal information in Chinese and English; category `privacy`, one label a kind."""

    @property
    def name(self) -> str:
        return "pii"

    @property
    def categories(self) -> tuple[str, ...]:
        return (CATEGORY,)

    @property
    def reach(self) -> int:
        """An e-mail address is the longest finding; an address of a home the next."""
        return max(LOCAL_LIMIT + 1 + DOMAIN_LIMIT + 2, LEAD_LIMIT + TAIL_LIMIT + _MARGIN)

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        """Scores of 1.0 with a checksum, 0.9 by format, 0.6 by the words beside it."""
        clean = text.clean
        views = [(clean, find_pii(clean.text))]
        for view in text.decoded:
            kind = view.name.rpartition(">")[2]
            if kind in _RESPELLED:
                continue
            # Backwards there is no number when there is none forwards.
            if view.name != "reversed" or _LONG_NUMBER.search(clean.text):
                views.append(
                    (view, _backwards(view) if kind == "reversed" else find_pii(view.text))
                )
        return (
            scores_of(CATEGORY, self.name, text.original, views) if any(f for _, f in views) else ()
        )

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        """0.5, except for landlines.

        Numbers of sights and shops are in 1.2 % of the lines of travel dialogues (KdConv), so
        tighter budgets take only the landlines that the words beside them call personal.
        """
        return 0.6 if label == LANDLINE and max_false_positive_rate < LANDLINE_RATE else 0.5


def find_pii(text: str) -> list[Finding]:
    """Findings in one view's text; no two of them overlap.

    Args:
        text: any string; offsets in the result count its code points.
    """
    claims = Claims(len(text))
    return [finding for finding in _candidates(text) if claims.take(finding.start, finding.end)]


def _candidates(text: str) -> Iterator[Finding]:
    """Everything that looks like something, the surest patterns first."""
    if "@" in text:
        yield from emails(text)
    digits = _DIGIT.search(text)
    cues = _CUES.find(text)
    if digits:
        if ":" in text or "-" in text:
            yield from colon_addresses(text)
        clusters = [match.span() for match in _CLUSTER.finditer(text, digits.start())]
        if clusters:
            yield from coded_documents(text)
            yield from _numbers(text, clusters)
    if not text.isascii() and (digits or "车牌" in text):
        yield from plates(text)
    if cues:
        regions = [cue.start for cue in cues if cue.name == _REGION] if digits else []
        homes = [cue.end for cue in cues if cue.name == _HOME] if digits else []
        if regions or homes:
            yield from addresses(text, regions, homes)
        for cue in cues:
            if cue.name in CUE_WORDS and (finding := fact(cue.name, text, cue.start, cue.end)):
                yield finding


def _numbers(text: str, clusters: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    windows: list[tuple[int, int]] = []
    for (start, end), following in zip_longest(clusters, clusters[1:]):
        before = windows[-1][1] - 1 if windows else 0
        after = following[0] + 1 if following else len(text)
        windows.append((max(before, start - _MARGIN), min(after, end + _MARGIN)))
    for shortest, find in _NUMBERS:
        for (start, end), window in zip(clusters, windows, strict=True):
            if end - start >= shortest:
                yield from find(text, *window)


def _backwards(view: View) -> list[Finding]:
    """Read backwards, half of all numbers look like another one: ask for a word beside it."""
    return [
        finding
        for finding in find_pii(view.text)
        if finding.label != "email"
        and (
            finding.label in ("cn_resident_id", "iban")
            or announced(view.text, finding.start, ANY_WORDS)
        )
    ]
