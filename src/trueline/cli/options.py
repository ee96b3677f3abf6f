"""Options that several commands share."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trueline.core.policy import Policy

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
policy_option = click.option(
    "--policy",
    "policy_path",
    metavar="FILE",
    envvar="TRUELINE_POLICY",
    help="Policy file or template name; ./policy.yaml when there is one, else `default`.",
)


def find_policy(path: str | None) -> Policy:
    """The policy a user means: a file, a template's name, ./policy.yaml, or `default`."""
    from trueline.core.policy_file import TEMPLATES, load_policy, policy_from_template

    if path is None:
        here = Path("policy.yaml")
        return load_policy(here) if here.exists() else policy_from_template("default")
    if path in TEMPLATES and not Path(path).exists():
        return policy_from_template(path)
    return load_policy(path)


def author_name(given: str | None) -> str:
    """Who does something: the name given, or the system's user name; empty when there is none."""
    if given:
        return given
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""
