"""Who is in the data set: mentions of groups, policy scores by group, and whom filters drop.

Reads a finished run folder only: the ledger, the columns of the documents and, for documents
that were dropped, the stored columns of the phase that measured `groups`. What was not measured
is said to be so; a group of fewer than 30 documents gets counts and no comparison.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trueline.core.errors import InputError
from trueline.stats.bounds import Interval, mover_ratio, newcombe

#: Groups below this get no comparison (the policy's `min_group_size` has the same default).
SMALLEST_GROUP = 30
_STORED = "c:"  # how stored batches mark the columns of steps


@dataclass(frozen=True, slots=True)
class GroupMentions:
    """How many documents of a language mention a group, of those read and of those kept."""

    group: str
    language: str
    read: int
    kept: int


@dataclass(frozen=True, slots=True)
class GroupScore:
    """Mean of a policy score over kept documents that mention a group, and over the others.

    `difference` is None when fewer than 30 documents mention the group.
    """

    group: str
    category: str
    documents: int
    mean: float
    mean_of_others: float
    difference: float | None


@dataclass(frozen=True, slots=True)
class GroupDrops:
    """What one step dropped of the documents that mention a group, and of the others.

    `ratio` is the drop rate of the group over that of the others; `difference` is Newcombe's
    95 % interval for rate minus rate, `ratio_interval` MOVER's. All three are None when the
    group, or the others, are fewer than 30. `disproportionate` when the interval of the
    difference lies wholly above 0.
    """

    step: str
    group: str
    dropped: int
    reached: int
    dropped_of_others: int
    others: int
    ratio: float | None
    difference: Interval | None
    ratio_interval: Interval | None

    @property
    def disproportionate(self) -> bool:
        return self.difference is not None and self.difference.low > 0


@dataclass(frozen=True, slots=True)
class Representation:
    """The whole report; `notes` says what could not be told and why."""

    mentions: tuple[GroupMentions, ...]
    scores: tuple[GroupScore, ...]
    drops: tuple[GroupDrops, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Document:
    """One record: its groups, and the step that dropped it (empty: it stayed)."""

    groups: frozenset[str]
    language: str
    step: str


def representation(run_folder: Path) -> Representation:
    """What the run folder tells about groups of people.

    Raises:
        InputError: there is no finished run in the folder.
    """
    ledger = _ledger(run_folder)
    kept = _kept(run_folder)
    if "groups" not in kept.columns:
        return Representation((), (), (), ("the recipe has no step `groups`: add it first",))
    known, notes = _known_groups(run_folder, kept)
    documents = list(_documents(ledger, known))
    records = ledger.height - len(_of(ledger, "step", "added"))
    missing = records - len(documents)
    if missing:
        notes.append(
            f"{missing} of {records} records ended before their groups were measured "
            "and are not counted"
        )
    names = sorted({group for document in documents for group in document.groups})
    steps = list(dict.fromkeys(_of(ledger, "step", "dropped")))
    return Representation(
        mentions=tuple(_mentions(documents)),
        scores=tuple(_scores(kept, names)),
        drops=tuple(_drops(documents, steps, names)),
        notes=tuple(notes),
    )


def _ledger(folder: Path) -> pl.DataFrame:
    path = folder / "ledger.parquet"
    if not path.exists():
        raise InputError(
            f"{path} does not exist: {folder} is not the folder of a finished run\n"
            f"  make one: trueline curate RECIPE.yaml --out {folder}"
        )
    return pl.read_parquet(path, columns=["id", "state", "step"])


def _of(ledger: pl.DataFrame, column: str, state: str) -> list[str]:
    return ledger.filter(pl.col("state") == state)[column].to_list()


def _kept(folder: Path) -> pl.DataFrame:
    frames: list[pl.DataFrame] = []
    for path in sorted((folder / "data").glob("*.parquet")):
        scan = pl.scan_parquet(path)
        names = scan.collect_schema().names()
        wanted = [
            name
            for name in names
            if name in ("id", "groups", "language")
            or (name.startswith("policy_") and _is_number(scan, name))
        ]
        frames.append(scan.select(wanted).collect())
    return pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame({"id": []})


def _is_number(scan: pl.LazyFrame, name: str) -> bool:
    return scan.collect_schema()[name].is_float()


def _known_groups(
    folder: Path, kept: pl.DataFrame
) -> tuple[dict[str, tuple[frozenset[str], str]], list[str]]:
    """Groups and language by id: of kept documents, and of dropped ones as far as stored."""
    notes: list[str] = []
    found: dict[str, tuple[frozenset[str], str]] = {}
    stored = 0
    for path in sorted((folder / ".cache").glob("*.parquet")):
        scan = pl.scan_parquet(path)
        names = scan.collect_schema().names()
        if f"{_STORED}groups" not in names or "id" not in names:
            continue
        stored += 1
        columns = [name for name in ("groups", "language") if f"{_STORED}{name}" in names]
        frame = scan.select("id", *(f"{_STORED}{name}" for name in columns)).collect()
        found |= _by_id(frame.rename({f"{_STORED}{name}": name for name in columns}))
    if not stored:
        notes.append("the stored batches are gone: only kept documents are counted")
    return found | _by_id(kept), notes


def _by_id(frame: pl.DataFrame) -> dict[str, tuple[frozenset[str], str]]:
    languages: Sequence[Any] = (
        frame["language"].to_list() if "language" in frame.columns else [""] * frame.height
    )
    return {
        identifier: (frozenset(groups), language or "")
        for identifier, groups, language in zip(
            frame["id"].to_list(), frame["groups"].to_list(), languages, strict=True
        )
        if groups is not None
    }


def _documents(
    ledger: pl.DataFrame, known: Mapping[str, tuple[frozenset[str], str]]
) -> Iterator[_Document]:
    for identifier, state, step in ledger.iter_rows():
        # Documents made in the run are nobody's filter's doing.
        if identifier in known and state != "added":
            groups, language = known[identifier]
            yield _Document(groups, language, step if state == "dropped" else "")


def _mentions(documents: Sequence[_Document]) -> Iterator[GroupMentions]:
    read: Counter[tuple[str, str]] = Counter()
    kept: Counter[tuple[str, str]] = Counter()
    for document in documents:
        for group in document.groups:
            read[group, document.language] += 1
            kept[group, document.language] += not document.step
    for group, language in sorted(read):
        yield GroupMentions(group, language, read[group, language], kept[group, language])


def _scores(kept: pl.DataFrame, names: Sequence[str]) -> Iterator[GroupScore]:
    categories = [name for name in kept.columns if name.startswith("policy_")]
    if not categories:
        return
    for group in names:
        has = kept["groups"].list.contains(group).fill_null(value=False)
        inside, outside = kept.filter(has), kept.filter(~has)
        if not inside.height:
            continue
        for category in categories:
            mean, others = _mean(inside, category), _mean(outside, category)
            enough = min(inside.height, outside.height) >= SMALLEST_GROUP
            yield GroupScore(
                group=group,
                category=category.removeprefix("policy_"),
                documents=inside.height,
                mean=mean,
                mean_of_others=others,
                difference=mean - others if enough else None,
            )


def _mean(frame: pl.DataFrame, column: str) -> float:
    value = frame[column].mean()
    return float(value) if isinstance(value, (int, float)) else 0.0


def _drops(
    documents: Sequence[_Document], steps: Sequence[str], names: Sequence[str]
) -> Iterator[GroupDrops]:
    """Every step against the documents that reached it: those that no earlier step dropped."""
    left = list(documents)
    for step in steps:
        for group in names:
            inside = [document for document in left if group in document.groups]
            dropped = sum(document.step == step for document in inside)
            dropped_of_all = sum(document.step == step for document in left)
            yield _compared(
                step, group, dropped, len(inside), dropped_of_all - dropped,
                len(left) - len(inside),
            )  # fmt: skip
        left = [document for document in left if document.step != step]


def _compared(
    step: str, group: str, dropped: int, reached: int, dropped_of_others: int, others: int
) -> GroupDrops:
    ratio: float | None = None
    difference: Interval | None = None
    ratio_interval: Interval | None = None
    if min(reached, others) >= SMALLEST_GROUP:
        difference = newcombe(dropped, reached, dropped_of_others, others)
        ratio_interval = mover_ratio(dropped, reached, dropped_of_others, others)
        rate = dropped_of_others / others
        ratio = dropped / reached / rate if rate else None
    return GroupDrops(
        step, group, dropped, reached, dropped_of_others, others, ratio, difference, ratio_interval
    )
