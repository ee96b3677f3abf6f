"""Groups of people, as the report shows them: mentions, drops that fall on one, scores.

The figures are those of `trueline.curate.representation`; here they are put in order and cut
to what a reader can take in.
"""

from __future__ import annotations

from dataclasses import dataclass

from trueline.curate.reporting.charts import Bar, bar
from trueline.curate.reporting.run_record import RunRecord
from trueline.curate.representation import GroupDrops, GroupScore, representation

# Rows of each table: drops with the widest gap and scores with the largest difference first.
LISTED = 15
MENTIONED = 20


@dataclass(frozen=True, slots=True)
class Mention:
    """Documents of all languages that mention a group: read and kept, by language too."""

    name: str
    before: int
    after: int
    bars: tuple[Bar, Bar]


@dataclass(frozen=True, slots=True)
class Groups:
    """What the report shows of groups; `more` counts groups with fewer mentions."""

    mentions: tuple[Mention, ...]
    more: int
    drops: tuple[GroupDrops, ...]
    scores: tuple[GroupScore, ...]
    notes: tuple[str, ...]

    @property
    def disproportionate(self) -> int:
        """How many of the listed drops fall on one group more than on the others."""
        return sum(row.disproportionate for row in self.drops)


def groups(record: RunRecord) -> Groups | None:
    """The representation of groups in a run; None when the run did not look for any."""
    if "groups" not in record.columns:
        return None
    found = representation(record.folder)
    counts: dict[str, tuple[int, int]] = {}
    for row in found.mentions:
        read, kept = counts.get(row.group, (0, 0))
        counts[row.group] = (read + row.read, kept + row.kept)
    top = max((read for read, _ in counts.values()), default=0)
    mentions = [
        Mention(name, read, kept, (bar(0, read, top, "before"), bar(0, kept, top, "after")))
        for name, (read, kept) in sorted(counts.items(), key=lambda item: (-item[1][0], item[0]))
    ]
    drops = [row for row in found.drops if row.difference is not None and row.dropped]
    drops.sort(key=lambda row: (not row.disproportionate, -_low(row), row.step, row.group))
    scores = [row for row in found.scores if row.difference]
    scores.sort(key=lambda row: (-abs(row.difference or 0), row.group, row.category))
    return Groups(
        tuple(mentions[:MENTIONED]),
        max(0, len(mentions) - MENTIONED),
        tuple(drops[:LISTED]),
        tuple(scores[:LISTED]),
        found.notes,
    )


def _low(row: GroupDrops) -> float:
    return row.difference.low if row.difference is not None else 0.0
