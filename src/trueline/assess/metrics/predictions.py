"""Read predictions beside their truth: JSON lines, held against the shape their task has.

    >>> line = b'{"truth": "sport", "label": "sport", "scores": {"sport": 0.9, "trade": 0.1}}'
    >>> read_lines([line], "told.jsonl", "classify")[0].label
    'sport'

A row holds what `trueline predict` writes and `truth`; or the truth stands in a second file with
as many rows. All faults of a file come at once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from trueline.core.errors import InputError

Task = Literal["classify", "multi-label", "tag", "translate", "lm"]
TASKS: tuple[Task, ...] = get_args(Task)
MAX_FAULTS_SHOWN = 20
MAX_LINE_BYTES = 4_000_000

#: Field of the prediction, as `trueline predict` names it; the truth is always `truth`.
FIELDS: Mapping[Task, str] = {
    "classify": "label", "multi-label": "labels", "tag": "tags", "translate": "text", "lm": "nll",
}  # fmt: skip
#: Where the truth stands in a file of its own, as the rows of `trueline train` name it.
TRUTH_FIELDS: Mapping[Task, str] = {
    "classify": "label", "multi-label": "labels", "tag": "tags", "translate": "target",
}  # fmt: skip
_SUM_SLACK = 0.02  # probabilities are rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One row: what is true and what was told; the fields its task has, the others empty.

    Args:
        place: where it stood: `told.jsonl:12`.
        truth: a label, labels, tags or a text.
        label: the label told (`classify`).
        labels: the labels told (`multi-label`).
        tags: BIO tags told, one a word (`tag`).
        text: the text told (`translate`).
        scores: probability by label; empty where none was given.
        nll: negative log-likelihood of all its tokens, in nats (`lm`).
        tokens: how many there were (`lm`).
        groups: group by attribute, such as `{"gender": "female"}`.
        fold: name of the cross-validation fold it was held out in; empty for none.
    """

    place: str
    truth: Any = None
    label: str = ""
    labels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    text: str = ""
    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    nll: float = 0.0
    tokens: int = 0
    groups: Mapping[str, str] = field(default_factory=dict[str, str])
    fold: str = ""


def read_predictions(
    path: str | Path, task: Task, truth: str | Path | None = None, truth_field: str = ""
) -> list[Prediction]:
    """The rows of a file of predictions.

    Args:
        path: JSON lines in UTF-8; blank lines are passed over.
        task: what was predicted; see `FIELDS` for the field it stands in.
        truth: a second file that holds the truth, row by row, in the same order.
        truth_field: its field; by default as `trueline train` names it.

    Raises:
        InputError: a file cannot be read, has no rows, or rows are wrong; all are named.
    """
    rows = _bytes(Path(path))
    if truth is None:
        return read_lines(rows, str(path), task)
    name = truth_field or TRUTH_FIELDS.get(task, "")
    if not name:
        raise InputError(f"--truth does not go with --task {task}, which needs no truth")
    return read_lines(rows, str(path), task, (_bytes(Path(truth)), str(truth), name))


def read_lines(
    lines: Iterable[bytes],
    source: str,
    task: Task,
    truth: tuple[Iterable[bytes], str, str] | None = None,
) -> list[Prediction]:
    """The rows of lines; `truth` is other lines, their name, and the field in them."""
    faults: list[str] = []
    rows = _objects(lines, source, faults)
    if truth is not None:
        other_lines, other_source, name = truth
        others = _objects(other_lines, other_source, faults)
        if len(others) != len(rows) and not faults:
            raise InputError(
                f"{source} has {len(rows):,} rows and {other_source} has {len(others):,}; give "
                "the rows that the predictions were made from, in the same order"
            )
        for (_, row), (other_place, other) in zip(rows, others, strict=False):
            if name not in other:
                faults.append(f"{other_place}, {name}: is required and missing")
            row.setdefault("truth", other.get(name))
            for extra in ("groups", "fold"):
                if extra in other:
                    row.setdefault(extra, other[extra])
    found: list[Prediction] = []
    for place, row in rows:
        wrong = list(_faults(row, task))
        faults += [f"{place}, {fault}" for fault in wrong]
        if not wrong:
            found.append(_prediction(row, place, task))
    if faults:
        more = len(faults) - MAX_FAULTS_SHOWN
        shown = [f"  {fault}" for fault in faults[:MAX_FAULTS_SHOWN]]
        shown += [f"  and {more} more"] if more > 0 else []
        raise InputError("\n".join((f"{source} has predictions that cannot be used:", *shown)))
    if not found:
        raise InputError(f"{source} holds no predictions; give one JSON object a line")
    return found


def _bytes(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}. Give a file of JSON lines, as "
            "`trueline predict` writes them"
        ) from None


