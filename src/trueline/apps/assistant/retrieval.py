"""Find the prepared question nearest to a user's words, by TF-IDF over character n-grams.

>>> index = QuestionIndex(["how does streaming work", "流式输出怎么检查"])
>>> index.nearest("怎样检查流式输出?")[0]
1

Reference: Salton & Buckley (1988), term-weighting approaches in automatic text retrieval.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence, Set

import numpy as np
from numpy.typing import NDArray

# A question is judged by its beginning; what follows is seldom the question.
MAX_CHARACTERS = 400
# Words every question has tell nothing apart.
STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "is",
        "are",
        "am",
        "be",
        "do",
        "does",
        "did",
        "i",
        "me",
        "my",
        "you",
        "your",
        "it",
        "its",
        "of",
        "to",
        "in",
        "on",
        "for",
        "with",
        "and",
        "or",
        "can",
        "could",
        "would",
        "please",
        "what",
        "which",
        "how",
        "tell",
        "about",
        "make",
        "there",
        "any",
        "some",
        "s",
    ]
)
STOP_HAN = str.maketrans("", "", "的了吗呢吧啊么请我你它")


class QuestionIndex:
    """Unit vectors of prepared questions, kept as postings: gram -> (questions, weights)."""

    def __init__(self, questions: Sequence[str]) -> None:
        counted = [Counter(grams(question)) for question in questions]
        spread = Counter(gram for counts in counted for gram in counts)
        self._size = len(questions)
        self._rarity = {
            gram: math.log((1 + self._size) / (1 + n)) + 1 for gram, n in spread.items()
        }
        entries: dict[str, list[tuple[int, float]]] = {}
        for number, counts in enumerate(counted):
            weights = {gram: n * self._rarity[gram] for gram, n in counts.items()}
            length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
            for gram, weight in weights.items():
                entries.setdefault(gram, []).append((number, weight / length))
        self._postings: dict[str, tuple[NDArray[np.intp], NDArray[np.float32]]] = {
            gram: (
                np.array([number for number, _ in pairs], dtype=np.intp),
                np.array([weight for _, weight in pairs], dtype=np.float32),
            )
            for gram, pairs in entries.items()
        }

    def similarities(self, text: str) -> NDArray[np.float32]:
        """Cosine similarity to each question: float32 [questions]; zeros for an empty text."""
        sums = np.zeros(self._size, dtype=np.float32)
        counts = Counter(grams(text))
        # A gram no question has still lengthens the vector: it is what the match leaves over.
        unknown = math.log(1 + self._size) + 1
        length = 0.0
        for gram, n in counts.items():
            weight = n * self._rarity.get(gram, unknown)
            length += weight * weight
            posting = self._postings.get(gram)
            if posting is not None:
                numbers, weights = posting
                sums[numbers] += np.float32(weight) * weights
        return sums / np.float32(math.sqrt(length)) if length else sums

    def nearest(self, text: str) -> tuple[int, float]:
        """Number of the nearest question and its similarity, 0 to 1."""
        values = self.similarities(text)
        best = int(values.argmax())
        return best, float(values[best])


def grams(text: str) -> list[str]:
    """Characters and pairs of Han; 3- and 4-letter pieces and whole words of the rest."""
    runs = _runs(unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower())
    # A question of stop words alone, such as "what can you do?", means what they say.
    return _grams(runs, STOP_HAN, STOP_WORDS) or _grams(runs, {}, frozenset())


def _grams(
    runs: Sequence[tuple[str, bool]], stop_han: Mapping[int, int | None], stop_words: Set[str]
) -> list[str]:
    found: list[str] = []
    for run, is_han in runs:
        if is_han:
            run = run.translate(stop_han)
            found.extend(run)
            found.extend(run[i : i + 2] for i in range(len(run) - 1))
        elif run not in stop_words:
            found.append(f" {run} ")
            edged = f" {run} "
            for size in (3, 4):
                found.extend(edged[i : i + size] for i in range(len(edged) - size + 1))
    return found


def _runs(text: str) -> list[tuple[str, bool]]:
    runs: list[tuple[str, bool]] = []
    current, kind = "", False
    for character in text:
        is_han = "\u4e00" <= character <= "\u9fff"
        if current and (is_han != kind or not character.isalnum()):
            runs.append((current, kind))
            current = ""
        if character.isalnum():
            current += character
            kind = is_han
    if current:
        runs.append((current, kind))
    return runs
