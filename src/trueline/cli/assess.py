"""`trueline assess`: question a target, grade its replies, and write the safety case."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from trueline.cli.lazy_group import Lazy, LazyGroup
from trueline.cli.options import find_policy, json_option, policy_option

if TYPE_CHECKING:
    from trueline.assess.run import Assessment

COMMANDS: dict[str, Lazy] = {
    "run": Lazy(
        "assess", "run_target", "Question a target; the default: `trueline assess TARGET`."
    ),
    "metrics": Lazy(
        "assess_metrics", "metrics", "Measure predictions: accuracy, F1, calibration, …"
    ),
    "fairness": Lazy("assess_metrics", "fairness", "Compare groups, with intervals that abstain."),
    "robustness": Lazy(
        "assess_robustness", "robustness", "Attack a classifier by words and letters."
    ),
    "gradients": Lazy("assess_gradients", "gradients", "Attack embeddings: FGSM, PGD, noise."),
    "leakage": Lazy(
        "assess_leakage", "leakage", "Ask what a model remembers of its training data."
    ),
    "explain": Lazy("assess_explain", "explain", "Show why a model or the guard decided."),
    "ethics": Lazy("assess_ethics", "ethics", "Keep the checklist that people sign off."),
    "import": Lazy("assess_import", "import_results", "Read results of garak or Inspect."),
}


class TargetFirst(LazyGroup):
    """A group whose first word may be a target: `trueline assess TARGET` runs it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {*self.lazy, *ctx.help_option_names}
        if args and args[0] not in known:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=TargetFirst, lazy=COMMANDS)
def assess() -> None:
    """Assess a target and write its safety case.

    \b
    trueline assess builtin:assistant --out case            the built-in assistant
    trueline assess builtin:assistant --guard --out case    with and without the guard
    trueline assess http://host/v1 --model NAME --out case  an OpenAI-compatible server
    trueline assess models/mine --out case                  a model folder
    trueline assess mymodule:reply --suite mine.jsonl       a Python function, own items
    trueline assess import report.jsonl                     bounds for results of garak, Inspect
    """


@click.command("run")
@click.argument("target")
@policy_option
@click.option("--out", default="case", show_default=True, metavar="DIR",
              help="Case folder; the same command goes on with a run that was broken off.")  # fmt: skip
@click.option("--suite", "suites", multiple=True, metavar="NAME",
              help="zh, en, a bundled file such as zh/privacy, or a JSON-lines file; may be "
              "repeated.  [default: zh and en]")  # fmt: skip
@click.option("--language", "languages", multiple=True, type=click.Choice(["zh", "en"]),
              help="Only items in this language.")  # fmt: skip
@click.option("--category", "categories", multiple=True, help="Only items of this category.")
@click.option("--kind", "kinds", multiple=True, help="Only items of this kind, such as look_alike.")
@click.option("--expected", multiple=True, type=click.Choice(["refuse", "comply", "safe"]),
              help="Only items with this right reply.")  # fmt: skip
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="So many at random.")
@click.option("--seed", type=int, default=0, show_default=True,
              help="Of the order, the sample, the attacks and the target.")  # fmt: skip
@click.option("--attack", "attacks", multiple=True, metavar="NAME",
              help="An attack, a family (character, encoding, role_play, multi_turn), or all.")  # fmt: skip
@click.option("--samples", type=click.IntRange(1, 100), default=1, show_default=True,
              help="Replies to each item.")  # fmt: skip
@click.option("--guard", is_flag=True,
              help="Put the Guard of the policy in front; shown with and without.")  # fmt: skip
@click.option("--until-decided", is_flag=True, help="Stop when the gate says RELEASE or HOLD.")
@click.option("--unscored", type=click.Choice(["violation", "exclude"]), default="violation",
              show_default=True, help="What an unscored reply counts as.")  # fmt: skip
@click.option("--model", default="", metavar="NAME", help="Model to ask a URL for.")
@click.option("--concurrency", type=click.IntRange(1, 256), metavar="N",
              help="Questions under way at a time.  [default: 8 for a URL, else 1]")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(1, 1024), default=8, show_default=True,
              help="Prompts a model folder generates together.")  # fmt: skip
@click.option("--timeout", type=click.FloatRange(min=0.1), default=120.0, show_default=True,
              metavar="SECONDS", help="For one attempt at a URL.")  # fmt: skip
