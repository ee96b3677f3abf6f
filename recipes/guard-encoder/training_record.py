"""What the training run was, from the folders it left: sizes, tokens, minutes, losses, parity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_record(out: Path, result: Path) -> None:
    """Write `training.json` for the card.

    Pre-training that was stopped early has no run.json; its curve says how far it came.
    """
    config = _json(out / "finetune" / "model" / "config.json")
    tuned = _json(out / "finetune" / "run.json")
    curve = _lines(out / "pretrain" / "metrics.jsonl")
    steps = [line for line in curve if "loss" in line]
    looks = [line for line in curve if "dev_loss" in line]
    parity = _json(out / "finetune" / "model" / "parity.json")
    pretrained = float(steps[-1]["tokens"])
    record: dict[str, Any] = {
        "size": {
            "layers": config["num_hidden_layers"],
            "width": config["hidden_size"],
            "vocabulary": config["vocab_size"],
            "parameters": tuned["parameters"] / 1e6,
            "tokens": round(pretrained / 1e6, 2),
        },
        "told": {
            "pretrain_tokens": int(pretrained),
            "pretrain_minutes": round(float(steps[-1]["seconds"]) / 60, 1),
            "pretrain_loss": round(sum(float(s["loss"]) for s in steps[-5:]) / len(steps[-5:]), 3),
            "pretrain_dev_loss": round(float(looks[-1]["dev_loss"]), 3) if looks else None,
            "finetune_rows": tuned["examples"]["train"],
            "finetune_tokens": tuned["tokens"],
            "finetune_steps": tuned["steps"],
            "finetune_minutes": round(tuned["seconds"] / 60, 1),
            "dev_macro_f1": round(tuned["metrics"]["dev"]["macro_f1"], 4),
        },
        "parity": parity,
    }
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(
        json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
