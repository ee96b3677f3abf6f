"""Find listed words and phrases, disguised ones included.

    >>> from trueline.core.policy_file import policy_from_template
    >>> from trueline.core.records import Context
    >>> from trueline.text.normalize import normalize
    >>> scorer = LexiconScorer(policy_from_template("default"))
    >>> scorer.score(normalize("a classic passage from Scunthorpe"), Context())
    []

How a text is searched is in `trueline.scorers.lexicon_search`; where the bundled words come
from is in `lexicon_data/SOURCES.md`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from trueline.core.policy import Policy
from trueline.core.records import Context, Score, Span
from trueline.scorers.lexicon_entries import policy_entries, starter_entries
from trueline.scorers.lexicon_search import LexiconSearch
from trueline.text.normalize import NormalizedText

THRESHOLD = 0.5
# Entries below 0.75 are bad words in most uses only; they make nearly all false positives
# of the bundled lists (report of recipes/lexicon/build.py), so a tight budget leaves them out.
STRICT_BUDGET, STRICT_THRESHOLD = 0.0005, 0.75


class LexiconScorer:
    """Words of the bundled lists and of the policy, less what the policy allows.

    Args:
        policy: gives `lexicons`, `allow`, `starter_lexicons` and the categories that count.
    """

    def __init__(self, policy: Policy) -> None:
        starter, exceptions = starter_entries() if policy.starter_lexicons else ((), ())
        entries = [entry for entry in starter if policy.rule(entry.category) is not None]
        entries += policy_entries(policy)
        self._search = LexiconSearch(entries, exceptions, policy.allow)
        self._categories = tuple(dict.fromkeys(entry.category for entry in entries))

    @property
    def name(self) -> str:
        return "lexicon"

    @property
    def categories(self) -> tuple[str, ...]:
        return self._categories

    @property
    def reach(self) -> int:
        return self._search.reach

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        """One score for each category, label and value; its spans are all hits of that kind."""
        found: defaultdict[tuple[str, str, float], dict[Span, str]] = defaultdict(dict)
        for finding in self._search.find(text):
            entry = finding.entry
            spans = found[entry.category, entry.label, entry.value]
            spans.setdefault(finding.span, finding.disguise)
        return [
            Score(category, value, _in_order(spans), self.name, _reason(spans.values()), label)
            for (category, label, value), spans in found.items()
        ]

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        """0.5; 0.75 for budgets below 0.0005, where only words that are always bad may act."""
        return STRICT_THRESHOLD if max_false_positive_rate < STRICT_BUDGET else THRESHOLD


def _in_order(spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(spans, key=lambda span: (span.start, span.end)))


def _reason(ways: Iterable[str]) -> str:
    disguises = sorted({way for way in ways if way})
    return f"listed word ({', '.join(disguises)})" if disguises else "listed word"
