"""The page of a case: one file without network, the same bytes for the same content.

Both languages stand in the page and a radio button hides one, so that it also works without
scripts; the one small script only picks the reader's language and is named by its hash in the
page's content security policy. Every text is escaped; drawings were cleaned (`drawing`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from trueline.assess.case.canonical import canonical, digest, number
from trueline.assess.case.formats import chance, decimal, percent, percent_down, percent_up, whole
from trueline.assess.case.scope import scope_lines
from trueline.assess.case.sections import SECTIONS, section_of
from trueline.assess.case.sentences import Speaker, word
from trueline.assess.case.sign_off_words import item_name
from trueline.assess.case.words import CHECKS, REGULATIONS, WORDS

#: Where the content begins and ends in the page.
EMBEDDED = ('<script type="application/json" id="case">', "</script>")
# Columns of a decision that a page shows first, when an entry has them.
_ENTRY_COLUMNS = ("item", "decision", "reviewer", "role", "date", "comment", "assignee")
_LONGEST_CELL = 400


def render(case: Mapping[str, Any], figures: Mapping[str, str]) -> str:
    """The page as text.

    Args:
        case: the content (`canonical.plain` form): schema, base and derived.
        figures: cleaned drawings by their SHA-256.
    """
    text = canonical(case)
    case = json.loads(text)  # in the order in which a reader of the page finds it
    english, chinese = Speaker(case, "en"), Speaker(case, "zh")
    base, derived = case["base"], case["derived"]
    script, style = _part("page.js"), _part("page.css")
    rates = derived["rates"]
    return _templates().get_template("page.html").render(
        case=case, base=base, ruling=derived["ruling"], changes=derived["changes"],
        judge=derived["judge"], tree=derived["tree"], tabs=derived["regulations"],
        plans=derived["sampling_plans"], rates_data=rates, en=english,
        verdict_en=word(derived["ruling"]["verdict"], "en"),
        verdict_zh=word(derived["ruling"]["verdict"], "zh"),
        scope=scope_lines(case), sections=_sections(base), signoffs=_sign_offs(base),
        entries=[entry for entry in base["sign_off"]["entries"] if isinstance(entry, dict)],
        entry_columns=_entry_columns(base), command=command_line(base["plan"]),
        all_files=_all_files(base),
        plan_text=json.dumps(_without_policy(base["plan"]), ensure_ascii=False, indent=1),
        digest=digest(text), embedded=Markup(_for_script(text)),  # noqa: S704
        figures={name: Markup(svg) for name, svg in figures.items()},  # noqa: S704 (cleaned)
        script=Markup(script), style=Markup(style),  # noqa: S704 (ours)
        script_hash=_hash(script), style_hash=_hash(style), **_voices(english, chinese),
    )  # fmt: skip


def command_line(plan: Mapping[str, Any]) -> str:
    """The command that led to the case, as a shell takes it; empty when it is not known."""
    command = plan.get("command", ())
    if isinstance(command, str):
        return command
    import shlex

    return shlex.join(str(part) for part in command) if isinstance(command, Sequence) else ""


def _voices(english: Speaker, chinese: Speaker) -> dict[str, Any]:
    """What the page calls to say something in both languages."""

    def both(en: object, zh: object) -> Markup:
        return Markup('<span lang="en">{}</span><span lang="zh-CN">{}</span>').format(en, zh)

    def say(key: str, **values: object) -> Markup:
        if key not in WORDS:
            return escape(key)
        return both(english.word(key, **values), chinese.word(key, **values))

    def tell(what: str, about: Any = None) -> Markup:
        told = [
            getattr(speaker, what)(*(() if about is None else (about,)))
            for speaker in (english, chinese)
        ]
        return escape(told[0]) if told[0] == told[1] else both(*told)

    def say_names(key: str, names: Sequence[str]) -> Markup:
        return both(
            english.word(key, names=", ".join(map(english.about, names))),
            chinese.word(key, names="、".join(map(chinese.about, names))),
        )

    def asked(check: Mapping[str, Any], passes: int, failures: int) -> Markup:
        if check["key"] == "should_answer":
            return say("plan.at_most", n=whole(failures), of=whole(check["n"]))
        return say("plan.at_least", n=whole(passes), of=whole(check["n"]))

    return {
        "say": say,
        "tell": tell,
        "say_names": say_names,
        "two": lambda text: both(text["en"], text["zh"]),
        "regulation_name": lambda tab: both(*REGULATIONS.get(tab["id"], (tab["title"],) * 2)),
        "clause_text": lambda clause: (
            escape(clause["en"])
            if clause["en"] == clause["zh"]
            else both(clause["en"], clause["zh"])
        ),
        "asked": asked,
        "check_name": lambda key: both(*CHECKS[key]),
        "meter_of": meter,
    }


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("trueline.assess", "case"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        whole=lambda value: whole(number(value)),
        percent=lambda value: percent(number(value)),
        percent_up=lambda value: percent_up(number(value)),
        percent_down=lambda value: percent_down(number(value)),
        cell=_cell,
        chance=lambda value: chance(number(value)),
        change_class=lambda code: {"gate_absorbs": "room", "absorbs": "room", "mend": "mend"}.get(
            code, "need"
        ),
    )
    return environment


def meter(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's bounds and limit on a scale that ends at three limits; beyond it they are cut."""
    top = 3 * row["limit"] if row["limit"] else 1.0
    low, high = (min(1.0, number(row[edge]) / top) for edge in ("lower", "upper"))
    limit = None if row["limit"] is None else round(100 * min(1.0, row["limit"] / top), 2)
    width = max(2.0, 100 * (high - low))
    return {"x": round(min(100 * low, 100 - width), 2), "width": round(width, 2), "limit": limit}


def _sections(base: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    grouped: dict[str, list[Mapping[str, Any]]] = {
        name: [] for name in (*SECTIONS, "people", "suites")
    }
    for one in base["evidence"]:
        grouped[section_of(one["name"]) or "suites"].append(one)
    return list(grouped.items())


def _sign_offs(base: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Role or question, its state, and who signed when."""
    state = base["sign_off"]
    missing = {item_name(entry) for entry in state["missing"]}
    objections = {item_name(entry) for entry in state["objections"]}
    names = dict.fromkeys(
        item_name(entry) for part in ("required", "missing", "objections") for entry in state[part]
    )
    return [
        (
            name,
            "objection" if name in objections else "missing" if name in missing else "done",
            _signer(state["signed_by"].get(name, {})),
        )
        for name in names
    ]


def _signer(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('reviewer', '')} {entry.get('date', '')}".strip()


def _entry_columns(base: Mapping[str, Any]) -> list[str]:
    entries = [entry for entry in base["sign_off"]["entries"] if isinstance(entry, dict)]
    present = {key for entry in entries for key in entry}
    return [name for name in _ENTRY_COLUMNS if name in present]


def _all_files(base: Mapping[str, Any]) -> list[tuple[str, str]]:
    evidence = [(one["file"], one["sha256"]) for one in base["evidence"]]
    return sorted([*base["files"].items(), *evidence])


def _without_policy(plan: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in plan.items() if key != "policy"}


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "–" if value is None else ""
    if isinstance(value, bool):
        return "✓" if value else "–"
    if isinstance(value, int):
        return whole(value)
    if isinstance(value, float):
        return decimal(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def _for_script(text: str) -> str:
    """JSON that no HTML parser takes for mark-up; the same value when read."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _part(name: str) -> str:
    return files("trueline.assess.case").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
