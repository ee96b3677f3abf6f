"""One HTML file with drawings and tables, no script and no outside link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from trueline.assess.evidence import Figure, Table
from trueline.core.policy import Bilingual

_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;
max-width:780px;margin:2rem auto;padding:0 1rem;color:#1c2230;background:#fff}
@media(prefers-color-scheme:dark){body{color:#e6e8ee;background:#14171d}}
h1{font-size:1.4rem;margin:0 0 .3rem}h2{font-size:1.05rem;margin:2rem 0 .6rem}
p{margin:.3rem 0}.figure{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;width:100%}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8886;vertical-align:top}
td{font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}
"""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands under it."""

    title: Bilingual
    lines: Sequence[Bilingual] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()


def html_page(title: Bilingual, sections: Sequence[Section], language: str) -> str:
    """The page in one language; drawings follow it."""
    body = [f"<h1>{escape(title.pick(language))}</h1>"]
    for section in sections:
        if section.title.pick(language) != title.pick(language):
            body.append(f"<h2>{escape(section.title.pick(language))}</h2>")
        body += [f"<p>{escape(line.pick(language))}</p>" for line in section.lines]
        body += [f'<div class="figure">{figure.svg}</div>' for figure in section.figures]
        body += [_table(table, language) for table in section.tables]
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if language == "zh" else "en"}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title.pick(language))}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def _table(table: Table, language: str) -> str:
    head = "".join(f"<th>{escape(column.pick(language))}</th>" for column in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(_told(cell))}</td>" for cell in row) + "</tr>"
        for row in table.rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _told(cell: Any) -> str:
    return "" if cell is None else f"{cell:.4g}" if isinstance(cell, float) else str(cell)