def _objects(
    lines: Iterable[bytes], source: str, faults: list[str]
) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{source}:{number}"
        if len(line) > MAX_LINE_BYTES:
            faults.append(
                f"{place}, a row has at most {MAX_LINE_BYTES:,} bytes (got {len(line):,})"
            )
            continue
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            faults.append(f"{place}, byte {error.start}: not UTF-8; save the file as UTF-8")
            continue
        except (ValueError, RecursionError):
            faults.append(f"{place}, not valid JSON; a row is a JSON object on one line")
            continue
        if isinstance(row, dict):
            found.append((place, row))
        else:
            faults.append(f"{place}, expected an object (got {_shown(row)})")
    return found


def _faults(row: Mapping[str, Any], task: Task) -> Iterator[str]:
    name = FIELDS[task]
    needed = ("nll", "tokens") if task == "lm" else ("truth", name)
    for wanted in needed:
        if wanted not in row:
            yield f"{wanted}: is required and missing for task {task}"
    if any(wanted not in row for wanted in needed):
        return
    if task == "classify":
        yield from (_wrong_text(row, key) for key in needed if not _is_label(row[key]))
    elif task == "translate":
        yield from (
            f"{key}: expected a text (got {_shown(row[key])})"
            for key in needed
            if not isinstance(row[key], str)
        )
    elif task in ("multi-label", "tag"):
        kind = "tags" if task == "tag" else "labels"
        wrong = [key for key in needed if not _is_labels(row[key], only_text=task == "tag")]
        yield from (f"{key}: expected a list of {kind} (got {_shown(row[key])})" for key in wrong)
        if task == "tag" and not wrong:
            yield from _tag_faults(row)
    else:
        nll, tokens = row["nll"], row["tokens"]
        if not _is_number(nll) or nll < 0:
            yield f"nll: expected a number of nats, 0 or more (got {_shown(nll)})"
        if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1:
            yield f"tokens: expected a whole number, 1 or more (got {_shown(tokens)})"
    if task in ("classify", "multi-label") and "scores" in row:
        yield from _score_faults(row["scores"], task)
    groups = row.get("groups", {})
    if not isinstance(groups, dict) or not all(_is_label(value) for value in groups.values()):
        yield (
            'groups: expected a group by attribute, such as {"gender": "female"} '
            f"(got {_shown(groups)})"
        )
    fold = row.get("fold", "")
    if isinstance(fold, bool) or not isinstance(fold, str | int):
        yield f"fold: expected a number or a name (got {_shown(fold)})"


def _tag_faults(row: Mapping[str, Any]) -> Iterator[str]:
    truth, tags = row["truth"], row["tags"]
    if len(truth) != len(tags):
        yield f"tags: expected {len(truth)} tags, one for each of the truth (got {len(tags)})"
    for key in ("truth", "tags"):
        for tag in row[key]:
            if tag != "O" and not (tag[:2] in ("B-", "I-") and tag[2:]):
                yield f"{key}: tags are O, B-NAME and I-NAME (got {_shown(tag)})"
                break


def _score_faults(scores: Any, task: Task) -> Iterator[str]:
    if not isinstance(scores, dict) or not scores:
        yield f"scores: expected a probability by label (got {_shown(scores)})"
        return
    for label, score in scores.items():
        if not _is_number(score) or not 0 <= score <= 1:
            yield f"scores.{label}: expected a number from 0 to 1 (got {_shown(score)})"
            return
    total = math.fsum(scores.values())
    if task == "classify" and abs(total - 1) > _SUM_SLACK:
        yield f"scores: expected to add up to 1 (got {total:.4g})"


def _wrong_text(row: Mapping[str, Any], key: str) -> str:
    return f"{key}: expected a label (got {_shown(row[key])})"


def _prediction(row: Mapping[str, Any], place: str, task: Task) -> Prediction:
    truth: Any = row.get("truth")
    if task == "classify":
        truth = str(truth)
    elif task in ("multi-label", "tag"):
        truth = tuple(map(str, truth))
    return Prediction(
        place=place,
        truth=truth,
        label=str(row["label"]) if task == "classify" else "",
        labels=tuple(map(str, row["labels"])) if task == "multi-label" else (),
        tags=tuple(row["tags"]) if task == "tag" else (),
        text=row["text"] if task == "translate" else "",
        scores=row.get("scores", {}) if task in ("classify", "multi-label") else {},
        nll=float(row["nll"]) if task == "lm" else 0.0,
        tokens=row["tokens"] if task == "lm" else 0,
        groups={str(key): str(value) for key, value in row.get("groups", {}).items()},
        fold=str(row.get("fold", "")),
    )


def _is_label(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, str) and bool(value.strip()))


def _is_labels(value: Any, only_text: bool) -> bool:
    return isinstance(value, list) and all(
        _is_label(entry) and (isinstance(entry, str) or not only_text) for entry in value
    )


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)


def _shown(value: Any) -> str:
    """A value, short enough for a line; never the text of a row."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str) and len(value) > 40:
        return f"a text of {len(value)} characters"
    return ascii(value)
