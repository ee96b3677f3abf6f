"""Every example runs on its own and prints what it says it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
EXPECTED = {
    "curate_web_pages.py": ["10 pages read, 6 kept", "near_duplicates: near duplicate", "预约: "],
    "curate_feedback_csv.py": ["inputs=14", "neg synonym", "[EMAIL]", "联系我[电话]"],
    "check_texts.py": ["allow ", "[CN_MOBILE]", "[CN_RESIDENT_ID]", "block "],
    "guard_a_stream.py": ["[EMAIL]", "[BANK_CARD]", "[redact: privacy]"],
    "own_scorer.py": ["订单[ORDER_NUMBER]已发货", "[ORDER_NUMBER] please", "SO-1 is too short"],
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs_and_prints_its_result(path: Path) -> None:
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    missing = [text for text in EXPECTED[path.name] if text not in done.stdout]
    assert missing == [], done.stdout
    assert len(path.read_text("utf-8").splitlines()) <= 80
