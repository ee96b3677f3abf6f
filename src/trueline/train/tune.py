"""Search a recipe's values: grid, random or TPE; trials are runs, given up early when hopeless.

    out/trials/<hash>/    one run for each combination that was tried
    out/study.journal     what was tried and found; a study that was broken off goes on
    out/report.txt, report.json, report.svg, best.yaml

Reference: Akiba et al. (2019), Optuna; Watanabe et al. (2023), PED-ANOVA (importance).
"""

from __future__ import annotations

import fcntl
import hashlib
import multiprocessing
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import orjson
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from trueline.core.errors import InputError
from trueline.train.faults import folder_fault
from trueline.train.progress import Progress
from trueline.train.recipe_file import RecipeError, load_recipe, to_yaml
from trueline.train.tune_report import Report, make_report, write_report
from trueline.train.tune_study import Range, StudyOptions, load_study

JOURNAL, TRIALS, BEST = "study.journal", "trials", "best.yaml"
#: How many of the best of an earlier study are tried first when its rows were others.
TRIED_FIRST = 3
_DONE = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)

#: Runs one combination: (recipe, changes, folder, report) -> figures on dev by name.
#: `report(name, value)` may raise `optuna.TrialPruned`.
RunTrial = Callable[[str, Sequence[str], Path, Callable[[str, float], None]], Mapping[str, float]]


def tune(
    study: str | Path | StudyOptions,
    *,
    out: str | Path | None = None,
    trials: int | None = None,
    parallel: int | None = None,
    progress: Progress | None = None,
    run_trial: RunTrial | None = None,
) -> Report:
    """Run a study; one that was broken off goes on.

    Args:
        study: a study file or its options.
        out: folder to write to, in place of the study's.
        trials: trials in all, in place of the study's.
        parallel: trials at the same time; each is a process of its own.
        progress: where to tell what was found; silent when not given.
        run_trial: how a combination is measured; `trueline.train.run.train` when None.

    Raises:
        InputError: the study, its recipe or the folder are unusable, or every trial failed.
    """
    options = study if isinstance(study, StudyOptions) else load_study(study)
    search = options.search.model_copy(
        update={
            "trials": trials or options.search.trials,
            "parallel": parallel or options.search.parallel,
        }
    )
    options = options.model_copy(update={"search": search, "out": str(out or options.out)})
    progress = progress or Progress(None)
    metric = checked_metric(options)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with _held(Path(options.out)) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of optuna's experimental parts
        found = _open(folder, options, metric)
        _go_on(found)
        total = _plan(found, options, folder)
        _run(found, options, metric, total, progress, run_trial or run_recipe)
        return _finish(found, options, metric, folder)


def checked_metric(options: StudyOptions) -> str:
    """The metric that is searched by; every end of the space is tried on the recipe first.

    Raises:
        InputError: the recipe is unusable, or a value does not fit it.
    """
    recipe = load_recipe(options.recipe)
    for name, values in options.space.items():
        for value in values.ends():
            try:
                load_recipe(options.recipe, [change(name, value)])
            except RecipeError as error:
                first = error.faults[0]
                raise InputError(
                    f"space.{name}: {value!r} does not fit the recipe: {first}"
                ) from error
    if options.metric is not None:
        return options.metric
    task: Any = recipe.task
    return {
        "classify": "macro_f1", "tag": "entity_f1", "translate": "bleu", "understand": "joint"
    }.get(task.task, "loss")  # fmt: skip


def change(name: str, value: Any) -> str:
    """`name=value` as `--set` takes it."""
    return f"{name}={orjson.dumps(value).decode()}"


def run_recipe(
    recipe: str, changes: Sequence[str], folder: Path, report: Callable[[str, float], None]
) -> Mapping[str, float]:
    """Train, and tell every look at dev."""
    from trueline.train.run import train

    class Watching(Progress):
        def measured(self, name: str, value: float) -> None:
            report(name, value)

    run = train(recipe, changes=changes, out=folder, progress=Watching(None))
    dev: Mapping[str, float] = run.metrics.get("dev") or {}
    if not dev:
        raise InputError(
            "the run has no dev rows to be measured on. Set data.dev or data.dev_share"
        )
    return dev


