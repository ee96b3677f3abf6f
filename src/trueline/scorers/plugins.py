"""Third-party scorers: the entry-point group `trueline.scorers`.

A package declares a class or a function that gives a scorer when called without arguments:

    [project.entry-points."trueline.scorers"]
    acme = "acme_guard:AcmeScorer"

    >>> [plugin.name for plugin in load_plugins(entry_points=[])]
    []

A plug-in that cannot be loaded, or does not keep the contract, is reported by name and reason
and left out; it never stops the others. Environment variables or policy files cannot name code
to import: only what an administrator has installed is loaded.
"""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, cast

from trueline.core.records import Context, Score
from trueline.scorers.base import Scorer
from trueline.text.normalize import normalize

GROUP = "trueline.scorers"
BUILT_IN = ("pii", "secrets", "lexicon", "injection", "linear", "topic", "remote")
# What a scorer is tried on before it is trusted with a user's text.
SAMPLE = "A plain sentence. 一句普通的话。"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point: what it is, and the scorer it gave or the reason it gave none."""

    name: str
    distribution: str
    target: str
    scorer: Scorer | None = None
    reason: str = ""


def plugin_scorers() -> list[Scorer]:
    """The scorers of all plug-ins that load; the others are logged as warnings."""
    scorers: list[Scorer] = []
    for plugin in load_plugins():
        if plugin.scorer is None:
            logger.warning("plugin_refused", extra={"plugin": plugin.name, "reason": plugin.reason})
        else:
            scorers.append(plugin.scorer)
    return scorers


def load_plugins(
    entry_points: Iterable[importlib.metadata.EntryPoint] | None = None,
) -> list[Plugin]:
    """Load and check every plug-in, in order of name.

    Args:
        entry_points: those to load; None: all installed ones of the group.
    """
    if entry_points is None:
        entry_points = importlib.metadata.entry_points(group=GROUP)
    taken: set[str] = set(BUILT_IN)
    plugins: list[Plugin] = []
    for entry in sorted(entry_points, key=lambda entry: (entry.name, entry.value)):
        plugin = _load(entry, taken)
        plugins.append(plugin)
        if plugin.scorer is not None:
            taken.add(plugin.scorer.name)
    return plugins


def _load(entry: importlib.metadata.EntryPoint, taken: set[str]) -> Plugin:
    distribution = entry.dist.name if entry.dist is not None else ""
    try:
        scorer = _checked(entry.load(), taken)
    except Exception as error:  # a plug-in may fail in any way; none may stop the guard
        reason = str(error) if isinstance(error, _Refused) else f"{type(error).__name__}: {error}"
        return Plugin(entry.name, distribution, entry.value, reason=reason)
    return Plugin(entry.name, distribution, entry.value, scorer)


class _Refused(Exception):
    """The plug-in loads but does not keep the contract."""


def _checked(made: Any, taken: set[str]) -> Scorer:
    """The scorer behind an entry point, after a trial on a harmless sentence."""
    scorer: Any = made() if callable(made) and not _is_ready(made) else made
    missing = [name for name in _members() if not hasattr(scorer, name)]
    if missing:
        raise _Refused(f"it lacks {', '.join(missing)}")
    for name in ("score", "threshold"):
        if not callable(getattr(scorer, name)):
            raise _Refused(f"{name} is not callable")
    _check_facts(scorer, taken)
    _check_arity(scorer.score, 2, "score(text, context)")
    _check_arity(scorer.threshold, 3, "threshold(category, label, max_false_positive_rate)")
    found = scorer.score(normalize(SAMPLE), Context())
    if isinstance(found, str) or not isinstance(found, Sequence):
        raise _Refused("score did not give a sequence")
    if not all(isinstance(item, Score) for item in cast("Sequence[object]", found)):
        raise _Refused("score gave something else than trueline.core.records.Score")
    return cast("Scorer", scorer)


def _is_ready(made: Any) -> bool:
    """True for an object that is a scorer itself and not a class or function making one."""
    return not isinstance(made, type) and all(hasattr(made, name) for name in _members())


def _members() -> tuple[str, ...]:
    return ("name", "categories", "reach", "score", "threshold")


def _check_facts(scorer: Any, taken: set[str]) -> None:
    name, categories, reach = scorer.name, scorer.categories, scorer.reach
    if not isinstance(name, str) or not name:
        raise _Refused("name is not a text")
    if name in taken:
        raise _Refused(f"another scorer is called {name!r} already")
    if not isinstance(categories, tuple) or not categories:
        raise _Refused("categories is not a tuple of names")
    if not all(isinstance(item, str) for item in cast("tuple[object, ...]", categories)):
        raise _Refused("categories is not a tuple of names")
    if not isinstance(reach, int) or isinstance(reach, bool) or reach < 0:
        raise _Refused("reach is not a whole number of at least 0")


def _check_arity(method: Callable[..., object], wanted: int, shape: str) -> None:
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    parameters = signature(method).parameters.values()
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return
    takes = [parameter for parameter in parameters if parameter.kind in kinds]
    needed = [parameter for parameter in takes if parameter.default is Parameter.empty]
    if not len(needed) <= wanted <= len(takes):
        raise _Refused(f"it must be called as {shape}")
