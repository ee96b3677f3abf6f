"""Run an exported model on a CPU without torch: names to arrays in, names to arrays out.

session = OnnxSession("model/model.int8.onnx")
logits = session.run({"input_ids": ids, "attention_mask": mask})["label"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trueline.core.errors import InputError
from trueline.core.extras import require

Array = npt.NDArray[Any]


class OnnxSession:
    """One model file, loaded.

    Args:
        path: the file; it is data, nothing of it is executed as code.
        threads: of one run; two busy threads are slower than one on small machines.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        InputError: the file is missing or is no model.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        require("onnxruntime", extra="train", feature="running ONNX models")
        import onnxruntime  # type: ignore[import-untyped]

        if not Path(path).is_file():
            raise InputError(f"{path} is missing. Make it with: trueline compress RUN_DIR")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Idle threads that spin take the core from whoever has work.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises classes of its own, which differ by fault
            kind = type(error).__name__
            raise InputError(
                f"{path} is no model that can be run ({kind}). Export it anew"
            ) from error
        self.inputs: tuple[str, ...] = tuple(one.name for one in self._session.get_inputs())
        self.outputs: tuple[str, ...] = tuple(one.name for one in self._session.get_outputs())

    def run(
        self, inputs: Mapping[str, Array], outputs: Sequence[str] | None = None
    ) -> dict[str, Array]:
        """Every output, or those named, by name.

        Args:
            inputs: int64 [batch, time] by name; those the model does not read are left out. An
                `attention_mask` that is missing means that every token counts, `token_type_ids`
                that all are of the first text.
            outputs: names of those wanted; all when None.
        """
        first = next(iter(inputs.values()))
        filled = {
            "attention_mask": np.ones(first.shape, dtype=np.int64),
            "token_type_ids": np.zeros(first.shape, dtype=np.int64),
            **inputs,
        }
        names = list(outputs or self.outputs)
        told = self._session.run(names, {name: filled[name] for name in self.inputs})
        return dict(zip(names, told, strict=True))
