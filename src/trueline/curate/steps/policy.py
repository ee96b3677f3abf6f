"""The `policy` step: hold documents against the policy that also trains, guards and monitors.

Measuring runs the scorers and stores what they found: `policy_<category>`, the highest value of
a category, and `policy_findings`, every finding with its place. Neither depends on a threshold.
Deciding holds the findings against thresholds and actions; a changed policy is decided again
over the stored columns, and no text is read.

| the policy says | a document is |
|---|---|
| block, rewrite | dropped |
| redact | kept; `policy_redact` names the places, which the step `anonymize` redacts |
| flag | kept; `policy_tags` names the category |
| allow | kept |

`actions` in the recipe overrides that by category; `down_weight` writes the column `weight`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from trueline.core.errors import InputError
from trueline.core.policy import Policy
from trueline.core.records import Action, Score
from trueline.curate.batch import Batch, Column, Drop, Result
from trueline.curate.document_scores import DocumentScores
from trueline.curate.spans import Labelled, packed, text_mark
from trueline.curate.step import Decisions, RunSettings, StepOptions
from trueline.judge import Judge

Outcome = Literal["drop", "redact", "down_weight", "tag", "keep"]
#: Findings below this are not stored, so no threshold may be lower.
LEAST = 0.2
_OUTCOMES: dict[Action, Outcome] = {
    Action.BLOCK: "drop",
    Action.REWRITE: "drop",
    Action.REDACT: "redact",
    Action.FLAG: "tag",
    Action.ALLOW: "keep",
}
_FINDINGS = "policy_findings"


class CategoryChoice(BaseModel):
    """What the recipe says about one category in place of the policy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Outcome | None = Field(
        default=None, description="drop, redact, down_weight, tag or keep."
    )
    threshold: Annotated[float, Field(ge=LEAST, le=1)] | None = Field(
        default=None, description="Value from which that happens; empty: as the policy says."
    )


