"""Let a drawing of evidence into the page: shapes and words pass, everything else is left out.

>>> clean_svg('<svg xmlns="http://www.w3.org/2000/svg" onload="x()"><script>1</script>'
...     '<rect width="3" fill="red" style="x"/></svg>')
'<svg xmlns="http://www.w3.org/2000/svg"><rect fill="red" width="3"/></svg>'

The page's own style gives colours and languages; a drawing brings neither style nor address.
"""

from __future__ import annotations

import re
from html import escape
from xml.etree import ElementTree
from xml.parsers import expat

_SVG = "http://www.w3.org/2000/svg"
_ELEMENTS = frozenset(
    [
        "svg",
        "g",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "title",
        "desc",
    ]
)
_ATTRIBUTES = frozenset(
    [
        "viewBox",
        "width",
        "height",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
        "cx",
        "cy",
        "r",
        "rx",
        "ry",
        "dx",
        "dy",
        "d",
        "points",
        "transform",
        "fill",
        "stroke",
        "stroke-width",
        "stroke-dasharray",
        "stroke-linecap",
        "stroke-linejoin",
        "fill-opacity",
        "stroke-opacity",
        "opacity",
        "font-size",
        "font-weight",
        "font-style",
        "text-anchor",
        "dominant-baseline",
        "font-family",
        "class",
        "role",
        "aria-label",
        "aria-hidden",
        "lang",
        "preserveAspectRatio",
        "vector-effect",
        "textLength",
        "lengthAdjust",
        "fill-rule",
    ]
)
# What an attribute may hold: numbers, paths, colours, names, variables of the page. No address,
# no escape; `aria-label` and `font-family` are text and only escaped.
_VALUE = re.compile(r"[A-Za-z0-9_ .,#%()+\-]*", re.ASCII)
_WORDS = frozenset({"aria-label", "font-family"})
_DEEPEST = 60
_MOST_ELEMENTS = 20_000


def clean_svg(svg: str) -> str | None:
    """The drawing without what a page must not hold; None when it is no drawing.

    Linear in its length; a document type (and so an entity) is refused.
    """
    parser = ElementTree.XMLParser()  # noqa: S314 (no document type gets past the check below)
    if "<!" in svg.replace("<!--", ""):
        return None
    try:
        root = ElementTree.fromstring(svg.encode("utf-8", "replace"), parser)  # noqa: S314
    except (ElementTree.ParseError, expat.ExpatError, ValueError, RecursionError):
        return None
    if root.tag != f"{{{_SVG}}}svg":
        return None
    parts: list[str] = []
    left = [_MOST_ELEMENTS]
    _write(root, parts, 0, left)
    return "".join(parts) if left[0] > 0 else None


def _write(element: ElementTree.Element, parts: list[str], depth: int, left: list[int]) -> None:
    left[0] -= 1
    name = element.tag.removeprefix(f"{{{_SVG}}}") if isinstance(element.tag, str) else ""
    if name not in _ELEMENTS or depth > _DEEPEST or left[0] <= 0:
        return
    shown = [f' xmlns="{_SVG}"'] if depth == 0 else []
    for key in sorted(element.attrib):
        value = element.attrib[key]
        if key not in _ATTRIBUTES or "url" in value.lower():
            continue
        if key in _WORDS or _VALUE.fullmatch(value):
            shown.append(f' {key}="{escape(value)}"')
    start = f"<{name}{''.join(shown)}"
    inner: list[str] = []
    if name in {"text", "tspan", "title", "desc"} and element.text:
        inner.append(escape(element.text, quote=False))
    for child in element:
        _write(child, inner, depth + 1, left)
        if name in {"text", "tspan"} and child.tail:
            inner.append(escape(child.tail, quote=False))
    parts.append(f"{start}>{''.join(inner)}</{name}>" if inner else f"{start}/>")
