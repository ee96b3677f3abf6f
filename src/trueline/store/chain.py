"""The hash chain: every record carries the hash of the one before it.

A chain belongs to one writer (a process). Record `seq` hashes everything it says together
with the hash of record `seq - 1`, so a byte changed, a record taken out, put in twice or
moved shows when the chain is walked (`trueline.store.verify`). Texts enter the hash as
digests under a random salt that is kept beside them: pruning removes text and salt, the
chain still verifies, and the digest that stays cannot be tried against guessed texts.

    >>> one = link("c", 1, GENESIS, body_hash("note", ("hello",)))
    >>> one == link("c", 1, GENESIS, body_hash("note", ("hellp",)))
    False
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson

GENESIS = bytes(32)
# Part of every hash, so that a later layout of records cannot pass for this one.
LAYOUT = "trueline-chain-1"
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Head:
    """The last record of a chain; `seq` 0 is a chain without records."""

    chain_id: str
    seq: int
    hash: bytes


class Receipt(NamedTuple):
    """Where a durable record stands. Kept elsewhere, it proves that the record was there."""

    chain_id: str
    seq: int
    hash: str


def body_hash(kind: str, values: Sequence[object]) -> bytes:
    """SHA-256 over the canonical JSON of what a record says.

    Args:
        kind: `exchange` or `audit`.
        values: the record's values in a fixed order; text, whole numbers, floats or None.

    Raises:
        TypeError: a text with a lone surrogate, which has no UTF-8 form.
    """
    return hashlib.sha256(orjson.dumps((LAYOUT, kind, values))).digest()


def link(chain_id: str, seq: int, prev_hash: bytes, body: bytes) -> bytes:
    """SHA-256 over a record's place, the hash before it, and its `body_hash`.

    Args:
        chain_id: the writer's chain.
        seq: place in the chain, from 1.
        prev_hash: hash of record `seq - 1`, or `GENESIS`.
        body: what `body_hash` gave.
    """
    place = f"{LAYOUT}\n{len(chain_id)}\n{chain_id}\n{seq}\n{prev_hash.hex()}\n{body.hex()}"
    return hashlib.sha256(place.encode()).digest()


def text_digest(text: str, salt: bytes, part: bytes) -> bytes:
    """Keyed BLAKE2b of a text; empty for an empty text.

    Args:
        text: what is stored; well-formed Unicode.
        salt: `SALT_BYTES` random bytes, stored beside the text and removed with it.
        part: which text of the record it is, so that two equal texts differ.
    """
    if not text:
        return b""
    return hashlib.blake2b(text.encode(), digest_size=32, key=salt, person=part).digest()
