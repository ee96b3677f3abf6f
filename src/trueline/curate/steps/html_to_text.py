"""Turn web pages into their main text: no scripts, menus, sidebars, footers or link lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import Field
from selectolax.lexbor import LexborHTMLParser, LexborNode

from trueline.curate.batch import Batch, Drop, Result
from trueline.curate.step import RunSettings, StepOptions

When = Literal["detect", "always"]

# A page says what it is at its beginning; a text that only quotes a tag does not look so.
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)(?=[\s>])", re.IGNORECASE)
_PREFACE = re.compile(r"\ufeff|<\?xml[^>]{0,200}>|<!--(?:(?!-->).){0,2000}-->", re.DOTALL)
_MOST_PREFACES = 8
# Elements that begin a new line; the others stand within one, which matters for Chinese, where
# a space in the middle of a sentence would be wrong.
_BLOCKS = (
    "p,div,br,li,ul,ol,dl,dt,dd,h1,h2,h3,h4,h5,h6,tr,table,section,article,main,blockquote,pre,hr,"
    "figure,figcaption,form,fieldset,details,summary,address,option,caption"
)
_CELLS = "td,th"
_NEW_LINE = "\u2029"  # marks the edge of a block; pages do not hold it

_NEVER = [
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "math",
    "canvas",
    "iframe",
    "object",
    "embed",
    "audio",
    "video",
    "map",
    "button",
    "select",
    "textarea",
    "input",
    "dialog",
    "nav",
    "footer",
    "aside",
    "menu",
]
_HIDDEN = (
    "[hidden],[aria-hidden=true],[role=navigation],[role=banner],[role=contentinfo],"
    "[role=complementary],[role=search],[role=menu],[role=dialog]"
)
# Names that pages give to what stands beside their main text, as a class or an id.
_SIDE = frozenset(
    [
        "nav",
        "navbar",
        "navigation",
        "menu",
        "sidebar",
        "side-bar",
        "breadcrumb",
        "breadcrumbs",
        "pagination",
        "pager",
        "footer",
        "related",
        "recommend",
        "recommended",
        "recommendation",
        "comments",
        "comment-list",
        "share",
        "sharing",
        "social",
        "cookie",
        "cookies",
        "advert",
        "advertisement",
        "ads",
        "banner",
        "copyright",
        "toolbar",
        "tags",
        "popup",
        "modal",
        "newsletter",
        "subscribe",
    ]
)
_LISTS = frozenset(("ul", "ol", "dl", "table"))
_LOOKED_AT = "header,div[class],div[id],section[class],section[id],p[class],ul,ol,dl,table"
_MOSTLY_LINKS = 0.7
_LEAST_LINKS = 3
_MAIN_SHARE = 0.4  # of the page's text, for an article or main element to be its main text

# What the parser takes quadratic time for, and no page needs: blocks nested this deep, and tags
# with this many attributes.
_DEEPEST = 500
_MOST_ATTRIBUTES = 500
_NESTING = re.compile(
    r"<(/?)(?:div|ul|ol|dl|section|article|main|blockquote|table|header|footer|aside|nav|form|"
    r"fieldset|figure|details|center|dir|menu|address|pre|listing|summary|button|hgroup|search|"
    r"dialog|figcaption|li|dd|dt)(?=[\s/>])[^<>]*>?",
    re.IGNORECASE,
)
_LONG_TAG = re.compile(r"<[a-z][^<>]{2000,}", re.IGNORECASE)


class HtmlToTextOptions(StepOptions):
    """Options of the step `html_to_text`."""

    step: Literal["html_to_text"] = "html_to_text"
    when: When = Field(
        default="detect",
        description="`detect`: only documents whose column `format` says html, or that begin "
        "like a page. `always`: every document.",
    )

    def build(self, run: RunSettings) -> HtmlToText:
        return HtmlToText(self.when)


@dataclass(frozen=True, slots=True)
class HtmlToText:
    """Map step: replaces pages by their main text, and drops those that have none."""

    when: When = "detect"
    name: str = "html_to_text"

    def run(self, batch: Batch) -> Result:
        formats = batch.columns.get("format")
        texts = list(batch.texts)
        changes: dict[int, str] = {}
        drops: dict[int, Drop] = {}
        for position, text in enumerate(texts):
            known = None if formats is None else formats[position]
            if self.when == "always" or (is_page(text) if known is None else known == "html"):
                texts[position] = main_text(text)
                changes[position] = "HTML to text"
                if not texts[position]:
                    drops[position] = Drop("page without text")
        return Result(texts=texts if changes else None, changes=changes, drops=drops)


def is_page(text: str) -> bool:
    """Whether a text begins as HTML pages do."""
    at = _after_space(text, 0)
    for _ in range(_MOST_PREFACES):
        preface = _PREFACE.match(text, at)
        if preface is None:
            break
        at = _after_space(text, preface.end())
    return _PAGE.match(text, at) is not None


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def main_text(html: str) -> str:
    r"""Main text of a page, a line for each block; empty when it has none.

    >>> main_text("<html><body><nav>Home</nav><p>One <b>two</b></p><p>three</p></body></html>")
    'One two\\nthree'
    """
    page = LexborHTMLParser(_tamed(html))
    body = page.body
    if body is None:
        return ""
    page.strip_tags(_NEVER)
    unwanted = _beside_the_text(body)
    if "role" in html or "hidden" in html:
        unwanted += body.css(_HIDDEN)
    _remove(unwanted)
    main = _main_element(body)
    for node in main.css("pre") if "<pre" in html or "<PRE" in html else ():
        node.replace_with(_NEW_LINE + node.text().replace("\n", _NEW_LINE) + _NEW_LINE)
    for node in main.css(_BLOCKS):
        node.insert_before(_NEW_LINE)
        node.insert_after(_NEW_LINE)
    for node in main.css(_CELLS) if "<t" in html or "<T" in html else ():
        node.insert_before(" ")
    return _lines(main.text())


def _beside_the_text(body: LexborNode) -> list[LexborNode]:
    """Page headers, elements named as side matter, and lists that are mostly links."""
    whole = _size(body)
    found: list[LexborNode] = []
    for node in body.css(_LOOKED_AT):
        if node.tag == "header":
            if not node.css_first("h1,p"):
                found.append(node)
            continue
        named = node.attributes
        names = f"{named.get('class') or ''} {named.get('id') or ''}".lower().split()
        if not _SIDE.isdisjoint(names) and _size(node) * 2 < whole:
            found.append(node)
        elif node.tag in _LISTS:
            links = [_size(link) for link in node.css("a")]
            if len(links) >= _LEAST_LINKS and sum(links) >= _MOSTLY_LINKS * _size(node):
                found.append(node)
    return found


def _remove(nodes: list[LexborNode]) -> None:
    """Remove nodes; those inside another of them go with it, and are not touched again."""
    chosen = {node.mem_id for node in nodes}
    outermost = {}
    for node in nodes:
        above = node.parent
        while above is not None and above.mem_id not in chosen:
            above = above.parent
        if above is None:
            outermost[node.mem_id] = node
    for node in outermost.values():
        node.decompose()


def _tamed(html: str) -> str:
    """The page without what would take the parser quadratic time, if it holds any."""
    html = _LONG_TAG.sub(
        lambda tag: tag[0] if len(tag[0].split()) <= _MOST_ATTRIBUTES else tag[0].split()[0], html
    )
    if html.count("<") > _DEEPEST:
        depth = deepest = 0
        for tag in _NESTING.finditer(html):
            depth = max(depth - 1, 0) if tag[1] else depth + 1
            deepest = max(deepest, depth)
        if deepest > _DEEPEST:
            html = _NESTING.sub(_NEW_LINE, html)
    return html


def _main_element(body: LexborNode) -> LexborNode:
    """The one article or main element, when it holds a good part of the text."""
    for name in ("main", "article"):
        found = body.css(name)
        if len(found) == 1 and _size(found[0]) >= _MAIN_SHARE * _size(body):
            return found[0]
    return body


def _size(node: LexborNode) -> int:
    """Characters of a node's text that are not white space."""
    return len("".join(node.text().split()))


def _lines(text: str) -> str:
    """One line for each block with text, white space within it collapsed."""
    lines = (" ".join(line.split()) for line in text.split(_NEW_LINE))
    return "\n".join(line for line in lines if line)
