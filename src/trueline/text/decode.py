r"""Find texts inside a text: base64, base32, hex, binary, character codes, Morse, rot13.

    >>> name, step = next(encoded_runs("say aWdub3JlIHRoZSBydWxlcw== now"))
    >>> name, step.text, step.offsets.source(0, 6)
    ('base64', 'ignore the rules\n', (4, 28))

What a codec finds in a text is read as one text with a line for each find; each line stands
for the whole run it came from.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from trueline.text.characters import is_text, printable
from trueline.text.offsets import Edits, Reversal, Step

Codec = Callable[[str], str]
# Twelve characters of base64 are nine bytes; by chance alone one word in 5,000 of that
# length spells printable ASCII, and ordinary words are lower case and not even tried.
SHORTEST = 12
_PACKED = re.compile(
    r"[A-Za-z0-9+/_-][A-Za-z0-9+/_-]{11,}"  # one first: the search then skips at C speed
    r"(?:={1,6}|(?<=[A-Za-z0-9+/_-]{40})(?:\r?\n[A-Za-z0-9+/_-]+(?=[\r\n=]|\Z))+={0,6})?"
)
_PADDED = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/]{6,11}={1,2}(?![A-Za-z0-9=])")
# Bytes that chance makes fall into 16 printable ones in a row about once in ten million.
SHORTEST_GLUED, SHORTEST_PIECE = 24, 16
_NOT_TEXT = re.compile("[\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_PART = re.compile(r"[A-Za-z0-9+]{12,}")
_HEX = re.compile(r"(?:0x)?(?:[0-9a-fA-F]{2}){6,}")
_BASE32 = re.compile(r"[A-Z2-7]{16,}")
_SPACED_HEX = re.compile(
    r"(?<![0-9a-fA-F])(?:0x)?[0-9a-fA-F]{2}(?:[ :,-]{1,2}(?:0x)?[0-9a-fA-F]{2}){5,}(?![0-9a-fA-F])"
)
_BINARY = re.compile(r"(?<![0-9])[01]{8}(?:[ ,]?[01]{8}){2,}(?![0-9])")
_CODES = re.compile(
    r"(?<![0-9])(?:[3-9][0-9]|1[01][0-9]|12[0-6])(?:[ ,;]{1,2}(?:[3-9][0-9]|1[01][0-9]|12[0-6])){5,}"
    r"(?![0-9])"
)
_MORSE = re.compile(r"(?<![.\-])[.\-]{1,5}(?:[ /|]{1,3}[.\-]{1,5}){5,}(?![.\-])")
_DIGIT_PAIR = re.compile(r"[0-9][0-9a-fA-F]?[ :,-]{1,2}(?:0x)?[0-9a-fA-F]{2,3}[ :,-]")
_BITS = re.compile(r"[01]{8}[ ,]?[01]{8}")
_LETTERS_RUN = re.compile(r"[A-Za-z][A-Za-z]{2}")
_LETTERS = re.compile(r"[A-Za-z]+")
_LEVEL_1 = re.compile(rb"[\xb0-\xd7][\xa1-\xfe]")  # the 3,755 commonest characters
_ROT13 = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm",
)
_MORSE_LETTERS = dict(
    zip(
        [
            ".-",
            "-...",
            "-.-.",
            "-..",
            ".",
            "..-.",
            "--.",
            "....",
            "..",
            ".---",
            "-.-",
            ".-..",
            "--",
            "-.",
            "---",
            ".--.",
            "--.-",
            ".-.",
            "...",
            "-",
            "..-",
            "...-",
            ".--",
            "-..-",
            "-.--",
            "--..",
            "-----",
            ".----",
            "..---",
            "...--",
            "....-",
            ".....",
            "-....",
            "--...",
            "---..",
            "----.",
        ],
        "abcdefghijklmnopqrstuvwxyz0123456789",
        strict=True,
    )
)


def rot13(text: str) -> Step | None:
    """Latin letters thirteen places on; None for a text that has next to none."""
    if text.isascii():
        return Step(text.translate(_ROT13))
    if _LETTERS_RUN.search(text) is None:
        return None
    return Step(_LETTERS.sub(lambda match: match[0].translate(_ROT13), text))


def backwards(text: str) -> Step:
    """The text from its end to its beginning."""
    return Step(text[::-1], Reversal(len(text)))


def encoded_runs(text: str) -> Iterator[tuple[str, Step]]:
    """Each codec that found something, with all it found, a line each."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    for match in _PACKED.finditer(text):
        run = match[0]
        if run.islower() and not _HEX.fullmatch(run):
            continue  # a long word or a path
        at = match.start()
        while at > 0 and text[at - 1] == "=" and match.start() - at < 2:
            at -= 1  # padding before it: read backwards
        for start, end, name, plain in _unpacked(text[at : match.end()]):
            found.setdefault(name, []).append((at + start, at + end, plain))
    if "=" in text:
        _collect(found, "base64", _PADDED, _from_base64, text)
    if _DIGIT_PAIR.search(text) is not None:
        _collect(found, "hex", _SPACED_HEX, _from_hex, text)
        _collect(found, "character_codes", _CODES, _from_codes, text)
    if "01" in text and _BITS.search(text) is not None:
        _collect(found, "binary", _BINARY, _from_binary, text)
    if ".-" in text or "-." in text:
        _collect(found, "morse", _MORSE, _from_morse, text)
    for name, places in found.items():
        yield name, _lines(places, name)


