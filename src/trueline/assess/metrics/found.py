"""What a measurement found: claims without limits, tables, figures, notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trueline.assess.claim import Claim, make_claim
from trueline.assess.evidence import Figure, Table
from trueline.core.policy import Bilingual

#: Column headings and words that several tables use.
LABEL = Bilingual(zh="标签", en="label")
COUNT = Bilingual(zh="数量", en="count")
ESTIMATE = Bilingual(zh="估计值", en="estimate")
LOWER = Bilingual(zh="下限", en="lower")
UPPER = Bilingual(zh="上限", en="upper")


@dataclass(slots=True)
class Found:
    """Grows while a file is measured; becomes a file of evidence at the end."""

    claims: list[Claim] = field(default_factory=list[Claim])
    tables: list[Table] = field(default_factory=list[Table])
    figures: list[Figure] = field(default_factory=list[Figure])
    notes: list[Bilingual] = field(default_factory=list[Bilingual])

    def show(
        self, id: str, formula: str, inputs: Mapping[str, Any], confidence: float, *, zh: str,
        en: str,
    ) -> Claim:  # fmt: skip
        """Add a number without a limit, and give it back."""
        claim = make_claim(
            id, formula, inputs, confidence=confidence, statement=Bilingual(zh=zh, en=en),
            required=False,
        )  # fmt: skip
        self.claims.append(claim)
        return claim

    def note(self, *, zh: str, en: str) -> None:
        """Add what a reader must know."""
        self.notes.append(Bilingual(zh=zh, en=en))


def rounded(*values: float) -> list[float]:
    """Numbers as a table shows them."""
    return [round(value, 4) for value in values]
