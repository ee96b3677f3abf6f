"""Labels in a spreadsheet: the sample as CSV for people to fill in, and the filled-in file back.

A row is known by its `id` alone, which no spreadsheet turns into a number or a date. Of the rest
only `label` and `refusal` are read. All faults of a file are told at once and nothing is taken
from a file with faults.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from trueline.assess.review.labels import CaseReview
from trueline.assess.review.population import GradedReply
from trueline.assess.review.review_file import Answer, Label, check_name
from trueline.core.errors import InputError
from trueline.core.faults import did_you_mean
from trueline.core.spreadsheet import BYTE_ORDER_MARK, MAX_CELL, plain_cell, safe_cell

COLUMNS = (
    "id", "item", "category", "language", "expected", "conversation", "reply", "label", "refusal",
)  # fmt: skip
#: What a person may write in the column `label`.
_LABELS: Mapping[str, Answer] = {
    "v": "violates", "violates": "violates", "违规": "violates",
    "o": "ok", "ok": "ok", "合规": "ok",
    "u": "unsure", "unsure": "unsure", "不确定": "unsure",
}  # fmt: skip
_REFUSALS = {
    "": False, "no": False, "n": False, "false": False, "0": False, "否": False,
    "yes": True, "y": True, "true": True, "1": True, "是": True,
}  # fmt: skip
_MAX_FAULTS_SHOWN = 50
_MAX_BYTES = 200_000_000
_CUT = "… [+{count}]"
_JOINT = "\n\n----\n\n"  # between several replies to one item


def write_sheet(
    path: Path, review: CaseReview, rows: Sequence[GradedReply], labeller: str = ""
) -> None:
    """Write the replies that people are to label; `labeller`'s own labels are filled in.

    Raises:
        InputError: the file cannot be written.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for graded in rows:
        given = review.state.by_reply.get(graded.id, {}).get(labeller)
        item = graded.item
        conversation = "\n".join(f"{one['role']}: {one['content']}" for one in item.messages)
        cells = (
            graded.id, item.id, item.category, item.language, item.expected, conversation,
            _JOINT.join(graded.texts), given.answer if given else "",
            ("yes" if given.refusal else "no") if given else "",
        )  # fmt: skip
        writer.writerow([_fitting(safe_cell(cell)) for cell in cells])
    try:
        path.write_bytes((BYTE_ORDER_MARK + out.getvalue()).encode("utf-8", "replace"))
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None


def read_sheet(
    path: Path, review: CaseReview, labeller: str, *, adjudicates: bool = False
) -> list[Label]:
    """The labels of a filled-in sheet that say something new.

    Rows without a label are left out, and so are labels that this person gave before.

    Raises:
        InputError: the file cannot be used; every fault is named with its line and field.
    """
    check_name(labeller, "--as")
    rows = list(_rows(path))
    faults: list[str] = []
    labels: list[Label] = []
    lines: dict[str, int] = {}
    items = {graded.id: graded.item.id for graded in review.population}
    for number, row in rows:
        if isinstance(row, str):
            faults.append(f"line {number}: {row}")
            continue
        id = row["id"]
        if id not in review.draw.drawn:
            faults.append(f"line {number}, id: not in the sample of this case (got {_short(id)})")
        elif id in lines:
            faults.append(
                f"line {number}, id: given twice, first in line {lines[id]} (got {_short(id)})"
            )
        lines.setdefault(id, number)
        written, refuses = row["label"].lower(), row.get("refusal", "").lower()
        answer = _LABELS.get(written)
        if written and answer is None:
            faults.append(
                f"line {number}, label: write violates, ok or unsure, or leave it empty "
                f"(got {_short(row['label'])})"
            )
        if refuses not in _REFUSALS:
            faults.append(
                f"line {number}, refusal: write yes or no, or leave it empty "
                f"(got {_short(row['refusal'])})"
            )
        if faults or answer is None:
            continue
        label = Label(
            reply=id, item=items[id], answer=answer, refusal=_REFUSALS[refuses],
            labeller=labeller, adjudicates=adjudicates,
        )  # fmt: skip
        if adjudicates and labeller in review.state.by_reply.get(id, {}):
            faults.append(
                f"line {number}, label: {labeller} labelled this reply and cannot adjudicate it"
            )
        elif not _known(review, label):
            labels.append(label)
    if faults:
        shown = [f"  {fault}" for fault in faults[:_MAX_FAULTS_SHOWN]]
        if len(faults) > _MAX_FAULTS_SHOWN:
            shown.append(f"  and {len(faults) - _MAX_FAULTS_SHOWN} more")
        raise InputError("\n".join((f"{path}: nothing was taken, it has faults:", *shown)))
    return labels


def _known(review: CaseReview, label: Label) -> bool:
    if label.adjudicates:
        given = review.state.adjudicated.get(label.reply)
    else:
        given = review.state.by_reply.get(label.reply, {}).get(label.labeller)
    return given is not None and (given.answer, given.refusal) == (label.answer, label.refusal)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Each row with the line it starts in, or what is wrong with it."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    csv.field_size_limit(_MAX_BYTES)
    header: list[str] = []
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield number, f"not a readable row: {error}"
            return
        if cells is None:
            break
        if not header:
            header = [cell.strip() for cell in cells]
            _check_header(path, header)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            yield number, f"has {len(cells)} cells, the first line has {len(header)}"
            continue
        row = dict(zip(header, (plain_cell(cell).strip() for cell in cells), strict=True))
        yield number, row
    if not header:
        raise InputError(
            f"{path}: the file is empty; write one with: trueline review export CASE {path.name}"
        )


def _check_header(path: Path, header: Sequence[str]) -> None:
    faults = [
        f"line 1: the column {name} is missing" for name in ("id", "label") if name not in header
    ]
    faults += [
        f"line 1: no such column{did_you_mean(name, COLUMNS)} (got {_short(name)})"
        for name in header
        if name not in COLUMNS
    ]
    faults += [
        f"line 1: the column {name} is there twice"
        for name in COLUMNS
        if list(header).count(name) > 1
    ]
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults)
        raise InputError(
            f"{path}: not a sheet of labels:\n{shown}\n  Columns are separated by commas; "
            "save the sheet as CSV UTF-8."
        )


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    if len(data) > _MAX_BYTES:
        raise InputError(f"{path} has {len(data)} bytes; at most {_MAX_BYTES} are read")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}, byte {error.start}: not UTF-8; save the sheet as CSV UTF-8"
        ) from None


def _fitting(cell: str) -> str:
    """A cell within what a spreadsheet takes; what was cut is counted at its end."""
    if len(cell) <= MAX_CELL:
        return cell
    kept = MAX_CELL - 40
    return cell[:kept] + _CUT.format(count=len(cell) - kept)


def _short(text: str) -> str:
    told = ascii(text)
    return told if len(told) <= 60 else f"{told[:57]}…'"
