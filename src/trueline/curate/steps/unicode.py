"""Write the same text with the same code points.

Invisible characters and controls go, odd spaces and line breaks become plain ones, full-width
letters and digits become ASCII ones, and accents are composed. Chinese punctuation stays as it
is: `，` and `,` are different marks of different languages.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trueline.curate.batch import Batch, Result
from trueline.curate.codepoints import ALL, Codes, chunks, pack, ranges
from trueline.curate.step import RunSettings, StepOptions

Form = Literal["NFC", "NFKC"]

# What is done to a character; 0 leaves it.
_WIDTH, _SPACE, _BREAK, _INVISIBLE, _CONTROL, _JOINER, _COMPOSE = range(1, 8)
_DONE = {
    _WIDTH: "full-width letters folded",
    _SPACE: "spaces unified",
    _BREAK: "line breaks unified",
    _INVISIBLE: "invisible characters removed",
    _CONTROL: "control characters removed",
    _JOINER: "invisible characters removed",
    _COMPOSE: "accents composed",
}
_GONE = 0xFFFF_FFFF
_CHUNK = 1 << 16
_CARRIAGE_RETURN = 13


class UnicodeOptions(StepOptions):
    """Options of the step `unicode`."""

    step: Literal["unicode"] = "unicode"
    form: Form = Field(
        default="NFC",
        description="`NFC` keeps Chinese punctuation full-width; `NFKC` replaces every "
        "compatibility character, full-width punctuation included.",
    )
    fold_width: bool = Field(
        default=True, description="Whether full-width letters and digits become ASCII ones."
    )

    def build(self, run: RunSettings) -> UnicodeStep:
        return UnicodeStep(self.form, self.fold_width)


@dataclass(frozen=True, slots=True)
class UnicodeStep:
    """Map step: changes texts, and says for each which kinds of characters it changed."""

    form: Form = "NFC"
    fold_width: bool = True
    name: str = "unicode"

    def run(self, batch: Batch) -> Result:
        texts = list(batch.texts)
        changes: dict[int, str] = {}
        for part in chunks(texts, _CHUNK):
            for position, (text, done) in self._changed(texts[part]).items():
                texts[part.start + position] = text
                changes[part.start + position] = done
        if self.form == "NFKC":
            for position, text in enumerate(texts):
                if not unicodedata.is_normalized("NFKC", text):
                    texts[position] = unicodedata.normalize("NFKC", text)
                    before = changes.get(position)
                    changes[position] = (before + ", " if before else "") + "NFKC applied"
        return Result(texts=texts if changes else None, changes=changes)

    def _changed(self, texts: Sequence[str]) -> dict[int, tuple[str, str]]:
        """Changed texts by position, and what was done to each."""
        tables = _tables(self.fold_width)
        packed = pack(texts)
        act = tables.act.take(packed.codes, mode="clip")
        found = np.flatnonzero(act)
        if not len(found):
            return {}
        result: dict[int, tuple[str, str]] = {}
        owners = np.unique(packed.starts.searchsorted(found, side="right") - 1)
        for k in owners.tolist():
            own = slice(packed.starts[k], packed.starts[k] + packed.lengths[k])
            text = _rewritten(packed.codes[own], act[own], tables.become)
            if (act[own] == _COMPOSE).any():
                text = unicodedata.normalize("NFC", text)
            if text != texts[k]:
                done = dict.fromkeys(_DONE[kind] for kind in np.unique(act[own]).tolist() if kind)
                result[k] = text, ", ".join(done)
        return result


@dataclass(frozen=True, slots=True)
class _Tables:
    act: NDArray[np.uint8]
    become: Codes


@cache
def _tables(fold_width: bool) -> _Tables:
    act = np.zeros(ALL, np.uint8)
    become = np.arange(ALL, dtype=np.uint32)
    if fold_width:
        for first, last in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A)):
            ranges(act, ((first, last),), _WIDTH)
            become[first : last + 1] -= 0xFEE0
    for spans, kind, value in (
        (((0xA0, 0xA0), (0x2000, 0x200A), (0x202F, 0x202F), (0x205F, 0x205F)), _SPACE, 32),
        (((0x3000, 0x3000), (0x1680, 0x1680)), _SPACE, 32),
        (((0x0B, 0x0D), (0x85, 0x85), (0x2028, 0x2029)), _BREAK, 10),
        (((0, 8), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F)), _CONTROL, _GONE),
        (((0xAD, 0xAD), (0x200B, 0x200B), (0x200E, 0x200F), (0x202A, 0x202E)), _INVISIBLE, _GONE),
        (((0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB)), _INVISIBLE, _GONE),
        (((0xE0000, 0xE0FFF), (0x3164, 0x3164), (0xFFA0, 0xFFA0)), _INVISIBLE, _GONE),
        (((0x200C, 0x200D),), _JOINER, _GONE),
    ):
        ranges(act, spans, kind)
        ranges(become, spans, value)
    for code in (*range(0x300, 0x3400), *range(0xA66F, 0xABEE), *range(0xF900, 0xFB50)):
        _mark_composing(act, code)
    for code in (*range(0x10A0D, 0x11F43), *range(0x16AF0, 0x1E94B), *range(0x2F800, 0x2FA1E)):
        _mark_composing(act, code)
    ranges(act, ((0x1161, 0x1175), (0x11A8, 0x11C2)), _COMPOSE)  # Hangul vowels and finals
    return _Tables(act, become)


def _mark_composing(act: NDArray[np.uint8], code: int) -> None:
    character = chr(code)
    if act[code] == 0 and (
        unicodedata.combining(character) or not unicodedata.is_normalized("NFC", character)
    ):
        act[code] = _COMPOSE


def _rewritten(codes: Codes, act: NDArray[np.uint8], become: Codes) -> str:
    written = become.take(codes, mode="clip")
    before = np.roll(codes, 1)
    if len(codes):
        before[0] = 0
    # \r\n is one break; a joiner means something only after letters that join, and emoji.
    written[(codes == 10) & (before == _CARRIAGE_RETURN)] = _GONE
    joins = (act == _JOINER) & (before >= 0x300) & ~((before >= 0x3000) & (before <= 0xD7A3))
    written[joins] = codes[joins]
    kept: bytes = written[written != _GONE].astype("<u4").tobytes()
    return kept.decode("utf-32-le", "surrogatepass")
