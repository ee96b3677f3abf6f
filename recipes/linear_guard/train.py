"""Train the bundled classifier: data folder in; model, card and metrics out.

    python recipes/linear_guard/train.py --data DIR --out src/trueline/models/linear_guard

Needs numpy and scipy, one CPU core and 6 GB of memory; no GPU, no network.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from calibration import LANGUAGES, SMALLEST_FILE, Harmless, budget_shares, ladder
from card import write_cards
from corpus import Corpus, read_corpus
from features import read_pieces
from report import left_out_report, split_report
from solver import Settings
from sources import HEADS, LEAVE_OUT, OUTPUTS
from training import build_table, text_logits, train

from trueline.models.linear import Head, read_linear, save_linear

# Features with weights: 250,000 rows of 13 bytes compress to about 2.5 MB.
FEATURES = 250_000
# Counselling talk is harmless and full of distress: no file to be held to a budget of false
# positives of the self-harm head. It still counts in its group.
DISTRESS = {"smile_counsel_zh.train", "zh_counsel_dialogues", "cpsycoun_zh.train"}
MODEL_FILE = "linear_guard.bin"


def main() -> None:
    arguments = _arguments()
    began = time.monotonic()
    _say("reading the data")
    corpus = read_corpus(arguments.data)
    pieces = read_pieces(corpus, arguments.cache)
    _say(f"{len(corpus):,} texts, {len(pieces.counts):,} pieces")
    table = build_table(corpus, pieces, FEATURES)
    settings = Settings()
    _say(f"training {len(HEADS)} heads on {table.kept.size:,} features")
    model = train(table, settings)

    _say("calibrating")
    held_out = np.flatnonzero(~table.in_train)
    logits, texts = text_logits(table, model, held_out)
    heads, shares = calibrate(corpus, logits, texts)
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / MODEL_FILE
    about = {"recipe": "recipes/linear_guard", "seed": settings.seed, "features": FEATURES}
    digest = save_linear(path, heads, shares, table.kept, model.weights, model.bias, about)
    size = path.stat().st_size
    _say(f"wrote {path.name}: {size / 1e6:.2f} MB, sha256 {digest[:16]}...")
    shipped = read_linear(path.read_bytes(), path.name)

    _say("measuring the test split with the file just written")
    metrics: dict[str, Any] = {"file": MODEL_FILE, "sha256": digest, "bytes": size}
    metrics["split"] = split_report(corpus, shipped)
    if not arguments.quick:
        _say("training again without some sources, to see what unknown sources are like")
        metrics["left_out"] = [
            left_out_report(corpus, table, settings, frozenset(fold)) for fold in LEAVE_OUT
        ]
    usage = resource.getrusage(resource.RUSAGE_SELF)
    metrics["cpu_minutes"] = round((usage.ru_utime + usage.ru_stime) / 60, 1)
    metrics["wall_minutes"] = round((time.monotonic() - began) / 60, 1)
    (arguments.out / "metrics.json").write_text(
        json.dumps(metrics, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    write_cards(arguments.out, arguments.data, metrics, shipped)
    _say(f"done in {metrics['cpu_minutes']} CPU minutes")


def calibrate(
    corpus: Corpus, logits: Any, texts: Any
) -> tuple[list[Head], dict[str, dict[float, float]]]:
    """Ladders of all heads and the budget shares of all categories."""
    language = np.array(corpus.languages)[texts]
    stratum = np.array(corpus.strata)[texts]
    source = np.array(corpus.sources)[texts]
    targets = corpus.targets[texts]
    in_split = np.array(corpus.splits)[texts] == "calibrate"
    groups = [
        Harmless(kind, tongue, logits[in_split & (language == tongue) & (stratum == kind)])
        for tongue in LANGUAGES
        for kind in ("ordinary", "hard")
    ]
    files = [
        Harmless(str(name), tongue, logits[chosen])
        for name in sorted(set(source[stratum != ""]) - DISTRESS)
        for tongue in LANGUAGES
        if (chosen := in_split & (language == tongue) & (stratum != "") & (source == name)).sum()
        >= SMALLEST_FILE
    ]
    heads = []
    for number, name in enumerate(HEADS):
        category, label = OUTPUTS[name]
        harmful = {
            tongue: logits[in_split & (language == tongue) & (targets[:, number] == 1), number]
            for tongue in LANGUAGES
        }
        harmless = {
            tongue: logits[in_split & (language == tongue) & (targets[:, number] == 0), number]
            for tongue in LANGUAGES
        }
        heads.append(Head(name, category, label, ladder(groups, number, harmful, harmless)))
    return heads, budget_shares(groups, files, heads)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with safety/ and general/")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    parser.add_argument("--cache", type=Path, help="folder to keep the hashed texts in")
    parser.add_argument("--quick", action="store_true", help="skip the leave-source-out runs")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
