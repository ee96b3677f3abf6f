"""Every file of evidence that a command writes stands in its own part of the report."""

from __future__ import annotations

import pytest

from trueline.assess.case.sections import section_of


@pytest.mark.parametrize(
    ("evidence", "section"),
    [
        ("explanation_guard", "explanation"), ("explanation_ig", "explanation"),
        ("explanation_attention", "explanation"), ("explanation_tcav", "explanation"),
        ("leakage", "privacy"), ("gradients", "robustness"), ("robustness", "robustness"),
        ("fairness", "fairness"), ("fairness_pairs", "fairness"), ("metrics", "tasks"),
        ("human_review", "people"), ("ethics", "people"), ("suites", ""),
    ],
)  # fmt: skip
def test_a_file_of_evidence_stands_in_its_part(evidence: str, section: str) -> None:
    assert section_of(evidence) == section


def test_right_answers_stand_with_the_suites() -> None:
    assert section_of("suites", "right_answer.en") == ""
