"""What the tests of the safety case share."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.assess.case.case_folders import write_case, write_full_case


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A folder that says RELEASE."""
    return write_case(tmp_path / "case")


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A folder with something in every part; NOT ENOUGH EVIDENCE."""
    return write_full_case(tmp_path / "full")
