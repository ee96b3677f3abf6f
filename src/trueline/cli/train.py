"""`trueline train`: run a recipe, show what it would learn from, print the recipe's schema."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from trueline.cli.options import json_option

if TYPE_CHECKING:
    from trueline.train.run import TrainRun

set_option = click.option("--set", "changes", metavar="FIELD=VALUE", multiple=True,
                          help="A value in place of the recipe's; may be repeated.")  # fmt: skip


class RecipeFirst(click.Group):
    """A group whose first word may be a recipe: `trueline train RECIPE` runs it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = set(self.commands) | set(ctx.help_option_names)
        if args and not known & {args[0]}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=RecipeFirst)
def train() -> None:
    """Train a model by a recipe.

    \b
    trueline train recipe.yaml                          run it; a broken-off run goes on
    trueline train recipe.yaml --set loop.epochs=1      with another value
    trueline train preview recipe.yaml                  tokens, labels and masks of real rows
    trueline train schema > recipe.schema.json          for completion in an editor
    torchrun --nproc_per_node 2 -m trueline train recipe.yaml

    The folder then holds model/, recipe.yaml, run.json, metrics.jsonl, loss.svg and card.md.
    """


@train.command("run")
@click.argument("recipe")
@set_option
@click.option("--out", metavar="DIR", help="Folder to write to, in place of the recipe's.")
@click.option("--resume", is_flag=True,
              help="Fail when there is no checkpoint to go on from; going on is the default.")  # fmt: skip
@click.option("--fresh", is_flag=True, help="Start again, whatever the folder holds.")
@json_option
def run_recipe(
    recipe: str, changes: tuple[str, ...], out: str | None, resume: bool, fresh: bool, as_json: bool
) -> None:
    """Run RECIPE, a YAML file; the same command goes on with a run that was broken off.

    \b
    trueline train recipe.yaml --set optimizer.lr=0.001 --out runs/try

    Exit codes: 0 done, 1 a constraint found no solution, 2 something to mend in the recipe, the
    rows or the machine.
    """
    from trueline.train import require_train

    require_train()
    from trueline.train.progress import Progress
    from trueline.train.run import train as run_train

    progress = Progress(sys.stderr)
    try:
        run = run_train(
            recipe, changes=changes, out=out, resume=resume, fresh=fresh, progress=progress
        )
    except KeyboardInterrupt:
        progress.say("stopped: the checkpoint is kept; run the same command again to go on")
        raise SystemExit(130) from None
    _show(run, as_json)
    if run.record.get("modifiers", {}).get("constraint", {}).get("certified") is False:
        click.echo(
            f"no solution found: the held-out bound is above the limit; the counts are in "
            f"{run.folder}/safety_test.json",
            err=True,
        )
        raise SystemExit(1)


@train.command()
@click.argument("recipe")
@set_option
@click.option("--count", type=click.IntRange(min=1), default=3, show_default=True,
              help="Examples to show.")  # fmt: skip
def preview(recipe: str, changes: tuple[str, ...], count: int) -> None:
    """Show real examples of RECIPE as the model sees them: tokens, labels, masks."""
    from trueline.train import require_train

    require_train()
    from trueline.train.preview import preview as show
    from trueline.train.progress import Progress
    from trueline.train.recipe_file import load_recipe

    click.echo(show(load_recipe(recipe, changes), count, Progress(sys.stderr)))


@train.command()
def schema() -> None:
    """Print the JSON Schema of recipes."""
    from trueline.train import require_train

    require_train()
    from trueline.train.recipe_file import schema as recipe_schema

    click.echo(json.dumps(recipe_schema(), indent=2, ensure_ascii=False))


def _show(run: TrainRun, as_json: bool) -> None:
    record: Any = run.record
    if os.environ.get("RANK", "0") != "0":  # one process of several speaks
        return
    if as_json:
        made = {"folder": str(run.folder), "task": record["task"], "metrics": record["metrics"]}
        click.echo(json.dumps(made, ensure_ascii=False))
        return
    if "steps" in record:
        click.echo(f"{record['steps']:,} steps, best at {record['best_step']:,}")
    for split, values in record["metrics"].items():
        told = ", ".join(f"{name} {value:.4f}" for name, value in values.items())
        click.echo(f"  {split:5} {told}")
    click.echo(f"model: {run.folder}/model, card: {run.folder}/card.md")
