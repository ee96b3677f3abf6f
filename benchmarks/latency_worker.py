"""One tool, one process: cold start, CPU milliseconds a text, memory; prints one JSON line.

Runs inside the tool's own environment, so it imports nothing but the standard library
until the tool's loader does. Called by `guard_latency.py`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

STARTED = time.perf_counter()
# Whether a text holds anything the tool acts on.
Found = Callable[[str], bool]
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def load_trueline() -> Found:
    """The default Judge: normaliser, PII, secrets, lexicon, injection and linear classifier."""
    from trueline.core.policy_file import policy_from_template
    from trueline.judge import Judge

    judge = Judge.from_policy(policy_from_template("default"))
    return lambda text: judge.judge(text).action > 0


def load_presidio() -> Found:
    """Presidio's pattern recognisers on a blank spaCy pipeline (no model needed)."""
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class Blank(SpacyNlpEngine):
        """A blank tokenizer: no model download, pattern recognisers alone."""

        def __init__(self) -> None:
            super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
            self.nlp = {"en": spacy.blank("en")}

        def load(self) -> None:
            """Nothing to load."""

        def is_loaded(self) -> bool:
            """Always."""
            return True

    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [r for r in registry.recognizers if "Spacy" not in type(r).__name__]
    engine = AnalyzerEngine(nlp_engine=Blank(), registry=registry, supported_languages=["en"])
    return lambda text: bool(engine.analyze(text=text, language="en"))


def load_litellm() -> Found:
    """LiteLLM's local content filter, called without its proxy."""
    import asyncio

    from litellm.proxy.guardrails.guardrail_hooks.litellm_content_filter import content_filter
    from litellm.types.guardrails import BlockedWord, ContentFilterAction, ContentFilterPattern

    block = ContentFilterAction.BLOCK
    names = ("email", "us_ssn", "credit_card", "aws_access_key")
    guard = content_filter.ContentFilterGuardrail(
        guardrail_name="filter",
        patterns=[
            ContentFilterPattern(pattern_type="prebuilt", pattern_name=name, action=block)
            for name in names
        ],
        blocked_words=[BlockedWord(keyword=f"bannedword{i}", action=block) for i in range(200)],
    )
    loop = asyncio.new_event_loop()

    async def ask(text: str) -> bool:
        try:
            await guard.apply_guardrail(
                inputs={"texts": [text]}, request_data={}, input_type="request"
            )
        except Exception as error:
            if getattr(error, "status_code", None) in (400, 403):
                return True
            raise
        return False

    return lambda text: loop.run_until_complete(ask(text))


LOADERS = {"trueline": load_trueline, "presidio": load_presidio, "litellm": load_litellm}


def quantile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def resident_mb() -> float:
    """Memory of this process in MB, as the kernel counts it."""
    with open("/proc/self/status", encoding="ascii") as handle:
        return next(int(line.split()[1]) for line in handle if line.startswith("VmRSS")) / 1024


def main(tool: str, count: int) -> None:
    """Time one tool over the corpus."""
    import logging
    import warnings

    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    import corpus

    items = corpus.make(count)
    check = LOADERS[tool]()
    check(items[0]["text"])
    cold = time.perf_counter() - STARTED
    for item in items[:40]:
        check(item["text"])
    cpu: list[float] = []
    near_350: list[float] = []
    flagged: dict[str, list[bool]] = {}
    for item in items:
        before = time.process_time_ns()
        found = check(item["text"])
        spent = (time.process_time_ns() - before) / 1e6
        cpu.append(spent)
        if 300 <= len(item["text"]) <= 400:
            near_350.append(spent)
        flagged.setdefault(item["kind"], []).append(bool(found))
    print(
        json.dumps(
            {
                "tool": tool,
                "texts": len(items),
                "cold_start_s": round(cold, 3),
                "cpu_p50_ms": round(quantile(cpu, 0.5), 4),
                "cpu_p99_ms": round(quantile(cpu, 0.99), 4),
                "cpu_p50_ms_300_to_400_chars": round(quantile(near_350, 0.5), 4),
                "texts_per_cpu_second": round(1000 * len(cpu) / sum(cpu), 1),
                "rss_mb": round(resident_mb(), 1),
                "flag_rate": {k: round(sum(v) / len(v), 3) for k, v in sorted(flagged.items())},
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
