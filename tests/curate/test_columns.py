"""Columns come back from the store as they went in."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.curate.columns import cast, common_type, gathered, loaded, stored

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN = st.one_of(
    st.lists(st.one_of(st.none(), TEXT)),
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))),
    st.lists(st.one_of(st.none(), st.booleans())),
    st.lists(st.one_of(st.none(), st.floats(allow_nan=False))),
    st.lists(st.one_of(st.none(), st.binary(max_size=5))),
    st.lists(st.one_of(st.none(), st.lists(TEXT, max_size=4))),
    st.lists(st.one_of(st.none(), st.lists(st.integers(-9, 9), min_size=1, max_size=4))),
)
JSON = st.recursive(
    st.one_of(TEXT, st.integers(-99, 99), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)


@given(PLAIN)
def test_values_of_one_type_come_back_equal(values: list[Any]) -> None:
    column = stored("c", values)

    assert loaded(column.series, column.is_json) == values


@given(st.lists(st.lists(JSON, max_size=3), min_size=1, max_size=5))
def test_nested_values_come_back_equal(values: list[Any]) -> None:
    column = stored("c", values)

    assert loaded(column.series, column.is_json) == values


def test_an_integer_beyond_64_bits_is_kept_as_text() -> None:
    assert stored("c", [2**80, 1, None]).series.to_list() == [str(2**80), "1", None]


def test_numpy_values_are_stored_as_python_ones_would_be() -> None:
    assert stored("c", np.array([1, 2])).series.dtype == pl.Int64
    assert stored("c", [np.float64(0.5), None]).series.to_list() == [0.5, None]
    assert stored("c", np.array([[1, 2], [3, 4]], dtype=np.uint8)).series.to_list() == [
        b"\x01\x02", b"\x03\x04",
    ]  # fmt: skip


@given(st.lists(st.lists(st.binary(min_size=3, max_size=3), max_size=4), min_size=1, max_size=4))
def test_fixed_width_bytes_of_all_batches_become_one_table(batches: list[list[bytes]]) -> None:
    found = gathered([pl.Series(batch, dtype=pl.Binary) for batch in batches])

    flat = [value for batch in batches for value in batch]
    if flat:
        assert isinstance(found, np.ndarray)
        assert found.dtype == np.uint8
    assert [bytes(value) for value in found] == flat


def test_bytes_of_several_widths_stay_a_list() -> None:
    assert gathered([pl.Series([b"ab"]), pl.Series([b"abc"])]) == [b"ab", b"abc"]


@pytest.mark.parametrize(
    ("types", "wanted"),
    [
        ([pl.Null, pl.Null], pl.String),
        ([pl.Int64, pl.Null], pl.Int64),
        ([pl.Int64, pl.Float64], pl.Float64),
        ([pl.Int64, pl.String], pl.String),
        ([pl.List(pl.Int64), pl.List(pl.String)], pl.String),
        ([pl.List(pl.String), pl.Null], pl.List(pl.String)),
    ],
)
def test_batches_told_apart_end_in_a_type_that_holds_all(types: list[Any], wanted: Any) -> None:
    assert common_type(types) == wanted


def test_lists_that_must_become_text_become_json() -> None:
    assert cast(pl.Series([["a"], None]), pl.String).to_list() == ['["a"]', None]
