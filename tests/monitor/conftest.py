from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from trueline.store.events import EventStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    with EventStore.open(f"sqlite:///{tmp_path / 'events.db'}") as opened:
        yield opened
