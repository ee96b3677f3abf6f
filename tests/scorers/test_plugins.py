"""Plug-ins: found by entry point from an installed distribution, checked, reported by reason."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trueline.core.records import Context
from trueline.scorers.plugins import GROUP, Plugin, load_plugins, plugin_scorers
from trueline.text.normalize import normalize

GOOD = """
from trueline.core.records import Score

class AcmeScorer:
    name = "acme"
    categories = ("violence",)
    reach = 12

    def score(self, text, context):
        found = "frimp" in text.folded.text
        return [Score("violence", 0.9, (), self.name)] if found else []

    def threshold(self, category, label, max_false_positive_rate):
        return 0.5

def make():
    return AcmeScorer()

ready = AcmeScorer()
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Lay out a distribution as an installer would: a module and its dist-info."""
    monkeypatch.syspath_prepend(tmp_path)
    modules: list[str] = []

    def lay_out(module: str, source: str, **entry_points: str) -> None:
        modules.append(module)
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8"
        )
        lines = "".join(f"{name} = {target}\n" for name, target in entry_points.items())
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}", encoding="utf-8")
        (info / "RECORD").write_text("", encoding="utf-8")
        importlib.invalidate_caches()

    yield lay_out
    for module in modules:
        sys.modules.pop(module, None)


def of(module: str) -> list[Plugin]:
    return [plugin for plugin in load_plugins() if plugin.distribution == module]


@pytest.mark.parametrize("target", ["AcmeScorer", "make", "ready"])
def test_a_class_a_function_and_an_object_all_give_a_scorer(install: Install, target: str) -> None:
    install("acme_guard", GOOD, acme=f"acme_guard:{target}")

    [plugin] = of("acme_guard")

    assert plugin.reason == ""
    assert plugin.scorer is not None
    assert plugin.target == f"acme_guard:{target}"
    assert plugin.scorer.score(normalize("a frimp"), Context())[0].value == 0.9


def test_a_loaded_plugin_is_among_the_scorers(install: Install) -> None:
    install("acme_guard", GOOD, acme="acme_guard:AcmeScorer")

    assert "acme" in [scorer.name for scorer in plugin_scorers()]


def broken(change: str, replacement: str) -> str:
    assert change in GOOD
    return GOOD.replace(change, replacement)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module_at_all", "ModuleNotFoundError: No module named"),
        ("x = 1", "AttributeError: module 'acme_guard' has no attribute 'AcmeScorer'"),
        ("def AcmeScorer(): raise ValueError('no licence')", "ValueError: no licence"),
        ("AcmeScorer = 7", "it lacks name, categories, reach, score, threshold"),
        (broken("    reach = 12\n", ""), "it lacks reach"),
        (broken("reach = 12", "reach = -1"), "reach is not a whole number of at least 0"),
        (broken("reach = 12", "reach = 'far'"), "reach is not a whole number of at least 0"),
        (broken('name = "acme"', 'name = ""'), "name is not a text"),
        (broken('name = "acme"', 'name = "pii"'), "another scorer is called 'pii' already"),
        (broken('("violence",)', '"violence"'), "categories is not a tuple of names"),
        (broken('("violence",)', "(1,)"), "categories is not a tuple of names"),
        (broken("text, context):", "text):"), "it must be called as score(text, context)"),
        (
            broken("(self, category, label, max_false_positive_rate)", "(self, category)"),
            "it must be called as threshold(category, label, max_false_positive_rate)",
        ),
        (broken("found else []", "found else None"), "score did not give a sequence"),
        (broken("found else []", "found else ['x']"), "score gave something else than"),
        (broken('"frimp" in', "1 / 0 in"), "ZeroDivisionError: division by zero"),
    ],
)
def test_a_faulty_plugin_is_reported_with_its_reason(
    install: Install, source: str, reason: str
) -> None:
    install("acme_guard", source, acme="acme_guard:AcmeScorer")

    [plugin] = of("acme_guard")

    assert plugin.scorer is None
    assert plugin.reason.startswith(reason)


def test_a_faulty_plugin_does_not_stop_the_others(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("broken_guard", "raise RuntimeError('broken')", abad="broken_guard:Scorer")
    install("acme_guard", GOOD, acme="acme_guard:AcmeScorer")

    with caplog.at_level(logging.WARNING):
        scorers = plugin_scorers()

    assert "acme" in [scorer.name for scorer in scorers]
    [record] = [r for r in caplog.records if r.message == "plugin_refused"]
    assert record.__dict__["plugin"] == "abad"
    assert record.__dict__["reason"] == "RuntimeError: broken"


def test_the_second_of_two_plugins_of_one_name_is_refused(install: Install) -> None:
    install("acme_guard", GOOD, one="acme_guard:AcmeScorer", two="acme_guard:make")

    first, second = of("acme_guard")

    assert first.scorer is not None
    assert second.reason == "another scorer is called 'acme' already"


def test_no_plugins_is_an_empty_list() -> None:
    assert load_plugins([]) == []
