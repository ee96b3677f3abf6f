"""Step 2: a small model that keeps the policy's limit while it learns from rows that do not."""

from __future__ import annotations

from typing import Any

from trueline.lifecycle.tour.curating import training_rows
from trueline.lifecycle.tour.place import Place, Size, write_whole, yaml_of
from trueline.train import require_train

MAX_TOKENS = 20
TEMPERATURE = 0.7  # of the replies that are sampled, in training and in the safety test


def train_model(place: Place, size: Size) -> dict[str, Any]:
    """Train under the limit and say what the held-out safety test found.

    A run that was broken off goes on at its last checkpoint.

    Raises:
        MissingExtraError: the extra `train` is not installed.
    """
    require_train()
    from trueline.train.run import train

    path = place.folder / "train.yaml"
    write_whole(path, yaml_of(_recipe(place, size)))
    run = train(path, out=place.model)
    told = run.record["modifiers"]["constraint"]
    claim = told["claims"]["overall"]
    return {
        "steps": run.record["steps"],
        "certified": bool(told["certified"]),
        "limit": claim["limit"],
        "violations": int(claim["violations"]),
        "n": claim["n"],
        "bound": claim["bound"],
        "confidence": told["confidence"],
    }


def _recipe(place: Place, size: Size) -> dict[str, Any]:
    policy, here = place.policy(), place.folder.resolve()
    return {
        "name": "tour",
        "out": str(here / "model"),
        "threads": 1,
        "data": {
            "train": [str(rows.resolve()) for rows in training_rows(place)],
            "dev_share": 0.2,
        },
        "tokenizer": {"kind": "bpe", "vocab_size": 360},
        "model": {
            "kind": "llama", "layers": 1, "width": 48, "heads": 2, "max_length": 48,
            "dropout": 0.0,
        },
        "task": {"task": "causal", "pack": False, "max_new_tokens": MAX_TOKENS},
        "optimizer": {"name": "adamw", "lr": 0.01},
        "loop": {
            "steps": size.train_steps, "batch_size": 32, "evaluate_every": 20, "log_every": 5,
            "patience": None,
        },
        "modifiers": [
            {
                "modifier": "constraint",
                "max_violation_rate": policy.max_violation_rate,
                "confidence": policy.confidence,
                "holdout": str(here / "samples" / "held_out.jsonl"),
                "dual": {"window": 256, "rate": 0.1, "aim": 0.4},
                "cost": {
                    "of": "replies", "policy": str(here / "policy.yaml"),
                    "prompts": str(here / "samples" / "prompts.jsonl"),
                    "prompts_per_step": 8, "samples": 4, "temperature": TEMPERATURE,
                    "max_tokens": MAX_TOKENS,
                },
            }
        ],
    }  # fmt: skip
