"""One file for a state of nested values and tensors: safetensors, written in one move, no pickle.

Tensors go into the file as they are; everything else into its header as JSON, with a mark where
a tensor stood.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

_TENSOR, _PAIRS, _TUPLE = "$tensor", "$pairs", "$tuple"


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write `state`, whole or not at all."""
    tensors: dict[str, torch.Tensor] = {}
    skeleton = json.dumps(_flatten(dict(state), tensors))
    partial = path.with_name(path.name + ".partial")
    save_file(tensors, partial, {"skeleton": skeleton})
    with partial.open("rb") as handle:
        os.fsync(handle.fileno())
    os.replace(partial, path)


def read_state(path: Path) -> dict[str, Any]:
    """What `write_state` wrote; tensors on the CPU.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is damaged or was not written by `write_state`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            skeleton = json.loads((file.metadata() or {})["skeleton"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a state file") from error
    except OSError:
        raise
    except Exception as error:  # safetensors raises its own class, which it does not export
        raise ValueError(f"{path} is damaged: {error}") from error
    state: dict[str, Any] = _restore(skeleton, tensors)
    return state


def _flatten(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().to("cpu", copy=True).contiguous()
        return {_TENSOR: name}
    if isinstance(value, Mapping):
        return {_PAIRS: [[_flatten(k, tensors), _flatten(v, tensors)] for k, v in value.items()]}
    if isinstance(value, tuple):
        return {_TUPLE: [_flatten(part, tensors) for part in value]}
    if isinstance(value, list):
        return [_flatten(part, tensors) for part in value]
    return value


def _restore(value: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    if isinstance(value, list):
        return [_restore(part, tensors) for part in value]
    if isinstance(value, dict):
        if _TENSOR in value:
            return tensors[value[_TENSOR]]
        if _TUPLE in value:
            return tuple(_restore(part, tensors) for part in value[_TUPLE])
        return {_restore(k, tensors): _restore(v, tensors) for k, v in value[_PAIRS]}
    return value
