"""Base64 is read although letters were glued to it; chance is not taken for a text."""

from __future__ import annotations

import base64
import random

import pytest

from trueline.text.normalize import normalize

PLAIN = ("calm words beside a quiet lantern at dusk", "清晨的湖边有一盏安静的灯笼亮着")


@pytest.mark.parametrize("plain", PLAIN, ids=["en", "zh"])
@pytest.mark.parametrize("behind", range(5))
@pytest.mark.parametrize("in_front", range(5))
def test_base64_is_read_with_letters_glued_to_either_end(
    in_front: int, behind: int, plain: str
) -> None:
    packed = base64.b64encode(plain.encode()).decode().rstrip("=")

    text = normalize("zXa9"[:in_front] + packed + "Hb7c"[:behind])

    assert any(plain[3:-3] in view.text for view in text.decoded)


def test_wrapped_base64_is_read_when_a_word_follows_it_at_once() -> None:
    packed = base64.encodebytes(b"calm words here and more " * 8 + b"quiet lantern").decode()

    readings = [view.text for view in normalize(packed.rstrip("\n") + "hello").decoded]

    assert any("quiet lantern" in text for text in readings)


def test_random_identifiers_are_no_base64_text() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    chance = random.Random(1)
    identifiers = ["".join(chance.choices(letters, k=60)) for _ in range(2000)]

    read = [i for i in identifiers if any(v.name == "base64" for v in normalize(i).decoded)]

    assert read == []