def _open(folder: Path, options: StudyOptions, metric: str) -> optuna.Study:
    direction = options.direction or (
        "minimize" if metric in ("loss", "perplexity") or metric.endswith("_mae") else "maximize"
    )
    search = options.search
    sampler: optuna.samplers.BaseSampler = (
        optuna.samplers.TPESampler(seed=search.seed, n_startup_trials=search.startup)
        if search.method == "tpe"
        else optuna.samplers.RandomSampler(seed=search.seed)
    )
    pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
    if options.prune.method == "median":
        pruner = optuna.pruners.MedianPruner(options.prune.startup, options.prune.warmup)
    elif options.prune.method == "halving":
        pruner = optuna.pruners.SuccessiveHalvingPruner(max(options.prune.warmup, 1))
    digest = _digest(options, metric)
    try:
        storage = JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
        found = optuna.create_study(
            storage=storage, study_name="study", sampler=sampler, pruner=pruner,
            direction=direction, load_if_exists=True,
        )  # fmt: skip
    except (ValueError, KeyError, OSError) as error:
        raise InputError(
            f"{folder / JOURNAL} is damaged. Give another --out; trials of this one can be named "
            "in `history`"
        ) from error
    known = found.user_attrs.get("digest")
    if known is None:
        found.set_user_attr("digest", digest)
        found.set_user_attr("metric", metric)
    elif known != digest:
        raise InputError(
            f"{folder} holds another study (other recipe, rows, space or metric). Give another "
            f"--out, and name {folder} in `history` to begin with what it found"
        )
    _forget_random_state(sampler, search.seed, len(found.trials))
    return found


def _forget_random_state(sampler: optuna.samplers.BaseSampler, seed: int, done: int) -> None:
    """A study that goes on must not draw the same values again."""
    rng: Any = getattr(sampler, "_rng", None)
    if done and rng is not None and hasattr(rng, "rng"):
        rng.rng.seed((seed + 1000003 * done) % 2**32)


def _go_on(study: optuna.Study) -> None:
    """Trials that were running when an earlier process ended are run again, from their checkpoint."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params, user_attrs={"again": trial.number})


def _plan(study: optuna.Study, options: StudyOptions, folder: Path) -> int:
    """Queue what is to be tried first; how many trials the study has."""
    if not study.user_attrs.get("planned"):
        for place in options.history:
            _reuse(study, options, Path(place))
        if options.search.method == "grid":
            for values in options.grid():
                study.enqueue_trial(values, skip_if_exists=True)
        study.set_user_attr("planned", True)
    return len(options.grid()) if options.search.method == "grid" else options.search.trials


def _reuse(study: optuna.Study, options: StudyOptions, place: Path) -> None:
    """Results of a study of the same recipe and rows count; of others the best are tried first."""
    path = place / "report.json"
    try:
        earlier = orjson.loads(path.read_bytes())
        rows = [row for row in earlier["trials"] if row["state"] == "complete"]
        same = earlier["base"] == _base(options) and earlier["metric"] == study.user_attrs["metric"]
        best_first = sorted(
            rows, key=lambda row: row["value"], reverse=earlier["direction"] == "maximize"
        )
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(
            f"history: {place} holds no finished study (report.json cannot be read). Give the "
            "folder that `trueline tune` wrote"
        ) from error
    fitting = [
        row for row in best_first
        if set(row["values"]) == set(options.space)
        and all(options.space[name].holds(value) for name, value in row["values"].items())
    ]  # fmt: skip
    if same and options.search.method != "grid":
        for row in fitting:
            study.add_trial(
                optuna.trial.create_trial(
                    value=row["value"], params=row["values"],
                    distributions={n: distribution(one) for n, one in options.space.items()},
                    user_attrs={"from": str(place)},
                )
            )  # fmt: skip
        return
    for row in fitting[:TRIED_FIRST]:
        study.enqueue_trial(row["values"], skip_if_exists=True)


def distribution(values: Range) -> optuna.distributions.BaseDistribution:
    """A range as optuna calls it."""
    if values.choices is not None:
        return optuna.distributions.CategoricalDistribution(values.choices)
    low, high = values.low or 0, values.high or 0
    if values.whole:
        return optuna.distributions.IntDistribution(int(low), int(high), log=values.log)
    return optuna.distributions.FloatDistribution(float(low), float(high), log=values.log)


def own_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Trials of this study: not those of its history, nor those that were run again."""
    trials = study.get_trials(deepcopy=False)
    again = {trial.user_attrs.get("again") for trial in trials}
    return [t for t in trials if "from" not in t.user_attrs and t.number not in again]


