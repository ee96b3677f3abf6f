"""The elements that figures are drawn with: escaped, without script, id or outside link.

A label is a plain name or a text in both languages. Both are in the drawing, and the language
of the page around it (`lang`) decides which is seen; alone, a drawing reads English. Colours
follow the page: ink is `currentColor`, tones are variables with a value that reads on white and
on black.

>>> text(4, 12, "R&D")
'<text x="4" y="12" fill="currentColor">R&amp;D</text>'
"""

from __future__ import annotations

from html import escape
from typing import Literal
from unicodedata import east_asian_width

from trueline.core.policy import Bilingual

Label = str | Bilingual
#: What a colour says: a plain figure, a second one, a kept limit, a broken one, too thin to tell.
Tone = Literal["plain", "second", "third", "fourth", "pass", "fail", "thin"]
Anchor = Literal["start", "middle", "end"]

WIDTH = 720
FONT_SIZE = 13
# Middle lightness, so that they stand out on white and on black (WCAG 1.4.11 asks 3:1 of
# graphical objects; the least of these is 3.1:1 on white and 4.4:1 on #111).
COLORS: dict[Tone, str] = {
    "plain": "#3b7dd8",
    "second": "#c77700",
    "third": "#8b5fd0",
    "fourth": "#0f8f8a",
    "pass": "#2a9158",
    "fail": "#d64545",
    "thin": "#a97b00",
}
_STYLE = (
    ".figure-zh{display:none}"
    ".trueline-figure:lang(zh) .figure-zh{display:inline}"
    ".trueline-figure:lang(zh) .figure-en{display:none}"
)
_FONT = "system-ui, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"


def document(title: Bilingual, height: float, parts: list[str], width: float = WIDTH) -> str:
    """A whole drawing; `title` is read aloud and shown by the page, not drawn."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="trueline-figure" role="img" '
        f'viewBox="0 0 {number(width)} {number(height)}" width="{number(width)}" '
        f'height="{number(height)}" style="max-width:100%;height:auto" '
        f'aria-label="{escape(f"{title.zh} / {title.en}")}" '
        f'font-family="{_FONT}" font-size="{FONT_SIZE}">'
        f"<style>{_STYLE}</style>{''.join(parts)}</svg>"
    )


def text(
    x: float,
    y: float,
    label: Label,
    *,
    anchor: Anchor = "start",
    size: float = FONT_SIZE,
    tone: Tone | None = None,
    faint: bool = False,
    bold: bool = False,
    turned: bool = False,
) -> str:
    """A line of text whose base line begins (or ends, or is centred) at (x, y).

    Args:
        x: in units of the view box, as all lengths here.
        y: of the base line.
        label: cut at nothing; see `shortened`.
        anchor: which part of the text stands at x.
        size: of the font.
        tone: colour; the ink of the page without one.
        faint: for axes and notes.
        bold: for what matters most.
        turned: read from below to above.
    """
    look = f' fill="{fill(tone)}"'
    if anchor != "start":
        look += f' text-anchor="{anchor}"'
    if size != FONT_SIZE:
        look += f' font-size="{number(size)}"'
    if faint:
        look += ' fill-opacity="0.66"'
    if bold:
        look += ' font-weight="600"'
    if turned:
        look += f' transform="rotate(-90 {number(x)} {number(y)})"'
    place = f'x="{number(x)}" y="{number(y)}"'
    if isinstance(label, str) or label.zh == label.en:
        told = label if isinstance(label, str) else label.en
        return f"<text {place}{look}>{escape(told, quote=False)}</text>"
    return "".join(
        f'<text class="figure-{language}" lang="{language}" {place}{look}>'
        f"{escape(told, quote=False)}</text>"
        for language, told in (("zh", label.zh), ("en", label.en))
    )


def rect(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    tone: Tone | None = None,
    opacity: float = 1.0,
    round_by: float = 0.0,
    hint: str = "",
) -> str:
    """A filled rectangle; `hint` is shown under the pointer."""
    corner = f' rx="{number(round_by)}"' if round_by else ""
    shape = (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(max(0.0, width))}" '
        f'height="{number(height)}" fill="{fill(tone)}" fill-opacity="{number(opacity)}"{corner}'
    )
    return f"{shape}><title>{escape(hint, quote=False)}</title></rect>" if hint else f"{shape}/>"


def line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    *,
    tone: Tone | None = None,
    wide: float = 1.0,
    opacity: float = 1.0,
    dashed: bool = False,
) -> str:
    """A straight line."""
    return (
        f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}" '
        f'stroke="{fill(tone)}" stroke-width="{number(wide)}" stroke-opacity="{number(opacity)}"'
        f"{_DASHES if dashed else ''}/>"
    )


def dot(x: float, y: float, radius: float, *, tone: Tone | None = None, hint: str = "") -> str:
    """A filled circle."""
    shape = f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill(tone)}"'
    return f"{shape}><title>{escape(hint, quote=False)}</title></circle>" if hint else f"{shape}/>"


def polyline(
    points: list[tuple[float, float]], *, tone: Tone | None = None, wide: float = 2.0,
    dashed: bool = False,
) -> str:  # fmt: skip
    """Lines through the points, in their order."""
    return (
        f'<polyline points="{_places(points)}" fill="none" stroke="{fill(tone)}" '
        f'stroke-width="{number(wide)}" stroke-linejoin="round"{_DASHES if dashed else ""}/>'
    )


def area(points: list[tuple[float, float]], *, tone: Tone | None = None) -> str:
    """A pale filled shape, such as the band of an interval."""
    return f'<polygon points="{_places(points)}" fill="{fill(tone)}" fill-opacity="0.16"/>'


def fill(tone: Tone | None) -> str:
    """The colour of a tone; a page may set `--figure-plain`, `--figure-fail`, ..."""
    return "currentColor" if tone is None else f"var(--figure-{tone}, {COLORS[tone]})"


def width_of(label: Label, size: float = FONT_SIZE) -> float:
    """About how wide a text is: 1 em for a wide character, 0.56 em for any other."""
    if not isinstance(label, str):
        return max(width_of(label.zh, size), width_of(label.en, size))
    return size * sum(1.0 if east_asian_width(c) in "WF" else 0.56 for c in label)


def shortened(label: Label, room: float, size: float = FONT_SIZE) -> Label:
    """The label, cut with an ellipsis where it is wider than `room`."""
    if not isinstance(label, str):
        return Bilingual(
            zh=str(shortened(label.zh, room, size)), en=str(shortened(label.en, room, size))
        )
    if width_of(label, size) <= room:
        return label
    used = size
    for place, character in enumerate(label):
        used += width_of(character, size)
        if used > room:
            return label[:place] + "…"
    return label


def number(value: float) -> str:
    """At most two decimals, without trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


_DASHES = ' stroke-dasharray="5 4"'


def _places(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{number(x)},{number(y)}" for x, y in points)
