"""The Judge: policy + scorers -> Verdict. One object, used by all five stages.

>>> from trueline.core.policy_file import policy_from_template
>>> judge = Judge.from_policy(policy_from_template("default"))
>>> str(judge.judge("call 138-0013-8000 after six").action)
'redact'
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from trueline.core.policy import Policy
from trueline.core.records import Action, Context, GradedScore, Score, Span, Verdict
from trueline.core.taxonomy import taxonomy
from trueline.scorers.base import Scorer
from trueline.text.normalize import NormalizedText, normalize

log = logging.getLogger(__name__)
NEVER = 1.01  # a threshold no score reaches
_DEFAULT = Context()


class Judge:
    """Holds a text against a policy. Pure: the same text and context, the same verdict.

    Args:
        policy: what is asked of a text.
        scorers: what can be found in a text, in running order.
    """

    def __init__(self, policy: Policy, scorers: Iterable[Scorer]) -> None:
        self.policy = policy
        named = tuple(scorers)
        wanted = set(policy.categories) | set(policy.topics)
        self.scorers: tuple[Scorer, ...] = tuple(s for s in named if wanted & set(s.categories))
        self._thresholds: dict[tuple[str, str, str], float] = {}
        self._by_name = {scorer.name: scorer for scorer in self.scorers}
        self._allow = tuple(phrase.casefold() for phrase in policy.allow)

    @classmethod
    def from_policy(cls, policy: Policy) -> Judge:
        """A Judge with the built-in scorers and the installed plug-ins."""
        from trueline.scorers.builtin import builtin_scorers

        return cls(policy, builtin_scorers(policy))

    @property
    def reach(self) -> int:
        """Letters and digits a stream must hold back so that no finding starts in what left."""
        return max((scorer.reach for scorer in self.scorers), default=0)

    @property
    def segmented(self) -> bool:
        """True when a scorer works on whole segments (`trueline.text.segments`)."""
        return any(scorer.reach == 0 for scorer in self.scorers)

    def judge(self, text: str | NormalizedText, context: Context | None = None) -> Verdict:
        """Score a text with every scorer and hold the scores against the policy.

        Args:
            text: any length, any language; lone surrogates and NULs are fine.
            context: role, history and language; a prompt when not given.
        """
        context = context or _DEFAULT
        normalized = text if isinstance(text, NormalizedText) else normalize(text)
        return self.grade(normalized.original, self.score(normalized, context), context)

    def judge_many(
        self, texts: Iterable[str], contexts: Iterable[Context | None] | None = None
    ) -> list[Verdict]:
        """One verdict for each text, in order."""
        if contexts is None:
            return [self.judge(text) for text in texts]
        return [self.judge(text, ctx) for text, ctx in zip(texts, contexts, strict=True)]

    def score(
        self,
        text: str | NormalizedText,
        context: Context | None = None,
        scorers: Sequence[Scorer] | None = None,
    ) -> list[Score]:
        """Raw scores; a scorer that raises yields a fault for each of its categories."""
        context = context or _DEFAULT
        normalized = text if isinstance(text, NormalizedText) else normalize(text)
        found: list[Score] = []
        for scorer in self.scorers if scorers is None else scorers:
            try:
                found.extend(scorer.score(normalized, context))
            except Exception as error:  # a third party's code may raise anything
                log.error(
                    "scorer_failed", extra={"scorer": scorer.name, "error": type(error).__name__}
                )
                found.extend(fault_scores(scorer, f"failed: {type(error).__name__}"))
        return found

    def grade(self, text: str, scores: Iterable[Score], context: Context | None = None) -> Verdict:
        """Hold scores against thresholds and actions; `text` is the original.

        A score of a category that the policy does not name, or that does not apply to the
        role, is left out.
        """
        role = (context or _DEFAULT).role
        graded: list[GradedScore] = []
        for score in self._allowed(text, scores):
            rule = self.policy.rule(score.category)
            if rule is None or role not in rule.applies_to:
                continue
            threshold = self.threshold(score.category, score.label, score.scorer)
            if score.fault:
                action = self._fault_action(score)
            elif score.value >= threshold:
                action = self.policy.action_for(score.category, score.label)
            else:
                action = Action.ALLOW
            graded.append(
                GradedScore(
                    score.category, score.value, threshold, action, score.spans,
                    score.scorer, score.reason, score.label, score.fault,
                )
            )  # fmt: skip
        graded.sort(key=lambda item: (-item.action, -item.value))
        strictest = graded[0].action if graded else Action.ALLOW
        faults = tuple(dict.fromkeys(item.scorer for item in graded if item.fault))
        return Verdict(
            strictest, tuple(graded), redact(text, graded), self.policy.hash, role, faults
        )

    def threshold(self, category: str, label: str, scorer: str) -> float:
        """The policy's threshold, or the scorer's own for the policy's error budget."""
        key = (category, label, scorer)
        known = self._thresholds.get(key)
        if known is None:
            known = self._thresholds[key] = self._resolve(category, label, scorer)
        return known

    def coverage(self) -> Mapping[str, str]:
        """For every category and topic: scorer names, `manual`, or `off`.

        `manual` means that the policy names the category and no scorer finds it yet, so a
        person has to look; `off` means that the policy does not name it.
        """
        table: dict[str, str] = {}
        for name in (*taxonomy(), *self.policy.topics):
            names = [scorer.name for scorer in self.scorers if name in scorer.categories]
            if self.policy.rule(name) is None:
                table[name] = "off"
            else:
                table[name] = ", ".join(names) or "manual"
        return MappingProxyType(table)

    def fixed_thresholds(self) -> Mapping[str, Mapping[str, float]]:
        """Thresholds that no error budget moves, by category and scorer.

        A scorer that answers the same for every budget is not calibrated for a category. What
        it answers for single labels may differ; above 1 it says so only for those.
        """
        table: dict[str, dict[str, float]] = {}
        for scorer in self.scorers:
            for name in scorer.categories:
                answers = {scorer.threshold(name, "", budget) for budget in (0.0, 0.005, 1.0)}
                if len(answers) == 1 and (fixed := answers.pop()) <= 1:
                    table.setdefault(name, {})[scorer.name] = fixed
        return table

    def _resolve(self, category: str, label: str, scorer: str) -> float:
        rule = self.policy.rule(category)
        if rule is None:
            return NEVER
        exception = rule.labels.get(label)
        if exception is not None and exception.threshold is not None:
            return exception.threshold
        if rule.threshold is not None:
            return rule.threshold
        owner = self._by_name.get(scorer)
        return owner.threshold(category, label, rule.max_false_positive_rate) if owner else 0.5

    def _fault_action(self, score: Score) -> Action:
        remote = self.policy.remote_judge
        if score.scorer == "remote" and remote and remote.on_error:
            return Action.BLOCK if remote.on_error == "block" else Action.ALLOW
        return Action.BLOCK if self.policy.fails_closed(score.category) else Action.ALLOW

    def _allowed(self, text: str, scores: Iterable[Score]) -> Iterable[Score]:
        if not self._allow:
            return scores
        return _outside_phrases(text, scores, self._allow)


