"""HTML to text, language and quality on a planted corpus, and quality on real text.

    python benchmarks/curate_clean.py --corpus DIR --docs 20000
    python benchmarks/curate_clean.py --corpus DIR --real 'texts/*.jsonl.gz'

DIR is described in curate_near_duplicates.py; `raw-*.jsonl.gz` beside it holds the same
documents, some as HTML pages (`format`), and `truth.jsonl.gz` names the kind of junk (`lq`).
Extraction is scored on character trigrams against the planted text; quality by the junk caught
and the good documents dropped, by language, and on real files (`text` a line) by the share
dropped. Rates are MB of UTF-8 per CPU second. The limits of the quality step were chosen on seed
7 of the corpus and on the same real files. Raw results: results/curate_clean.json.
"""

from __future__ import annotations

import argparse
import glob
import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from machine import describe
from pii import interval, rate

from trueline.curate.batch import Batch
from trueline.curate.step import MapStep
from trueline.curate.steps.encoding_repair import EncodingRepair
from trueline.curate.steps.html_to_text import HtmlToText
from trueline.curate.steps.language import LanguageStep
from trueline.curate.steps.quality import Quality
from trueline.curate.steps.unicode import UnicodeStep

HERE = Path(__file__).parent
Item = dict[str, Any]
_SCORED_PAGES = 1500
_BATCH = 500


def documents(folder: Path, kind: str, limit: int) -> Iterator[Item]:
    files = [gzip.open(path, "rb") for path in sorted(folder.glob(f"{kind}-*.jsonl.gz"))]  # noqa: SIM115
    for count in range(limit):
        line = files[count % len(files)].readline()
        if not line:
            return
        yield json.loads(line)


def speed(step: MapStep, texts: Sequence[str], **columns: list[str]) -> tuple[Item, float]:
    """Reasons by row and columns of a step over all texts, and MB per CPU second."""
    step.run(Batch(["warm"], ["up"]))
    gathered: Item = {"texts": [], "drops": {}, "columns": {}}
    started = time.process_time()
    for at in range(0, len(texts), _BATCH):
        part = slice(at, at + _BATCH)
        some = texts[part]
        batch = Batch(
            [str(k) for k in range(at, at + len(some))],
            some,
            {name: values[part] for name, values in columns.items()},
        )
        result = step.run(batch)
        gathered["texts"].extend(result.texts or some)
        gathered["drops"].update({at + row: drop.reason for row, drop in result.drops.items()})
        for name, values in result.columns.items():
            gathered["columns"].setdefault(name, []).extend(values)
    spent = time.process_time() - started
    return gathered, round(sum(len(text.encode()) for text in texts) / 1e6 / spent, 1)


def trigrams(text: str) -> Counter[str]:
    text = "".join(text.split())
    return Counter(text[k : k + 3] for k in range(len(text) - 2))


def extraction(folder: Path, limit: int, clean: dict[str, str]) -> Item:
    pages = [page for page in documents(folder, "raw", limit) if page["format"] == "html"]
    done, megabytes = speed(HtmlToText(), [page["text"] for page in pages])
    precision = recall = 0.0
    scored = list(zip(pages, done["texts"], strict=True))[:_SCORED_PAGES]
    for page, text in scored:
        got, wanted = trigrams(text), trigrams(clean[page["id"]])
        both = sum((got & wanted).values())
        precision += both / max(1, sum(got.values())) / len(scored)
        recall += both / max(1, sum(wanted.values())) / len(scored)
    return {
        "pages": len(scored),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "mb_per_cpu_s": megabytes,
    }


