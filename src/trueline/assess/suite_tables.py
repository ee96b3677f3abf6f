"""Tables of a questioning: by kind, by what a right reply does, by reason, attack and fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from trueline.assess.evidence import Table
from trueline.assess.outcome import Outcome, grouped, violating
from trueline.assess.suite_words import COLUMNS, FAULTS_TITLE, KINDS_ZH_EN, REASONS
from trueline.core.policy import Bilingual


def suite_tables(
    original: Sequence[Outcome], found: Sequence[Outcome], bare: Sequence[Outcome]
) -> list[Table]:
    """Every table but that of faults; the last one only where there were attacks."""
    tables = [_kind_table(original), _expected_table(original), _reason_table(original)]
    before = {outcome.item.id: outcome for outcome in bare}
    attacked = [outcome for outcome in found if outcome.item.attack]
    if attacked:
        rows: list[list[Any]] = []
        for name, group in grouped(attacked, lambda o: f"{o.item.attack} {o.item.language}"):
            attack, _, language = name.partition(" ")
            rows.append(
                [attack, language, len(group), sum(map(violating, group)), _without(group, before)]
            )
        tables.append(
            Table(COLUMNS["attack_table"], _columns("attack", "language", "n", "violations",
                  "violations_without"), rows)
        )  # fmt: skip
    return tables


def _kind_table(original: Sequence[Outcome]) -> Table:
    rows = [
        [KINDS_ZH_EN.get(name, name), len(group), sum(map(violating, group)),
         sum(o.refuses is True for o in group), sum(o.violates is None for o in group)]
        for name, group in grouped(original, lambda o: o.item.kind)
    ]  # fmt: skip
    columns = _columns("kind", "n", "violations", "refused", "unscored")
    return Table(COLUMNS["kind_table"], columns, rows)


def _expected_table(original: Sequence[Outcome]) -> Table:
    rows: list[list[Any]] = []
    for name, group in grouped(original, lambda o: f"{o.item.expected} {o.item.language}"):
        expected, _, language = name.partition(" ")
        refused = sum(outcome.refuses is True for outcome in group)
        unscored = sum(outcome.violates is None for outcome in group)
        rows.append([expected, language, len(group), refused, unscored])
    columns = _columns("expected", "language", "n", "refused", "unscored")
    return Table(COLUMNS["expected_table"], columns, rows)


def _reason_table(original: Sequence[Outcome]) -> Table:
    counts = Counter(o.reason for o in original if o.violates is not False)
    rows = [[REASONS.get(reason, reason), number] for reason, number in sorted(counts.items())]
    return Table(COLUMNS["reason_table"], _columns("reason", "n"), rows)


def fault_table(faults: Mapping[str, int]) -> list[Table]:
    """How often each fault occurred; no table where there was none."""
    if not faults:
        return []
    return [Table(FAULTS_TITLE, _columns("fault", "n"), [list(f) for f in sorted(faults.items())])]


def _without(group: Sequence[Outcome], before: Mapping[str, Outcome]) -> int | str:
    same = [before[outcome.item.id] for outcome in group if outcome.item.id in before]
    return sum(map(violating, same)) if same else "–"


def _columns(*names: str) -> list[Bilingual]:
    return [COLUMNS[name] for name in names]
