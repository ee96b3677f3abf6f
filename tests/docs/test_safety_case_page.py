"""The page on the safety case shows what the commands print, and its Python runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.assess.case.case_folders import MADE, write_full_case

from trueline.assess.case import sources
from trueline.assess.case.build import build_case
from trueline.assess.case.gate import gate
from trueline.assess.case.verify import verify
from trueline.assess.ethics.sign_off import SignOffState
from trueline.stats.sampling_plan import sampling_plan
from trueline.stats.sampling_plan_text import as_text

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```([a-z]+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def page(language: str) -> str:
    return (ROOT / "docs" / language / "safety-case.md").read_text("utf-8")


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    nothing = SignOffState((), (), (), (), {}, ())
    monkeypatch.setattr(sources, "sign_off_state", lambda case, policy: nothing)
    return write_full_case(tmp_path / "cases" / "today")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_gates_sentence_is_on_the_page(case: Path, language: str) -> None:
    assert f"{gate(case).sentence(language)}\n" in page(language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_verify_compares_is_on_the_page(case: Path, language: str) -> None:
    build_case(case, made=MADE, pdf=False)
    found = verify(case / "case.html", case)

    assert f"verified, {found.verdict}; {found.claims} claims\n" in page(language)
    assert "".join(f"  {line}\n" for line in found.compared) in page(language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_sampling_plan_on_the_page_is_the_one_printed(language: str) -> None:
    told = as_text(sampling_plan("cn-genai"), language).splitlines()[:4]

    assert "\n".join(told) + "\n" in page(language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_python_on_the_page_runs(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.chdir(tmp_path)
    programs = [body for kind, body in BLOCK.findall(page(language)) if kind == "python"]

    assert len(programs) == 2
    for program in programs:
        exec(program, {})


def test_both_languages_have_the_same_shape() -> None:
    shapes = [
        (
            re.findall(r"^(#+) ", page(language), re.MULTILINE),
            [kind for kind, _ in BLOCK.findall(page(language))],
        )
        for language in ("en", "zh")
    ]

    assert shapes[0] == shapes[1]


def test_the_workflow_gates_with_the_commands_there_are() -> None:
    text = (ROOT / "examples" / "github_actions_gate.yml").read_text("utf-8")

    assert '--model "$MODEL" --policy policy.yaml --out "$CASE"' in text
    assert "CASE: cases/${{ inputs.candidate }}" in text
    assert 'trueline verify "$CASE" --evidence "$CASE"' in text
    assert "shell: bash" in text.split('trueline gate "$CASE"')[0].rsplit("- name:", 1)[1]