def planted(texts: list[str], truth: Sequence[Item]) -> Item:
    languages, language_speed = speed(LanguageStep(), texts)
    said = languages["columns"]["language"]
    quality, quality_speed = speed(Quality(), texts, language=said)
    _, unicode_speed = speed(UnicodeStep(), texts)
    repaired, repair_speed = speed(EncodingRepair(), texts)
    drops = quality["drops"]
    rows = list(enumerate(truth))
    right = {
        name: rate(
            sum(said[row] == name for row, item in rows if _language(item) == name),
            sum(_language(item) == name for _, item in rows),
        )
        for name in ("zh", "en", "other")
    }
    caught = {
        kind: rate(
            sum(row in drops for row, item in rows if item.get("lq") == kind),
            sum(item.get("lq") == kind for _, item in rows),
        )
        for kind in sorted({item["lq"] for item in truth if "lq" in item})
    }
    good = {
        name: rate(
            sum(row in drops for row, item in rows if _language(item) == name),
            sum(_language(item) == name for _, item in rows),
        )
        for name in ("zh", "en", "mix", "other")
    }
    misread = [row for row, item in rows if item.get("lq") == "moji"]
    return {
        "language": {"right": right, "mb_per_cpu_s": language_speed},
        "quality": {
            "junk_caught": caught,
            "good_dropped": good,
            "reasons_of_good": dict(
                Counter(drops[k] for k, t in rows if k in drops and not t.get("lq"))
            ),
            "mb_per_cpu_s": quality_speed,
        },
        "unicode": {"mb_per_cpu_s": unicode_speed},
        "encoding_repair": {
            "misread_repaired": rate(
                sum(
                    sum("\u4e00" <= c <= "\u9fff" for c in repaired["texts"][k]) > 20
                    for k in misread
                ),
                len(misread),
            ),
            "mb_per_cpu_s": repair_speed,
        },
    }


def _language(item: Item) -> str:
    if item["kind"] == "lowq":
        return "junk"
    return item["lang"] if item["lang"] in ("zh", "en", "mix") else "other"


def real(pattern: str, most: int) -> Item:
    found: Item = {}
    for name in sorted(glob.glob(pattern)):
        with gzip.open(name, "rb") as file:
            texts = [json.loads(line)["text"] for _, line in zip(range(most), file, strict=False)]
        done, megabytes = speed(Quality(), texts)
        reasons = Counter(done["drops"].values())
        found[Path(name).name.removesuffix(".jsonl.gz")] = {
            "dropped": rate(len(done["drops"]), len(texts)),
            "reasons": dict(reasons),
            "mb_per_cpu_s": megabytes,
        }
    return found


def table(report: Item) -> str:
    html, quality = report["html_to_text"], report["quality"]
    rows = [
        f"html_to_text: precision {html['precision']}, recall {html['recall']}, "
        f"{html['mb_per_cpu_s']} MB/CPU-s",
        "",
        "| what | share | MB/CPU-s |",
        "|---|---|---:|",
    ]
    for name, value in report["language"]["right"].items():
        rows.append(
            f"| language {name} right | {interval(value)} | {report['language']['mb_per_cpu_s']} |"
        )
    for name, value in quality["junk_caught"].items():
        rows.append(f"| junk caught: {name} | {interval(value)} | {quality['mb_per_cpu_s']} |")
    for name, value in quality["good_dropped"].items():
        rows.append(f"| good dropped: {name} | {interval(value)} | {quality['mb_per_cpu_s']} |")
    for name, value in report["real"].items():
        rows.append(
            f"| real text dropped: {name} | {interval(value['dropped'])} | {value['mb_per_cpu_s']} |"
        )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--docs", type=int, default=20_000)
    parser.add_argument("--real", default="", help="pattern of .jsonl.gz files of real text")
    parser.add_argument("--real-docs", type=int, default=3000, help="documents of each file")
    parser.add_argument("--json", action="store_true", help="print the raw results")
    arguments = parser.parse_args()

    before = describe()
    clean = {
        item["id"]: item["text"] for item in documents(arguments.corpus, "clean", arguments.docs)
    }
    with gzip.open(arguments.corpus / "truth.jsonl.gz", "rt", encoding="utf-8") as file:
        truth = [json.loads(line) for _, line in zip(range(len(clean)), file, strict=False)]
    report: Item = {
        "documents": len(clean),
        "html_to_text": extraction(arguments.corpus, arguments.docs, clean),
        **planted([clean[item["id"]] for item in truth], truth),
        "real": real(arguments.real, arguments.real_docs) if arguments.real else {},
        "machine": {**before, "load_average_after": describe()["load_average"]},
    }
    path = HERE / "results" / "curate_clean.json"
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1) if arguments.json else table(report))


if __name__ == "__main__":
    main()
