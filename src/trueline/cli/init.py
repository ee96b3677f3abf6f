"""`trueline init`: write a policy.yaml to start from."""

from __future__ import annotations

from pathlib import Path

import click

from trueline.core.errors import InputError


@click.command()
@click.option("--template", "name", default="default", show_default=True, metavar="NAME")
@click.option("--out", default="policy.yaml", show_default=True, metavar="FILE")
@click.option("--force", is_flag=True, help="Overwrite the file.")
def init(name: str, out: str, force: bool) -> None:
    """Write a policy to start from.

    \b
    Templates: default, strict, minors, customer-service, cn-genai, eu-ai-act
    """
    from trueline.core.policy_file import parse_policy, template_text

    text = template_text(name)
    path = Path(out)
    if path.exists() and not force:
        raise InputError(f"{out} exists already.\n  Keep it, or overwrite it with --force.")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror or error}") from error
    policy = parse_policy(text, source=out, folder=path.parent)
    click.echo(f"Wrote {out} from template {name}: {len(policy.categories)} categories.", err=True)
    click.echo(f"  read it       trueline policy explain {out}", err=True)
    click.echo(f"  try it        trueline check --policy {out} 'some text'", err=True)
    click.echo(f"  run with it   trueline up --policy {out}", err=True)
