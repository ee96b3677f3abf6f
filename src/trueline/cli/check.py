"""`trueline check`: hold a text, a file or JSON lines against the policy."""

from __future__ import annotations

import json
import sys

import click

from trueline.cli.options import find_policy, json_option, policy_option


@click.command()
@click.argument("text", required=False)
@click.option("--file", "file", metavar="FILE", help="Check a whole file as one text.")
@click.option(
    "--jsonl", metavar="FILE", help='Check {"id","text","role"?,"context"?} lines; - is stdin.'
)
@click.option("--role", type=click.Choice(["prompt", "reply"]), default="prompt", show_default=True)
@click.option("--lang", type=click.Choice(["en", "zh"]), help="Language of the answer.")
@policy_option
@json_option
def check(
    text: str | None,
    file: str | None,
    jsonl: str | None,
    role: str,
    lang: str | None,
    policy_path: str | None,
    as_json: bool,
) -> None:
    """Hold a text against the policy. Exit 0 when it may pass, 1 when the policy acts.

    \b
    trueline check "my card is 4111 1111 1111 1111"
    trueline check --file reply.txt --role reply --json
    trueline check --jsonl texts.jsonl > verdicts.jsonl
    """
    from trueline.cli.check_lines import check_lines, open_lines
    from trueline.cli.check_text import read_text, show
    from trueline.core.errors import InputError
    from trueline.core.records import Action, Context
    from trueline.judge import Judge

    if sum(source is not None for source in (text, file, jsonl)) != 1:
        raise InputError("give one of: a TEXT, --file FILE, --jsonl FILE (see --help)")
    judge = Judge.from_policy(find_policy(policy_path))
    if jsonl is not None:
        with open_lines(jsonl) as lines:
            acted = check_lines(judge, lines, jsonl, sys.stdout, role)
        raise SystemExit(1 if acted else 0)
    body = text if text is not None else read_text(str(file))
    verdict = judge.judge(body, Context(role="reply" if role == "reply" else "prompt"))
    if as_json:
        click.echo(json.dumps({"id": None, **verdict.as_json()}, ensure_ascii=False))
    else:
        show(body, verdict, judge, lang)
    raise SystemExit(1 if verdict.action > Action.FLAG else 0)