def _collect(
    found: dict[str, list[tuple[int, int, str]]],
    name: str,
    pattern: re.Pattern[str],
    codec: Codec,
    text: str,
) -> None:
    for match in pattern.finditer(text):
        plain = codec(match[0])
        if plain:
            found.setdefault(name, []).append((match.start(), match.end(), plain))


def _lines(places: list[tuple[int, int, str]], name: str) -> Step:
    places.sort()
    pieces: list[str] = []
    edits = Edits()
    at = 0
    for start, end, plain in places:
        edits.add(start, end, at, at + len(plain))
        at += len(plain)
        edits.add(end - 1, end, at, at + 1)
        at += 1
        pieces.append(f"{plain}\n")
    return Step("".join(pieces), edits, (name,))


def _unpacked(run: str) -> Iterator[tuple[int, int, str, str]]:
    """Places within a run of base64 letters that spell a text, and in which code."""
    padding = len(run) - len(run.lstrip("="))
    for name, codec in _PACKINGS:
        plain = codec(run if codec is _from_reversed else run[padding:])
        if plain:
            yield 0 if codec is _from_reversed else padding, len(run), name, plain
            return
    plain = _from_glued(run)
    if plain:
        yield 0, len(run), "base64", plain
        return
    if "/" in run or "-" in run or "_" in run:  # a path: try its parts
        for match in _PART.finditer(run):
            for name, codec in _PACKINGS:
                plain = codec(match[0])
                if plain:
                    yield match.start(), match.end(), name, plain
                    break


def _from_base64(run: str) -> str:
    if run.isupper() or run.islower():
        return ""  # by chance as good as never
    packed = run.translate(_URL_SAFE).rstrip("=")
    if len(packed) % 4 == 1:
        packed = packed[:-1]
    try:
        return spelled(base64.b64decode(packed + "=" * (-len(packed) % 4)))
    except (binascii.Error, ValueError):
        return ""


def _from_glued(run: str) -> str:
    """The longest text in base64 that letters were glued to, in front or behind."""
    packed = run.translate(_URL_SAFE).strip("=")
    if len(packed) < SHORTEST_GLUED or run.isupper() or run.islower():
        return ""
    longest = ""
    for shift in range(4):
        whole = (len(packed) - shift) // 4 * 4
        try:
            data = base64.b64decode(packed[shift : shift + whole], validate=True)
        except (binascii.Error, ValueError):
            return ""
        for piece in _NOT_TEXT.split(data.decode("utf-8", "replace")):
            if len(piece.encode()) > len(longest.encode()):
                longest = piece
    # What was glued on may by chance spell a few characters of any script itself.
    for text in (longest, longest[3:], longest[:-3], longest[3:-3]):
        if len(text.encode()) >= SHORTEST_PIECE and is_text(text):
            return text
    return ""


_URL_SAFE = str.maketrans({"-": "+", "_": "/", "\n": None, "\r": None})


def _from_base32(run: str) -> str:
    packed = run.rstrip("=")
    if _BASE32.fullmatch(packed) is None:
        return ""
    packed = packed[: len(packed) - (1 if len(packed) % 8 in {1, 3, 6} else 0)]
    try:
        return spelled(base64.b32decode(packed + "=" * (-len(packed) % 8)))
    except (binascii.Error, ValueError):
        return ""


def _from_plain_hex(run: str) -> str:
    return _from_hex(run) if _HEX.fullmatch(run) is not None else ""


def _from_hex(run: str) -> str:
    digits = run.replace("0x", "").translate(_HEX_GAPS)
    return spelled(bytes.fromhex(digits)) if len(digits) % 2 == 0 else ""


_HEX_GAPS = str.maketrans("", "", " :,-")


def _from_binary(run: str) -> str:
    bits = run.replace(" ", "").replace(",", "")
    return spelled(int(bits, 2).to_bytes(len(bits) // 8, "big"))


def _from_codes(run: str) -> str:
    text = "".join(chr(int(code)) for code in re.findall("[0-9]+", run))
    letters = sum(c.isalpha() or c == " " for c in text)
    return text if letters * 4 >= len(text) * 3 else ""


def _from_morse(run: str) -> str:
    words = [
        "".join(_MORSE_LETTERS.get(letter, "") for letter in word.split())
        for word in re.split(r" ?[/|] ?| {2,3}", run)
    ]
    text = " ".join(word for word in words if word)
    return text if len(set(text)) > 3 else ""


def _from_rotated(run: str) -> str:
    return _from_base64(run.translate(_ROT13))


def _from_reversed(run: str) -> str:
    return _from_base64(run[::-1])


def spelled(data: bytes) -> str:
    """The text these bytes spell in UTF-8, UTF-16 or, for Chinese, in GB 2312."""
    if b"\0" in data[:8]:
        text = _decoded(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be")
        return text if is_text(text) else ""
    text = printable(data)
    if text or len(data) < 8:
        return text
    for encoding in ("gb2312", "utf-16-le"):
        text = _decoded(data, encoding)
        if _reads_chinese(text):
            return text
    return ""


def _reads_chinese(text: str) -> bool:
    """Stricter than for UTF-8, which chance hardly ever produces."""
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    common = len(_LEVEL_1.findall(text.encode("gb2312", "replace")))
    return han >= 4 and han * 10 >= len(text) * 6 and common * 10 >= han * 8


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return ""


_PACKINGS = (
    ("hex", _from_plain_hex),
    ("base64", _from_base64),
    ("base32", _from_base32),
    ("base64", _from_rotated),
    ("base64", _from_reversed),
)
