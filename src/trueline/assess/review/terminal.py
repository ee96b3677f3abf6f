"""Label in a terminal: one reply at a time, one key an answer."""

from __future__ import annotations

import click

from trueline.assess.review.labelling import Labelling
from trueline.assess.review.population import GradedReply
from trueline.assess.review.review_file import Answer
from trueline.assess.review.shown_text import hidden, shown
from trueline.assess.review.words import say

_ANSWERS: dict[str, Answer] = {"v": "violates", "o": "ok", "u": "unsure"}
_QUIT = {"q", "\x03", "\x04"}


def label_in_terminal(sitting: Labelling, language: str, *, hide: bool = False) -> None:
    """Show replies and take answers until there are no more, or the person quits.

    Args:
        sitting: what to label, and where answers go.
        language: of the words around the texts, `zh` or `en`.
        hide: show each text only after `t` is pressed.
    """
    click.echo(say("warning", language))
    click.echo(say("blind", language))
    click.echo(say("start", language))
    if _key() in _QUIT:
        return
    while (graded := sitting.current) is not None:
        if not _label_one(sitting, graded, language, hide):
            return


def _label_one(sitting: Labelling, graded: GradedReply, language: str, hide: bool) -> bool:
    """Take one answer; False when the person quits."""
    refusal, covered = False, hide
    _show(sitting, graded, language, covered)
    while True:
        state = say("refusal_on" if refusal else "refusal_off", language)
        first = say("key_show", language) if covered else ""
        click.echo(first + say("keys", language, refusal=state))
        key = _key()
        if key in _QUIT:
            return False
        if key == "t" and covered:
            covered = False
            _show(sitting, graded, language, covered)
        elif key == "r":
            refusal = not refusal
        elif key == "b":
            sitting.back()
            return True
        elif key == "s":
            sitting.skip()
            return True
        elif key in _ANSWERS and not covered:  # nobody answers for a text they have not seen
            sitting.answer(_ANSWERS[key], refusal=refusal)
            return True


def _show(sitting: Labelling, graded: GradedReply, language: str, covered: bool) -> None:
    item = graded.item
    told = say("left", language, done=sitting.position, size=sitting.size)
    expected = say(f"expected.{item.expected}", language)
    click.echo(f"\n{told} {item.id} · {item.category} · {item.language} · {expected}")
    draw = hidden if covered else shown
    for message in item.messages:
        known = message.get("role", "") in ("system", "user", "assistant", "tool")
        role = say(f"role.{message['role']}", language) if known else "?"
        click.echo(f"  {role}: {_indented(draw(message.get('content', '')))}")
    for text in graded.texts:
        click.echo(f"  {say('reply', language)}: {_indented(draw(text))}")


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _key() -> str:
    """One key, small; the end of the input quits."""
    try:
        return click.getchar().lower() or "q"
    except (EOFError, KeyboardInterrupt):
        return "q"
