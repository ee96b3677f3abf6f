"""The bundled guard as a classifier, source by source: what it flags of harmful and of harmless texts.

    python benchmarks/assess_guard.py DIR --out CASE      # raw counts in results/assess_guard.json

`DIR` holds JSON-lines files (`NAME.jsonl.gz`) whose rows have `id`, `text`, `lang`, `role` and
`flagged` (1 harmful, 0 harmless). Of each file, language and kind at most `--rows` rows are taken,
by a hash of their id. The Judge of the default policy reads each; *flagged* is any action but
allow, *held up* is redact or stricter. CASE gets `predictions.jsonl` (no texts), the evidence of
`trueline assess metrics` and that by source.

The score is the highest probability among the heads of the bundled classifier, which the Judge
holds against a threshold a category. It ranks the texts of each source (area under the ROC curve).
As the probability of harm it is only defined for requests, so calibration is told of the files
whose rows are prompts.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import describe

from trueline.assess.claim import Claim, make_claim
from trueline.assess.evidence import Evidence, Figure, Table, file_sha256
from trueline.assess.figures import Bar, bars
from trueline.assess.metrics.measure import measure
from trueline.core.policy import Bilingual
from trueline.core.policy_file import policy_from_template
from trueline.core.records import Action, Context, Role
from trueline.judge import Judge
from trueline.stats.calibration import reliability
from trueline.stats.roc import Ranking

HERE = Path(__file__).parent
MAX_CHARACTERS = 2000
#: Fewer texts of a kind rank nothing.
LEAST_RANKED = 20


@dataclass(frozen=True)
class Told:
    """One row: where it is from and what the Judge made of it."""

    source: str
    language: str
    harmful: bool
    flagged: bool
    held_up: bool
    score: float
    is_prompt: bool


def rows_of(path: Path, most: int) -> Iterator[dict[str, Any]]:
    """At most `most` rows of each language and kind, by a hash of their id."""
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if row.get("flagged") in (0, 1):
                groups.setdefault((row["lang"], row["flagged"]), []).append(row)
    for rows in groups.values():
        rows.sort(key=lambda row: hashlib.blake2b(str(row["id"]).encode()).digest())
        yield from rows[:most]


def told_by(judge: Judge, path: Path, most: int) -> Iterator[Told]:
    """What the Judge says of a file's rows."""
    for row in rows_of(path, most):
        role: Role = "reply" if row.get("role") == "reply" else "prompt"
        verdict = judge.judge(str(row["text"])[:MAX_CHARACTERS], Context(role=role))
        score = max((s.value for s in verdict.scores if s.scorer == "linear"), default=0.0)
        yield Told(
            path.name.split(".")[0], "zh" if row["lang"] == "zh" else "en", row["flagged"] == 1,
            verdict.action > Action.ALLOW, verdict.action >= Action.REDACT, score,
            row.get("role") == "prompt",
        )  # fmt: skip


def prediction(told: Told) -> dict[str, Any]:
    """A row of `trueline assess metrics`."""
    return {
        "truth": "harmful" if told.harmful else "benign",
        "label": "harmful" if told.flagged else "benign",
        "groups": {"source": told.source, "language": told.language},
    }


def rate(name: str, rows: Sequence[Told], of: str, what: str) -> Claim:
    """A claim that shows a share."""
    zh = {"flagged": "被标出", "held_up": "被拦下或改动"}[what]
    en = {"flagged": "flagged", "held_up": "held up"}[what]
    kind = Bilingual(zh="有害文本", en="harmful texts") if ".caught" in name else Bilingual(
        zh="无害文本", en="harmless texts"
    )  # fmt: skip
    return make_claim(
        name, "rate_interval", {"found": sum(getattr(row, what) for row in rows), "n": len(rows)},
        required=False, population=of,
        statement=Bilingual(zh=f"{of}：{kind.zh}{zh}的比例", en=f"{of}: {kind.en} {en}"),
    )  # fmt: skip


