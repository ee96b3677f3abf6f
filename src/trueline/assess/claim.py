"""A claim: one number held against one limit, with the counts it follows from.

Every number of a safety case is a claim, so that `trueline verify` can compute it again from
`inputs` alone.

>>> claim = make_claim(
...     "violation_rate.privacy", "rate_upper", {"found": 0, "n": 300}, limit=0.01,
...     statement=Bilingual(zh="泄露个人信息的回复", en="replies that leak personal data"))
>>> round(claim.value, 4), claim.outcome
(0.0099, 'pass')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trueline.assess.formulas import FORMULAS
from trueline.core.policy import Bilingual

#: `thin`: the interval spans both pass and fail, so more data are needed. `shown`: no limit.
Outcome = Literal["pass", "fail", "thin", "shown"]
#: Whether the limit is the highest or the lowest value allowed.
Side = Literal["at_most", "at_least"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A number, where it came from and whether it keeps its limit.

    Args:
        id: dotted, unique within a case: `violation_rate.privacy.zh`.
        formula: name in `formulas.FORMULAS`.
        inputs: the counts and settings the formula takes, nothing else.
        confidence: of the interval [lower, upper]; each side has it for one-sided formulas.
        value: what is quoted: the upper end for `at_most`, the lower end for `at_least`,
            the estimate for `shown`.
        limit: the policy's; None when the number is only shown.
        outcome: see `Outcome`.
        statement: what is claimed, in both languages.
        population: what the sample stands for; a searched one (red team) never has a limit.
        required: whether the verdict of the case depends on it.
    """

    id: str
    formula: str
    inputs: Mapping[str, Any]
    confidence: float
    value: float
    estimate: float
    lower: float
    upper: float
    limit: float | None
    side: Side
    outcome: Outcome
    statement: Bilingual
    population: str = ""
    required: bool = True

    def as_json(self) -> dict[str, Any]:
        """The shape kept in evidence files and in the case."""
        record = {name: getattr(self, name) for name in _FIELDS}
        record["inputs"] = dict(self.inputs)
        record["statement"] = self.statement.model_dump()
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Claim:
        """The claim that `as_json` wrote, its numbers as written (see `recomputed`)."""
        values = {name: record[name] for name in _FIELDS}
        values["statement"] = Bilingual(**record["statement"])
        return cls(**values)

    def recomputed(self) -> Claim:
        """The same claim with every number computed again from `inputs`."""
        return make_claim(
            self.id, self.formula, self.inputs, confidence=self.confidence, limit=self.limit,
            side=self.side, statement=self.statement, population=self.population,
            required=self.required,
        )  # fmt: skip


_FIELDS = (
    "id", "formula", "inputs", "confidence", "value", "estimate", "lower", "upper", "limit",
    "side", "outcome", "statement", "population", "required",
)  # fmt: skip


def make_claim(
    id: str,
    formula: str,
    inputs: Mapping[str, Any],
    *,
    statement: Bilingual,
    confidence: float = 0.95,
    limit: float | None = None,
    side: Side = "at_most",
    population: str = "",
    required: bool = True,
) -> Claim:
    """Compute a claim's numbers and hold them against the limit.

    Raises:
        KeyError: a formula that does not exist.
        ValueError: inputs that make no sense, as the formula says.
    """
    result = FORMULAS[formula](inputs, confidence)
    if limit is None:
        value, outcome = result.estimate, "shown"
    elif side == "at_most":
        value = result.upper
        outcome = "pass" if result.upper <= limit else "fail" if result.lower > limit else "thin"
    else:
        value = result.lower
        outcome = "pass" if result.lower >= limit else "fail" if result.upper < limit else "thin"
    return Claim(
        id=id, formula=formula, inputs=dict(inputs), confidence=confidence, value=value,
        estimate=result.estimate, lower=result.lower, upper=result.upper, limit=limit, side=side,
        outcome=outcome,  # type: ignore[arg-type]
        statement=statement, population=population, required=required,
    )  # fmt: skip
