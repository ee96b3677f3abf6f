"""The case as PDF: the page's content in its order, English first, then Chinese.

Chinese is set in the font every PDF reader knows by name (STSong-Light, Adobe-GB1), so that no
font file is needed; drawings stay in the page and in the evidence.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # type: ignore[import-untyped]
from reportlab.platypus import (  # type: ignore[import-untyped]
    Flowable,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

from trueline.assess.case.canonical import canonical, digest, number
from trueline.assess.case.formats import chance, percent, percent_up, whole
from trueline.assess.case.gsn import walk
from trueline.assess.case.page import command_line
from trueline.assess.case.scope import scope_lines
from trueline.assess.case.sentences import Speaker
from trueline.assess.case.sign_off_words import item_name
from trueline.assess.case.words import CHECKS, REGULATIONS

_FONT = "STSong-Light"
_TINTS = {"RELEASE": "#20673f", "HOLD": "#a1251e", "NOT ENOUGH EVIDENCE": "#7a4f00"}
_WIDTH = A4[0] - 36 * mm
_LONGEST = 300


def render_pdf(content: Mapping[str, Any], languages: Sequence[str] = ("en", "zh")) -> bytes:
    """The PDF; the same bytes for the same content.

    Args:
        content: of a built case.
        languages: which, in which order.
    """
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    parts: list[Flowable] = []
    for at, lang in enumerate(languages):
        if at:
            parts.append(PageBreak())
        parts += list(_Writer(content, lang).parts())
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=16 * mm,
        bottomMargin=16 * mm, invariant=1, title="Safety case · 安全论证报告",
        author="Trueline", subject=digest(canonical(content)),
    )  # fmt: skip
    document.build(parts)
    return buffer.getvalue()


class _Writer:
    """Writes one language.

    Args:
        content: of a built case.
        lang: `zh` or `en`.
    """

    def __init__(self, content: Mapping[str, Any], lang: str) -> None:
        self._content, self._lang = content, lang
        self._base, self._derived = content["base"], content["derived"]
        self._speaker = Speaker(content, lang)
        body: dict[str, Any] = {"fontName": _FONT, "fontSize": 9.5, "leading": 14}
        if lang == "zh":
            body["wordWrap"] = "CJK"
        self._body = ParagraphStyle("body", **body)
        self._small = ParagraphStyle("small", parent=self._body, fontSize=8, leading=11)
        self._head = ParagraphStyle(
            "head",
            parent=self._body,
            fontSize=12,
            leading=17,
            spaceBefore=9,
            spaceAfter=3,
            keepWithNext=1,
        )

    def parts(self) -> Iterator[Flowable]:
        """Everything in the order of the page."""
        yield from self._verdict()
        yield from self._scope()
        yield from self._rates()
        yield from self._changes()
        yield from self._judge()
        yield from self._examples()
        yield from self._tree()
        yield from self._regulations()
        yield from self._evidence()
        yield from self._people()
        yield from self._again()

    def _verdict(self) -> Iterator[Flowable]:
        ruling = self._derived["ruling"]
        tint = colors.HexColor(_TINTS[ruling["verdict"]])
        loud = ParagraphStyle("loud", parent=self._body, fontSize=22, leading=28, textColor=tint)
        yield self._text(self._word("title"), self._small)
        yield self._text(self._word(ruling["verdict"]), loud)
        yield self._text(self._speaker.bound())
        for reason in ruling["reasons"]:
            yield self._text("• " + self._speaker.reason(reason))
        for line in self._base["withdrawals"]["open"]:
            warn = ParagraphStyle("warn", parent=self._body, textColor=colors.HexColor("#a1251e"))
            yield self._text(self._word("withdrawn") + ": " + self._speaker.withdrawal(line), warn)

    def _scope(self) -> Iterator[Flowable]:
        yield self._heading("scope")
        yield self._table(
            [[self._word(key), value] for key, value in scope_lines(self._content)], (1, 4)
        )
        missing = self._derived["rates"]["not_measured"]
        joined = ("、" if self._lang == "zh" else ", ").join(map(self._speaker.about, missing))
        told = joined or self._word("scope.not.none")
        yield self._text(f"{self._word('scope.not')}: {told}", self._small)
        yield self._text(self._word("random"), self._small)

    def _rates(self) -> Iterator[Flowable]:
        rates = self._derived["rates"]
        for key, heading, column in (
            ("categories", "categories", "category"), ("languages", "by.language", "language"),
            ("attacks", "by.attack", "attack"),
        ):  # fmt: skip
            if not rates[key]:
                continue
            yield self._heading(heading)
            rows = [[self._word(name) for name in (column, "limit", "upper", "observed", "result")]]
            rows += [self._rate(row) for row in rates[key]]
            yield self._table(rows, (5, 1.2, 1.6, 1.8, 3), headed=True)

    def _rate(self, row: Mapping[str, Any]) -> list[str]:
        about = self._speaker.about(row["about"])
        if row["part"]:
            about += " · " + self._speaker.about(row["part"])
        result = self._word(row["outcome"])
        if row["outcome"] == "thin" and row["prompts_more"] > 0:
            result = self._word("thin.more", n=whole(row["prompts_more"]))
        limit = "–" if row["limit"] is None else percent(row["limit"])
        of = f"{whole(row['found'])} / {whole(row['n'])}"
        return [about, limit, percent_up(number(row["upper"])), of, result]

    def _changes(self) -> Iterator[Flowable]:
        yield self._heading("changes")
        for change in self._derived["changes"]:
            yield self._text("• " + self._speaker.change(change))
        if not self._derived["changes"]:
            yield self._text(self._word("changes.none"))

    def _judge(self) -> Iterator[Flowable]:
        card = self._derived["judge"]
        yield self._heading("judge")
        if card is None:
            yield self._text(self._word("judge.none"))
            return
        if not card["reviewed"]:
            yield self._text(self._word("judge.not"))
        rows = [
            [self._word(key), percent_up(number(card[name])) if number(card[name]) >= 0 else "–"]
            for key, name in (("judge.raw", "raw_upper"), ("judge.corrected", "corrected_upper"))
        ]
        rows += [
            [self._speaker.statement(name), self._speaker.claim_number(name)]
            for name in card["measures"]
        ]
        yield self._table(rows, (3, 2))

    def _examples(self) -> Iterator[Flowable]:
        """Where they are; paper cannot be blurred, so their words stay in the page."""
        yield self._heading("examples")
        for one in self._base["examples"]:
            about = (
                f"{self._speaker.about(one['category'])} · {self._speaker.about(one['language'])}"
            )
            yield self._text(f"• {one['item']}: {about} · {self._word('score')} {one['score']:.2f}")
        key = "examples.page" if self._base["examples"] else "examples.none"
        yield self._text(self._word(key), self._small)

    def _tree(self) -> Iterator[Flowable]:
        yield self._heading("tree")
        depth = {self._derived["tree"]["id"]: 0}
        for node in walk(self._derived["tree"]):
            for child in node["children"]:
                depth[child["id"]] = depth[node["id"]] + 1
            style = ParagraphStyle(
                f"depth{depth[node['id']]}", parent=self._small, leftIndent=12 * depth[node["id"]]
            )
            mark = "○" if node["state"] == "undeveloped" and not node["children"] else "●"
            state = "" if node["kind"] == "argument" else f" [{self._word(node['state'])}]"
            told = f"{mark} {node['id']} {self._speaker.node(node)}{state}"
            yield self._text(f"{told} {node['file']} {node['sha256'][7:19]}", style)

    def _regulations(self) -> Iterator[Flowable]:
        yield self._heading("regulations")
        yield self._text(self._word("regulations.note"), self._small)
        for tab in self._derived["regulations"]:
            name = REGULATIONS.get(tab["id"], (tab["title"],) * 2)[self._lang == "zh"]
            tally = ", ".join(
                f"{self._word('status.' + status)} {count}"
                for status, count in tab["counts"].items()
            )
            yield self._text(f"{name}: {tally}")
            if tab["id"] in self._derived["sampling_plans"]:
                yield self._plan(self._derived["sampling_plans"][tab["id"]])
            if tab["claimed"]:
                rows = [[self._word(key) for key in ("clause", "requirement", "status", "behind")]]
                rows += [self._clause(row) for row in tab["rows"]]
                yield self._table(rows, (1, 4, 1.4, 3), headed=True)

    def _clause(self, row: Mapping[str, Any]) -> list[str]:
        behind = "; ".join(f"{name} {self._speaker.claim_number(name)}" for name in row["claims"])
        status = self._word(f"status.{row['status']}")
        if row["outcome"] in {"pass", "fail", "thin"}:
            status += f" ({self._word(row['outcome'])})"
        source = self._word(row["clause"]["source_status"])
        return [row["clause"]["id"], f"{row['clause'][self._lang]} ({source})", status, behind]

    def _plan(self, plan: Mapping[str, Any]) -> Flowable:
        keys = ("plan.check", "plan.asked", "plan.know", "plan.true", "plan.passes")
        rows = [[self._word(key) for key in keys]]
        for check in plan["checks"]:
            first = check["chances"][0]
            rows.append([
                CHECKS[check["key"]][self._lang == "zh"],
                f"{whole(check['passes_asked'])} / {whole(check['n'])}",
                f"{whole(check['passes_to_know'])} / {whole(check['n'])}"
                if check["passes_to_know"] is not None
                else self._word("plan.impossible"),
                percent(first["true_pass_rate"]),
                chance(first["passes"]),
            ])  # fmt: skip
        return self._table(rows, (4, 1.5, 1.5, 1.5, 2), headed=True)

    def _evidence(self) -> Iterator[Flowable]:
        for one in self._base["evidence"]:
            yield self._text(one["title"][self._lang], self._head)
            for note in one["notes"]:
                yield self._text(note[self._lang], self._small)
            if one["claims"]:
                keys = ("statement", "value", "interval", "limit", "result")
                rows = [[self._word(key) for key in keys]]
                rows += [
                    [
                        claim["statement"][self._lang], self._speaker.value(claim),
                        self._speaker.between(claim), self._speaker.limit(claim),
                        self._word(claim["outcome"]),
                    ]
                    for claim in one["claims"]
                ]  # fmt: skip
                yield self._table(rows, (4, 1.5, 2, 1, 1.3), headed=True)
            yield self._text(f"{one['file']} {one['sha256']}", self._small)

    def _people(self) -> Iterator[Flowable]:
        state = self._base["sign_off"]
        yield self._heading("signoff")
        if not state["required"]:
            yield self._text(self._word("signoff.none"))
        for key, part in (("signoff.objection", "objections"), ("signoff.missing", "missing")):
            for entry in state[part]:
                yield self._text(f"• {item_name(entry)}: {self._word(key)}")

    def _again(self) -> Iterator[Flowable]:
        yield self._heading("reproduce")
        if command := command_line(self._base["plan"]):
            yield self._text(command, self._small)
        yield self._text("trueline verify case.html --evidence .", self._small)
        shown = digest(canonical(self._content))
        foot = self._word("foot", digest=shown, version=self._content["trueline"])
        yield self._text(f"{foot} · {self._content['made']}", self._small)

    def _word(self, key: str, **values: object) -> str:
        return self._speaker.word(key, **values)

    def _heading(self, key: str) -> Flowable:
        return self._text(self._word(key), self._head)

    def _text(self, text: str, style: ParagraphStyle | None = None) -> Flowable:
        return Paragraph(escape(_printable(text)), style or self._body)

    def _table(
        self, rows: Sequence[Sequence[str]], shares: Sequence[float], *, headed: bool = False
    ) -> Flowable:
        widths = [_WIDTH * share / sum(shares) for share in shares]
        cells = [[self._text(_cut(str(cell)), self._small) for cell in row] for row in rows]
        style: list[Any] = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("LINEBELOW", (0, 0), (-1, -1), 0.3, colors.HexColor("#d8d5cf")),
            ("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]  # fmt: skip
        if headed:
            style.append(("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#f3f1ed")))
        table = Table(cells, colWidths=widths, repeatRows=1 if headed else 0, hAlign="LEFT")
        table.setStyle(style)
        table.spaceAfter = 4
        return table if rows else Spacer(0, 0)


def _printable(text: str) -> str:
    return "".join(c if c == "\n" or c.isprintable() else " " for c in text)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
