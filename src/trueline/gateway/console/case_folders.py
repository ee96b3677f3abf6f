"""Safety cases on disk, as `trueline assess --out` and `trueline gate --build` leave them.

A case is a folder with `plan.json`; once it is built it holds `case.json` and `case.html` too.
What production withdrew is read anew at every look: it counts from the moment it is written. So
are the decisions and the evidence: a report that is older than they are shows no verdict of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from trueline.core.errors import InputError
from trueline.core.withdrawals import FILE, Withdrawal, open_withdrawals, read_withdrawals

PLAN, JSON, HTML, PDF = "plan.json", "case.json", "case.html", "case.pdf"
#: More is never written, and not read.
MOST_BYTES = 8_000_000
#: Folders that are looked at; the newest ones are shown.
MOST_CASES = 200
RELEASE, HOLD = "RELEASE", "HOLD"
#: In place of a verdict: the report was built before its evidence changed; nobody can tell.
OUTDATED, UNKNOWN = "OUTDATED", "UNKNOWN"
#: What people write after a report was built, evidence beside it.
_DECISIONS = ("ethics.jsonl", "reviews.jsonl")


@dataclass(frozen=True, slots=True)
class CaseFolder:
    """One case as it stands.

    Args:
        id: what its address says; the folder's name, told apart where two have the same.
        verdict: as built; empty when the case was not built yet.
        sentence: zh and en, the verdict with its number.
        found, n, limit: of the gate; n is 0 without one.
        withdrawn: claims that production speaks against now.
        files: sha256 of decisions and evidence as built, by their path in the folder.
        outdated: whether those files are others now.
        required: ids of claims the verdict rests on; `claims` are all of them.
        fault: why it cannot be read; empty when it can.
    """

    id: str
    path: Path
    verdict: str = ""
    target: str = ""
    policy: str = ""
    policy_hash: str = ""
    made: str = ""
    found: int = 0
    n: int = 0
    limit: float | None = None
    claims: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    withdrawn: tuple[Withdrawal, ...] = ()
    files: frozenset[tuple[str, str]] = frozenset()
    outdated: bool = False
    fault: str = ""

    @property
    def undone(self) -> bool:
        """Whether a withdrawn claim takes the verdict away: a required or an unknown one."""
        return self.verdict not in ("", HOLD) and any(
            line.claim in self.required or line.claim not in self.claims for line in self.withdrawn
        )

    @property
    def stands(self) -> str:
        """The verdict that holds now; HOLD stays HOLD whatever came later."""
        if not self.verdict or self.verdict == HOLD:
            return self.verdict
        if self.fault:
            return UNKNOWN
        if self.undone:
            return HOLD
        return OUTDATED if self.outdated else self.verdict

    def has(self, name: str) -> bool:
        """Whether a file of the case is there."""
        return (self.path / name).is_file()


def case_folders(roots: Sequence[Path]) -> list[CaseFolder]:
    """Every case in or below the folders, newest first.

    Args:
        roots: a case itself, or folders that hold cases; those that are missing are passed over.
    """
    paths = list(dict.fromkeys(path for root in roots for path in _cases_in(root)))
    paths.sort(key=_changed, reverse=True)
    names = [path.name for path in paths]
    return [
        _read(path, path.name if names.count(path.name) == 1 else _told_apart(path))
        for path in paths[:MOST_CASES]
    ]


def case_by_id(roots: Sequence[Path], wanted: str) -> CaseFolder | None:
    """The case with an id; nothing is made of the id but a comparison."""
    return next((case for case in case_folders(roots) if case.id == wanted), None)


def read_page(case: CaseFolder, name: str) -> bytes:
    """A file of the case.

    Raises:
        InputError: there is none, or it is too large to be one.
    """
    path = case.path / name
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    if len(data) > MOST_BYTES:
        raise InputError(f"{path} has more than {MOST_BYTES:,} bytes; that is no safety case")
    return data


def _cases_in(root: Path) -> Iterator[Path]:
    try:
        root = root.resolve()
        if _is_case(root):
            yield root
            return
        for path in sorted(root.iterdir()):
            if path.is_dir() and _is_case(path):
                yield path
    except OSError:
        return


def _is_case(path: Path) -> bool:
    return (path / JSON).is_file() or (path / PLAN).is_file()


def _changed(path: Path) -> float:
    for name in (JSON, PLAN):
        try:
            return (path / name).stat().st_mtime
        except OSError:
            continue
    return 0.0


def _told_apart(path: Path) -> str:
    return f"{path.name}-{hashlib.sha256(str(path).encode()).hexdigest()[:6]}"


def _read(path: Path, case_id: str) -> CaseFolder:
    withdrawn: tuple[Withdrawal, ...] = ()
    fault = ""
    try:
        withdrawn = open_withdrawals(read_withdrawals(path / FILE))
    except InputError as error:
        fault = str(error)
    if not (path / JSON).is_file():
        return CaseFolder(case_id, path, withdrawn=withdrawn, fault=fault)
    try:
        stamp = (path / JSON).stat()
        facts = _facts(path / JSON, stamp.st_mtime_ns, stamp.st_size)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        told = f"{path / JSON} cannot be read as a safety case ({type(error).__name__})"
        return CaseFolder(case_id, path, withdrawn=withdrawn, fault=fault or told)
    now = ((name, _sha256(path / name)) for name in _changeable(path))
    outdated = frozenset(now) != facts["files"]
    return CaseFolder(case_id, path, withdrawn=withdrawn, outdated=outdated, fault=fault, **facts)


def _changeable(path: Path) -> list[str]:
    """Files there now on which a verdict rests and that may change after the report."""
    evidence = [f"evidence/{one.name}" for one in (path / "evidence").glob("*.json")]
    return [name for name in _DECISIONS if (path / name).exists()] + evidence


def _sha256(path: Path) -> str:
    """As the case has it; empty for a file that cannot be read, which is no file's."""
    try:
        with path.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


@lru_cache(maxsize=MOST_CASES)
def _facts(path: Path, _changed_ns: int, size: int) -> Mapping[str, Any]:
    """What the list shows of `case.json`; read again when the file changes."""
    if size > MOST_BYTES:
        raise ValueError("too large")
    content = orjson.loads(path.read_bytes())
    base, derived = content["base"], content["derived"]
    ruling, policy = derived["ruling"], derived["policy"]
    gate = ruling.get("gate") or {}
    return {
        "verdict": str(ruling["verdict"]),
        "target": str(base["plan"].get("target", "")),
        "policy": f"{policy['name']} {policy.get('version', '')}".strip(),
        "policy_hash": str(policy["hash"]),
        "made": str(content["made"]),
        "found": int(gate.get("found", 0)),
        "n": int(gate.get("n", 0)),
        "limit": float(policy["max_violation_rate"]),
        "claims": frozenset(
            str(claim["id"]) for evidence in base["evidence"] for claim in evidence["claims"]
        ),
        "required": frozenset(str(name) for name in ruling["required"]),
        "files": frozenset(
            (str(name), str(sha256))
            for name, sha256 in [
                (name, base["files"][name]) for name in _DECISIONS if name in base["files"]
            ]
            + [(evidence["file"], evidence["sha256"]) for evidence in base["evidence"]]
        ),
    }


def made_at(case: CaseFolder) -> datetime | None:
    """When the case was built; None for one that was not, or says nothing usable."""
    try:
        moment = datetime.fromisoformat(case.made)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
