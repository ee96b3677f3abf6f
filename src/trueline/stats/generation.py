"""How well text is written: perplexity, BLEU and chrF.

>>> round(perplexity(2.302585093), 6)
10.0
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from trueline.core.extras import require


def perplexity(loss: float) -> float:
    """exp(loss in nats per token); infinite when that is beyond a float."""
    return math.exp(loss) if loss < 700 else math.inf


def bleu(told: Sequence[str], right: Sequence[str], language: str) -> dict[str, float]:
    """BLEU and chrF of sacrebleu, 0 to 100; Chinese is split by its `zh` tokenizer.

    Raises:
        MissingExtraError: without sacrebleu.

    Reference: Post (2018), A Call for Clarity in Reporting BLEU Scores.
    """
    require("sacrebleu", extra="train", feature="BLEU and chrF")
    import sacrebleu

    score: Any = sacrebleu.corpus_bleu(
        list(told), [list(right)], tokenize="zh" if language == "zh" else "13a"
    )
    return {"bleu": score.score, "chrf": sacrebleu.corpus_chrf(list(told), [list(right)]).score}
