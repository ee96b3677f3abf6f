"""Evidence is combined only where it stands together, and a family counts once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trueline.core.records import Span
from trueline.scorers.injection_evidence import EXTENT, Evidence, combine


def piece(family: str, weight: float, start: int, length: int = 10, label: str = "x") -> Evidence:
    return Evidence(family, label, weight, Span(start, start + length), start, start + length)


def test_two_families_combine_as_independent_evidence() -> None:
    [finding] = combine([piece("a", 0.5, 0), piece("b", 0.6, 20)])

    assert round(finding.value, 6) == 0.8
    assert finding.families == ("a", "b")


def test_one_family_twice_counts_as_its_strongest() -> None:
    [finding] = combine([piece("a", 0.5, 0), piece("a", 0.3, 20)])

    assert finding.value == 0.5


def test_the_strongest_evidence_gives_the_label() -> None:
    [finding] = combine([piece("a", 0.3, 0, label="weak"), piece("b", 0.6, 20, label="strong")])

    assert finding.label == "strong"


def test_what_ends_beyond_the_extent_is_a_finding_of_its_own() -> None:
    findings = combine([piece("a", 0.5, 0), piece("b", 0.6, EXTENT - 9)])

    assert [round(finding.value, 6) for finding in findings] == [0.6, 0.5]


def test_the_same_evidence_read_twice_counts_once() -> None:
    [finding] = combine([piece("a", 0.5, 3), piece("a", 0.5, 3)])

    assert finding.spans == (Span(3, 13),)


evidence = st.builds(
    piece,
    st.sampled_from("abcd"),
    st.floats(0.01, 0.99),
    st.integers(0, 600),
    st.integers(1, 60),
)


@given(st.lists(evidence, max_size=25))
def test_findings_hold_all_evidence_and_stay_within_the_extent(pieces: list[Evidence]) -> None:
    findings = combine(pieces)

    covered = {span for finding in findings for span in finding.spans}
    assert all(0 < finding.value < 1 for finding in findings)
    assert [f.value for f in findings] == sorted((f.value for f in findings), reverse=True)
    for finding in findings:
        first = min(span.start for span in finding.spans)
        assert max(span.end for span in finding.spans) - first <= EXTENT
    assert covered <= {item.span for item in pieces}


@given(st.lists(evidence, min_size=1, max_size=15), evidence)
def test_more_evidence_never_lowers_the_highest_value(
    pieces: list[Evidence], another: Evidence
) -> None:
    before = combine(pieces)[0].value
    after = combine([*pieces, another])[0].value

    assert after >= before - 1e-12
