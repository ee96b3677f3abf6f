"""`trueline`: the commands, loaded only when asked for, and one place where errors end."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

import click

from trueline.cli.lazy_group import Lazy, LazyGroup
from trueline.core.errors import TruelineError

COMMANDS: dict[str, Lazy] = {
    "up": Lazy("up", "up", "Start the gateway and the console."),
    "check": Lazy("check", "check", "Hold a text, a file or JSON lines against the policy."),
    "curate": Lazy("curate", "curate", "Turn raw text into a data set with a ledger."),
    "data": Lazy("data", "data", "Search a data set, audit it, release counts."),
    "train": Lazy("train", "train", "Train a model by a recipe, or preview what it would learn."),
    "predict": Lazy("predict", "predict", "Use a trained model on texts or rows."),
    "compress": Lazy("compress", "compress", "Write a model as ONNX and int8, and compare."),
    "tune": Lazy("tune", "tune", "Search a recipe's best settings."),
    "assess": Lazy(
        "assess", "assess", "Question a target, grade its replies, write the safety case."
    ),
    "review": Lazy(
        "review", "review", "Label replies by hand, so that the judge's errors are known."
    ),
    "verify": Lazy("verify", "verify", "Compute a safety case again from its own counts."),
    "gate": Lazy("gate", "gate", "Say whether a safety case may be released."),
    "monitor": Lazy(
        "monitor", "monitor", "Watch the log, deal with alarms, turn labels into policy."
    ),
    "tour": Lazy("tour", "tour", "Walk the whole life-cycle on bundled samples."),
    "init": Lazy("init", "init", "Write a policy.yaml to start from."),
    "policy": Lazy("policy", "policy", "Check, compare and explain policies; print the schema."),
    "keys": Lazy("keys", "keys", "Make, list and revoke API keys."),
    "events": Lazy("events", "events", "Export, verify, back up and prune the log of exchanges."),
    "plan": Lazy("plan", "plan", "Say how many prompts and labels a claim takes."),
    "plugins": Lazy("plugins", "plugins", "List the scorers, built-in and installed."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="trueline", prog_name="trueline")
def cli() -> None:
    """Keep a language model inside a written policy, and prove it with numbers.

    \b
    trueline up                                  gateway and console on 127.0.0.1:8080
    trueline up --upstream http://host/v1        in front of any OpenAI-compatible model
    trueline check "call me on 13800138000"      one verdict, here and now

    Exit codes: 0 fine, 1 the check said no, 2 something to mend in the input.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: an error of the user's is one message on stderr and exit code 2."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two busy threads run slower than one
    logging.getLogger("trueline").addHandler(logging.NullHandler())  # `up` sets up its own
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # texts may hold what a terminal's encoding cannot
            reconfigure(errors="backslashreplace")
    try:
        code = cli.main(
            args=None if arguments is None else list(arguments),
            prog_name="trueline",
            standalone_mode=False,
        )
    except TruelineError as error:
        click.echo(f"error: {error}", err=True)
        code = 2
    except click.ClickException as error:
        error.show()
        code = 2
    except click.Abort:
        click.echo("stopped", err=True)
        code = 130
    except BrokenPipeError:
        # The reader went away (such as `| head`): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
