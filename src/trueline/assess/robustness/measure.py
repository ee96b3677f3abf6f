"""Attack a classifier with words and characters, searched and at random, and leave the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import median

from trueline.assess.robustness.classifier import Classifier, told
from trueline.assess.robustness.random_changes import (
    CHANGED_SHARE,
    NOISE_RATES,
    noisy,
    randomly_rewritten,
)
from trueline.assess.robustness.search import BUDGET, MAX_CHANGED, Attempt, attack_text
from trueline.assess.robustness.substitutions import ATTACKS
from trueline.assess.text_rows import TextRow
from trueline.core.errors import InputError
from trueline.text.language import language_of

#: Texts are asked in lots of this size.
LOT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How hard is attacked.

    Args:
        attacks: names in `substitutions.ATTACKS`.
        budget: queries a search may spend on one text.
        max_changed: share of the units a search may rewrite.
        changed_share: share of the units that a random attack rewrites.
        searched: texts that are searched, at most, for each attack.
        noise_rates: shares of characters that noise touches.
        seed: of everything that is drawn.
    """

    attacks: tuple[str, ...] = tuple(ATTACKS)
    budget: int = BUDGET
    max_changed: float = MAX_CHANGED
    changed_share: float = CHANGED_SHARE
    searched: int = 100
    noise_rates: tuple[float, ...] = NOISE_RATES
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """A text that is told right as it stands; without a label, told anything."""

    row: TextRow
    label: str
    language: str


@dataclass(frozen=True, slots=True)
class RandomCount:
    """Texts changed at random and how many of them turned, by language."""

    attack: str
    language: str
    turned: int
    n: int


@dataclass(frozen=True, slots=True)
class NoisePoint:
    """At a noise rate: texts still told as they should be."""

    rate: float
    right: int
    n: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """Everything that came out, in plain records.

    `searched` holds an attempt for each attack and subject: (attack, subject, attempt).
    """

    rows: int
    labelled: bool
    subjects: tuple[Subject, ...]
    at_random: tuple[RandomCount, ...]
    searched: tuple[tuple[str, Subject, Attempt], ...]
    noise: tuple[NoisePoint, ...]


def measure_robustness(
    classifier: Classifier,
    rows: Sequence[TextRow],
    settings: Settings,
    report: Callable[[str], None] = lambda _: None,
) -> Measurement:
    """Attack every text that the classifier tells right.

    Args:
        classifier: texts to scores.
        rows: a random sample of the texts meant; where they have labels, texts told wrong as they
            stand are left out of the attacks (and counted by the noise curve).
        settings: see `Settings`.
        report: told what is being done, for a progress line.

    Raises:
        InputError: an attack that does not exist, or nothing to attack.
    """
    if unknown := [name for name in settings.attacks if name not in ATTACKS]:
        raise InputError(
            f"--attack {unknown[0]!r}: no such attack; there are: {', '.join(ATTACKS)}"
        )
    answers = _labels(classifier, [row.text for row in rows])
    labelled = any(row.label for row in rows)
    subjects = tuple(
        Subject(row, label, "zh" if language_of(row.text) == "zh" else "en")
        for row, label in zip(rows, answers, strict=True)
        if not labelled or row.label == label
    )
    if not subjects:
        raise InputError(
            "no text is told its own label, so there is nothing to attack; the labels of the file "
            f"are {_some(row.label for row in rows)}, those told are {_some(answers)}"
        )
    at_random: list[RandomCount] = []
    searched: list[tuple[str, Subject, Attempt]] = []
    for attack in settings.attacks:
        report(f"{attack}: {len(subjects)} texts at random")
        at_random += _at_random(classifier, subjects, attack, settings)
        chosen = _drawn(subjects, settings.searched, settings.seed)
        report(f"{attack}: {len(chosen)} texts searched")
        for subject in chosen:
            random = _random(settings.seed, attack, subject.row.place)
            attempt = attack_text(
                classifier, subject.row.text, subject.label, attack, random,
                budget=settings.budget, max_changed=settings.max_changed,
            )  # fmt: skip
            searched.append((attack, subject, attempt))
    report("noise")
    wanted = [row.label or answer for row, answer in zip(rows, answers, strict=True)]
    noise = tuple(
        _noise(classifier, rows, wanted, rate, settings.seed) for rate in settings.noise_rates
    )
    return Measurement(len(rows), labelled, subjects, tuple(at_random), tuple(searched), noise)


def _at_random(
    classifier: Classifier, subjects: Sequence[Subject], attack: str, settings: Settings
) -> list[RandomCount]:
    changed: list[tuple[Subject, str]] = []
    for subject in subjects:
        random = _random(settings.seed, f"{attack} at random", subject.row.place)
        text = randomly_rewritten(subject.row.text, attack, random, settings.changed_share)
        if text is not None:
            changed.append((subject, text))
    answers = _labels(classifier, [text for _, text in changed])
    counts = {language: RandomCount(attack, language, 0, 0) for language in ("zh", "en")}
    for (subject, _), answer in zip(changed, answers, strict=True):
        count = counts[subject.language]
        turned = count.turned + (answer != subject.label)
        counts[subject.language] = replace(count, turned=turned, n=count.n + 1)
    return list(counts.values())


def _noise(
    classifier: Classifier, rows: Sequence[TextRow], wanted: Sequence[str], rate: float, seed: int
) -> NoisePoint:
    texts = [noisy(row.text, rate, _random(seed, f"noise {rate}", row.place)) for row in rows]
    answers = _labels(classifier, texts)
    return NoisePoint(rate, sum(a == b for a, b in zip(answers, wanted, strict=True)), len(rows))


def _labels(classifier: Classifier, texts: Sequence[str]) -> list[str]:
    found: list[str] = []
    for start in range(0, len(texts), LOT):
        found += [told(scores) for scores in classifier(texts[start : start + LOT])]
    return found


def _drawn(subjects: Sequence[Subject], most: int, seed: int) -> list[Subject]:
    order = list(range(len(subjects)))
    _random(seed, "searched", "").shuffle(order)
    return [subjects[place] for place in sorted(order[:most])]


def _random(seed: int, purpose: str, place: str) -> Random:
    """The same draws for the same text, however many others there are."""
    return Random(f"{seed} {purpose} {place}")  # noqa: S311 (a sample, not a secret)


def _some(labels: Iterable[str]) -> str:
    names = sorted(set(labels))
    return ", ".join(map(repr, names[:8])) + (" …" if len(names) > 8 else "")


def changed_share(attempts: Sequence[Attempt]) -> float:
    """Median share of the units rewritten, over successful attempts."""
    shares = [attempt.changed / attempt.units for attempt in attempts if attempt.turned]
    return median(shares) if shares else 0.0
