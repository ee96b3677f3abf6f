r"""Undo escapes written in running text: HTML entities, URL percent signs, \u and \x.

>>> unescape("&#107;%69l\\u006c").text
'kill'
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trueline.text.offsets import Step, rewrite

_SIGNS = "&%\\<"
_ESCAPE = re.compile(
    r"(?P<entity>&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[A-Za-z][A-Za-z0-9]{1,23};))"
    r"|(?P<percent>(?:%[0-9a-fA-F]{2})+)"
    r"|(?P<wide>\\u\{[0-9a-fA-F]{1,6}\}|(?:\\u[0-9a-fA-F]{4})+|\\U[0-9a-fA-F]{8})"
    r"|(?P<bytes>(?:\\x[0-9a-fA-F]{2}){2,})"
    r"|(?P<comment><!--\s{0,40}-->)"
    r"|(?P<tag>(?<=[^\W\d_])(?:</?(?:b|i|u|s|em|strong|span|font|wbr|small|mark)(?:\s[^<>]{0,60})?>){1,6}"
    r"(?=[^\W\d_]))"
)
_FAMILY = {
    "entity": "html_entities", "percent": "url_escapes", "wide": "unicode_escapes",
    "bytes": "byte_escapes", "comment": "html_markup", "tag": "html_markup",
}  # fmt: skip


def unescape(text: str) -> Step:
    """Write out every escape that stands for something printable; leave the others."""
    if not any(sign in text for sign in _SIGNS):
        return Step(text)
    found: dict[str, None] = {}
    return rewrite(text, _changes(text, found), found)


def _changes(text: str, found: dict[str, None]) -> Iterator[tuple[int, int, str]]:
    for match in _ESCAPE.finditer(text):
        kind = str(match.lastgroup)
        old = match[0]
        new = _DECODERS[kind](old)
        if new is None or (kind == "percent" and _stray_percent(text, match)):
            continue
        found[_FAMILY[kind]] = None
        yield match.start(), match.end(), new


def _stray_percent(text: str, match: re.Match[str]) -> bool:
    """`20%30` is two numbers: a lone escape right after a digit is none."""
    start = match.start()
    return len(match[0]) == 3 and match[0] != "%25" and start > 0 and text[start - 1].isdigit()


def _entity(old: str) -> str | None:
    if old.startswith("&#"):
        digits = old[2:].rstrip(";")
        code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        return _character(code)
    from html.entities import html5

    return html5.get(old[1:])


def _percent(old: str) -> str | None:
    data = bytes.fromhex(old.replace("%", ""))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            return None
        return text if all("\u4e00" <= c <= "\u9fff" for c in text) else None
    return text if _shown(text) else None


def _wide(old: str) -> str | None:
    if old[2] == "{":
        return _character(int(old[3:-1], 16))
    if old[1] == "U":
        return _character(int(old[2:], 16))
    data = bytes.fromhex(old.replace("\\u", ""))
    text = data.decode("utf-16-be", "replace")
    return text if _shown(text) else None


def _bytes(old: str) -> str | None:
    data = bytes.fromhex(old.replace("\\x", ""))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if _shown(text) else None


def _nothing(_: str) -> str | None:
    return ""


def _character(code: int) -> str | None:
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        return None
    return chr(code)


def _shown(text: str) -> bool:
    return all(c.isprintable() or c in "\n\r\t" or ord(c) > 0x7F for c in text)


_DECODERS = {
    "entity": _entity, "percent": _percent, "wide": _wide,
    "bytes": _bytes, "comment": _nothing, "tag": _nothing,
}  # fmt: skip
