"""Whatever tells labels from texts, and how often it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from trueline.core.records import Action
from trueline.judge import Judge

#: Texts in, for each the score of every label (0..1, the highest is the label told).
Classifier = Callable[[Sequence[str]], Sequence[Mapping[str, float]]]
#: Labels of a Judge as a classifier: whether it finds anything that the policy acts on.
FLAGGED, CLEAR = "flagged", "clear"


@dataclass(frozen=True, slots=True)
class Answer:
    """The label told, and the score of the label asked about."""

    label: str
    score: float


class QueryCounter:
    """Asks a classifier and counts; a text asked before costs nothing.

    Args:
        classifier: what is asked.
        label: the label whose score is wanted.
        budget: queries it may spend.
    """

    def __init__(self, classifier: Classifier, label: str, budget: int) -> None:
        self._classifier = classifier
        self._label = label
        self._known: dict[str, Answer] = {}
        self.budget = budget
        self.spent = 0

    @property
    def left(self) -> int:
        """Queries that may still be spent."""
        return self.budget - self.spent

    def ask(self, texts: Sequence[str]) -> list[Answer]:
        """Answers in the order of the texts, cut where the budget ends."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known][: self.left]
        if new:
            self.spent += len(new)
            for text, scores in zip(new, self._classifier(new), strict=True):
                self._known[text] = Answer(told(scores), scores.get(self._label, 0.0))
        answers: list[Answer] = []
        for text in texts:
            if text not in self._known:
                break
            answers.append(self._known[text])
        return answers


def told(scores: Mapping[str, float]) -> str:
    """The label with the highest score; the first of equals."""
    return max(scores, key=scores.__getitem__)


def judge_classifier(judge: Judge) -> Classifier:
    """A Judge as a classifier of `flagged` and `clear`.

    A finding's score is its value against its threshold, bent so that the threshold stands at
    one half; categories that the policy only lets pass do not count.
    """

    def classify(texts: Sequence[str]) -> list[dict[str, float]]:
        found: list[dict[str, float]] = []
        for text in texts:
            score = 0.0
            for item in judge.judge(text).scores:
                if item.fault or judge.policy.action_for(item.category, item.label) < Action.FLAG:
                    continue
                score = max(score, _bent(item.value, item.threshold))
            found.append({FLAGGED: score, CLEAR: 1 - score})
        return found

    return classify


def _bent(value: float, threshold: float) -> float:
    if value >= threshold:
        return 0.5 + 0.5 * (value - threshold) / (1 - threshold) if threshold < 1 else 1.0
    return 0.5 * value / threshold * (1 - 1e-9)
