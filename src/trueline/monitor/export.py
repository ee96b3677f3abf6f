"""Write what people settled as data for the next round of training and testing.

A part of the random sample, chosen by a hash of the text, is the test set and never goes into the
training set, in this export or a later one with the same share, however often the text comes up:
the next model is measured on texts it has not seen.
Texts are those the policy let the store keep; where it kept none, the row is left out and
counted.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueline.core.errors import InputError
from trueline.core.exchange import now
from trueline.core.policy import Policy
from trueline.core.version import version
from trueline.monitor.reviewed import Reviewed, read_reviewed
from trueline.store.events import EventStore
from trueline.store.queries import get_exchange

SCHEMA = "trueline.reviewed/1"


@dataclass(frozen=True, slots=True)
class Exported:
    """How many rows went where, and why others did not."""

    train: int
    test: int
    unsure: int
    without_text: int
    folder: Path

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return {
            "train": self.train, "test": self.test, "unsure": self.unsure,
            "without_text": self.without_text, "folder": str(self.folder),
        }  # fmt: skip


def export_reviewed(
    store: EventStore, policy: Policy, folder: Path, *, test_share: float = 0.3
) -> Exported:
    """Write `train.jsonl`, `test.jsonl` and `manifest.json`.

    Args:
        store: holds labels and texts.
        policy: in force; noted in the manifest.
        folder: must be new or empty.
        test_share: part of the random sample that is held out, in [0, 1]. Keep it the same from
            one export to the next: with a smaller one, texts once tested on are trained on.

    Raises:
        InputError: a folder that holds something, or a share out of range.
        StoreError: the store cannot be read.
    """
    if not 0 <= test_share <= 1:
        raise InputError(f"the test share must be from 0 to 1 (got {test_share:g})")
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; give a new folder")
    rows: dict[str, list[str]] = {"train": [], "test": []}
    unsure = without_text = 0
    for one in read_reviewed(store):
        if one.violates is None:
            unsure += 1
            continue
        text = _text(store, one)
        if not text:
            without_text += 1
            continue
        held_out = _toss(text) < test_share
        # What was picked for a reason may be a text of the test set too: leave it out of both.
        if one.random or not held_out:
            rows["test" if held_out else "train"].append(_line(one, text))
    folder.mkdir(parents=True, exist_ok=True)
    digests = {}
    for name, lines in rows.items():
        data = "".join(lines).encode("utf-8", "replace")
        (folder / f"{name}.jsonl").write_bytes(data)
        digests[f"{name}.jsonl"] = "sha256:" + hashlib.sha256(data).hexdigest()
    manifest = {
        "schema": SCHEMA, "trueline": version(), "made": now().isoformat(timespec="seconds"),
        "policy": policy.name, "policy_hash": policy.hash, "storage": policy.storage.text,
        "test_share": test_share, "rows": {name: len(lines) for name, lines in rows.items()},
        "unsure": unsure, "without_text": without_text, "sha256": digests,
    }  # fmt: skip
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    return Exported(len(rows["train"]), len(rows["test"]), unsure, without_text, folder)


def _toss(text: str) -> float:
    """A number in [0, 1) that the text decides: the same text falls on the same side for good."""
    digest = hashlib.sha256(b"held-out\0" + text.encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _text(store: EventStore, one: Reviewed) -> str:
    event = get_exchange(store, one.exchange_id)
    if event is None:
        return ""
    return event.exchange.prompt_text if one.part == "prompt" else event.exchange.reply_text


def _line(one: Reviewed, text: str) -> str:
    row = {
        "id": one.item_id, "text": text, "language": one.language, "role": one.part,
        "flagged": int(bool(one.violates)), "labels": dict.fromkeys(one.categories, 1),
        "random": one.random, "probability": one.probability, "policy_hash": one.policy_hash,
        "source": "review",
    }  # fmt: skip
    return json.dumps(row, ensure_ascii=False) + "\n"
