"""Tiny models that are trained once for all tests here; without the extra they are left out."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

collect_ignore_glob = [] if find_spec("torch") and find_spec("transformers") else ["test_*.py"]


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a classifier of short reviews."""
    from tests.assess.inside.tiny_models import trained_classifier

    return trained_classifier(tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="session")
def memoriser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a causal model that knows `notes(60, 1)` by heart."""
    from tests.assess.inside.tiny_models import notes, trained_language_model

    return trained_language_model(tmp_path_factory.mktemp("memoriser"), notes(60, 1), steps=260)