@click.option("--max-tokens", type=click.IntRange(min=1), default=512, show_default=True,
              help="Of a reply.")  # fmt: skip
@click.option("--temperature", type=click.FloatRange(min=0), default=0.0, show_default=True)
@click.option("--judge-url", metavar="URL", help="A judge model that grades besides the Judge.")
@click.option("--judge-model", metavar="NAME", help="Its name.")
@click.option("--fresh", is_flag=True, help="Remove the replies in the folder and start anew.")
@json_option
def run_target(target: str, policy_path: str | None, as_json: bool, **given: Any) -> None:
    """Question TARGET and write the case.

    TARGET is a URL, a model folder, module:function, or builtin:assistant. Keys come from
    TRUELINE_TARGET_KEY and TRUELINE_JUDGE_KEY.

    \b
    trueline assess builtin:assistant --suite en --sample 200 --guard --out case

    Exit codes: 0 the case is written (see `trueline gate` for its verdict), 2 something to mend.
    """
    from trueline.assess.progress import Progress
    from trueline.assess.run import JudgeModel, Plan
    from trueline.assess.run import assess as run_assess
    from trueline.assess.suite_choice import Choice
    from trueline.assess.targets.open_target import TargetOptions

    if bool(given["judge_url"]) != bool(given["judge_model"]):
        raise click.UsageError("give --judge-url and --judge-model together")
    policy = find_policy(policy_path)
    screen = None
    if given["guard"]:
        from trueline.lifecycle.guarded import GuardScreen

        screen = GuardScreen(policy)
    judge = JudgeModel(given["judge_url"], given["judge_model"]) if given["judge_url"] else None
    choice = Choice(
        suites=given["suites"], languages=given["languages"], categories=given["categories"],
        kinds=given["kinds"], expected=given["expected"], sample=given["sample"],
        seed=given["seed"],
    )  # fmt: skip
    progress = Progress(sys.stderr)
    try:
        done = run_assess(
            target, policy, given["out"],
            plan=Plan(
                choice=choice, attacks=given["attacks"], samples=given["samples"],
                unscored=given["unscored"], until_decided=given["until_decided"],
                judge_model=judge,
            ),
            options=TargetOptions(
                model=given["model"], concurrency=given["concurrency"],
                batch_size=given["batch_size"], timeout_seconds=given["timeout"],
                max_tokens=given["max_tokens"], temperature=given["temperature"],
                builtin=builtin_targets(),
            ),
            screen=screen, fresh=given["fresh"], progress=progress,
            command=["trueline", *sys.argv[1:]],
        )  # fmt: skip
    except KeyboardInterrupt:
        progress.say("stopped: every reply is kept; run the same command again to go on")
        raise SystemExit(130) from None
    _show(done, as_json)


def builtin_targets() -> dict[str, Any]:
    """Functions that the command line brings along."""
    from trueline.apps.assistant.answers import Turn, answer

    def assistant(messages: list[dict[str, str]]) -> str:
        return answer([Turn(message["role"], message["content"]) for message in messages])

    return {"builtin:assistant": assistant}


def _show(done: Assessment, as_json: bool) -> None:
    if as_json:
        for claim in done.evidence.claims:
            click.echo(json.dumps({"claim": claim.as_json()}, ensure_ascii=False))
        told = {"case": str(done.folder), "verdict": done.verdict}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    width = max((len(claim.id) for claim in done.evidence.claims), default=0)
    for claim in done.evidence.claims:
        counted = (
            f"{claim.inputs['found']} of {claim.inputs['n']}" if "found" in claim.inputs else ""
        )
        limit = "" if claim.limit is None else f", limit {claim.limit:.2%}: {claim.outcome}"
        click.echo(
            f"{claim.id:{width}}  {counted:>14}  {_percent(claim.estimate):>7} "
            f"[{_percent(claim.lower)}, {_percent(claim.upper)}]{limit}"
        )
    if done.verdict:
        click.echo(f"verdict: {done.verdict}")
    click.echo(f"case: {shlex.quote(str(done.folder))}")


def _percent(share: float) -> str:
    """Two figures after the point, and no minus before a zero."""
    return f"{round(share, 4) + 0.0:.2%}"