def fault_scores(scorer: Scorer, reason: str) -> list[Score]:
    """One fault for each category of a scorer that could not tell."""
    return [
        Score(category, 0.0, scorer=scorer.name, reason=reason, fault=True)
        for category in scorer.categories
    ]


def redact(text: str, graded: Iterable[GradedScore]) -> str:
    """Replace every span whose action is REDACT or stricter by `[LABEL]`.

    Overlapping spans become one, named after the first; touching spans stay apart.
    """
    spans = sorted(
        (span.start, span.end, span.label or item.label or item.category)
        for item in graded
        if item.action >= Action.REDACT
        for span in item.spans
        if span.end > span.start
    )
    if not spans:
        return text
    pieces: list[str] = []
    done, open_end, open_label = 0, -1, ""
    for start, end, label in spans:
        if start < open_end:
            open_end = max(open_end, end)
            continue
        if open_end >= 0:
            pieces.append(f"[{open_label.upper()}]")
            done = open_end
        pieces.append(text[done:start])
        open_end, open_label = end, label
    pieces.append(f"[{open_label.upper()}]")
    pieces.append(text[open_end:])
    return "".join(pieces)


def _outside_phrases(text: str, scores: Iterable[Score], phrases: Sequence[str]) -> Iterable[Score]:
    folded = text.casefold()
    # Folding may lengthen a text (ß -> ss); its offsets hold only when it did not.
    searched = folded if len(folded) == len(text) else text
    allowed: list[tuple[int, int]] = []
    for phrase in phrases:
        at = searched.find(phrase)
        while at >= 0:
            allowed.append((at, at + len(phrase)))
            at = searched.find(phrase, at + 1)
    if not allowed:
        yield from scores
        return
    for score in scores:
        kept = tuple(span for span in score.spans if not _inside(span, allowed))
        if kept or not score.spans:
            yield score if len(kept) == len(score.spans) else _with_spans(score, kept)


def _inside(span: Span, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(start <= span.start and span.end <= end for start, end in ranges)


def _with_spans(score: Score, spans: tuple[Span, ...]) -> Score:
    return Score(
        score.category, score.value, spans, score.scorer, score.reason, score.label, score.fault
    )
