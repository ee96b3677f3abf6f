"""`trueline assess metrics` and `fairness`: what predictions are worth, and for whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from trueline.cli.evidence_lines import case_option, lang_option, policy_for, show_evidence
from trueline.cli.options import json_option, policy_option

_FILE = click.Path(path_type=Path, dir_okay=False)
_TASKS = ("classify", "multi-label", "tag", "translate", "lm")
_TRUTH = "File with the truth, row by row, where it does not stand beside the predictions."


@click.command()
@click.argument("file", type=_FILE)
@click.option("--task", required=True, type=click.Choice(_TASKS), help="What was predicted.")
@click.option("--truth", type=_FILE, metavar="FILE", help=_TRUTH)
@click.option("--truth-field", default="", metavar="NAME",
              help="Its field in that file; label, labels, tags or target by default.")  # fmt: skip
@click.option("--language", type=click.Choice(["zh", "en"]), default="en", show_default=True,
              help="Of translations.")  # fmt: skip
@click.option("--confidence", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True,
              help="Of every interval.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of resampled sentences.")
@case_option
@lang_option
@json_option
def metrics(
    file: Path, task: Any, truth: Path | None, truth_field: str, language: str, confidence: float,
    seed: int, case: Path | None, lang: str, as_json: bool,
) -> None:  # fmt: skip
    """Measure the predictions in FILE (JSON lines) against the truth, with intervals.

    \b
    trueline predict runs/news --input test.jsonl > told.jsonl
    trueline assess metrics told.jsonl --task classify --truth test.jsonl --case case

    \b
    A row has what `trueline predict` writes, and `truth`:
      classify     {"truth": "a", "label": "a", "scores": {"a": 0.9, "b": 0.1}, "fold": 1}
      multi-label  {"truth": ["a"], "labels": ["a", "b"]}
      tag          {"truth": ["B-PER", "O"], "tags": ["B-PER", "O"]}
      translate    {"truth": "the reference", "text": "what was told"}
      lm           {"nll": 41.2, "tokens": 17}     nats over all tokens of the row
    """
    from trueline.assess.metrics.measure import measure

    evidence = measure(
        file, task, truth=truth, truth_field=truth_field, language=language,
        confidence=confidence, seed=seed,
    )  # fmt: skip
    show_evidence(evidence, case, lang, as_json, policy_for(case, None), file.name)


@click.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--positive", metavar="LABEL",
              help="The label that counts as selected; needed with FILE.")  # fmt: skip
@click.option("--truth", type=_FILE, metavar="FILE", help=_TRUTH)
@click.option("--intersections/--no-intersections", default=True, show_default=True,
              help="Compare the groups that two attributes make together as well.")  # fmt: skip
@policy_option
@case_option
@lang_option
@json_option
def fairness(
    file: Path | None, positive: str | None, truth: Path | None, intersections: bool,
    policy_path: str | None, case: Path | None, lang: str, as_json: bool,
) -> None:  # fmt: skip
    """Compare groups: predictions in FILE, or the paired questions of a CASE.

    \b
    trueline assess fairness told.jsonl --positive hired --case case
    trueline assess fairness --case case                     its items of kind fairness_pair

    A row of FILE is one of `metrics --task classify` with groups by attribute:
    {"truth": "hired", "label": "hired", "groups": {"gender": "female"}}.

    Limits and the smallest group that gets a verdict come from the policy (`fairness`). Where the
    interval spans a limit the outcome is "not enough evidence".
    """
    from trueline.core.errors import InputError

    policy = policy_for(case, policy_path)
    if file is None:
        from trueline.assess.fairness_pairs import measure_pairs

        if case is None:
            raise InputError(
                "give a file of predictions with groups, or --case CASE to compare the paired "
                "questions of a case"
            )
        pairs = measure_pairs(case, policy.fairness, policy.confidence)
        show_evidence(pairs, case, lang, as_json, policy, case.name)
        return
    from trueline.assess.fairness import measure_fairness

    if positive is None:
        raise InputError(
            "--positive LABEL is needed with a file: the label that counts as selected, such as "
            "hired or blocked"
        )
    evidence = measure_fairness(
        file, positive, policy.fairness, truth=truth, confidence=policy.confidence,
        intersections=intersections,
    )  # fmt: skip
    show_evidence(evidence, case, lang, as_json, policy, file.name)
