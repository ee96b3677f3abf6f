"""Canaries: made-up secrets planted in training data, and how far a model gives them away.

A file of canaries has a line for each:

    {"id": "c1", "format": "My access code is {}.", "secret": "48213907", "repeats": 4}

`format` holds `{}` once. The secret was drawn at random: each digit stands for ten, each Latin
letter for twenty-six of its case, anything else for itself. `candidates` gives other secrets
instead. `repeats` says how often the line was planted; 0 is a control that was never planted.

>>> secret_space("48-21"), drawn_secret("48-21", random.Random(1)) != "48-21"
(10000, True)
"""

from __future__ import annotations

import json
import math
import random
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueline.core.errors import InputError

_ALPHABETS = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
_FIELDS = ("id", "format", "secret", "repeats", "candidates")
_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Canary:
    """One planted secret; see the module."""

    id: str
    format: str
    secret: str
    repeats: int
    candidates: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The line as it was planted."""
        return self.format.replace("{}", self.secret)

    @property
    def space(self) -> int:
        """How many secrets it could have been."""
        return len(self.candidates) + 1 if self.candidates else secret_space(self.secret)


@dataclass(frozen=True, slots=True)
class CanaryRank:
    """How a canary stands among candidates.

    Args:
        canary: whose.
        better: candidates with a loss no higher than the secret's.
        n: candidates tried.
    """

    canary: Canary
    better: int
    n: int

    @property
    def p_value(self) -> float:
        """Chance of so high a rank if the model knew nothing of the secret; exact.

        Secret and candidates are then drawn alike, so every rank is equally likely.
        """
        return (self.better + 1) / (self.n + 1)

    @property
    def exposure(self) -> float:
        """Bits that the candidates show: log2((n + 1) / (better + 1))."""
        return math.log2((self.n + 1) / (self.better + 1))


def secret_space(secret: str) -> int:
    """How many secrets have the same shape."""
    return math.prod(len(alphabet) for alphabet in map(_alphabet, secret) if alphabet)


def drawn_secret(secret: str, source: random.Random) -> str:
    """A random secret of the same shape; it may be the same one."""
    return "".join(source.choice(_alphabet(c)) if _alphabet(c) else c for c in secret)


def rank_canaries(
    canaries: Sequence[Canary],
    losses_of: Callable[[Sequence[str]], Sequence[float]],
    *,
    candidates: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[CanaryRank]:
    """Rank each secret among others of its shape by the loss of its line.

    All others are tried where there are at most `candidates` of them, otherwise so many are
    drawn at random.

    Args:
        canaries: planted ones and controls.
        losses_of: the loss of whole texts, such as their nats.
        candidates: tried for each canary at most.
        seed: of the draws.
        progress: told after each canary.
    """
    ranks: list[CanaryRank] = []
    for number, canary in enumerate(canaries, 1):
        others = _others(canary, candidates, seed)
        losses = losses_of([canary.text, *(canary.format.replace("{}", other) for other in others)])
        own = losses[0]
        ranks.append(CanaryRank(canary, sum(loss <= own for loss in losses[1:]), len(others)))
        progress(number, len(canaries))
    return ranks


def read_canaries(path: Path) -> list[Canary]:
    """Canaries of a JSON-lines file.

    Raises:
        InputError: the file cannot be read or lines are wrong; the message names them.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not valid UTF-8 (byte {error.start}). Save the file as UTF-8"
        ) from error
    canaries: list[Canary] = []
    faults: list[str] = []
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        told = _canary(line, seen)
        if isinstance(told, str):
            faults.append(f"line {number}, {told}")
        else:
            canaries.append(told)
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults[:_MOST_FAULTS])
        more = f"\n  and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
        raise InputError(f"{path} has canaries that cannot be used:\n{shown}{more}")
    if not canaries:
        raise InputError(f"{path} holds no canaries; plant some: trueline assess leakage plant")
    return canaries


def _canary(line: str, seen: set[str]) -> Canary | str:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError):
        return "not valid JSON: a canary is a JSON object on one line"
    if not isinstance(row, dict):
        return f"a canary is a JSON object on one line, not {type(row).__name__}"
    for name in row:
        if name not in _FIELDS:
            return f"{name}: unknown; fields are {', '.join(_FIELDS)}"
    for name in ("id", "format", "secret"):
        if not isinstance(row.get(name), str) or not row[name]:
            return f"{name}: a text is needed"
    if row["id"] in seen:
        return f"id: {row['id']!r} stands twice"
    if row["format"].count("{}") != 1:
        return f"format: needs {{}} once, where the secret stands (got {row['format'].count('{}')})"
    repeats = row.get("repeats")
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 0:
        return "repeats: a whole number is needed; 0 for a canary that was never planted"
    others = row.get("candidates", [])
    if not isinstance(others, list) or not all(isinstance(one, str) for one in others):
        return "candidates: a list of texts is needed"
    canary = Canary(
        row["id"], row["format"], row["secret"], repeats,
        tuple(dict.fromkeys(one for one in others if one != row["secret"])),
    )  # fmt: skip
    if canary.space < 2:
        return "secret: has no digit or Latin letter, so it could not have been another; give candidates"
    seen.add(canary.id)
    return canary


def _others(canary: Canary, most: int, seed: int) -> list[str]:
    source = random.Random(f"candidates {seed} {canary.id}")  # noqa: S311 (a sample)
    if canary.candidates:
        others = list(canary.candidates)
        return others if len(others) <= most else source.sample(others, most)
    if canary.space - 1 <= most:
        return [one for one in _all_secrets(canary.secret) if one != canary.secret]
    found: list[str] = []
    while len(found) < most:
        other = drawn_secret(canary.secret, source)
        if other != canary.secret:
            found.append(other)
    return found


def _all_secrets(secret: str) -> list[str]:
    found = [""]
    for character in secret:
        choices = _alphabet(character) or character
        found = [start + choice for start in found for choice in choices]
    return found


def _alphabet(character: str) -> str:
    return next((alphabet for alphabet in _ALPHABETS if character in alphabet), "")
