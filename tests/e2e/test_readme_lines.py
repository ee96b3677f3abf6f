"""The README's curl and Python lines, run against a real gateway."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from contextlib import redirect_stdout
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
CURL = [text for kind, text in BLOCKS if kind == "bash" and text.startswith("curl ")]
PYTHON = [text for kind, text in BLOCKS if kind == "python" and "from openai" in text]
SHOWN = "http://127.0.0.1:8080"


def test_the_readme_shows_both_kinds() -> None:
    assert len(CURL) >= 2
    assert len(PYTHON) >= 1


@pytest.mark.parametrize("line", CURL)
def test_a_curl_line_is_answered(gateway_url: str, line: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")

    done = subprocess.run(
        ["bash", "-c", line.replace(SHOWN, gateway_url)],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip

    answer = json.loads(done.stdout)
    assert "error" not in answer
    assert {"choices", "action"} & set(answer)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("lines", PYTHON)
def test_the_python_lines_print_the_answer(gateway_url: str, lines: str) -> None:
    out = io.StringIO()

    with redirect_stdout(out):
        exec(compile(lines.replace(SHOWN, gateway_url), "README.md", "exec"), {})

    assert "Trueline" in out.getvalue()
