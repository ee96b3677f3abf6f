"""Typing errors and disguises that the normaliser leaves behind, put into training texts.

What the normaliser undoes (full-width letters, look-alikes, zero-width characters) needs no
training. What it cannot know is here: a letter that is missing, doubled or swapped, a homophone,
a mark between two characters.
"""

from __future__ import annotations

import random

from trueline.text import tables

MARKS = ("·", "*", "-", ".", " ", "_", "/")
RATE = 0.12


def noised(text: str, seed: str) -> str:
    """The text with about one character in eight changed; the same for the same seed."""
    choose = random.Random(seed)
    return "".join(_character(c, choose) if choose.random() < RATE else c for c in text)


def _character(character: str, choose: random.Random) -> str:
    if _is_han(character):
        kind = choose.randrange(3)
        if kind == 0:
            return character + choose.choice(MARKS)
        return _sounding_like(character, choose) if kind == 1 else ""
    if not character.isalpha():
        return character
    kind = choose.randrange(4)
    if kind == 0:
        return character + choose.choice(MARKS)
    if kind == 1:
        return character * 2
    return "" if kind == 2 else choose.choice("abcdefghijklmnopqrstuvwxyz")


def _sounding_like(character: str, choose: random.Random) -> str:
    sound = tables.syllables().get(character)
    alike = _by_sound().get(sound, "") if sound else ""
    return choose.choice(alike) if alike else character


_SOUNDS: dict[str, str] = {}


def _by_sound() -> dict[str, str]:
    """Common characters by their sound: those of the table's first rows."""
    if not _SOUNDS:
        for character, sound in tables.syllables().items():
            if "\u4e00" <= character <= "\u9fa5" and len(_SOUNDS.get(sound, "")) < 6:
                _SOUNDS[sound] = _SOUNDS.get(sound, "") + character
    return _SOUNDS


def _is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"
