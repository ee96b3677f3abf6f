"""`trueline assess robustness`: attack a classifier, or the Judge, by words and characters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trueline.cli.evidence_lines import case_option, lang_option, policy_for, show_evidence
from trueline.cli.options import json_option, policy_option

if TYPE_CHECKING:
    from trueline.assess.robustness.classifier import Classifier
    from trueline.core.policy import Policy

_FILE = click.Path(path_type=Path, dir_okay=False)
JUDGE = "judge"


@click.command()
@click.argument("target", metavar="MODEL_OR_JUDGE")
@click.option("--data", required=True, type=_FILE, metavar="FILE",
              help="JSON lines with the texts to attack: a random sample of those meant.")  # fmt: skip
@click.option("--text", "text_field", default="text", show_default=True, help="Field of the text.")
@click.option("--label", "label_field", default="", metavar="NAME",
              help="Field of the label; without it every text is taken as told.")  # fmt: skip
@click.option("--attack", "attacks", multiple=True, metavar="NAME",
              help="synonym, homoglyph, homophone, pinyin, spacing, typo, swap or zero_width; may "
              "be repeated.  [default: all]")  # fmt: skip
@click.option("--budget", type=click.IntRange(min=4), default=200, show_default=True,
              help="Queries a search may spend on one text.")  # fmt: skip
@click.option("--max-changed", type=click.FloatRange(0, 1, min_open=True), default=0.4,
              show_default=True, help="Share of the words a search may rewrite.")  # fmt: skip
@click.option("--searched", type=click.IntRange(min=1), default=100, show_default=True,
              help="Texts searched for each attack, at most; drawn at random.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of all draws.")
@click.option("--examples", type=_FILE, metavar="FILE",
              help="Write the texts that turned a label here, to harden the classifier with.")  # fmt: skip
@policy_option
@case_option
@lang_option
@json_option
def robustness(
    target: str, data: Path, text_field: str, label_field: str, attacks: tuple[str, ...],
    budget: int, max_changed: float, searched: int, seed: int, examples: Path | None,
    policy_path: str | None, case: Path | None, lang: str, as_json: bool,
) -> None:  # fmt: skip
    """Attack a model folder, or `judge`, with rewritten words and characters.

    \b
    trueline assess robustness judge --data texts.jsonl --case case
    trueline assess robustness runs/news --data test.jsonl --label label --case case

    `judge` is the Judge of the policy; its labels are `flagged` and `clear`. Random changes are
    held against the policy's limit (`robustness.max_attack_success_rate`); searched attacks show
    weak spots and have none.
    """
    from trueline.assess.robustness.evidence import example_lines, robustness_evidence
    from trueline.assess.robustness.measure import Settings, measure_robustness
    from trueline.assess.robustness.substitutions import ATTACKS
    from trueline.assess.text_rows import read_text_rows

    policy = policy_for(case, policy_path)
    rows = read_text_rows(data, text_field, label_field)
    settings = Settings(
        attacks=attacks or tuple(ATTACKS), budget=budget, max_changed=max_changed,
        searched=searched, seed=seed,
    )  # fmt: skip
    found = measure_robustness(
        _classifier(target, policy), rows, settings, lambda line: click.echo(line, err=True)
    )
    if examples is not None:
        lines = [json.dumps(line, ensure_ascii=False) for line in example_lines(found.searched)]
        examples.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    evidence = robustness_evidence(found, settings, policy.robustness, data, target,
                                   policy.confidence)  # fmt: skip
    show_evidence(evidence, case, lang, as_json, policy, Path(target).name)


def _classifier(target: str, policy: Policy) -> Classifier:
    if target == JUDGE and not Path(target).exists():
        from trueline.assess.robustness.classifier import judge_classifier
        from trueline.judge import Judge

        return judge_classifier(Judge.from_policy(policy))
    return _model_classifier(target)


def _model_classifier(folder: str) -> Classifier:
    """A model that `trueline train` left; one of several labels a text is `flagged` by any."""
    from trueline.assess.robustness.classifier import CLEAR, FLAGGED
    from trueline.core.errors import InputError
    from trueline.train import require_train

    require_train()
    from trueline.train.artifact import load_artifact
    from trueline.train.predict import predict

    artifact = load_artifact(folder)
    field = artifact.task.input_field

    def classify(texts: Sequence[str]) -> list[Mapping[str, float]]:
        found: list[Mapping[str, float]] = []
        for prediction in predict(artifact, [{field: text} for text in texts]):
            scores = prediction.get("scores") if isinstance(prediction, dict) else None
            if not scores:
                raise InputError(
                    f"{folder}: its task does not tell labels; give a model of task classify"
                )
            highest = max(scores.values())
            found.append(
                {FLAGGED: highest, CLEAR: 1 - highest} if "labels" in prediction else scores
            )
        return found

    return classify
