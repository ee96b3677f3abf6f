"""Curves of a run: metrics.jsonl, loss.svg, and TensorBoard, W&B or MLflow by name.

A line of metrics.jsonl is one object: `step`, `epoch`, and either the training figures (`loss`,
`lr`, `grad_norm`, `tokens`, `tokens_per_second`) or those on dev (`dev_loss`, `dev_macro_f1`, ...).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from trueline.core.extras import require
from trueline.train.recipe import LogOptions

METRICS, PLOT = "metrics.jsonl", "loss.svg"
WIDTH, HEIGHT, EDGE = 720, 320, 48
TRAIN_COLOR, DEV_COLOR = "#2563eb", "#d97706"
_POINTS = 600


class MetricsLog:
    """Writes each line as it comes; lines past `step` of an earlier try are dropped first."""

    def __init__(self, out: Path, options: LogOptions, name: str, step: int = 0) -> None:
        self._path = out / METRICS
        kept = [line for line in read_metrics(self._path) if line["step"] <= step] if step else []
        self._path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in kept))
        self._sinks: list[Any] = []
        if options.tensorboard:
            require("tensorboard", extra="train", feature="log.tensorboard")
            self._sinks.append(_TensorBoard(out / "tensorboard"))
        if options.wandb:
            require("wandb", extra="train", feature="log.wandb")
            self._sinks.append(_Wandb(options.wandb, name, out))
        if options.mlflow:
            require("mlflow", extra="train", feature="log.mlflow")
            self._sinks.append(_Mlflow(options.mlflow, name))

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """One line, on disk at once."""
        with self._path.open("ab") as handle:
            handle.write(orjson.dumps({"step": step, **values}) + b"\n")
        for sink in self._sinks:
            sink.write(step, values)

    def close(self) -> None:
        for sink in self._sinks:
            sink.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Lines of a metrics file; a last line that was broken off is left out."""
    if not path.is_file():
        return []
    found: list[dict[str, Any]] = []
    for line in path.read_bytes().splitlines():
        try:
            found.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            break
    return found


def write_plot(out: Path, title: str) -> None:
    """loss.svg: training loss (thin: as logged) and dev loss over steps."""
    lines = read_metrics(out / METRICS)
    train = [(line["step"], line["loss"]) for line in lines if "loss" in line]
    dev = [(line["step"], line["dev_loss"]) for line in lines if "dev_loss" in line]
    partial = out / f".{PLOT}.partial"
    partial.write_text(plot(title, train, dev), encoding="utf-8")
    os.replace(partial, out / PLOT)


def plot(
    title: str, train: Sequence[tuple[float, float]], dev: Sequence[tuple[float, float]]
) -> str:
    """An SVG of both curves; light and dark viewers can read it."""
    points = [*train, *dev]
    right = max((step for step, _ in points), default=1.0) or 1.0
    top = max((loss for _, loss in points), default=1.0)
    low = min((loss for _, loss in points), default=0.0)
    span = (top - low) or 1.0

    def at(step: float, loss: float) -> str:
        x = EDGE + (WIDTH - 2 * EDGE) * step / right
        y = HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (loss - low) / span
        return f"{x:.1f},{y:.1f}"

    def line(curve: Sequence[tuple[float, float]], color: str, wide: float) -> str:
        stride = -(-len(curve) // _POINTS) or 1
        shown = [*curve[::stride], *curve[-1:]]
        path = " ".join(at(*point) for point in shown)
        return (
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{wide}"/>'
            if shown
            else ""
        )

    marks = "".join(
        f'<text x="{EDGE - 6}" y="{HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * i / 4 + 4:.0f}" '
        f'text-anchor="end">{low + span * i / 4:.2f}</text>'
        for i in range(5)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12" fill="#555">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<text x="{EDGE}" y="24" font-size="14">{_escaped(title)}: loss, nats</text>'
        f'<line x1="{EDGE}" y1="{HEIGHT - EDGE}" x2="{WIDTH - EDGE}" y2="{HEIGHT - EDGE}" '
        f'stroke="#bbb"/>{marks}'
        f'<text x="{WIDTH - EDGE}" y="{HEIGHT - EDGE + 18}" text-anchor="end">'
        f"step {right:,.0f}</text>"
        f"{line(train, TRAIN_COLOR, 1.2)}{line(dev, DEV_COLOR, 2.2)}"
        f'<text x="{WIDTH - EDGE}" y="24" text-anchor="end">'
        f'<tspan fill="{TRAIN_COLOR}">train</tspan> <tspan fill="{DEV_COLOR}">dev</tspan></text>'
        "</svg>\n"
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class _TensorBoard:
    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder))

    def write(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class _Wandb:
    def __init__(self, project: str, name: str, out: Path) -> None:
        import wandb  # pyright: ignore[reportMissingImports]

        self._run: Any = wandb.init(project=project, name=name, dir=str(out))

    def write(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        self._run.finish()


class _Mlflow:
    def __init__(self, experiment: str, name: str) -> None:
        import mlflow  # pyright: ignore[reportMissingImports]

        self._mlflow: Any = mlflow
        mlflow.set_experiment(experiment)
        mlflow.start_run(run_name=name)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        self._mlflow.log_metrics(dict(values), step=step)

    def close(self) -> None:
        self._mlflow.end_run()
