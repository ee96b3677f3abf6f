"""Find the policy's own topics, told by 3 to 10 examples each, without training a model.

Each topic is a small linear separation of its examples from ordinary text over hashed words and
characters (`trueline.scorers.topic_model`), worked out when the scorer is made. It finds texts
that share vocabulary with the examples, in the examples' own language. It does not know
synonyms or translations: for a topic that must be found however it is put, give examples of
each wording and language, or add a remote judge. `recipes/topic/measure.py` measures it.

Segments are scored one by one (`trueline.text.segments`), so that a streamed text gets the
same scores as the whole one.
"""

from __future__ import annotations

from collections.abc import Sequence

from trueline.core.policy import Policy
from trueline.core.records import Context, Score
from trueline.scorers.topic_background import background
from trueline.scorers.topic_features import vector
from trueline.scorers.topic_model import TopicModel, fit_topic
from trueline.text.normalize import NormalizedText, normalize
from trueline.text.segments import segments

# Segments below this are nothing of the topic and not reported.
LEAST = 0.25
# With fewer features there is too little to judge by.
LEAST_FEATURES = 2


class TopicScorer:
    """The topics of a policy.

    Args:
        policy: its `topics` give examples and counter examples; other topics' examples are
            no counter examples, since topics may overlap.
    """

    def __init__(self, policy: Policy) -> None:
        self._topics: dict[str, TopicModel] = {
            name: fit_topic(
                [normalize(text).folded.text for text in topic.examples],
                [normalize(text).folded.text for text in topic.counter_examples],
                background(),
            )
            for name, topic in policy.topics.items()
        }

    @property
    def name(self) -> str:
        return "topic"

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(self._topics)

    @property
    def reach(self) -> int:
        """0: scores are per segment."""
        return 0

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        """One score for each topic and segment that shows it."""
        view = text.folded
        scores: list[Score] = []
        for start, end in segments(view.text):
            piece = vector(view.text[start:end], background().rarity)
            if len(piece[0]) < LEAST_FEATURES:
                continue
            for name, model in self._topics.items():
                value = model.value(piece)
                if value >= LEAST:
                    span = view.span(start, end, name)
                    scores.append(
                        Score(name, round(value, 4), (span,), self.name, "close to the examples")
                    )
        return scores

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        """Value that at most this share of ordinary segments reaches; at least 0.5."""
        model = self._topics.get(category)
        return model.threshold(max_false_positive_rate) if model else 0.5

    def recall_of_examples(self, topic: str) -> float:
        """Share of the topic's examples found by the others: low means they share too little."""
        return self._topics[topic].recall