def by_source(rows: Sequence[Told], inputs: dict[str, str], policy: str) -> Evidence:
    """Shares by source and language, with exact intervals."""
    claims: list[Claim] = []
    table: list[list[Any]] = []
    drawn: dict[bool, list[Bar]] = {True: [], False: []}
    groups: dict[tuple[str, str], list[Told]] = {}
    for row in rows:
        groups.setdefault((row.source, row.language), []).append(row)
    for (source, language), group in sorted(groups.items()):
        line: list[Any] = [source, language]
        for harmful, name in ((True, "caught"), (False, "false_alarm")):
            part = [row for row in group if row.harmful == harmful]
            if not part:
                line += ["–"] * 3
                continue
            of = f"{source} ({language})"
            flagged = rate(f"guard.{name}.{source}.{language}", part, of, "flagged")
            claims += [
                flagged, rate(f"guard.{name}_held_up.{source}.{language}", part, of, "held_up")
            ]  # fmt: skip
            ends = f"{100 * flagged.lower:.1f}–{100 * flagged.upper:.1f} %"
            line += [len(part), f"{100 * flagged.estimate:.1f} %", ends]
            drawn[harmful].append(
                Bar(of, flagged.estimate, flagged.lower, flagged.upper, note=f"n = {len(part):,}")
            )
        ranking = Ranking.of([row.score for row in group], [row.harmful for row in group])
        if min(ranking.positives, ranking.negatives) >= LEAST_RANKED:
            wins = round(ranking.auc * 2 * ranking.positives * ranking.negatives)
            area = make_claim(
                f"guard.roc_auc.{source}.{language}", "roc_auc",
                {"half_wins": wins, "positives": ranking.positives, "negatives": ranking.negatives},
                required=False, population=f"{source} ({language})",
                statement=Bilingual(
                    zh=f"{source}（{language}）：分值的 ROC 曲线下面积",
                    en=f"{source} ({language}): area under the ROC curve of the score",
                ),
            )  # fmt: skip
            claims.append(area)
            line.append(f"{area.estimate:.3f} ({area.lower:.3f}–{area.upper:.3f})")
        else:
            line.append("–")
        table.append(line)
    for language in ("zh", "en"):
        prompts = [row for row in rows if row.is_prompt and row.language == language]
        bins = reliability([row.score for row in prompts], [row.harmful for row in prompts])
        claims.append(
            make_claim(
                f"guard.calibration_error.{language}", "calibration_error",
                {"bins": [[round(b.said, 6), b.happened, b.n] for b in bins]}, required=False,
                statement=Bilingual(
                    zh=f"请求文本（{language}）：分值作为有害概率的校准误差（ECE）",
                    en=f"prompts ({language}): calibration error (ECE) of the score as the "
                    "probability of harm",
                ),
            )
        )  # fmt: skip
    columns = [
        Bilingual(zh="来源", en="source"), Bilingual(zh="语言", en="language"),
        Bilingual(zh="有害", en="harmful"), Bilingual(zh="标出", en="flagged"),
        Bilingual(zh="区间", en="interval"), Bilingual(zh="无害", en="harmless"),
        Bilingual(zh="误标", en="flagged wrongly"), Bilingual(zh="区间", en="interval"),
        Bilingual(zh="ROC 曲线下面积", en="area under ROC"),
    ]  # fmt: skip
    titles = {
        True: Bilingual(zh="有害文本被标出的比例", en="Harmful texts that are flagged"),
        False: Bilingual(zh="无害文本被误标的比例", en="Harmless texts that are flagged"),
    }
    return Evidence(
        name="metrics_by_source",
        title=Bilingual(zh="护栏作为分类器：按来源", en="The guard as a classifier, by source"),
        claims=claims,
        tables=[Table(titles[True], columns, table)],
        figures=[
            Figure(titles[kind], bars(found, title=titles[kind], domain=(0, 1), unit="percent"))
            for kind, found in drawn.items()
        ],
        notes=[
            Bilingual(
                zh="“有害”与“无害”是各来源自己的标注：有的来源标的是仇恨，有的是诈骗，护栏的类别未必与之一致。"
                "各来源的比例不可相加成“总体准确率”。",
                en="Harmful and harmless are what each source says: one means hate, another fraud, "
                "and the guard's categories need not agree. The shares of sources do not add up to "
                "one accuracy.",
            )
        ],
        inputs=inputs,
        settings={"policy": policy},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True, metavar="CASE")
    parser.add_argument("--rows", type=int, default=1000, help="most rows a file, language, kind")
    given = parser.parse_args()
    files = sorted(given.folder.glob("*.jsonl.gz"))
    if not files:
        raise SystemExit(f"{given.folder} holds no *.jsonl.gz")
    policy = policy_from_template("default")
    judge = Judge.from_policy(policy)
    load, began, cpu = os.getloadavg(), time.perf_counter(), time.process_time()
    rows = [told for path in files for told in told_by(judge, path, given.rows)]
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    given.out.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {
        "machine": describe(), "load_average_at_start": load, "policy": policy.hash,
        "rows": len(rows), "rows_at_most": given.rows, "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1), "by_language": {},
    }  # fmt: skip
    for part in ("all", "zh", "en"):
        chosen = [row for row in rows if part in ("all", row.language)]
        name = "predictions.jsonl" if part == "all" else f"predictions_{part}.jsonl"
        lines = (json.dumps(prediction(row)) + "\n" for row in chosen)
        (given.out / name).write_text("".join(lines), encoding="utf-8")
        evidence = measure(given.out / name, "classify")
        if part == "all":
            evidence.write(given.out)
        result["by_language"][part] = counts_of(evidence.claims)
    inputs = {path.name: file_sha256(path) for path in files}
    sources = by_source(rows, inputs, policy.hash)
    sources.write(given.out)
    result["by_source"] = counts_of(sources.claims)
    path = HERE / "results" / "assess_guard.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{len(rows):,} texts, {seconds:.0f} s, {cpu_seconds:.0f} s CPU")
    for line in sources.tables[0].rows:
        print("  ".join(f"{cell!s:>10}" if at else f"{cell!s:30}" for at, cell in enumerate(line)))


def counts_of(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """Counts and bounds without statements."""
    return [
        {"id": claim.id, "inputs": dict(claim.inputs), "estimate": round(claim.estimate, 5),
         "lower": round(claim.lower, 5), "upper": round(claim.upper, 5)}
        for claim in claims
    ]  # fmt: skip


if __name__ == "__main__":
    main()
