"""Score texts with both models and write the figures as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from features import read_pieces  # type: ignore[import-not-found]
from guard_rows import HARD, HEADS, Corpus, read_corpus, read_texts
from measure import (
    LEAST,
    foreign_figures,
    foreign_texts,
    measured_rows,
    rarities,
    split_figures,
)
from scoring import Encoder, Floats, linear_logits
from solver import Settings  # type: ignore[import-not-found]
from training import build_table, text_logits, train  # type: ignore[import-not-found]

from trueline.models.linear import load_linear
from trueline.text.language import language_of

#: Features of the linear classifier, as its own recipe has them.
FEATURES = 250_000
LINEAR = "linear.npz"


def write_figures(data: Path, out: Path, results: Path) -> None:
    """Test split and files of unknown sources, for the model that was fine-tuned on all sources."""
    corpus = read_texts(data)
    encoder = Encoder(out / "finetune" / "model")
    linear = load_linear()
    known, numbers = measured_rows(corpus)
    logits = {
        "linear": (_linear(linear, corpus, known), _linear(linear, corpus, numbers)),
        "encoder": (_encoded(encoder, corpus, known), _encoded(encoder, corpus, numbers)),
    }
    known_languages = np.array([corpus.languages[n] for n in known])
    languages = np.array([corpus.languages[n] for n in numbers])
    rarity = rarities(logits, known_languages, languages)
    figures = split_figures(corpus, numbers, rarity)
    write_json(results / "split.json", figures)
    calm = np.array([corpus.strata[n] != "" and corpus.sources[n] != HARD for n in numbers])
    highest = {model: told[calm].max(1) for model, told in rarity.items()}
    foreign: dict[str, Any] = {}
    for name, rows in foreign_texts(data):
        texts = [str(row["text"])[:4000] for row in rows]
        tongue = np.array(["zh" if language_of(text) == "zh" else "en" for text in texts])
        told = rarities(
            {
                "linear": (logits["linear"][0], linear_logits(linear, texts)),
                "encoder": (logits["encoder"][0], encoder.logits(texts)),
            },
            known_languages,
            tongue,
        )
        foreign[name] = foreign_figures(
            np.array([row["flagged"] for row in rows]), tongue,
            {model: scores.max(1) for model, scores in told.items()}, highest, languages[calm],
        )  # fmt: skip
        print(name, json.dumps(foreign[name]), file=sys.stderr, flush=True)
    write_json(results / "eval_only.json", {"false_positive_rate": 0.01, "files": foreign})


def write_unknown_figures(data: Path, folder: Path, left_out: frozenset[str], result: Path) -> None:
    """Sources that neither model has seen: both are trained without them."""
    plain = read_corpus(data)
    with np.load(folder / LINEAR) as stored:
        linear: Floats = stored["logits"]
    known, measured = measured_rows(plain, left_out)
    known = [n for n in known if plain.sources[n] not in left_out]
    numbers = [n for n in measured if plain.sources[n] in left_out or plain.strata[n] != ""]
    encoder = Encoder(folder / "finetune" / "model")
    rarity = rarities(
        {
            "linear": (linear[known], linear[numbers]),
            "encoder": (_encoded(encoder, plain, known), _encoded(encoder, plain, numbers)),
        },
        np.array([plain.languages[n] for n in known]),
        np.array([plain.languages[n] for n in numbers]),
    )
    found = split_figures(plain, numbers, rarity, left_out)
    tuned = json.loads((folder / "finetune" / "run.json").read_text(encoding="utf-8"))
    facts = {
        "left_out": sorted(left_out),
        "least_rows": LEAST,
        "fine_tuned_on": tuned["examples"]["train"],
    }
    write_json(result, {**facts, **found})


def write_unknown_linear(data: Path, folder: Path, left_out: frozenset[str], cache: Path) -> None:
    """Logits of the linear classifier trained without some sources, for every held-out text."""
    plain = read_corpus(data)
    table = build_table(plain, read_pieces(plain, cache), FEATURES)
    model = train(table, Settings(), left_out)
    told, texts = text_logits(table, model, np.flatnonzero(~table.in_train))
    logits = np.full((len(plain), len(HEADS)), -np.inf, np.float32)
    logits[texts] = told
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / LINEAR, logits=logits)


def _encoded(encoder: Encoder, corpus: Corpus, numbers: list[int]) -> Floats:
    return encoder.logits([corpus.texts[n] for n in numbers])


def _linear(model: Any, corpus: Corpus, numbers: list[int]) -> Floats:
    return linear_logits(model, [corpus.texts[n] for n in numbers])


def write_json(path: Path, values: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
