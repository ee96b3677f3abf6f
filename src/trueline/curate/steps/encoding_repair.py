"""Undo readings of bytes in the wrong encoding, where that can be undone for certain.

A repair is made only when reading the bytes anew succeeds without a single fault, so that the
text as it came could be made again from the result. What cannot be repaired is counted, and
the document dropped when it is too much.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trueline.curate.batch import Batch, Drop, Result
from trueline.curate.character_classes import FUNCTION_HAN, Kind, kinds
from trueline.curate.codepoints import chunks, pack
from trueline.curate.step import RunSettings, StepOptions

_CHUNK = 1 << 16

# Bytes 0x80..0x9F in Windows-1252, which is what most programs take for Latin-1.
_WINDOWS = {chr(b): bytes([b]).decode("cp1252", "ignore") or chr(b) for b in range(0x80, 0xA0)}
_BYTE_OF = {
    **{chr(b): b for b in range(0x80, 0x100)},
    **{written: ord(byte) for byte, written in _WINDOWS.items()},
}
_MISREAD_LATIN = re.compile(f"[{re.escape(''.join(sorted(_BYTE_OF)))}]{{2,}}")
_HIGH = re.compile(f"[{re.escape(''.join(sorted(_BYTE_OF)))}]")
_BYTES_AS_LATIN = str.maketrans({c: chr(b) for c, b in _BYTE_OF.items()})
# Han characters that UTF-8 Chinese turns into when read as GBK, and that are rare otherwise:
# misreadings of ，。的是在了不我 and their neighbours.
_MISREAD_GBK_MARKS = frozenset("锛銆鐨勬槸鍦浜涓鎴戜滃浠杩鏄鍙浣垮埌瑕璇寸殑氾紝鈥")
_GBK_MARK = re.compile(f"[{''.join(sorted(_MISREAD_GBK_MARKS))}]")
_LEAST_MARKS = 3
_NOT_ASCII = re.compile("[\u0080-\U0010ffff]{3,}")
_FUNCTION_HAN = frozenset(FUNCTION_HAN)
_LEAST_FUNCTION_SHARE = 0.25  # of a text whose GBK bytes were read as Latin-1
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


class EncodingRepairOptions(StepOptions):
    """Options of the step `encoding_repair`."""

    step: Literal["encoding_repair"] = "encoding_repair"
    max_unreadable: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Share of characters lost for good (U+FFFD, lone surrogates, controls) "
        "above which a document goes.",
    )

    def build(self, run: RunSettings) -> EncodingRepair:
        return EncodingRepair(self.max_unreadable)


@dataclass(frozen=True, slots=True)
class EncodingRepair:
    """Map step: repairs texts; column `encoding_unreadable` is the share that is lost (0..1)."""

    max_unreadable: float = 0.01
    name: str = "encoding_repair"

    def run(self, batch: Batch) -> Result:
        texts = list(batch.texts)
        changes: dict[int, str] = {}
        drops: dict[int, Drop] = {}
        unreadable = np.zeros(len(texts))
        for position in suspects(texts):
            text, done = repair(texts[position])
            if done:
                texts[position] = text
                changes[position] = ", ".join(done)
            lost = text.count(_REPLACEMENT) / max(len(text), 1)
            unreadable[position] = lost
            if lost > self.max_unreadable:
                drops[position] = Drop("unreadable characters", round(lost, 4), self.max_unreadable)
        return Result(
            texts=texts if changes else None,
            columns={"encoding_unreadable": unreadable.tolist()},
            drops=drops,
            changes=changes,
        )


def suspects(texts: Sequence[str]) -> list[int]:
    """Positions of texts that hold anything a repair could begin with."""
    found: list[NDArray[np.int64]] = []
    for part in chunks(texts, _CHUNK):
        packed = pack(texts[part])
        odd = np.flatnonzero(_is_odd().take(packed.codes, mode="clip"))
        owners = np.unique(packed.starts.searchsorted(odd, side="right") - 1)
        found.append(owners + part.start)
    return np.concatenate(found).tolist() if found else []


@cache
def _is_odd() -> NDArray[np.bool_]:
    """Controls, Latin-1 signs and letters, surrogates, U+FFFD, BOM and the marks of GBK."""
    odd = np.isin(kinds(), (Kind.LATIN_1_SIGN, Kind.BROKEN, Kind.ACCENTED))
    odd[[0xFEFF, 0xFFFE, *map(ord, _MISREAD_GBK_MARKS)]] = True
    return odd


def repair(text: str) -> tuple[str, list[str]]:
    r"""The repaired text, and short phrases that say what was done to it.

    >>> repair("ä½\xa0å¥½ï¼Œä¸–ç•Œ")
    ('你好，世界', ['UTF-8 read as Latin-1'])
    """
    done: list[str] = []
    for change, phrase in (
        (_without_nuls, "NUL characters"),
        (_without_mark, "byte order mark"),
        (_joined_surrogates, "split surrogate pairs"),
        (_from_latin, "UTF-8 read as Latin-1"),
        (_from_latin_gbk, "GBK read as Latin-1"),
        (_from_gbk, "UTF-8 read as GBK"),
        (_without_controls, "unreadable characters marked"),
    ):
        changed = change(text)
        if changed != text:
            text = changed
            done.append(phrase)
    return text, done


def _without_nuls(text: str) -> str:
    """UTF-16 read byte by byte has a NUL beside every ASCII letter; other NULs just go."""
    if "\0" not in text:
        return text
    return text.replace("\0", "")


def _without_mark(text: str) -> str:
    return text.removeprefix("\ufeff").removeprefix("\u00ef\u00bb\u00bf")


def _joined_surrogates(text: str) -> str:
    return _SURROGATE_PAIR.sub(
        lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text
    )


def _from_latin(text: str) -> str:
    """Read runs of Latin-1 characters as the UTF-8 they are, when enough of them are.

    One accented letter that happens to be UTF-8 proves nothing; three characters, or one
    written in three bytes or more, are no accident.
    """
    decoded = 0

    def read(run: re.Match[str]) -> str:
        nonlocal decoded
        raw = run[0].translate(_BYTES_AS_LATIN).encode("latin-1")
        try:
            meant = raw.decode("utf-8")
        except UnicodeDecodeError:
            return run[0]
        if not all(c.isprintable() or c.isspace() for c in meant):
            return run[0]
        decoded += len(meant) if len(raw) <= 2 * len(meant) else 3
        return meant

    changed = _MISREAD_LATIN.sub(read, text)
    return changed if decoded >= 3 else text


def _from_latin_gbk(text: str) -> str:
    """Read Latin-1 characters as GBK, when that gives running Chinese and nothing else."""
    high = _HIGH.findall(text)
    if len(high) < 16 or len(high) * 2 < sum(not c.isspace() for c in text):
        return text
    try:
        meant = text.translate(_BYTES_AS_LATIN).encode("latin-1").decode("gb18030")
    except UnicodeError:
        return text
    chinese = [c for c in meant if "\u4e00" <= c <= "\u9fff"]
    functions = sum(c in _FUNCTION_HAN for c in chinese)
    runs_on = functions >= _LEAST_FUNCTION_SHARE * len(chinese)
    return meant if len(chinese) * 4 >= len(high) and runs_on else text


def _from_gbk(text: str) -> str:
    """Read runs of odd Han characters as the UTF-8 whose bytes are their GBK."""
    if len(_GBK_MARK.findall(text)) < _LEAST_MARKS:
        return text

    def read(run: re.Match[str]) -> str:
        try:
            return run[0].encode("gb18030").decode("utf-8")
        except UnicodeError:
            return run[0]

    return _NOT_ASCII.sub(read, text)


_CONTROLS = re.compile("[\x01-\x08\x0e-\x1f\x7f\ufffe\uffff]")


def _without_controls(text: str) -> str:
    """Controls and lone surrogates stand for something lost: each becomes U+FFFD."""
    return _SURROGATE.sub(_REPLACEMENT, _CONTROLS.sub(_REPLACEMENT, text))
