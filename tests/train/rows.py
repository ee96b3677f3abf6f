"""Tiny rows for every task, in Chinese and English, and the recipes that learn from them."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trueline.train.recipe import Recipe
from trueline.train.recipe_file import recipe_from

GOOD = ("good", "great", "fast", "kind")
BAD = ("bad", "slow", "rude", "broken")
THINGS = (("parcel", "快递"), ("reply", "回复"), ("refund", "退款"), ("agent", "客服"))
ZH = {"good": "很好", "great": "满意", "fast": "很快", "kind": "友善",
      "bad": "很差", "slow": "太慢", "rude": "粗鲁", "broken": "损坏"}  # fmt: skip
SMALL: dict[str, Any] = {"layers": 2, "width": 32, "heads": 2, "max_length": 32, "dropout": 0.0}


def reviews(count: int = 160) -> list[dict[str, Any]]:
    """Short reviews with the label good or bad; half of them Chinese."""
    source = random.Random(0)
    found: list[dict[str, Any]] = []
    for number in range(count):
        word = source.choice(GOOD + BAD)
        english, chinese = source.choice(THINGS)
        day = source.randrange(1000)
        text = (
            f"the {english} was {word} on day {day}" if number % 2 else f"{chinese}{ZH[word]}{day}"
        )
        found.append({"text": text, "label": "good" if word in GOOD else "bad"})
    return found


def documents(count: int = 40) -> list[dict[str, Any]]:
    """Running text of six sentences each."""
    rows = reviews(count * 6)
    return [
        {"text": "".join(f"{row['text']}。" for row in rows[at : at + 6])}
        for at in range(0, len(rows), 6)
    ]


def pairs(count: int = 40) -> list[dict[str, Any]]:
    """The same statement in English and Chinese."""
    return [
        {"en": f"the {english} was {word}", "zh": f"{chinese}{ZH[word]}"}
        for english, chinese in THINGS
        for word in GOOD + BAD
    ][:count]


def tagged(count: int = 60) -> list[dict[str, Any]]:
    """Words with people and places; some Chinese words have several characters."""
    people, places = ("Ann", "小王", "Bob", "老李"), ("北京", "Rome", "上海", "Paris")
    source = random.Random(1)
    return [
        {
            "tokens": [source.choice(people), "went", "to", source.choice(places), str(number)],
            "tags": ["B-PER", "O", "O", "B-LOC", "O"],
        }
        for number in range(count)
    ]


def dialogues(count: int = 40) -> list[dict[str, Any]]:
    """Two turns of a user with intent and slots, and their replies."""
    source = random.Random(2)
    found: list[dict[str, Any]] = []
    for number in range(count):
        city = source.choice(("北京", "Rome", "上海", "Paris"))
        found.append({"id": number, "turns": [
            {"role": "user", "text": f"a ticket to {city}", "intent": "book",
             "slots": [{"name": "city", "value": city}]},
            {"role": "assistant", "text": f"ok {city}"},
            {"role": "user", "text": "天气如何", "intent": "weather"},
            {"role": "assistant", "text": "晴"},
        ]})  # fmt: skip
    return found


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Rows as a JSON-lines file."""
    path.write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
    )
    return path


def make_recipe(
    folder: Path, rows: Sequence[Mapping[str, Any]], task: Any = "classify", **changes: Any
) -> Recipe:
    """A recipe that learns `rows` in about a second; values of `changes` go before its own."""
    values: dict[str, Any] = {
        "name": "tiny",
        "out": str(folder / "run"),
        "data": {"train": str(write_rows(folder / "train.jsonl", rows)), "dev_share": 0.2},
        "tokenizer": {"vocab_size": 400},
        "model": SMALL,
        "task": task,
        "optimizer": {"name": "adamw", "lr": 0.005},
        "loop": {"steps": 12, "batch_size": 16, "evaluate_every": 6, "log_every": 3},
    }
    for name, value in changes.items():
        both = isinstance(value, dict) and isinstance(values.get(name), dict)
        values[name] = {**values[name], **value} if both else value
    return recipe_from(values)
