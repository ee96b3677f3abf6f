"""The folder of a tour: what lies where, what it begins with, and how much is done in it."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from trueline.core.errors import InputError
from trueline.core.policy import Policy
from trueline.core.policy_file import load_policy

STATE = "tour.json"
SAMPLES = (
    "raw.jsonl", "prompts.jsonl", "held_out.jsonl", "messages.jsonl", "surge.jsonl",
)  # fmt: skip
#: Who labels and decides in a tour: nobody; the labels are what the samples are known to be.
KNOWN_TRUTH = "tour (known truth)"

# Everything a tour writes; `--fresh` removes these and nothing else.
_MADE = (
    STATE, "policy.yaml", "monitor.yaml", "trueline.yaml", "curate.yaml", "train.yaml",
    "anonymize.key", "traffic.jsonl", "surge.jsonl", "trueline.db", "trueline.db-wal",
    "trueline.db-shm", "samples", "data", "model", "case",
)  # fmt: skip
_LOCK = "tour.lock"

_MONITOR = """\
# What is watched. 监测规则。
safety_case: {case}
review:
  # So much only because a tour sends few messages. 导览的消息少，抽检比例才这么高。
  random_share: {share:g}
"""
_GATEWAY = """\
# trueline up --config {here}
policy: {policy}
monitor: {monitor}
db: {db}
runs: {runs}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is done.

    Args:
        train_steps: steps of the training run.
        assess_items: items of the bundled suites that are put.
        messages: messages sent through the gateway, of the samples.
        random_share: of the prompts and replies, drawn for review.
    """

    train_steps: int = 120
    assess_items: int = 600
    messages: int = 190
    random_share: float = 0.6


WHOLE = Size()
SHORT = Size(train_steps=4, assess_items=60, messages=40)


@dataclass(frozen=True, slots=True)
class Place:
    """The paths of a tour's folder; they are shown as the user gave the folder."""

    folder: Path

    @property
    def policy_file(self) -> Path:
        return self.folder / "policy.yaml"

    @property
    def monitor_file(self) -> Path:
        return self.folder / "monitor.yaml"

    @property
    def settings_file(self) -> Path:
        return self.folder / "trueline.yaml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def case(self) -> Path:
        return self.folder / "case"

    @property
    def store(self) -> str:
        """The event store's URL."""
        return f"sqlite:///{self.folder / 'trueline.db'}"

    @property
    def lock(self) -> Path:
        return self.folder / _LOCK

    def sample(self, name: str) -> Path:
        """The copy of a bundled file of samples."""
        return self.folder / "samples" / name

    def policy(self) -> Policy:
        """The one policy of the tour."""
        return load_policy(self.policy_file)

    def shown(self, name: str = "") -> str:
        """A path of the folder as a shell takes it."""
        return shlex.quote(str(self.folder / name))


def prepare(place: Place, size: Size, *, fresh: bool) -> None:
    """Make the folder ready: the policy, the samples, the settings.

    Raises:
        InputError: the folder holds something else, or cannot be written.
    """
    folder = place.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = {entry.name for entry in folder.iterdir()} - {_LOCK}
        if others and STATE not in others:
            raise InputError(
                f"{folder} is not empty and holds no tour; give another folder with --out"
            )
        if fresh:
            _remove(folder)
        write_once(folder / STATE, json.dumps({"steps": {}}) + "\n")
        (folder / "samples").mkdir(exist_ok=True)
        for name in SAMPLES:
            write_once(place.sample(name), bundled(name))
        write_once(place.policy_file, bundled("policy.yaml"))
        here = folder.resolve()
        values = {
            "here": here / "trueline.yaml", "policy": _yaml(here / "policy.yaml"),
            "runs": _yaml(here / "model"), "case": _yaml(here / "case"),
            "monitor": _yaml(here / "monitor.yaml"),
            "db": _yaml(f"sqlite:///{here / 'trueline.db'}"), "share": size.random_share,
        }  # fmt: skip
        write_once(place.monitor_file, _MONITOR.format(**values))
        write_once(place.settings_file, _GATEWAY.format(**values))
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror or error}") from None


def bundled(name: str) -> str:
    """A file of the samples."""
    return files("trueline.lifecycle").joinpath("samples", name).read_text(encoding="utf-8")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON-lines file; a last line that was torn off is left out.

    Raises:
        InputError: the file cannot be read, or a line before the last is no object.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {type(error).__name__}; try --fresh") from None
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise TypeError
        except (ValueError, TypeError):
            if number == len(lines) and not line.endswith("\n"):
                break
            raise InputError(f"{path}, line {number}: not a JSON object; try --fresh") from None
        rows.append(row)
    return rows


def write_once(path: Path, text: str) -> None:
    """Write a file unless it is there; whole or not at all."""
    if not path.exists():
        write_whole(path, text)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or as it was before."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def yaml_of(values: Mapping[str, Any]) -> str:
    """A recipe as YAML; JSON within the lines, which YAML reads."""
    return "".join(
        f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items()
    )


def _yaml(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)


def _remove(folder: Path) -> None:
    for name in _MADE:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            with suppress(FileNotFoundError):
                path.unlink()
