"""How much personal information remains: a sample that people read, and the bound it gives.

    trueline data audit draw RUN       a random sample of the kept documents, as a sheet
    (a person sets holds_pii to true or false on every line)
    trueline data audit record RUN     reads the sheet, and names every line that is not filled
    trueline data audit bound RUN      "at most x % of the documents still hold PII, 95 %"

The sample is simple random, without replacement, from the documents that the run kept: the
bound speaks of them and of no other text. With `canaries`, documents with a planted value are
mixed in, which look like the others; the share of them that is found bounds the auditor's own
recall from below, and the bound is corrected by it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trueline.core.errors import InputError
from trueline.curate.audit_canaries import with_canary
from trueline.stats.bounds import clopper_pearson_lower, clopper_pearson_upper, hypergeometric_upper

FOLDER = "audit"
PLAN, SHEET, RECORD, BOUND = "plan.json", "sheet.jsonl", "record.json", "bound.json"
FIELD = "holds_pii"
_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """What the auditor found.

    `population` documents were kept, `sampled` of them read, `found` held personal
    information; of `canaries` planted ones, `canaries_found` were noticed.
    """

    population: int
    sampled: int
    found: int
    canaries: int
    canaries_found: int
    data_digest: str


@dataclass(frozen=True, slots=True)
class ResidualBound:
    """At most `share` of `population` documents hold personal information, at `confidence`.

    `auditor_recall` is the lower bound from the canaries, None without any. `method` names the
    bound, `statement` and `statement_zh` say it for people.
    """

    share: float
    documents: int
    confidence: float
    population: int
    sampled: int
    found: int
    auditor_recall: float | None
    method: str
    statement: str
    statement_zh: str


def draw(run_folder: Path, n: int, seed: int = 0, canaries: int = 0) -> Path:
    """Draw the sample and write the sheet; returns its path.

    Args:
        run_folder: of a finished run.
        n: documents to draw; all of them when there are fewer.
        seed: another seed, another sample.
        canaries: documents with a planted value to mix in.

    Raises:
        InputError: the folder has no data, or an unfinished audit would be overwritten.
    """
    folder = run_folder / FOLDER
    if (folder / PLAN).exists() and not (folder / RECORD).exists():
        raise InputError(
            f"{folder / SHEET} is drawn already and not recorded; fill it in, "
            f"or remove {folder} to draw anew"
        )
    ids = _ids(run_folder)
    if not ids:
        raise InputError(f"{run_folder} has no documents in data/; there is nothing to audit")
    order = sorted(ids, key=lambda identifier: _rank(seed, "draw", identifier))
    sample = order[: min(n, len(order))]
    # Canaries are made from further documents, so that none is read twice as far as possible.
    hosts = (order[len(sample) :] or order)[:canaries]
    while hosts and len(hosts) < canaries:
        hosts = (hosts + order)[:canaries]
    texts = _texts(run_folder, {*sample, *hosts})
    rows = [(identifier, texts[identifier], False) for identifier in sample]
    rows += [
        (f"canary {number}", with_canary(texts[host], _number(seed, "canary", f"{number}")), True)
        for number, host in enumerate(hosts)
    ]
    rows.sort(key=lambda row: _rank(seed, "sheet", row[0]))
    names = [f"a{number:05d}" for number in range(1, len(rows) + 1)]
    plan = {
        "seed": seed,
        "population": len(ids),
        "data_digest": _digest(run_folder),
        "rows": {
            name: {"id": identifier, "canary": is_canary}
            for name, (identifier, _, is_canary) in zip(names, rows, strict=True)
        },
    }
    folder.mkdir(exist_ok=True)
    for stale in (RECORD, BOUND):
        (folder / stale).unlink(missing_ok=True)
    _write(folder / PLAN, json.dumps(plan, ensure_ascii=False, indent=1))
    lines = [
        json.dumps({"id": name, "text": text, FIELD: None}, ensure_ascii=False)
        for name, (_, text, _) in zip(names, rows, strict=True)
    ]
    _write(folder / SHEET, "\n".join(lines) + "\n")
    return folder / SHEET


def record(run_folder: Path, sheet: Path | None = None) -> AuditRecord:
    """Read the filled sheet and store what it says in the run folder.

    Raises:
        InputError: lines are not filled, damaged, missing or unknown (all are named, twenty at
            most), or the data has changed since the sample was drawn.
    """
    plan = _plan(run_folder)
    path = sheet or run_folder / FOLDER / SHEET
    answers = _answers(path, plan["rows"])
    if plan["data_digest"] != _digest(run_folder):
        raise InputError(
            f"the data in {run_folder} has changed since the sample was drawn; "
            f"remove {run_folder / FOLDER} and draw anew"
        )
    is_canary = {name: bool(row["canary"]) for name, row in plan["rows"].items()}
    told = AuditRecord(
        population=int(plan["population"]),
        sampled=sum(not canary for canary in is_canary.values()),
        found=sum(holds and not is_canary[name] for name, holds in answers.items()),
        canaries=sum(is_canary.values()),
        canaries_found=sum(holds and is_canary[name] for name, holds in answers.items()),
        data_digest=str(plan["data_digest"]),
    )
    _write(run_folder / FOLDER / RECORD, json.dumps(asdict(told), indent=1))
    return told


def bound(run_folder: Path, confidence: float = 0.95) -> ResidualBound:
    """The bound that the recorded audit gives; stored for the card and the report.

    Raises:
        InputError: no audit is recorded, or the data has changed since.
    """
    path = run_folder / FOLDER / RECORD
    if not path.exists():
        raise InputError(
            f"{path} does not exist: no audit is recorded\n"
            f"  draw a sample: trueline data audit draw {run_folder}"
        )
    told = AuditRecord(**json.loads(path.read_text("utf-8")))
    if told.data_digest != _digest(run_folder):
        raise InputError(
            f"the data in {run_folder} has changed since the audit; its bound no longer speaks of "
            f"this data. Remove {run_folder / FOLDER} and draw anew"
        )
    result = residual_bound(told, confidence)
    _write(run_folder / FOLDER / BOUND, json.dumps(asdict(result), ensure_ascii=False, indent=1))
    return result


def residual_bound(told: AuditRecord, confidence: float = 0.95) -> ResidualBound:
    """The bound from counts alone.

    Without canaries the auditor is taken to miss nothing. With them, half of the error goes to
    the sample and half to the auditor's recall (Bonferroni): share <= upper / recall.

    >>> residual_bound(AuditRecord(100_000, 300, 0, 0, 0, "")).statement
    'At most 1.00 % of the 100,000 documents this run kept hold personal information, 95 %.'
    """
    side = confidence if not told.canaries else (1 + confidence) / 2
    count = hypergeometric_upper(told.found, told.sampled, told.population, side)
    method = f"hypergeometric, one-sided {confidence:g}"
    recall: float | None = None
    share = count / told.population
    # The log-gamma sums of huge populations lose digits: the binomial bound is never smaller.
    if told.population > 10**9:
        share = clopper_pearson_upper(told.found, told.sampled, side)
        method = f"Clopper-Pearson, one-sided {confidence:g}"
    if told.canaries:
        recall = clopper_pearson_lower(told.canaries_found, told.canaries, side)
        share = min(1.0, share / recall) if recall > 0 else 1.0
        method += ", divided by the auditor's recall (Clopper-Pearson lower bound)"
    percent = f"{math.ceil(share * 10_000 - 1e-9) / 100:.2f} %"  # never rounded down
    level = f"{confidence * 100:.6g} %"
    return ResidualBound(
        share=share,
        documents=min(told.population, round(share * told.population)),
        confidence=confidence,
        population=told.population,
        sampled=told.sampled,
        found=told.found,
        auditor_recall=recall,
        method=method,
        statement=f"At most {percent} of the {told.population:,} documents this run kept hold "
        f"personal information, {level}.",
        statement_zh=f"本次运行保留的 {told.population:,} 篇文档中，"
        f"仍含个人信息的至多 {percent}（置信度 {level}）。",
    )


def _plan(run_folder: Path) -> dict[str, Any]:
    path = run_folder / FOLDER / PLAN
    if not path.exists():
        raise InputError(
            f"{path} does not exist: no sample is drawn\n"
            f"  draw one: trueline data audit draw {run_folder}"
        )
    plan: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return plan


def _answers(path: Path, rows: Mapping[str, Any]) -> dict[str, bool]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {type(error).__name__}") from None
    answers: dict[str, bool] = {}
    faults: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        fault = _fault(line, rows, answers)
        if fault:
            faults.append(f"line {number}, {fault}")
    missing = [name for name in rows if name not in answers]
    if missing and not faults:
        faults.append(f"{len(missing)} drawn documents are missing, first {missing[0]}")
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults[:_MOST_FAULTS])
        more = f"\n  and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
        raise InputError(
            f"{path} is not a filled audit sheet:\n{shown}{more}\n"
            f"  set {FIELD} to true or false on every line, and leave the rest as drawn"
        )
    return answers


def _fault(line: str, rows: Mapping[str, Any], answers: dict[str, bool]) -> str:
    """What is wrong with a line, or nothing and its answer is added."""
    try:
        row = json.loads(line)
    except ValueError:
        return "text: not JSON"
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        return "id: missing"
    name = row["id"]
    if name not in rows:
        return f"id: {name[:40]!r} was not drawn"
    if name in answers:
        return f"id: {name!r} stands twice"
    if not isinstance(row.get(FIELD), bool):
        value = json.dumps(row.get(FIELD), ensure_ascii=False)
        return f"{FIELD}: should be true or false (got {value[:20]})"
    answers[name] = row[FIELD]
    return ""


def _files(run_folder: Path) -> list[Path]:
    folder = run_folder / "data"
    return sorted((*folder.glob("*.parquet"), *folder.glob("*.jsonl")))


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path) if path.suffix == ".parquet" else pl.scan_ndjson(path)


def _ids(run_folder: Path) -> list[str]:
    return [i for path in _files(run_folder) for i in _scan(path).select("id").collect()["id"]]


def _texts(run_folder: Path, wanted: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in _files(run_folder):
        rows = _scan(path).select("id", "text").filter(pl.col("id").is_in(sorted(wanted)))
        found |= dict(rows.collect().iter_rows())
    return found


def _digest(run_folder: Path) -> str:
    """Of the ids and texts that were kept."""
    digest = hashlib.sha256()
    for path in _files(run_folder):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _number(seed: int, purpose: str, name: str) -> int:
    return int.from_bytes(_rank(seed, purpose, name)[:8], "big")


def _rank(seed: int, purpose: str, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{purpose}\0{name}".encode("utf-8", "surrogatepass")).digest()


def _write(path: Path, text: str) -> None:
    new = path.with_suffix(path.suffix + ".new")
    new.write_text(text, "utf-8", "surrogatepass")
    new.replace(path)
