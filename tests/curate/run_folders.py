"""Run folders as `trueline curate` leaves them, written by hand for tests of what reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

ROW: dict[str, Any] = {
    "id": "", "state": "kept", "step": "", "reason": "", "value": None, "threshold": None,
    "partner": "", "similarity": None, "policy_hash": "sha256:ab", "source": "pages.jsonl",
    "line": 1, "parent": "", "changes": [],
}  # fmt: skip
SCHEMA: dict[str, Any] = {
    "id": pl.String, "state": pl.String, "step": pl.String, "reason": pl.String,
    "value": pl.Float64, "threshold": pl.Float64, "partner": pl.String,
    "similarity": pl.Float64, "policy_hash": pl.String, "source": pl.String, "line": pl.Int64,
    "parent": pl.String, "changes": pl.List(pl.String),
}  # fmt: skip
HOSTILE = "<script>document.title='broken'</script>|`x`"


def row(identifier: str, state: str = "kept", **values: Any) -> dict[str, Any]:
    return {**ROW, "id": identifier, "state": state, **values}


def write_data(folder: Path, documents: list[dict[str, Any]], name: str = "part-00000") -> None:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(documents, infer_schema_length=None)
    frame.write_parquet(folder / "data" / f"{name}.parquet")


def write_ledger(folder: Path, rows: list[dict[str, Any]], **more: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows, schema=SCHEMA | more).write_parquet(folder / "ledger.parquet")


def write_full_run(folder: Path) -> Path:
    """A run with something in every part of the report: 10 records read, one copy made."""
    language: dict[str, Any] = {"language": pl.String, "characters": pl.Int64}
    zh: dict[str, Any] = {"language": "zh", "characters": 40}
    en: dict[str, Any] = {"language": "en", "characters": 90}
    write_ledger(
        folder,
        [
            row("a", **zh),
            row("b", "changed", step="anonymize", changes=["anonymize: redacted 1"], **zh),
            row("c", "dropped", step="quality", reason="too short", value=3, threshold=20, **zh),
            row("d", "dropped", step="near_duplicates", reason="near duplicate", partner="a",
                similarity=0.81, **zh),
            row("e", **en),
            row("f", "dropped", step="exact_duplicates", reason="exact duplicate", partner="e",
                similarity=1.0, **en),
            row("g", "dropped", step="quality", reason="too short", value=2, threshold=20, **en),
            row("h", "dropped", step="policy", reason=HOSTILE, source=HOSTILE, **en),
            row("i", **en),
            row("pages.jsonl:7", "fault", step="read", reason="not UTF-8", line=7,
                language=None, characters=None),
            row("a#mask-1", "added", step="augment", reason="made", parent="a", partner="a",
                changes=["augment: made"], **zh),
        ],
        **language,
    )  # fmt: skip
    base: dict[str, Any] = {
        "language": "zh", "split": "train", "cluster": "a", "parent": "", "augmentation": "",
        "groups": [], "pii_labels": [], "policy_insult": 0.01, "policy_findings": "[]",
    }  # fmt: skip
    write_data(
        folder,
        [
            {"id": "a", "text": "退款还没有到账，客服说要等三天。", **base},
            {"id": "a#mask-1", "text": "[MASK]还没有到账", **base, "parent": "a"},
            {"id": "b", "text": "请回电 [CN_MOBILE]", **base, "cluster": "b",
             "pii_labels": ["cn_mobile", "email"]},
            {"id": "e", "text": "The parcel came late.", **base, "language": "en",
             "cluster": "e", "split": "test", "policy_insult": 0.7},
            {"id": "i", "text": "Database index", **base, "language": "en", "cluster": "i",
             "split": "dev"},
        ],
    )  # fmt: skip
    names = ["language", "quality", "exact_duplicates", "near_duplicates", "policy", "anonymize"]
    run = {
        "trueline": "0.1.0", "name": "Shop pages", "seed": 7,
        "finished": "2026-03-01T08:00:00+00:00",
        "recipe": {
            "license": "CC BY 4.0",
            "steps": [{"step": name, "version": 1} for name in names]
            + [{"step": "augment", "version": 1, "operations": ["mask"], "rate": 0.1},
               {"step": "split", "version": 1}],
        },
        "policy": {"name": "default", "hash": "sha256:ab"},
        "versions": {"python": "3.11"},
        "engine": {"name": "local", "workers": 1},
        "inputs": [{"source": "pages.jsonl", "bytes": 1234, "digest": "cd" * 16}],
        "steps": [{"step": "read", "seconds": 0.1}, {"step": "quality", "seconds": 0.2}],
        "seconds": {"wall": 1.0, "ledger": 0.01},
        "canary": {
            "planted": 4,
            "checks": [{"step": "quality", "kind": "junk", "planted": 4, "reached": 4,
                        "caught": 4}],
            "notes": ["no planted junk reached policy"],
        },
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(run), "utf-8")
    bound = {
        "statement": "At most 0.89 % of the documents still hold personal information (95 %)",
        "statement_zh": "至多 0.89 % 的文档仍含个人信息（95 %）",
        "sampled": 335, "found": 0, "auditor_recall": 0.9,
    }  # fmt: skip
    (folder / "audit").mkdir(exist_ok=True)
    (folder / "audit" / "bound.json").write_text(json.dumps(bound), "utf-8")
    release = {"by": "language", "mechanism": "laplace", "dp_epsilon": 0.5, "dp_delta": 0.0}
    (folder / "dp_ledger.jsonl").write_text(json.dumps({"release": release}) + "\n", "utf-8")
    return folder