class PolicyOptions(StepOptions):
    """Hold documents against the policy: drop, redact, down-weight, tag or keep by category."""

    step: Literal["policy"] = "policy"
    scorers: tuple[str, ...] | None = Field(
        default=None, description="Scorers that run, such as pii and linear; empty: all local ones."
    )
    all_readings: bool = Field(
        default=False,
        description="Read documents backwards, rotated and respelt too, as prompts are (slower).",
    )
    categories: Mapping[str, CategoryChoice] = Field(
        default_factory=dict, description="By category: action and threshold, over the policy's."
    )
    weight: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.5, description="Weight of a down-weighted document; others have 1."
    )

    def build(self, run: RunSettings) -> PolicyStep:
        """The step.

        Raises:
            InputError: a scorer or category is unknown, or a threshold lower than what is stored.
        """
        step = PolicyStep(run.policy, self.scorers, self.all_readings, self.categories, self.weight)
        step.check()
        return step

    def depends_on(self, run: RunSettings) -> str:
        """A digest of the parts of the policy that say what is looked for, thresholds apart."""
        policy = run.policy
        looked_for = {
            "categories": {
                name: sorted(rule.applies_to) for name, rule in policy.categories.items()
            },
            "topics": {
                name: [topic.examples, topic.counter_examples]
                for name, topic in policy.topics.items()
            },
            "lexicons": [lexicon.model_dump(mode="json") for lexicon in policy.lexicons],
            "starter_lexicons": policy.starter_lexicons,
            "allow": policy.allow,
            "remote": policy.remote_judge.model_dump(mode="json")
            if policy.remote_judge and "remote" in (self.scorers or ())
            else None,
        }
        text = json.dumps(looked_for, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Stored(NamedTuple):
    """One finding as the column keeps it."""

    start: int
    end: int
    value: float
    category: str
    label: str
    scorer: str

    def pack(self) -> str:
        return (
            f"{self.start}:{self.end}:{self.value:.4f}:{self.category}:{self.scorer}:{self.label}"
        )

    @classmethod
    def unpack(cls, text: str) -> Stored:
        """The finding that `pack` wrote."""
        start, end, value, category, scorer, label = text.split(":", 5)
        return cls(int(start), int(end), float(value), category, label, scorer)


@dataclass(frozen=True)
class PolicyStep:
    """Measures what the scorers find; decides by policy and recipe."""

    policy: Policy = field(repr=False)
    scorers: tuple[str, ...] | None = None
    all_readings: bool = False
    categories: Mapping[str, CategoryChoice] = field(default_factory=dict[str, CategoryChoice])
    weight: float = 0.5

    @property
    def name(self) -> str:
        return "policy"

    @property
    def reads(self) -> tuple[str, ...]:
        return (_FINDINGS,)

    def __getstate__(self) -> dict[str, object]:
        return {key: value for key, value in self.__dict__.items() if key != "_judge"}

    @cached_property
    def _judge(self) -> Judge:
        return Judge.from_policy(self.policy)

    def check(self) -> None:
        """Raise `InputError` for names that the policy or the scorers do not know."""
        known = [scorer.name for scorer in self._judge.scorers]
        for name in self.scorers or ():
            if name not in known:
                raise InputError(
                    f"step policy, scorers: there is no scorer {name!r}; "
                    f"known are {', '.join(known)}"
                )
        for name in self.categories:
            if self.policy.rule(name) is None:
                raise InputError(
                    f"step policy, categories: the policy {self.policy.name} does not name "
                    f"{name!r}; add it to the policy or remove it here"
                )
        for name, rule in (*self.policy.categories.items(), *self.policy.topics.items()):
            thresholds = [rule.threshold, *(label.threshold for label in rule.labels.values())]
            low = [value for value in thresholds if value is not None and value < LEAST]
            if low:
                raise InputError(
                    f"step policy: the threshold {low[0]:g} of {name} in the policy "
                    f"{self.policy.name} is below {LEAST:g}, the lowest value kept of documents; "
                    "raise it, or set one for the category in the recipe"
                )

    def measure(self, batch: Batch) -> Result:
        """Columns of values and findings."""
        languages = [str(language) for language in batch.columns.get("language", ())]
        scores = DocumentScores(self._judge, self.scorers, self.all_readings)
        found = scores.of(batch.texts, languages)
        running = set(scores.scorer_names)
        measured = dict.fromkeys(
            category
            for scorer in self._judge.scorers
            if scorer.name in running
            for category in scorer.categories
            if self.policy.rule(category) is not None
        )
        columns: dict[str, Column] = {
            f"policy_{category}": [_highest(scores, category) for scores in found]
            for category in measured
        }
        columns["policy_mark"] = [text_mark(text) for text in batch.texts]
        columns[_FINDINGS] = [list(_stored(scores)) for scores in found]
        return Result(columns=columns)

    def decide(self, ids: Sequence[str], columns: Mapping[str, Column]) -> Decisions:
        """What happens to each document, from its findings alone."""
        drops: dict[int, Drop] = {}
        redact: list[list[str]] = []
        tags: list[list[str]] = []
        weights: list[float] = []
        for number, findings in enumerate(columns[_FINDINGS]):
            by_outcome: dict[Outcome, list[tuple[Stored, float]]] = {}
            for finding in map(Stored.unpack, findings or ()):
                outcome, threshold = self._outcome(finding)
                if outcome != "keep":
                    by_outcome.setdefault(outcome, []).append((finding, threshold))
            if worst := by_outcome.get("drop"):
                finding, threshold = max(worst, key=lambda pair: (pair[0].value, pair[0].category))
                drops[number] = Drop(f"policy: {finding.category}", finding.value, threshold)
            spans = {Labelled(f.start, f.end, f.label) for f, _ in by_outcome.get("redact", ())}
            redact.append(packed(sorted(span for span in spans if span.end > span.start)))
            acted = (f for name in by_outcome if name != "drop" for f, _ in by_outcome[name])
            tags.append(sorted({finding.category for finding in acted}))
            weights.append(self.weight if "down_weight" in by_outcome else 1.0)
        return Decisions(drops, {"policy_redact": redact, "policy_tags": tags, "weight": weights})

    def _outcome(self, finding: Stored) -> tuple[Outcome, float]:
        """What the finding leads to, and the threshold it was held against."""
        choice = self.categories.get(finding.category)
        threshold = choice.threshold if choice and choice.threshold is not None else None
        if threshold is None:
            threshold = self._judge.threshold(finding.category, finding.label, finding.scorer)
        if finding.value < threshold:
            return "keep", threshold
        if choice and choice.action:
            return choice.action, threshold
        return _OUTCOMES[self.policy.action_for(finding.category, finding.label)], threshold


def _highest(scores: Iterable[Score], category: str) -> float:
    return max((score.value for score in scores if score.category == category), default=0.0)


def _stored(scores: Iterable[Score]) -> Iterable[str]:
    """Findings from `LEAST`; one without a place stands at 0:0."""
    for score in scores:
        if score.value >= LEAST:
            for start, end in [(span.start, span.end) for span in score.spans] or [(0, 0)]:
                yield Stored(
                    start, end, score.value, score.category, score.label, score.scorer
                ).pack()
