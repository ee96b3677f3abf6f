"""Text a model writes or reads: BLEU and chrF of translations, perplexity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from trueline.assess.evidence import Table
from trueline.assess.metrics.found import COUNT, ESTIMATE, LOWER, UPPER, Found, rounded
from trueline.assess.metrics.predictions import Prediction
from trueline.core.extras import require
from trueline.core.policy import Bilingual
from trueline.stats.folds import clustered_ratio
from trueline.stats.generation import perplexity

#: Sentences drawn anew for the interval of a corpus score (Koehn 2004 used 1000).
RESAMPLES = 1000
#: Below this a resampled interval covers too little to be shown.
LEAST_SENTENCES = 50
METRIC = Bilingual(zh="指标", en="metric")


def measure_translations(
    rows: Sequence[Prediction], language: str, confidence: float = 0.95, seed: int = 0
) -> Found:
    """BLEU and chrF of sacrebleu with their signatures and bootstrap intervals.

    Args:
        rows: text told and the reference.
        language: of the references; `zh` is split by sacrebleu's own tokenizer.
        confidence: about: a bootstrap over sentences.
        seed: of the resampling.

    Raises:
        MissingExtraError: without sacrebleu.

    Reference: Post (2018), WMT; Koehn (2004), EMNLP (resampling of sentences).
    """
    require("sacrebleu", extra="train", feature="BLEU and chrF")
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    found = Found()
    told, right = [row.text for row in rows], [str(row.truth) for row in rows]
    metrics: list[tuple[str, Any]] = [
        ("BLEU", BLEU(tokenize="zh" if language == "zh" else "13a")),
        ("chrF", CHRF()),
    ]
    table: list[list[str | float]] = []
    for name, metric in metrics:
        score = float(metric.corpus_score(told, [right]).score)
        low, high = _resampled(metric, told, right, confidence, seed)
        table.append([name, *rounded(score, low, high), str(metric.get_signature())])
    found.tables.append(
        Table(
            Bilingual(zh="译文质量（0 至 100）", en="Translation quality (0 to 100)"),
            [METRIC, ESTIMATE, LOWER, UPPER, Bilingual(zh="设定", en="signature")],
            table,
        )
    )
    exact = sum(a == b for a, b in zip(told, right, strict=True))
    found.show(
        "metrics.exact_match", "rate_interval", {"found": exact, "n": len(rows)}, confidence,
        zh="与参考译文逐字相同的比例", en="share equal to the reference, character for character",
    )  # fmt: skip
    if len(rows) < LEAST_SENTENCES:
        found.note(
            zh=f"只有 {len(rows)} 句，少于 {LEAST_SENTENCES} 句：不给区间（端点写作 0 与 100）。",
            en=f"{len(rows)} sentences are fewer than {LEAST_SENTENCES}: no interval (its ends "
            "read 0 and 100).",
        )
    else:
        found.note(
            zh=f"区间由对句子的 {RESAMPLES} 次重抽样得到（随机种子 {seed}），是近似的。",
            en=f"Intervals come from {RESAMPLES} resamples of the sentences (seed {seed}) and are "
            "approximate.",
        )
    return found


def measure_language_model(rows: Sequence[Prediction], confidence: float = 0.95) -> Found:
    """Perplexity: exp of nats per token, with rows as the units of the interval."""
    found = Found()
    nats, tokens = [row.nll for row in rows], [row.tokens for row in rows]
    loss = math.fsum(nats) / sum(tokens)
    spread = clustered_ratio(nats, tokens, confidence)
    ends = (perplexity(max(0.0, spread.low)), perplexity(spread.high))
    shown = [x if math.isfinite(x) else "∞" for x in rounded(perplexity(loss), *ends)]
    found.tables.append(
        Table(
            Bilingual(zh="困惑度", en="Perplexity"),
            [Bilingual(zh="词元", en="tokens"), COUNT,
             Bilingual(zh="每词元损失（奈特）", en="loss, nats per token"), ESTIMATE, LOWER, UPPER],
            [[sum(tokens), len(rows), *rounded(loss), *shown]],
        )
    )  # fmt: skip
    found.note(
        zh="困惑度没有上界，因此不存在对任何分布都成立的区间；此处以行为单位，是近似的"
        "（30 行以上较可靠）。",
        en="Perplexity has no upper end, so no interval holds for every distribution; this one "
        "takes rows as units and is approximate (fair from about 30 rows).",
    )
    return found


def _resampled(
    metric: Any, told: Sequence[str], right: Sequence[str], confidence: float, seed: int
) -> tuple[float, float]:
    """Percentiles of the corpus score over sentences drawn with replacement."""
    if len(told) < LEAST_SENTENCES:
        return 0.0, 100.0
    # The statistics of the sentences add up to those of the corpus (sacrebleu's own resampling
    # uses the same two methods, with a fixed seed and level).
    parts = np.asarray(metric._extract_corpus_statistics(told, [right]), dtype=np.float64)
    random, n = np.random.default_rng(seed), len(told)
    scores: list[float] = []
    for _ in range(RESAMPLES):
        drawn = random.multinomial(n, np.full(n, 1 / n)) @ parts
        scores.append(float(metric._compute_score_from_stats(drawn.tolist()).score))
    low, high = np.quantile(scores, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
