"""The models page: what the bundled model is, where it fails, and who asks it."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path

import pytest
from tests.console.client import Reader, shown
from tests.e2e.servers import RunningGateway

from trueline import scorers
from trueline.gateway.console import model_pages
from trueline.models.bundled import BUNDLED, Weights
from trueline.scorers.plugins import BUILT_IN, Plugin

HOSTILE = "<script>alert(1)</script>"


def test_the_page_shows_hash_thresholds_and_limits(shared: RunningGateway) -> None:
    model = BUNDLED[0]
    data = files("trueline.models").joinpath(model.name, model.file).read_bytes()

    with Reader(shared.url) as reader:
        words = shown(reader.get("/models"))

    assert hashlib.sha256(data).hexdigest() in words
    assert "Limits: what it must not be used for" in words
    assert "Meaning. It weighs spellings, not sense" in words
    threshold = model.measured()["split"]["thresholds"]["jailbreak"]
    assert f"jailbreak Chinese {threshold:.3f}" in words
    assert "For texts unlike the training data, this is the table to go by." in words
    assert "does not hold" not in words


def test_a_chinese_reader_gets_the_chinese_card(shared: RunningGateway) -> None:
    with Reader(shared.url, "zh") as reader:
        words = shown(reader.get("/models"))

    assert "局限：不可用于什么" in words
    assert "它衡量的是字面写法而非含义" in words
    assert "What it is bad at" not in words


def test_a_file_that_is_not_the_measured_one_is_called_out(
    shared: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_pages.model_view.cache_clear()
    monkeypatch.setattr(model_pages, "weights_of", lambda name: Weights(5, "0" * 64))

    with Reader(shared.url) as reader:
        words = shown(reader.get("/models"))
    model_pages.model_view.cache_clear()

    assert "This file is not the one the card was measured on" in words


def test_the_scorers_that_ask_a_model_are_the_ones_that_load_it() -> None:
    """Every scorer whose source loads a bundled model is named by that model, and no other."""
    folder = Path(str(scorers.__path__[0]))
    loading = {
        path.stem for path in folder.rglob("*.py")
        if "load_linear(" in path.read_text(encoding="utf-8")
    }  # fmt: skip

    named = {name for model in BUNDLED for name in model.used_by}

    assert named == loading
    assert named <= set(BUILT_IN)


@pytest.mark.parametrize("model", BUNDLED, ids=lambda model: model.name)
def test_every_bundled_model_has_a_section_on_its_limits(model: object) -> None:
    for lang in ("en", "zh"):
        view = model_pages.model_view(model.name, lang)  # type: ignore[attr-defined]

        assert view.limits
        assert view.heads
        assert view.unknown
        assert not view.changed


def test_a_plug_in_that_failed_is_listed_with_its_reason(
    shared: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = Plugin("acme", "acme-guard", "acme:Scorer", reason=f"it lacks reach {HOSTILE}")
    monkeypatch.setattr(model_pages, "_plugins", lambda: (failed,))

    with Reader(shared.url) as reader:
        page = reader.get("/models")

    assert "acme acme-guard not loaded it lacks reach" in shown(page)
    assert HOSTILE not in page.text


def test_each_scorer_in_use_is_listed_with_its_categories(shared: RunningGateway) -> None:
    with Reader(shared.url) as reader:
        page = reader.get("/models")

    rows = re.findall(r"<tr><td>(\w+) <span", page.text)
    assert rows == [scorer.name for scorer in shared.state.guard.judge.scorers]
    assert '<a href="#h-linear_guard">linear_guard</a>' in page.text
