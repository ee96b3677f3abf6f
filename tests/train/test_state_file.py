"""A state on disk: what goes in comes out, and damage is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trueline.train.state_file import read_state, write_state

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5)
    | st.floats(allow_nan=False)
    | st.lists(st.integers(-5, 5), max_size=4).map(lambda row: torch.tensor(row).float()),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=3) | st.integers(0, 9), inner, max_size=3)
    | st.tuples(inner, inner),
    max_leaves=12,
)  # fmt: skip


def same(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and torch.equal(a, b) and a.dtype == b.dtype
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) and type(a) is type(b)


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=4))
def test_a_state_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, state: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("state") / "s.safetensors"

    write_state(path, state)

    assert same(read_state(path), state)


def test_a_damaged_file_is_a_value_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "s.safetensors"
    write_state(path, {"a": torch.ones(100)})
    path.write_bytes(path.read_bytes()[:60])

    with pytest.raises(ValueError, match=f"^{path} is damaged: "):
        read_state(path)


def test_a_write_that_fails_leaves_the_earlier_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.safetensors"
    write_state(path, {"step": 1})

    def full(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("trueline.train.state_file.os.replace", full)
    with pytest.raises(OSError, match="no space left"):
        write_state(path, {"step": 2})

    assert read_state(path) == {"step": 1}
