"""What a study found: the best values, what mattered, and every trial; text, JSON and a picture."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import optuna
import orjson
from optuna.trial import FrozenTrial, TrialState

from trueline.train.tune_study import StudyOptions

WIDTH, HEIGHT, EDGE, BARS = 720, 300, 48, 18
#: Trials without which an importance would be noise.
LEAST_TRIALS = 6


@dataclass(frozen=True)
class Report:
    """A finished study.

    Args:
        importance: share of each value in what made trials good, sums to 1; empty when there
            are too few trials to tell.
        best: the best trial, or None when none came to its end.
        base: names the recipe and rows; another study with the same one can take these results.
    """

    name: str
    metric: str
    direction: str
    trials: Sequence[Mapping[str, Any]]
    best: Mapping[str, Any] | None
    importance: Mapping[str, float]
    base: str
    notes: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values for report.json."""
        return {
            "name": self.name, "metric": self.metric, "direction": self.direction,
            "best": self.best, "importance": dict(self.importance), "trials": list(self.trials),
            "base": self.base, "notes": list(self.notes),
        }  # fmt: skip

    def as_text(self) -> str:
        """The report for a terminal."""
        states = [trial["state"] for trial in self.trials]
        counts = ", ".join(
            f"{states.count(state)} {word}"
            for state, word in (
                ("complete", "done"),
                ("pruned", "given up early"),
                ("fail", "failed"),
            )
            if state in states
        )
        lines = [f"{self.name}: {len(self.trials)} trials ({counts})"]
        if self.best is not None:
            lines.append(
                f"best {self.metric} {self.best['value']:.4f}, trial {self.best['number']}"
            )
            lines += [f"  {name}: {_short(v)}" for name, v in self.best["values"].items()]
        if self.importance:
            lines.append("what mattered, as a share:")
            wide = max(map(len, self.importance))
            lines += [
                f"  {name:{wide}}  {share:5.1%}  {'█' * round(30 * share)}"
                for name, share in self.importance.items()
            ]
        else:
            lines.append(f"too few trials to say what mattered (at least {LEAST_TRIALS})")
        errors = [trial["error"] for trial in self.trials if trial.get("error")]
        if errors:
            lines.append(f"first failure: {errors[0]}")
        return "\n".join([*lines, *self.notes])

    def as_svg(self) -> str:
        """Every trial, the best so far, and the importance of each value."""
        done = [t for t in self.trials if t["state"] == "complete"]
        height = HEIGHT + BARS * len(self.importance) + (40 if self.importance else 0)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'font-family="sans-serif" font-size="12" fill="#555">'
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
            f'<text x="{EDGE}" y="24" font-size="14">{escape(self.name)}: {escape(self.metric)}'
            f"</text>{_history(done, self.direction)}{_bars(self.importance)}</svg>\n"
        )


def make_report(
    study: optuna.Study,
    trials: Sequence[FrozenTrial],
    options: StudyOptions,
    metric: str,
    base: str,
) -> Report:
    """The report of a study; trials of its history count for importance alone."""
    direction = study.direction.name.lower()
    told = [_row(trial) for trial in trials if trial.state.is_finished()]
    complete = [row for row in told if row["state"] == "complete"]
    better = max if direction == "maximize" else min
    best = better(complete, key=lambda row: row["value"]) if complete else None
    return Report(
        options.name, metric, direction, told, best, importance_of(study), base, _notes(options)
    )


def importance_of(study: optuna.Study) -> dict[str, float]:
    """Share of each value, most important first; empty when there are too few trials.

    How far the best tenth of trials is from all of them, value by value.
    """
    states = (TrialState.COMPLETE,)
    done = study.get_trials(deepcopy=False, states=states)
    if len(done) < LEAST_TRIALS or len({trial.value for trial in done}) < 2:
        return {}
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    try:
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    except (ValueError, RuntimeError):  # every trial had the same values
        return {}
    total = sum(found.values())
    return {name: value / total for name, value in found.items()} if total > 0 else {}


def write_report(folder: Path, report: Report) -> None:
    """Write report.txt, report.json and report.svg."""
    texts = {
        "report.txt": (report.as_text() + "\n").encode(),
        "report.json": orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2),
        "report.svg": report.as_svg().encode(),
    }
    for name, data in texts.items():
        partial = folder / f".{name}.partial"
        partial.write_bytes(data)
        os.replace(partial, folder / name)


def _row(trial: FrozenTrial) -> dict[str, Any]:
    found: dict[str, Any] = {
        "number": trial.number + 1,
        "state": trial.state.name.lower(),
        "value": trial.value if trial.state is TrialState.COMPLETE else None,
        "values": dict(trial.params),
        "looks": len(trial.intermediate_values),
        "seconds": round(trial.duration.total_seconds(), 3) if trial.duration else None,
    }
    for name in ("folder", "error"):
        if name in trial.user_attrs:
            found[name] = trial.user_attrs[name]
    return found


def _notes(options: StudyOptions) -> list[str]:
    from trueline.train.recipe_file import load_recipe

    if not any(
        getattr(entry, "modifier", "") == "constraint"
        for entry in load_recipe(options.recipe).modifiers
    ):
        return []
    return [
        "every trial's safety test read the same held-out rows, so that picking a certified one "
        "proves less than its confidence: run best.yaml once more with a fresh holdout"
    ]


def _history(done: Sequence[Mapping[str, Any]], direction: str) -> str:
    if not done:
        return ""
    values = [trial["value"] for trial in done]
    low, high = min(values), max(values)
    last = max(trial["number"] for trial in done)

    def at(number: float, value: float) -> tuple[float, float]:
        x = EDGE + (WIDTH - 2 * EDGE) * (number - 1) / max(last - 1, 1)
        return x, HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (value - low) / ((high - low) or 1.0)

    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#2563eb"/>'
        for x, y in (at(trial["number"], trial["value"]) for trial in done)
    )
    better = max if direction == "maximize" else min
    path, best = [], values[0]
    for trial in done:
        best = better(best, trial["value"])
        path.append("{:.1f},{:.1f}".format(*at(trial["number"], best)))
    marks = "".join(
        f'<text x="{EDGE - 6}" y="{at(1, value)[1] + 4:.0f}" text-anchor="end">{value:.3g}</text>'
        for value in dict.fromkeys((low, high))
    )
    return (
        f'<polyline points="{" ".join(path)}" fill="none" stroke="#d97706" stroke-width="2"/>{dots}'
        f'{marks}<text x="{WIDTH - EDGE}" y="{HEIGHT - EDGE + 18}" text-anchor="end">trial {last}'
        "</text>"
    )


def _bars(importance: Mapping[str, float]) -> str:
    found = []
    for number, (name, share) in enumerate(importance.items()):
        y = HEIGHT + 10 + BARS * number
        found.append(
            f'<text x="{EDGE}" y="{y + 11}">{escape(name)}</text>'
            f'<rect x="{WIDTH / 2:.0f}" y="{y}" width="{(WIDTH / 2 - EDGE - 50) * share:.1f}" '
            f'height="{BARS - 6}" fill="#2563eb"/>'
            f'<text x="{WIDTH - EDGE}" y="{y + 11}" text-anchor="end">{share:.0%}</text>'
        )
    return "".join(found)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