def _run(
    study: optuna.Study,
    options: StudyOptions,
    metric: str,
    total: int,
    progress: Progress,
    run_trial: RunTrial,
) -> None:
    distributions = {name: distribution(one) for name, one in options.space.items()}

    def left() -> int:
        return total - sum(t.state in _DONE for t in own_trials(study))

    def told(trial: FrozenTrial) -> None:
        values = ", ".join(f"{n}={_short(v)}" for n, v in trial.params.items())
        state = trial.state.name.lower()
        shown = f"{metric} {trial.value:.4f}" if state == "complete" else state
        progress.say(f"trial {trial.number + 1}: {shown}  ({values})")

    if options.search.parallel == 1:
        while left() > 0:
            trial = study.ask(distributions)
            told(attempt(study, trial, options, metric, run_trial))
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.search.parallel, mp_context=context) as pool:
        running: dict[Future[None], int] = {}
        try:
            while left() - len(running) > 0 or running:
                while len(running) < options.search.parallel and left() - len(running) > 0:
                    trial = study.ask(distributions)
                    job = pool.submit(_attempt_apart, options, metric, trial.number, run_trial)
                    running[job] = trial.number
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for job in done:
                    number = running.pop(job)
                    job.result()
                    told(study.get_trials(deepcopy=False)[number])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _attempt_apart(options: StudyOptions, metric: str, number: int, run_trial: RunTrial) -> None:
    """One trial in a process of its own."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = _open(Path(options.out), options, metric)
        frozen = study.get_trials(deepcopy=False)[number]
        attempt(study, optuna.Trial(study, frozen._trial_id), options, metric, run_trial)


def attempt(
    study: optuna.Study,
    trial: optuna.Trial,
    options: StudyOptions,
    metric: str,
    run_trial: RunTrial,
) -> FrozenTrial:
    """Measure one combination and tell the study."""
    values = dict(trial.params)
    folder = Path(options.out) / TRIALS / _folder_of(values)
    trial.set_user_attr("folder", str(folder.relative_to(options.out)))
    looks = 0

    def report(name: str, value: float) -> None:
        nonlocal looks
        if name != metric:
            return
        looks += 1
        trial.report(value, looks)
        if trial.should_prune():
            raise optuna.TrialPruned

    try:
        changes = [change(name, value) for name, value in values.items()]
        figures = run_trial(options.recipe, changes, folder, report)
        if metric not in figures:
            raise InputError(
                f"metric: the runs have no figure {metric!r} on dev. Accepted: {', '.join(figures)}"
            )
        return study.tell(trial, figures[metric])
    except optuna.TrialPruned:
        shutil.rmtree(folder, ignore_errors=True)
        return study.tell(trial, state=TrialState.PRUNED)
    except InputError as error:
        trial.set_user_attr("error", str(error).splitlines()[0])
        return study.tell(trial, state=TrialState.FAIL)


def _finish(study: optuna.Study, options: StudyOptions, metric: str, folder: Path) -> Report:
    report = make_report(study, own_trials(study), options, metric, _base(options))
    if report.best is None:
        errors = [trial["error"] for trial in report.trials if trial.get("error")]
        raise InputError(f"every trial failed; the first: {errors[0] if errors else 'no value'}")
    write_report(folder, report)
    changes = [change(name, value) for name, value in report.best["values"].items()]
    best = load_recipe(options.recipe, changes)
    partial = folder / f"{BEST}.partial"
    partial.write_text(to_yaml(best), encoding="utf-8")
    os.replace(partial, folder / BEST)
    if options.keep == "best":
        for trial in report.trials:
            if trial is not report.best and trial.get("folder") != report.best.get("folder"):
                shutil.rmtree(folder / str(trial.get("folder", "-")) / "model", ignore_errors=True)
    return report


def _base(options: StudyOptions) -> str:
    """What decides a trial's result beside its values: the recipe and the rows."""
    from trueline.train.data import read_data
    from trueline.train.run import digest_of

    recipe = load_recipe(options.recipe)
    return digest_of(recipe, read_data(recipe.data, recipe.seed))


def _digest(options: StudyOptions, metric: str) -> str:
    space = {name: one.model_dump(mode="json") for name, one in options.space.items()}
    search = [options.search.method, options.search.seed, options.direction, metric]
    return hashlib.sha256(orjson.dumps([_base(options), space, search])).hexdigest()


def _folder_of(values: Mapping[str, Any]) -> str:
    text = orjson.dumps(dict(values), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()[:12]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@contextmanager
def _held(folder: Path) -> Iterator[Path]:
    """The folder, made if need be and held by this study alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise folder_fault(folder, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                f"another study is writing to {folder}. Wait for it, or give another --out"
            ) from error
        yield folder
    finally:
        os.close(handle)
