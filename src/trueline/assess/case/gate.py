"""The gate of a release pipeline: one verdict, one sentence, one exit code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueline.assess.case.build import JSON, assemble, build_case
from trueline.assess.case.canonical import first_difference, plain
from trueline.assess.case.derived import derive
from trueline.assess.case.sentences import Speaker
from trueline.assess.case.verdict import EXIT_CODES
from trueline.assess.case.verify import content_of, verify
from trueline.core.errors import InputError
from trueline.core.withdrawals import FILE as WITHDRAWALS
from trueline.core.withdrawals import open_withdrawals, read_withdrawals


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """What the gate says on a case.

    `current` is False when `case.json` beside the evidence says something else, because evidence,
    sign-offs or withdrawals came later; the verdict here is the newer one.
    """

    verdict: str
    exit_code: int
    content: dict[str, Any]
    current: bool
    notes: tuple[str, ...]

    def sentence(self, lang: str) -> str:
        """The verdict with its number, and the first reason where there is one."""
        speaker = Speaker(self.content, lang)
        reasons = self.content["derived"]["ruling"]["reasons"]
        told = speaker.verdict()
        said = [
            r for r in reasons if (r["code"], r["about"]) == ("claim_missing", "violation_rate")
        ]
        reasons = [r for r in reasons if r not in said]  # the verdict's own number says so
        if reasons:
            told += ("" if lang == "zh" else " ") + speaker.reason(reasons[0])
        return told

    def as_json(self, lang: str) -> dict[str, Any]:
        """The object of `--json`."""
        derived = self.content["derived"]
        return {
            "verdict": self.verdict, "exit_code": self.exit_code,
            "sentence": self.sentence(lang), "reasons": derived["ruling"]["reasons"],
            "gate": derived["ruling"]["gate"], "changes": derived["changes"],
            "policy": {k: derived["policy"][k] for k in ("name", "version", "hash")},
            "current": self.current, "notes": list(self.notes),
        }  # fmt: skip


def gate(case: Path, *, build: bool = False) -> GateAnswer:
    """The verdict on a case folder as it stands now, or on a report.

    A folder is assembled anew from its evidence, sign-offs and withdrawals, so that what came
    after the report counts. A report (`case.html`, `case.json`) is verified first; where it lies
    in a case folder, the withdrawals there count, and elsewhere a note says that none are known.

    Args:
        case: a folder or a report.
        build: write the report of a folder anew.

    Raises:
        InputError: no case, numbers that do not follow, or a report that does not verify.
    """
    if not case.is_dir():
        found = verify(case)
        if not found.holds:
            raise InputError(f"{case} does not verify: {found.fault}")
        return _report_alone(case, dict(content_of(case)))
    if build:
        built = build_case(case)
        return _answer(dict(built.content), True, built.notes)
    fresh = assemble(case)
    current = _is_current(case, dict(fresh.content))
    return _answer(dict(fresh.content), current, fresh.notes)


def _report_alone(path: Path, content: dict[str, Any]) -> GateAnswer:
    """The verdict of a report, under the withdrawals of the folder it lies in."""
    folder = path.parent
    if not (folder / "plan.json").exists():
        note = (
            f"{path} lies in no case folder: withdrawals that came after it are not known here;"
            " give the case folder to count them"
        )
        return _answer(content, True, (note,))
    if not (folder / WITHDRAWALS).exists():
        return _answer(content, True, ())
    lines = read_withdrawals(folder / WITHDRAWALS)
    now = plain({
        "lines": len(lines), "head": lines[-1].hash if lines else "",
        "open": open_withdrawals(lines),
    })  # fmt: skip
    if now == content["base"]["withdrawals"]:
        return _answer(content, True, ())
    base = {**content["base"], "withdrawals": now}
    derived = derive(base, str(folder))
    note = f"{folder / WITHDRAWALS} is newer than {path.name} and counts"
    return _answer({**content, "base": base, "derived": derived}, True, (note,))


def _is_current(case: Path, fresh: dict[str, Any]) -> bool:
    path = case / JSON
    if not path.exists():
        return False
    try:
        stored = content_of(path)
    except InputError:
        return False
    return first_difference(stored.get("base"), fresh["base"]) is None


def _answer(content: dict[str, Any], current: bool, notes: tuple[str, ...]) -> GateAnswer:
    verdict = str(content["derived"]["ruling"]["verdict"])
    return GateAnswer(verdict, EXIT_CODES[verdict], content, current, notes)
