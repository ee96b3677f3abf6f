"""One augmented text from one document: draw, propose, check the label, move the spans.

>>> made = rewrite("The parcel came late.", "synonym", "7", seed=1)
>>> made is not None and made.text
'The package came late.'
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from trueline.curate.augmentation.back_translation import (
    BackTranslate,
    find_again,
    keeps_guarded_words,
)
from trueline.curate.augmentation.draft import (
    Draft,
    EntitySpan,
    apply_edits,
    breaks_a_span,
    shift_spans,
)
from trueline.curate.augmentation.operations import OPERATIONS
from trueline.curate.augmentation.protect import free_words
from trueline.curate.words.segment import tokens


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A new text whose label holds, with the entities where they are in it."""

    text: str
    entities: tuple[EntitySpan, ...]


def rewrite(
    text: str,
    operation: str,
    key: str,
    *,
    seed: int = 0,
    rate: float = 0.1,
    mask: str = "[MASK]",
    terms: frozenset[str] = frozenset(),
    entities: Sequence[EntitySpan] = (),
) -> Rewritten | None:
    """The text changed by one operation, or None when nothing may change or would.

    Args:
        text: any language; Chinese is worked on by segmented words.
        operation: a name of `operations.OPERATIONS`.
        key: with `seed`, all that random choices depend on: the document's id and copy.
        seed: the run's seed.
        rate: share of the free words to work on, at least one word.
        mask: what a masked word becomes.
        terms: lower-case words and phrases that bear the label.
        entities: spans of `text` that must come out unchanged.
    """
    found = tokens(text)
    free = free_words(found, terms, entities)
    if not free:
        return None
    random = _random(f"{seed}|augment|{operation}|{key}")
    edits = OPERATIONS[operation](Draft(text, found, free, rate, mask), random)
    if not edits or breaks_a_span(entities, edits):
        return None
    changed = apply_edits(text, edits)
    if changed == text:
        return None
    return Rewritten(changed, tuple(shift_spans(entities, edits)))


def say_anew(
    text: str,
    language: str,
    back_translate: BackTranslate,
    *,
    terms: frozenset[str] = frozenset(),
    entities: Sequence[EntitySpan] = (),
) -> Rewritten | None:
    """The text after back-translation, or None when its label may not hold any more."""
    changed = back_translate(text, language).strip()
    if not changed or changed == text.strip() or not keeps_guarded_words(text, changed, terms):
        return None
    spans = find_again(text, entities, changed)
    return None if spans is None else Rewritten(changed, spans)


def _random(key: str) -> Random:
    digest = hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest()
    return Random(int.from_bytes(digest, "big"))  # noqa: S311 (choices, not secrets)
