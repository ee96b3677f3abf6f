"""PII and secret scorers on arbitrary, hostile and streamed text."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.records import Context
from trueline.scorers.base import Scorer
from trueline.scorers.findings import Finding
from trueline.scorers.pii import PiiScorer, find_pii
from trueline.scorers.secrets import SecretScorer, find_secrets
from trueline.text.normalize import normalize

SCORERS = (PiiScorer(), SecretScorer())
SIZE = 200_000
UNITS = (
    *("1", "@", "a@", "1 ", "1-", "1.", ":", "a:", "0:", "1.2.3.4.", "(", "+1 ", " ", "-", "00-"),
    *("-----BEGIN", "-----BEGIN PRIVATE KEY-----", "eyJ", "eyJ.", "sk-", "password=", "密码是"),
    *(
        "token: ",
        "://",
        "x://a:b",
        "北京",
        "北京1号",
        "1号",
        "一",
        "微信",
        "我叫王",
        "京A",
        "AB12 ",
    ),
    *("13800138000 ", "6222 ", "GB82 WEST ", "110105194912310021 ", "passport 1", "gps1.0000"),
    *(
        "my name is ",
        "basic a1",
        "\ud800",
        "\u0130",
        "1**",
        "1\n",
        "sig=",
        "1:AA",
        "零",
        "http://a:",
    ),
)
PIECES = (
    *("13800138000", "138-0013-8000", "+8613800138000", "11010519491231002X", "4111111111111111"),
    *("6222 0212 3456 7890 128", "a.b@example.com", "zhang@mail.example.cn", "010-62345678"),
    *("91350100M000100Y43", "GB82WEST12345698765432", "粤B12345", "192.168.12.44", "375-62-7300"),
    *(
        "2001:db8::1",
        "我叫王小明",
        "住在北京市朝阳区建国路88号3单元502室",
        "微信zhang_1990",
        "E12345678",
    ),
    *("AKIAIOSFODNN7EXAMPLE", "ghp_" + "a1B2" * 9, "sk-proj-" + "Ab3_" * 12, "密码：Tr0ub4dor&3"),
    *("postgres://app:2WRRnruk@db.example:5432/main", "password=hunter2a", "eyJhbGciOiJIUzI1NiJ9."),
    *(
        "eyJzdWIiOiIxIn0.abc123DEF456ghi789",
        "-----BEGIN RSA PRIVATE KEY-----\n",
        "MIIBOgIBAAJBAKj34Gkx",
    ),
    *(
        "\n-----END RSA PRIVATE KEY-----",
        "请",
        "号码",
        " ",
        "，",
        ",",
        ".",
        "-",
        "\n",
        "1",
        "a",
        "@",
        ":",
    ),
    *(
        "我的手机是",
        "身份证号",
        "card number ",
        "call me at ",
        "token = ",
        "护照",
        "order no ",
        "元",
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=300))
def test_no_text_makes_a_scorer_raise_and_spans_stay_inside(text: str) -> None:
    for scorer in SCORERS:
        for score in scorer.score(normalize(text), Context()):
            assert 0.5 <= score.value <= 1.0
            assert all(0 <= span.start < span.end <= len(text) for span in score.spans)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_findings_never_overlap_and_name_their_label(pieces: list[str]) -> None:
    text = "".join(pieces)

    for find in (find_pii, find_secrets):
        findings = sorted(find(text))
        assert all(a.end <= b.start for a, b in pairwise(findings))
        assert all(finding.label for finding in findings)


@pytest.mark.parametrize("unit", UNITS)
def test_a_hostile_text_is_read_in_linear_time(unit: str) -> None:
    """A quadratic pattern needs hours here; the linear ones a fraction of a second."""
    text = unit * (SIZE // len(unit))

    assert isinstance(find_pii(text), list)
    assert isinstance(find_secrets(text), list)


def covered(findings: list[Finding], until: int) -> set[tuple[int, str, float]]:
    return {
        (position, finding.label, finding.value)
        for finding in findings
        for position in range(finding.start, min(finding.end, until))
    }


@settings(max_examples=120, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=8, max_size=60), st.data())
@pytest.mark.parametrize(("scorer", "find"), [(SCORERS[0], find_pii), (SCORERS[1], find_secrets)])
def test_what_lies_further_back_than_the_reach_never_changes(
    scorer: Scorer, find: Callable[[str], list[Finding]], pieces: list[str], data: st.DataObject
) -> None:
    text = "".join(pieces)
    arrived = data.draw(st.integers(0, len(text)))
    settled = max(0, arrived - scorer.reach)

    assert covered(find(text[:arrived]), settled) == covered(find(text), settled)


def test_scorers_keep_the_protocol() -> None:
    for scorer in SCORERS:
        assert isinstance(scorer, Scorer)
        assert len(scorer.categories) == 1
        assert 0 < scorer.reach <= 256
        assert scorer.threshold(scorer.categories[0], "email", 0.005) == 0.5
