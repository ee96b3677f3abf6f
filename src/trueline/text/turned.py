"""Letters turned upside down: ʇxǝʇ read from its end is text."""

from __future__ import annotations

import re

from trueline.text.offsets import Reversal, Step

_TURNED = dict(
    zip(
        "ɐqɔpǝɟƃɓɥᴉıɾʞןlɯuodbɹsʇnʌʍxʎzəɘ∀ꓭƆꓷƎℲ⅁פᒋꓘ⅂˥ꟽԀꓤꞱ┴∩ɅΛ⅄ƖᄅƐㄣϛ98ㄥ60¿¡‾'؛",
        "abcdefgghiijkllmnopqrstuvwxyzeeABCDEFGGJKLLMPRTTUVVY1234568790?!_,;",
        strict=True,
    )
)
_MARK = re.compile("[ɐɔǝɟƃɓɥᴉɾʞןɯɹʇʌʍʎ]")
LEAST = 2  # phonetic script has single ones


def turned(text: str) -> Step | None:
    """The text turned round; None when it has no letters that are upside down."""
    if text.isascii() or len(_MARK.findall(text)) < LEAST:
        return None
    upright = "".join(_TURNED.get(c, c) for c in reversed(text))
    return Step(upright, Reversal(len(text)), ("turned_letters",))
