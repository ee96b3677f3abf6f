"""Masked-language-model pre-training on a CPU: Trueline's loop beside the Hugging Face default.

One thread, a 4 x 256 encoder, full blocks of 128 tokens, the same blocks, batches, rate and
steps for both. The default is `transformers.Trainer` with `BertForMaskedLM` and
`DataCollatorForLanguageModeling`, as their examples have it. Rounds take turns, so that both meet
the same machine; CPU seconds are told beside wall seconds because other work shares the cores.

    python benchmarks/train_mlm.py --steps 12 --rounds 3
    python benchmarks/train_mlm.py --loss --steps 200        # loss after the same tokens
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from accelerate import Accelerator
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainingArguments,
)

from trueline.train.evaluate import evaluate
from trueline.train.loop import LoopPlan, run_loop
from trueline.train.model_options import ModelOptions
from trueline.train.recipe_file import recipe_from
from trueline.train.setup import Setup
from trueline.train.tasks.mlm import MlmOptions
from trueline.train.tokenizer_options import TokenizerOptions
from trueline.train.tokenizers import train_tokenizer

ROOT = Path(__file__).parents[1]
LENGTH, BATCH, RATE = 128, 16, 5e-4


def texts(path: str | None) -> Iterator[str]:
    """Texts of a JSON-lines file, or this project's own documents."""
    if path is None:
        for page in sorted(ROOT.glob("docs/*/*.md")):
            yield from page.read_text(encoding="utf-8").split("\n\n")
        return
    opened: Any = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def measured(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall seconds, CPU seconds and what came of it."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def hugging_face(blocks: Sequence[Any], tokenizer: Any, steps: int, seed: int) -> BertForMaskedLM:
    """The default loop of `transformers`."""
    torch.manual_seed(seed)
    sizes = BertConfig(
        vocab_size=len(tokenizer), hidden_size=256, num_hidden_layers=4, num_attention_heads=4,
        intermediate_size=1024, max_position_embeddings=LENGTH, pad_token_id=0,
    )  # fmt: skip
    model = BertForMaskedLM(sizes)
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            folder, max_steps=steps, per_device_train_batch_size=BATCH, learning_rate=RATE,
            report_to="none", save_strategy="no", logging_steps=10_000, use_cpu=True,
            disable_tqdm=True, seed=seed,
        )  # fmt: skip
        Trainer(
            model, settings, DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15),
            [{"input_ids": block["input_ids"].tolist()} for block in blocks],
        ).train()  # fmt: skip
    return model


def ours(
    blocks: Sequence[Any], tokenizer: Any, steps: int, seed: int, dropout: float, compiled: bool
) -> Any:
    """Trueline's loop on the same blocks."""
    recipe = recipe_from({
        "data": {"train": "none"}, "task": "mlm", "seed": seed,
        "model": {"layers": 4, "width": 256, "heads": 4, "max_length": LENGTH, "dropout": dropout},
        "optimizer": {"name": "adamw", "lr": RATE, "betas": [0.9, 0.999], "eps": 1e-8,
                      "weight_decay": 0.0},
        "schedule": {"warmup": 0.0},
        "loop": {"steps": steps, "batch_size": BATCH, "evaluate_every": 10**9, "compile": compiled},
    })  # fmt: skip
    task = MlmOptions().build(Setup(tokenizer, recipe.model, seed))
    with tempfile.TemporaryDirectory() as folder:
        plan = LoopPlan(
            recipe, task, task.build_model(), blocks, [], Path(folder), Accelerator(cpu=True)
        )
        return task, run_loop(plan).state.model


def main() -> None:
    """Run both and print a table, or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--text", help="JSON lines with a field text; .gz too")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--vocab", type=int, default=16_000)
    parser.add_argument("--dropout", type=float, default=0.0, help="of Trueline's model")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--loss", action="store_true", help="also the loss on held-out blocks")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    corpus = [text for text in texts(given.text) if text.strip()]
    tokenizer = train_tokenizer(corpus, TokenizerOptions(vocab_size=given.vocab))
    task = MlmOptions().build(Setup(tokenizer, ModelOptions(max_length=LENGTH)))
    blocks = [
        b for b in task.encode([{"text": text} for text in corpus]) if len(b["input_ids"]) == LENGTH
    ]
    held, blocks = blocks[::20], [block for n, block in enumerate(blocks) if n % 20]
    rows: dict[str, list[tuple[float, float]]] = {"hugging_face": [], "trueline": []}
    losses: dict[str, list[float]] = {"hugging_face": [], "trueline": []}
    loop = recipe_from({"data": {"train": "none"}, "task": "mlm"}).loop
    for seed in range(given.rounds):
        runs: dict[str, Callable[[], Any]] = {
            "hugging_face": lambda s=seed: hugging_face(blocks, tokenizer, given.steps, s),  # type: ignore[misc]
            "trueline": lambda s=seed: ours(  # type: ignore[misc]
                blocks, tokenizer, given.steps, s, given.dropout, given.compile
            ),
        }
        for name, work in runs.items():
            wall, cpu, result = measured(work)
            rows[name].append((wall, cpu))
            if given.loss:
                from trueline.train.masked_lm import MaskedLm

                model = MaskedLm(result) if name == "hugging_face" else result[1]
                values = evaluate(task, model, held, loop, Accelerator(cpu=True)).values
                losses[name].append(values["loss"])
    tokens = given.steps * BATCH * LENGTH
    table = {
        name: {
            "tokens_per_wall_second": round(tokens / min(wall for wall, _ in times)),
            "tokens_per_cpu_second": round(tokens / min(cpu for _, cpu in times)),
            "loss": [round(value, 3) for value in losses[name]],
        }
        for name, times in rows.items()
    }
    first, second = (table[name]["tokens_per_cpu_second"] for name in rows)
    told = {
        "machine": platform.processor() or platform.machine(), "torch": torch.__version__,
        "vocabulary": len(tokenizer), "blocks": len(blocks), "tokens": tokens, **table,
        "ratio_cpu": round(second / first, 2),  # type: ignore[operator]
        "load": os.getloadavg(),
    }  # fmt: skip
    print(json.dumps(told, indent=None if given.json else 2))


if __name__ == "__main__":
    main()
