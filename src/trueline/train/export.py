"""Write a finished model as ONNX: float32, and int8 beside it.

The exporter is torch's tracing one (`dynamo=False`): graphs of the newer one cannot be quantised
(onnxruntime's shape inference refuses them). Matrices become int8 with a scale for each output
column; what they read is quantised while running. Two kinds of error add up there, and two
measures are taken against them, both measured in benchmarks/train_compress.py:

- activations are not cut to 7 bits (`reduce_range` is for processors without VNNI);
- matrices of the last heads stay float32: they are small and every error in them is a decision.
"""

from __future__ import annotations

import inspect
import os
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trueline.core.errors import InputError
from trueline.core.extras import require
from trueline.train.weights import bare

OPSET = 17
FLOAT, INT8 = "model.onnx", "model.int8.onnx"
#: Inputs an exported model may read, in their order.
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
#: Parts of node names that stay float32: the heads.
HEADS = ("text_heads", "token_heads", "classifier", "score")


def export_float(model: nn.Module, inputs: Sequence[str], path: Path) -> tuple[str, ...]:
    """Write the model as float32 ONNX with free batch and time.

    Args:
        model: gives a mapping of names to tensors, or an object with `logits`.
        inputs: which of INPUTS it reads.

    Returns:
        Names of the outputs.

    Raises:
        InputError: the model cannot be traced.
    """
    require("onnx", extra="train", feature="exporting to ONNX")
    plain = _Plain(bare(model), inputs)
    was_training = model.training
    plain.eval()
    sample = _sample(inputs)
    with torch.no_grad():
        names = plain.names(*sample)
    partial = path.with_name(path.name + ".partial")
    axes = {name: {0: "batch", 1: "time"} for name in inputs}
    for name in names:
        axes[name] = {0: "batch"} if names[name] == 2 else {0: "batch", 1: "time"}
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of tracing: shapes are free and checked by parity
            torch.onnx.export(
                plain, sample, str(partial), input_names=list(inputs), output_names=list(names),
                dynamic_axes=axes, opset_version=OPSET, dynamo=False,
            )  # fmt: skip
    except (RuntimeError, ValueError, TypeError, torch.onnx.errors.OnnxExporterError) as error:
        partial.unlink(missing_ok=True)
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"the model cannot be written as ONNX: {line:.200}") from error
    finally:
        model.train(was_training)
    os.replace(partial, path)
    return tuple(names)


def quantize_int8(source: Path, path: Path, keep_float: Sequence[str] = HEADS) -> int:
    """Write the int8 model of a float32 one.

    Args:
        keep_float: parts of names of nodes that stay float32.

    Returns:
        How many matrices became int8.

    Raises:
        InputError: the file cannot be quantised.
    """
    require("onnxruntime", extra="train", feature="quantising to int8")
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph: Any = onnx.load(str(source)).graph
    kept = [
        node.name
        for node in graph.node
        if node.op_type in ("MatMul", "Gemm") and any(part in node.name for part in keep_float)
    ]
    partial = path.with_name(path.name + ".partial")
    try:
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as scratch:
            warnings.simplefilter("ignore")
            tempfile_was, tempfile.tempdir = tempfile.tempdir, scratch
            try:
                quantize_dynamic(
                    str(source), str(partial), weight_type=QuantType.QInt8, per_channel=True,
                    op_types_to_quantize=["MatMul", "Gemm", "Gather"], nodes_to_exclude=kept,
                    extra_options={"MatMulConstBOnly": True},
                )  # fmt: skip
            finally:
                tempfile.tempdir = tempfile_was
    except Exception as error:  # onnx and onnxruntime raise many classes of their own
        partial.unlink(missing_ok=True)
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{source} cannot be quantised: {line:.200}") from error
    os.replace(partial, path)
    made: Any = onnx.load(str(path)).graph
    return sum(node.op_type == "MatMulInteger" for node in made.node)


class _Plain(nn.Module):
    """A model with positional inputs and a tuple of outputs, as the exporter wants it."""

    def __init__(self, model: nn.Module, inputs: Sequence[str]) -> None:
        super().__init__()
        self.inner, self.inputs = model, tuple(inputs)
        parameters = inspect.signature(model.forward).parameters
        self.further = {"use_cache": False} if "use_cache" in parameters else {}

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        return tuple(self._told(tensors).values())

    def names(self, *tensors: Tensor) -> dict[str, int]:
        """Outputs by name, with their number of dimensions."""
        return {name: tensor.ndim for name, tensor in self._told(tensors).items()}

    def _told(self, tensors: Sequence[Tensor]) -> dict[str, Tensor]:
        told: Any = self.inner(**dict(zip(self.inputs, tensors, strict=True)), **self.further)
        if isinstance(told, dict) and not hasattr(told, "logits"):
            return {name: tensor for name, tensor in told.items() if isinstance(tensor, Tensor)}
        return {"logits": told.logits}


def _sample(inputs: Sequence[str]) -> tuple[Tensor, ...]:
    ids = torch.ones(2, 8, dtype=torch.int64)
    made = {
        "input_ids": ids,
        "attention_mask": torch.tensor([[1] * 8, [1] * 5 + [0] * 3]),
        "token_type_ids": torch.zeros_like(ids),
    }
    return tuple(made[name] for name in inputs)
