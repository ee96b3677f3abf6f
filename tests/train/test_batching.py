"""Batches: every example once, within the limits; packing loses no token."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from trueline.train.batching import (
    attention_of,
    generator,
    make_batches,
    mixed_seed,
    pack_blocks,
    padded,
    share_of,
)

LENGTHS = st.lists(st.integers(1, 50), max_size=200)


@given(
    LENGTHS, st.integers(1, 9), st.none() | st.integers(8, 200), st.booleans(), st.integers(0, 5)
)
def test_every_example_is_in_one_batch_and_batches_keep_their_limits(
    lengths: list[int], size: int, tokens: int | None, bucket: bool, seed: int
) -> None:
    batches = make_batches(lengths, size=size, tokens=tokens, bucket=bucket, seed=seed)

    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert 1 <= len(batch) <= size
        if tokens is not None and len(batch) > 1:
            assert max(lengths[index] for index in batch) * len(batch) <= tokens


@given(LENGTHS, st.integers(1, 4))
def test_processes_share_all_batches_and_get_equally_many(lengths: list[int], world: int) -> None:
    batches = make_batches(lengths, size=4, seed=1)

    shares = [share_of(batches, rank, world) for rank in range(world)]

    assert len({len(share) for share in shares}) == 1
    assert {tuple(b) for share in shares for b in share} == {tuple(b) for b in batches}


def test_buckets_put_like_lengths_together() -> None:
    lengths = [int(n) for n in np.random.default_rng(0).integers(1, 100, 640)]

    def padding(bucket: bool) -> int:
        batches = make_batches(lengths, size=10, bucket=bucket, seed=0)
        return sum(max(lengths[i] for i in b) * len(b) for b in batches) - sum(lengths)

    assert padding(True) < padding(False) / 5


def test_another_epoch_or_seed_gives_another_order() -> None:
    orders = [
        str(make_batches([1] * 50, size=5, seed=mixed_seed(seed, epoch)))
        for seed in range(3)
        for epoch in range(3)
    ]

    assert len(set(orders)) == 9


@given(
    st.lists(st.lists(st.integers(5, 99), max_size=20), max_size=20), st.integers(3, 30),
    st.none() | st.just(2),
)  # fmt: skip
def test_packing_keeps_every_token_in_order(
    documents: list[list[int]], block: int, start: int | None
) -> None:
    blocks = list(pack_blocks(documents, block, start=start, end=3))

    assert all(len(one) == block for one in blocks[:-1])
    assert all(len(one) <= block for one in blocks)
    kept = [int(n) for one in blocks for n in one if int(n) > 3]
    assert kept == [token for document in documents for token in document]
    if start is not None:
        assert all(one[0] == start for one in blocks)


def test_short_rows_are_filled_up_and_masked() -> None:
    rows = [[7, 8], [9]]

    table, mask = padded(rows, 0), attention_of([2, 1])

    assert table.tolist() == [[7, 8], [9, 0]]
    assert mask is not None
    assert mask.tolist() == [[1, 1], [1, 0]]
    assert attention_of([2, 2]) is None


def test_places_in_a_run_have_random_numbers_of_their_own() -> None:
    draws = {float(torch.rand(1, generator=generator(0, a, b))) for a in range(9) for b in range(9)}

    assert len(draws) == 81
