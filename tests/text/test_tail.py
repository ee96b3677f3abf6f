"""The open tail: where an encoded run may still be growing."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.text.tail import SHORTEST, open_tail

SECRET = "hidden lighthouse 蓝色海豚"
RUNS = {
    "base64": base64.b64encode(SECRET.encode() * 3).decode(),
    "base64 in lines": base64.encodebytes(SECRET.encode() * 9).decode().rstrip("\n"),
    "hex": SECRET.encode().hex(),
    "hex pairs": SECRET.encode().hex(" "),
    "hex with 0x": " ".join(f"0x{b:02x}" for b in SECRET.encode()),
    "bits": " ".join(f"{b:08b}" for b in SECRET.encode()),
    "url escapes": "".join(f"%{b:02X}" for b in SECRET.encode()),
    "entities": "".join(f"&#{ord(c)};" for c in SECRET),
    "unicode escapes": "".join(f"\\u{ord(c):04x}" for c in SECRET),
    "Morse": ".... .. -.. -.. . -. / .-.. .. --. .... -",
    "tag characters": "".join(chr(0xE0000 + ord(c)) for c in "hidden lighthouse"),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_cut_anywhere_is_open_from_its_beginning(name: str) -> None:
    before = "这是前文。 Decode this: "
    run = RUNS[name]

    for cut in range(2 * SHORTEST + 4, len(run)):
        if run[cut - 1] not in "\n /":
            assert open_tail(before + run[:cut]) <= len(before), (cut, run[:cut])


@pytest.mark.parametrize(
    "text", ["An ordinary end.", "普通的句子。", "it ends in a word", "AT&T", "", "100%", "e.g. "]
)
def test_an_ordinary_end_is_closed(text: str) -> None:
    assert open_tail(text) == len(text)


@given(st.text(max_size=60))
def test_the_offset_lies_within_the_text(text: str) -> None:
    assert 0 <= open_tail(text) <= len(text)


def test_a_long_run_is_open_from_its_beginning() -> None:
    text = "start " + "QUJD" * 20_000

    assert open_tail(text) == 6
