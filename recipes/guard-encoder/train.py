"""Make the guard's encoder: running text, tokenizer, pre-training, fine-tuning, int8, figures.

    python recipes/guard-encoder/train.py --data DIR --out DIR
    python recipes/guard-encoder/train.py --data DIR --out DIR --minutes 25   # again, until it is done

Every stage leaves its result in `--out` and is skipped when it is there; a stage that was broken
off goes on where it stopped. `--minutes` stops at the next checkpoint after that time, with exit
code 3: the same command goes on. Exit code 0 means that all stages are done.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from encoder_card import write_cards  # noqa: E402
from guard_rows import read_texts, write_rows  # noqa: E402
from guard_task import GuardOptions  # noqa: E402
from running_text import curate_text, take_text  # noqa: E402
from static_embeddings import write_start  # noqa: E402
from training_record import write_record  # noqa: E402

from trueline.train.data import read_files  # noqa: E402
from trueline.train.parity import compress  # noqa: E402
from trueline.train.progress import Progress  # noqa: E402
from trueline.train.recipe_file import load_recipe  # noqa: E402
from trueline.train.run import RUN, train  # noqa: E402

STAGES = (
    "text",
    "tokenizer",
    "embeddings",
    "pretrain",
    "rows",
    "finetune",
    "export",
    "measure",
    "unknown",
)
UNFINISHED = 3


def main() -> None:
    arguments = _arguments()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    if arguments.minutes is not None:
        _stop_after(arguments.minutes * 60)
    for stage in arguments.stage or STAGES:
        began = time.monotonic()
        try:
            _run(stage, arguments)
        except KeyboardInterrupt:
            _say(f"{stage}: stopped; the same command goes on from here")
            sys.exit(UNFINISHED)
        _say(f"{stage}: {time.monotonic() - began:.0f} s")


def _run(stage: str, arguments: argparse.Namespace) -> None:
    data, out = arguments.data, arguments.out
    if stage == "text" and not (out / "text" / "curated" / RUN).is_file():
        take_text(data, out / "text" / "taken", arguments.share)
        curate_text(out / "text" / "taken", out / "text" / "curated")
    text = out / "text" / "curated" / "data"
    if stage == "tokenizer":
        _train(stage, [f"data.train={text}/*.jsonl"], out / stage)
    if stage in ("embeddings", "pretrain"):
        changes = [
            f"data.train={text}/*.jsonl", f"tokenizer.folder={out}/tokenizer", *arguments.pretrain
        ]  # fmt: skip
        if stage == "pretrain":
            _train(stage, [*changes, f"model.start={out}/start"], out / stage)
        elif not (out / "start" / "model" / "model.safetensors").is_file():
            recipe = load_recipe(HERE / "pretrain.yaml", changes)
            write_start(recipe, text, out / "tokenizer", out / "start")
    if stage == "rows" and not (out / "rows" / "dev.jsonl").is_file():
        _say(f"rows: {write_rows(read_texts(data), out / 'rows', arguments.rows)}")
    if stage == "finetune":
        finetune(out, out / "rows", out / "finetune", arguments.finetune)
    if stage == "export" and not (out / "finetune" / "model" / "parity.json").is_file():
        rows, _ = read_files([str(out / "rows" / "dev.jsonl")], "rows")
        _say(compress(out / "finetune", rows).as_text())
    if stage == "measure":
        from figures import write_figures

        write_figures(data, out, out / "results")
    if stage == "unknown":
        _unknown(arguments)
    if stage == "card":
        write_record(out, out / "results" / "training.json")
        write_cards(out / "results")


def finetune(out: Path, rows: Path, folder: Path, changes: Sequence[str]) -> None:
    """Fine-tune the pre-trained encoder on rows, with the guard's loss."""
    recipe = load_recipe(
        HERE / "finetune.yaml",
        [
            f"data.train={rows}/train.jsonl", f"data.dev={rows}/dev.jsonl",
            f"model.start={out}/pretrain", *changes,
        ],
    )  # fmt: skip
    task = GuardOptions.model_validate(recipe.task.model_dump())
    recipe = recipe.model_copy(update={"task": task})
    train(recipe, out=folder, progress=Progress(sys.stderr))


def _unknown(arguments: argparse.Namespace) -> None:
    """Fine-tune without some sources, then measure those; the linear classifier the same."""
    from figures import LINEAR, write_unknown_figures, write_unknown_linear
    from sources import LEAVE_OUT  # type: ignore[import-not-found]

    data, out = arguments.data, arguments.out
    for number in arguments.folds:
        left_out = frozenset(LEAVE_OUT[number])
        folder: Path = out / f"unknown-{number}"
        if not (folder / LINEAR).is_file():
            write_unknown_linear(data, folder, left_out, out / "cache")
        if arguments.linear_only:
            continue
        if not (folder / "rows" / "dev.jsonl").is_file():
            write_rows(read_texts(data), folder / "rows", arguments.rows, left_out)
        finetune(out, folder / "rows", folder / "finetune", arguments.finetune)
        if not (folder / "finetune" / "model" / "parity.json").is_file():
            rows, _ = read_files([str(folder / "rows" / "dev.jsonl")], "rows")
            compress(folder / "finetune", rows)
        result = out / "results" / f"unknown-{number}.json"
        if not result.is_file():
            write_unknown_figures(data, folder, left_out, result)


def _train(stage: str, changes: Sequence[str], folder: Path) -> None:
    train(HERE / f"{stage}.yaml", changes=changes, out=folder, progress=Progress(sys.stderr))


def _stop_after(seconds: float) -> None:
    """Ask this process to stop, as Ctrl-C does; the loop then writes a checkpoint."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.daemon = True
    timer.start()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with safety/ and general/")
    parser.add_argument("--out", type=Path, required=True, help="folder to work in")
    parser.add_argument("--stage", choices=STAGES, action="append", help="this one alone; repeats")
    parser.add_argument("--minutes", type=float, help="stop at a checkpoint after that time")
    parser.add_argument("--share", type=float, default=1.0, help="of the running text taken")
    parser.add_argument("--rows", type=float, default=1.0, help="share of labelled rows taken")
    parser.add_argument(
        "--folds", type=int, nargs="*", default=[0], help="groups of sources left out"
    )
    parser.add_argument(
        "--linear-only", action="store_true", help="of `unknown`: only the linear classifier"
    )
    for stage in ("pretrain", "finetune"):
        parser.add_argument(
            f"--{stage}", action="append", default=[], metavar="FIELD=VALUE",
            help=f"change a value of {stage}.yaml; repeats",
        )  # fmt: skip
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
