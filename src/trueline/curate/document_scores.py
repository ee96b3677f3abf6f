"""Score documents with the Judge's scorers, many at a time and no reading twice.

What differs from judging a prompt: personal information is searched for in the whole batch at
once (`trueline.curate.pii_windows`), long documents are cut into parts, and a document is not
read backwards, rotated, upside down, by sound, with respelt letters, or where it is encoded,
unless `all_readings` asks for it. All other readings, values and spans are the Judge's.

    >>> from trueline.core.policy_file import policy_from_template
    >>> scores = DocumentScores(Judge.from_policy(policy_from_template("default")))
    >>> [(s.category, s.label) for s in scores.of(["手机13800138000"])[0]]
    [('privacy', 'cn_mobile')]
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trueline.core.records import Context, Score, Span
from trueline.curate.pii_windows import find_in_batch
from trueline.judge import Judge
from trueline.scorers.findings import Finding
from trueline.scorers.pii import CATEGORY as PRIVACY
from trueline.text.normalize import NormalizedText, View

#: Characters of a part; the scorers' tables for a part fit in a few megabytes.
PART = 20_000
#: Characters that two parts share: more than any built-in scorer's reach.
SHARED = 256
_BREAK = re.compile(r"[\n。！？]|[.!?] ")


class DocumentText(NormalizedText):
    """A document and its plain readings: no reading backwards, by sound or of encoded runs."""

    __slots__ = ()

    @property
    def decoded(self) -> tuple[View, ...]:
        return ()

    @property
    def pinyin(self) -> View:
        return View("pinyin", "")


@dataclass(frozen=True, slots=True)
class DocumentScores:
    """Scores of documents.

    Args:
        judge: gives the scorers and says which categories count.
        names: the scorers that run, by name; None: all but `remote`.
        all_readings: read every document in every way, exactly as the Judge reads it.
    """

    judge: Judge
    names: tuple[str, ...] | None = None
    all_readings: bool = False

    def of(self, texts: Sequence[str], languages: Sequence[str] = ()) -> list[list[Score]]:
        """Scores of each text whose category counts, outside the policy's allowed phrases.

        Args:
            texts: documents of any length.
            languages: `zh`, `en` or other, one for each text, when known.
        """
        wanted = self.scorer_names
        fast_pii = "pii" in wanted and not self.all_readings
        findings = find_in_batch(texts) if fast_pii else [[] for _ in texts]
        scorers = [
            scorer
            for scorer in self.judge.scorers
            if scorer.name in wanted and not (fast_pii and scorer.name == "pii")
        ]
        found: list[list[Score]] = []
        for number, text in enumerate(texts):
            language = languages[number] if languages else ""
            context = Context("document", language=language if language in ("zh", "en") else "")
            scores = _pii_scores(findings[number])
            for start, part in parts(text):
                reading = NormalizedText(part) if self.all_readings else DocumentText(part)
                for score in self.judge.score(reading, context, scorers):
                    scores.append(_shifted(score, start))
            graded = self.judge.grade(text, scores, context).scores
            found.append([
                Score(s.category, s.value, s.spans, s.scorer, s.reason, s.label, s.fault)
                for s in graded
            ])  # fmt: skip
        return found

    @property
    def scorer_names(self) -> tuple[str, ...]:
        """Names of the scorers that run."""
        known = tuple(scorer.name for scorer in self.judge.scorers)
        if self.names is None:
            return tuple(name for name in known if name != "remote")
        return tuple(name for name in known if name in self.names)


def parts(text: str) -> Iterator[tuple[int, str]]:
    """Parts of a document with their offsets; each begins `SHARED` characters before the cut.

    >>> [(start, len(part)) for start, part in parts("x" * 30_000)]
    [(0, 20000), (19744, 10256)]
    """
    start = cut = 0
    while len(text) - start > PART:
        limit = start + PART
        breaks = [match.end() for match in _BREAK.finditer(text, limit - SHARED, limit)]
        cut = breaks[-1] if breaks else limit
        yield start, text[start:cut]
        start = cut - SHARED
    yield start, text[start:]


def _shifted(score: Score, by: int) -> Score:
    if not by:
        return score
    spans = tuple(Span(span.start + by, span.end + by, span.label) for span in score.spans)
    return Score(
        score.category, score.value, spans, score.scorer, score.reason, score.label, score.fault
    )


def _pii_scores(findings: Sequence[Finding]) -> list[Score]:
    grouped: defaultdict[tuple[str, float], list[Span]] = defaultdict(list)
    for start, end, label, value in findings:
        grouped[label, value].append(Span(start, end, label))
    return [
        Score(PRIVACY, value, tuple(spans), "pii", "", label)
        for (label, value), spans in grouped.items()
    ]
