"""Read the data folder into one table of texts with targets, weights and a fixed split.

The split is by hash of a row's group, so it is the same on every machine and whatever else
is in the folder: `train` fits the weights, `calibrate` chooses settings, probabilities and
thresholds, `test` is only reported.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sources import ATTACKS, HEADS, RUNNING_TEXT, SOURCES, RunningText, Source

Split = Literal["train", "calibrate", "test"]
SPLITS: tuple[Split, ...] = ("train", "calibrate", "test")
# Share of rows for (train, calibrate). Harmless rows set the thresholds and are worth more
# outside training than the n-th "book a table".
LABELLED_SHARE = (0.76, 0.88)
ORDINARY_SHARE = (0.60, 0.85)
HARD_SHARE = (0.50, 0.80)
# Texts are cut here: enough to hold any prompt of the collections but the longest ones.
MAX_CHARACTERS = 4000
UNKNOWN = -1


@dataclass
class Corpus:
    """One row per text. `targets`: int8 [rows, heads], 1 yes, 0 no, -1 not known."""

    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    strata: list[str] = field(default_factory=list)
    splits: list[Split] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)

    @property
    def targets(self) -> npt.NDArray[np.int8]:
        return np.array(self.rows, np.int8).reshape(-1, len(HEADS))

    def __len__(self) -> int:
        return len(self.texts)


def read_corpus(data: Path) -> Corpus:
    """Read every file the rules name.

    Raises:
        FileNotFoundError: the folder lacks files; the message lists them all.
    """
    wanted = [rule.file for rule in SOURCES] + [rule.file for rule in RUNNING_TEXT]
    missing = sorted({name for name in wanted if not path_of(data, name).exists()})
    if missing:
        listing = "\n".join(f"  {name}.jsonl.gz" for name in missing)
        raise FileNotFoundError(f"{data} lacks {len(missing)} of the files it needs:\n{listing}")
    corpus = Corpus()
    for source in SOURCES:
        for row in lines(path_of(data, source.file)):
            _add_labelled(corpus, source, row)
    for running in RUNNING_TEXT:
        _add_running(corpus, running, path_of(data, running.file))
    _keep_twins_together(corpus)
    return corpus


def unit_hash(*parts: str) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    digest = hashlib.blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "big") / 2**64


def targets_of(source: Source, row: dict[str, Any]) -> list[int]:
    """What one labelled row says about each head."""
    field_name, template = source.templates
    is_template = bool(field_name) and _raw(row, field_name) == template
    known: dict[str, int] = {}
    flagged = row["flagged"]
    if source.harmless or flagged == 0:
        known.update(dict.fromkeys(source.calm, 0))
    if source.flagged_head and flagged == 1 and row["role"] == "prompt" and not is_template:
        known[source.flagged_head] = 1
    for label, value in (row.get("labels") or {}).items():
        head = source.rename.get(label, label)
        if head in HEADS and (not is_template or head in ATTACKS):
            known[head] = int(value)
    return [known.get(head, UNKNOWN) for head in HEADS]


def _add_labelled(corpus: Corpus, source: Source, row: dict[str, Any]) -> None:
    targets = targets_of(source, row)
    if all(target == UNKNOWN for target in targets):
        return
    text = str(row["text"])[:MAX_CHARACTERS]
    harmless = 1 not in targets and source.stratum != ""
    group = [text[:12] if part == "opening" else _raw(row, part) for part in source.group]
    # A group value that says "none" stands for rows without a template: split them by text.
    if not group or any(part in ("", "None", "none") for part in group):
        group = [twin_key(text)]
    cuts = LABELLED_SHARE
    if harmless:
        cuts = HARD_SHARE if source.stratum == "hard" else ORDINARY_SHARE
    corpus.ids.append(str(row["id"]))
    corpus.texts.append(text)
    corpus.sources.append(source.name)
    corpus.languages.append("zh" if row["lang"] == "zh" else "en")
    corpus.strata.append(source.stratum if harmless else "")
    corpus.splits.append(_split(unit_hash(*group), cuts))
    corpus.weights.append(source.weight)
    corpus.rows.append(targets)


def _add_running(corpus: Corpus, running: RunningText, path: Path) -> None:
    """Choose documents by hash, and in each a window of 40 to 700 characters."""
    documents = list(_documents(running, path))
    chosen = sorted(range(len(documents)), key=lambda n: unit_hash(running.name, str(n)))
    zh = running.shape == "zh" or "zh_" in running.name or "_zh" in running.name
    for number in sorted(chosen[: running.windows]):
        document = documents[number]
        place = unit_hash("place", running.name, str(number))
        length = int(40 + 660 * unit_hash("length", running.name, str(number)) ** 2)
        start = int(place * max(1, len(document) - length))
        text = document[start : start + length]
        corpus.ids.append(f"{running.name}-{number:06d}")
        corpus.texts.append(text)
        corpus.sources.append(running.name)
        corpus.languages.append("zh" if zh else "en")
        corpus.strata.append("ordinary")
        corpus.splits.append(_split(unit_hash(document[:200]), ORDINARY_SHARE))
        corpus.weights.append(1.0)
        corpus.rows.append([0] * len(HEADS))


def _documents(running: RunningText, path: Path) -> Iterator[str]:
    for row in lines(path):
        match running.shape:
            case "text" | "zh" | "en":
                text = row[running.shape]
            case "turns":
                text = "\n".join(turn["text"] for turn in row["turns"])
            case "tokens_en":
                text = " ".join(row["tokens"])
            case "tokens_zh":
                text = "".join(row["tokens"])
        if len(text) >= 4:
            yield text


def twin_key(text: str) -> str:
    """Equal for texts that differ in case, digits, spaces or punctuation alone."""
    return "".join(c for c in text.lower() if c.isalpha()) or text


def _keep_twins_together(corpus: Corpus) -> None:
    """A training row whose twin is held out is held out with it."""
    keys = [hashlib.blake2b(twin_key(t).encode("utf-8", "replace"), digest_size=8).digest()
            for t in corpus.texts]  # fmt: skip
    held: dict[bytes, Split] = {
        key: split for key, split in zip(keys, corpus.splits, strict=True) if split != "train"
    }
    moved = Counter[str]()
    for number, key in enumerate(keys):
        if corpus.splits[number] == "train" and key in held:
            corpus.splits[number] = held[key]
            moved[corpus.sources[number]] += 1
    if moved:
        print(f"twins moved out of train: {sum(moved.values())}", file=sys.stderr)


def _split(place: float, cuts: tuple[float, float]) -> Split:
    if place < cuts[0]:
        return "train"
    return "calibrate" if place < cuts[1] else "test"


def _raw(row: dict[str, Any], name: str) -> str:
    return str((row.get("raw") or {}).get(name, ""))


def path_of(data: Path, name: str) -> Path:
    return data / f"{name}.jsonl.gz"


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        for line in handle:
            yield json.loads(line)
