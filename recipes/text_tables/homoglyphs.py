"""Look-alikes of ASCII letters and digits, after Unicode's confusables (UTS 39)."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import confusable_homoglyphs

# UTS 39 maps a glyph to a prototype, not to a letter: capital I goes to l, 0 to O, m to rn.
# Case is put back for the scripts that people really use; Cyrillic, Greek and Armenian by eye.
OWN = {
    **dict(zip("АВЕКМНОРСТУХЅІЈԌԚԜҺԛԝһ", "ABEKMHOPCTYXSIJGQWhqwh", strict=True)),
    **dict(zip("асеіјорѕухԁգոսւց", "aceijopsyxdqnuig", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχγη", "ABEZHIKMNOPTYXaikvoptuxyn", strict=True)),
    **dict(zip("вкмнтгпьшωЗз", "bkmhtrnbwwee", strict=True)),
    **dict(zip("ԍԐԑӏӀԲՏՕՍՈօհ", "geellFSOUnoh", strict=True)),
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
    **dict(zip("ɑɡɩıȷʋϲϳℓℴ", "agiijvcjlo", strict=True)),
}
# Lower-case Cyrillic that resembles a Latin capital only: too weak to call a word disguised.
WEAK = set("вкмнтгпьшЗз")


def table() -> str:
    """Lines of two equal halves: glyphs, then the ASCII characters they stand for."""
    source = Path(confusable_homoglyphs.__file__).parent / "confusables.json"
    published = json.loads(source.read_text(encoding="utf-8"))
    pairs: dict[str, str] = {}
    for glyph, targets in published.items():
        if len(glyph) != 1 or glyph.isascii() or not unicodedata.category(glyph).startswith("L"):
            continue
        folded = unicodedata.normalize("NFKC", glyph)
        if folded != glyph or 0x2E80 <= ord(glyph) <= 0x9FFF or 0xAC00 <= ord(glyph) <= 0xD7AF:
            continue
        letters = {
            t["c"] for t in targets if len(t["c"]) == 1 and t["c"].isascii() and t["c"].isalpha()
        }
        if not letters:
            continue
        same_case = sorted(c for c in letters if c.isupper() == glyph.isupper())
        pairs[glyph] = (same_case or sorted(letters))[0]
    pairs.update({glyph: letter for glyph, letter in OWN.items() if glyph not in WEAK})
    plain = {g: t for g, t in sorted(pairs.items()) if ord(g) <= 0xFFFF}
    astral = {g: t for g, t in sorted(pairs.items()) if ord(g) > 0xFFFF}
    weak = {g: OWN[g] for g in sorted(WEAK)}
    groups = (plain, astral, weak)
    return "".join(f"{''.join(group)}\n{''.join(group.values())}\n" for group in groups)
