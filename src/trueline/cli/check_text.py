"""Read one text for `trueline check`, and show its verdict to a person."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from trueline.core.errors import InputError
from trueline.core.records import Action, GradedScore, Span, Verdict
from trueline.core.taxonomy import taxonomy
from trueline.judge import Judge

_COLOURS = {
    Action.ALLOW: "green",
    Action.FLAG: "yellow",
    Action.REDACT: "yellow",
    Action.REWRITE: "magenta",
    Action.BLOCK: "red",
}
_WORDS = {
    "en": {
        "nothing": "nothing found",
        "redacted": "redacted",
        "below": "below its threshold",
        "failed": "could not tell",
    },
    "zh": {
        "nothing": "未发现问题",
        "redacted": "遮盖后",
        "below": "未达阈值",
        "failed": "无法判断",
    },
}
_ACTIONS_ZH = {
    Action.ALLOW: "放行",
    Action.FLAG: "标记",
    Action.REDACT: "遮盖",
    Action.REWRITE: "改写",
    Action.BLOCK: "拦截",
}


def read_text(file: str) -> str:
    """A whole file as text; `-` is stdin. Bytes that are not UTF-8 are an error with a place."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror or error}") from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"{file}, line {line}: not valid UTF-8 (byte {error.start}).\n"
            "  Convert it first, for example: iconv -f GB18030 -t UTF-8"
        ) from error


def show(text: str, verdict: Verdict, judge: Judge, language: str | None) -> None:
    """Print a verdict: the action, one line a score, and the redacted text."""
    if language is None:
        from trueline.text.language import language_of

        language = "zh" if language_of(text) == "zh" else "en"
    words = _WORDS[language]
    action = _ACTIONS_ZH[verdict.action] if language == "zh" else str(verdict.action)
    policy = judge.policy
    head = click.style(action, fg=_COLOURS[verdict.action], bold=True)
    click.echo(f"{head}  {policy.name} {policy.hash[:19]}")
    shown = [score for score in verdict.scores if _is_worth_telling(score)]
    for score in shown:
        click.echo("  " + _line(score, language, words))
    if not any(score.action > Action.ALLOW for score in shown):
        click.echo(f"  {words['nothing']}")
    if verdict.redacted_text != text:
        click.echo(f"{words['redacted']}: {verdict.redacted_text}")


def _outermost(spans: tuple[Span, ...]) -> list[Span]:
    """Without those that lie inside another."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.end > kept[-1].end:
            kept.append(span)
    return kept


def _is_worth_telling(score: GradedScore) -> bool:
    """What acts, what failed, and what came near its threshold; `--json` gives the rest."""
    return score.action > Action.ALLOW or score.fault or score.value >= score.threshold / 2


def _line(score: GradedScore, language: str, words: dict[str, str]) -> str:
    known = taxonomy().get(score.category)
    name = known.name(language) if known else score.category
    kind = f"{score.category}/{score.label}" if score.label else score.category
    if score.fault:
        return f"{kind} ({name}): {words['failed']}, {score.scorer} {score.reason}"
    where = " ".join(f"{span.start}-{span.end}" for span in _outermost(score.spans))
    action = _ACTIONS_ZH[score.action] if language == "zh" else str(score.action)
    told = action if score.action > Action.ALLOW else words["below"]
    parts = [
        f"{told}  {kind} ({name})",
        f"{score.value:.2f} / {score.threshold:.2f}",
        score.scorer,
        where and f"@ {where}",
        score.reason,
    ]
    return "  ".join(part for part in parts if part)
