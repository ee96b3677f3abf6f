"""Write a finished model as ONNX: float32, and int8 beside it.

The exporter is torch's tracing one (`dynamo=False`): graphs of the newer one cannot be quantised
(onnxruntime's shape inference refuses them). Matrices become int8 with a scale for each output
column; what they read is quantised while running. Two kinds of error add up there, and two
measures are taken against them, both measured in benchmarks/train_compress.py:

- embeddings get a scale for each row: one scale for the whole table, as onnxruntime's own
  quantiser takes, changed 2 of 1,565 decisions of a small review model, this one none;
- the heads behind the last layer stay float32: they are small and every error in them is a
  decision.
"""

from __future__ import annotations

import inspect
import logging
import os
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trueline.core.errors import InputError
from trueline.core.extras import require
from trueline.train.weights import bare

OPSET = 17
FLOAT, INT8 = "model.onnx", "model.int8.onnx"
#: Inputs an exported model may read, in their order.
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
#: Part of the names of nodes inside the model's layers; matrices elsewhere are heads.
INSIDE = "layer"
#: Rows of an embedding from which int8 saves anything.
LEAST_ROWS = 256


def export_float(model: nn.Module, inputs: Sequence[str], path: Path) -> tuple[str, ...]:
    """Write the model as float32 ONNX with free batch and time.

    Args:
        model: gives a mapping of names to tensors, or an object with `logits`.
        inputs: which of INPUTS it reads.
        path: the file to write.

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


def quantize_int8(source: Path, path: Path) -> int:
    """Write the int8 model of a float32 one.

    Returns:
        How many matrices became int8.

    Raises:
        InputError: the file cannot be quantised.
    """
    require("onnxruntime", extra="train", feature="quantising to int8")
    import onnx
    from onnxruntime.quantization import (  # type: ignore[import-untyped]
        QuantType,
        quantize_dynamic,
    )

    graph: Any = onnx.load(str(source)).graph
    kept = [
        name
        for node in graph.node
        if node.op_type in ("MatMul", "Gemm") and INSIDE not in node.name
        # A Gemm is split into a MatMul of this name before names are looked at.
        for name in (node.name, f"{node.name}_MatMul")
    ]
    partial = path.with_name(path.name + ".partial")
    try:
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as scratch:
            warnings.simplefilter("ignore")
            logging.disable(logging.WARNING)  # its advice on pre-processing does not apply here
            tempfile_was, tempfile.tempdir = tempfile.tempdir, scratch
            try:
                quantize_dynamic(
                    str(source), str(partial), weight_type=QuantType.QInt8, per_channel=True,
                    op_types_to_quantize=["MatMul", "Gemm"], nodes_to_exclude=kept,
                    extra_options={"MatMulConstBOnly": True},
                )  # fmt: skip
            finally:
                tempfile.tempdir = tempfile_was
                logging.disable(logging.NOTSET)
    except Exception as error:  # onnx and onnxruntime raise many classes of their own
        partial.unlink(missing_ok=True)
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{source} cannot be quantised: {line:.200}") from error
    small: Any = onnx.load(str(partial))
    _shrink_embeddings(small.graph)
    onnx.save(small, str(partial))
    os.replace(partial, path)
    made: Any = small.graph
    return sum(node.op_type == "MatMulInteger" for node in made.node)


def _shrink_embeddings(graph: Any) -> None:
    """Store each embedding as int8 with a scale for each row; rows are made float when read."""
    import onnx
    from onnx import helper, numpy_helper

    tables = {one.name: one for one in graph.initializer}
    nodes: list[Any] = []
    for node in graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        large = table is not None and len(table.dims) == 2 and table.dims[0] >= LEAST_ROWS
        plain = table is not None and table.data_type == onnx.TensorProto.FLOAT
        uses = sum(node.input[0] in other.input for other in graph.node) if large else 0
        if table is None or not plain or uses != 1:
            nodes.append(node)
            continue
        values = numpy_helper.to_array(table)
        scales = np.maximum(np.abs(values).max(1, keepdims=True), 1e-12) / 127
        whole = np.rint(values / scales).astype(np.int8)
        name = node.input[0]
        graph.initializer.remove(table)
        graph.initializer.append(numpy_helper.from_array(whole, f"{name}_int8"))
        graph.initializer.append(
            numpy_helper.from_array(scales.astype(np.float32), f"{name}_scale")
        )
        out = node.output[0]
        nodes += [
            helper.make_node("Gather", [f"{name}_int8", node.input[1]], [f"{out}_int8"], axis=0),
            helper.make_node("Cast", [f"{out}_int8"], [f"{out}_cast"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Gather", [f"{name}_scale", node.input[1]], [f"{out}_scale"], axis=0),
            helper.make_node("Mul", [f"{out}_cast", f"{out}_scale"], [out]),
        ]
    del graph.node[:]
    graph.node.extend(nodes)


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
        plain: Any = told
        return {"logits": plain.logits}


def _sample(inputs: Sequence[str]) -> tuple[Tensor, ...]:
    ids = torch.ones(2, 8, dtype=torch.int64)
    made = {
        "input_ids": ids,
        "attention_mask": torch.tensor([[1] * 8, [1] * 5 + [0] * 3]),
        "token_type_ids": torch.zeros_like(ids),
    }
    return tuple(made[name] for name in inputs)
