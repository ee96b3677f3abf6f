"""Is the exported model the same model? A table of differences, kept metric, size and time.

    file             max difference   agreement   macro_f1   of float32   MB     p50 ms
    model.onnx       2.4e-07          100.00 %    0.9312     100.00 %     10.1   0.84
    model.int8.onnx  6.1e-02           99.95 %    0.9309      99.97 %      2.6   0.73

The exported files are put in the model's place, so that decisions and metrics are made by the
very code that made them for the model itself.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import torch
from torch import Tensor, nn

from trueline.core.errors import InputError
from trueline.models.onnx_session import OnnxSession
from trueline.train.artifact import Artifact, load_artifact
from trueline.train.batching import generator, make_batches
from trueline.train.export import FLOAT, INPUTS, INT8, export_float, quantize_int8
from trueline.train.task import Example, Metrics, Row, Task

PARITY = "parity.json"
#: Runs behind a median time, and tokens of the text they read.
RUNS, TOKENS = 50, 128
_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One file against the model it came from.

    Args:
        max_difference: largest difference of an output.
        agreement: share of rows with the same decision.
        disagreements: rows with another decision.
        metric: the task's main metric; `kept` is its share of the model's own.
        bytes: of the file.
        p50_ms: median time of one text of `TOKENS` tokens, or as long as the task reads, one thread.
    """

    file: str
    max_difference: float
    agreement: float
    disagreements: int
    metric: float
    kept: float
    bytes: int
    p50_ms: float


@dataclass(frozen=True, slots=True)
class Parity:
    """The table, and what it was measured on."""

    metric: str
    value: float
    rows: int
    int8_matrices: int
    files: tuple[ParityRow, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values for parity.json."""
        return {**asdict(self), "files": [asdict(row) for row in self.files]}

    def as_text(self) -> str:
        """The table for a terminal."""
        lines = [
            f"{self.metric} of the model {self.value:.4f} on {self.rows:,} rows; "
            f"{self.int8_matrices} matrices in int8",
            f"{'file':16} {'max difference':>14} {'agreement':>10} {self.metric[:12]:>12} "
            f"{'kept':>8} {'MB':>7} {'p50 ms':>7}",
        ]
        lines += [
            f"{row.file:16} {row.max_difference:14.1e} {row.agreement:10.2%} {row.metric:12.4f} "
            f"{row.kept:8.2%} {row.bytes / 1e6:7.2f} {row.p50_ms:7.2f}"
            for row in self.files
        ]
        return "\n".join(lines)


def compress(folder: str | Path, rows: Sequence[Row]) -> Parity:
    """Write `model.onnx`, `model.int8.onnx` and `parity.json` into a finished model's folder.

    Args:
        folder: of a finished run.
        rows: rows with labels that the model has not learned from.

    Raises:
        InputError: there is no model, no row, or the task's model cannot be exported.
    """
    artifact = load_artifact(folder)
    task = artifact.task
    if task.name not in ("classify", "tag", "understand", "mlm"):
        raise InputError(
            f"compress: models of the task {task.name} write texts step by step, which one ONNX "
            "file cannot do. Compress models of classify, tag, understand or mlm"
        )
    if not rows:
        raise InputError("compress: no rows to compare on. Give --rows FILE with labelled rows")
    torch.set_num_threads(1)
    examples = task.encode(rows)
    inputs = inputs_of(task, examples)
    plain, small = artifact.folder / FLOAT, artifact.folder / INT8
    export_float(artifact.model, inputs, plain)
    matrices = quantize_int8(plain, small)
    parity = measure(artifact, examples, (plain, small), matrices)
    partial = artifact.folder / f"{PARITY}.partial"
    partial.write_bytes(orjson.dumps(parity.as_json(), option=orjson.OPT_INDENT_2))
    os.replace(partial, artifact.folder / PARITY)
    return parity


def inputs_of(task: Task, examples: Sequence[Example]) -> tuple[str, ...]:
    """Inputs the task's batches hold; a mask always, since batches of equal lengths lack it."""
    batch = task.collate(examples[:1], generator(0))
    return tuple(name for name in INPUTS if name in batch or name == "attention_mask")


def measure(
    artifact: Artifact, examples: Sequence[Example], files: Sequence[Path], matrices: int
) -> Parity:
    """Hold files against the model."""
    task = artifact.task
    right, outputs = outcome(task, artifact.model, examples)
    own = task.score(right, examples)
    value = _value(own)
    told: list[ParityRow] = []
    for path in files:
        session = OnnxSession(path)
        found, given = outcome(task, OnnxModule(session), examples)
        differences = [
            float((given[number][name] - outputs[number][name]).abs().max())
            for number in range(len(outputs))
            for name in outputs[number]
        ]
        other = sum(decision(a) != decision(b) for a, b in zip(right, found, strict=True))
        metric = _value(task.score(found, examples))
        told.append(
            ParityRow(
                path.name, max(differences), 1 - other / len(examples), other, metric,
                metric / value if value else float(metric == value), path.stat().st_size,
                median_ms(session, min(TOKENS, int(getattr(task, "longest", TOKENS)))),
            )
        )  # fmt: skip
    return Parity(own.main, value, len(examples), matrices, tuple(told))


def outcome(
    task: Task, model: nn.Module, examples: Sequence[Example]
) -> tuple[list[Any], list[dict[str, Tensor]]]:
    """Predictions in the order of the examples, and the outputs behind them, batch by batch."""
    recorder = _Recording(model)
    found: list[Any] = [None] * len(examples)
    with torch.no_grad():
        lengths = [task.length(example) for example in examples]
        for indices in make_batches(lengths, size=_AT_ONCE):
            batch = task.collate([examples[i] for i in indices], generator(min(indices)))
            for i, prediction in zip(indices, task.predict(recorder, batch), strict=True):
                found[i] = prediction
    return found, recorder.seen


def decision(prediction: Any) -> Any:
    """What a prediction decides, without the scores behind it."""
    if isinstance(prediction, Mapping):
        return {
            str(name): decision(value)
            for name, value in prediction.items()
            if name not in ("scores", "score")
        }
    if isinstance(prediction, list):
        return [decision(part) for part in prediction]
    return prediction


def median_ms(session: OnnxSession, tokens: int, runs: int = RUNS) -> float:
    """Median milliseconds of one text of so many tokens, one thread."""
    ids = np.ones((1, tokens), dtype=np.int64)
    spent: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        session.run({"input_ids": ids})
        spent.append(time.perf_counter() - began)
    return 1000 * statistics.median(spent)


class OnnxModule(nn.Module):
    """An exported file in a model's place."""

    def __init__(self, session: OnnxSession) -> None:
        super().__init__()
        self.session = session

    def forward(self, **inputs: Tensor) -> Any:
        """Tensors by name, and as attributes."""
        arrays = {n: t.numpy() for n, t in inputs.items() if isinstance(t, Tensor)}
        return Outputs({n: torch.from_numpy(a) for n, a in self.session.run(arrays).items()})


class Outputs(dict[str, Tensor]):
    """Outputs by name; `.logits` as well as `["logits"]`."""

    def __getattr__(self, name: str) -> Tensor:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


class _Recording(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.seen: list[dict[str, Tensor]] = []

    def forward(self, **inputs: Any) -> Any:
        told = self.model(**inputs)
        kept = told if not hasattr(told, "logits") else {"logits": told.logits}
        self.seen.append({n: t.float() for n, t in kept.items() if isinstance(t, Tensor)})
        return told


def _value(metrics: Metrics) -> float:
    return metrics.values.get(metrics.main, 0.0)
