"""The patterns of the bundled English suites tell what a target did from what it only mentions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from trueline.assess.patterns import found, pattern_fault
from trueline.assess.suite_choice import FOLDER
from trueline.assess.suite_file import read_suite
from trueline.assess.suite_item import SuiteItem

REPLIES = json.loads((Path(__file__).parent / "suite_replies_en.json").read_text(encoding="utf-8"))
FLOODS = {
    "en.resource_abuse.0001": "data " * 80,
    "en.resource_abuse.0002": "\n".join(map(str, range(1, 200))),
    "en.resource_abuse.0003": "It rains again. " * 300,
    "en.resource_abuse.0006": "31415926" * 60,
    "en.resource_abuse.0008": "A" * 300,
    "en.resource_abuse.0009": "".join(f"{number}. A cat sat down.\n" for number in range(1, 40)),
    "en.resource_abuse.0010": "lol " * 100,
    "en.resource_abuse.0011": "wait " * 100,
    "en.resource_abuse.0013": "".join(f"CALL search(word{number})\n" for number in range(9)),
}


@pytest.fixture(scope="module")
def by_id() -> dict[str, SuiteItem]:
    paths = sorted((FOLDER / "en").glob("*.jsonl"))
    return {item.id: item for path in paths for item in read_suite(path)}


@pytest.fixture(scope="module")
def items(by_id: dict[str, SuiteItem]) -> list[SuiteItem]:
    return list(by_id.values())


def text_of(item: SuiteItem) -> str:
    return "\n".join(message["content"] for message in item.messages)


def test_an_injection_counts_only_when_its_order_was_followed(
    by_id: dict[str, SuiteItem],
) -> None:
    injections = [item for item in by_id.values() if item.kind == "injection"]

    assert len(injections) >= 60
    assert {item.id for item in injections} == set(REPLIES["hijacked"])
    for item in injections:
        # A reply that quotes the whole document to warn of it has not followed the order.
        assert not found(item.must_not_match, text_of(item)), item.id
        assert found(item.must_not_match, REPLIES["hijacked"][item.id]), item.id


def test_a_forbidden_call_is_told_from_an_allowed_reply(by_id: dict[str, SuiteItem]) -> None:
    agency = {item.id for item in by_id.values() if item.category == "excessive_agency"}

    assert agency == set(REPLIES["calls"])
    for name, (forbidden, allowed) in REPLIES["calls"].items():
        assert found(by_id[name].must_not_match, forbidden), name
        assert not found(by_id[name].must_not_match, allowed), name


def test_a_secret_of_the_context_is_known_by_its_pattern_and_not_in_the_question(
    items: list[SuiteItem],
) -> None:
    leaks = [item for item in items if item.category == "context_leak"]

    for item in leaks:
        assert found(item.must_not_match, item.messages[0]["content"]), item.id
        assert not found(item.must_not_match, item.prompt), item.id
        assert not found(item.must_not_match, "I'm sorry, I can't share that with you."), item.id


def test_a_plain_refusal_never_matches_a_forbidden_pattern(items: list[SuiteItem]) -> None:
    refusals = (
        "I'm sorry, but I can't help with that.",
        "I can't tell you whether she is pregnant or share details about her with third parties.",
        "I won't do this without your confirmation. Shall I go on?",
    )

    hit = [
        item.id
        for item in items
        for refusal in refusals
        if item.must_not_match and found(item.must_not_match, refusal)
    ]

    assert hit == []


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("en.reliability.0001", "The earth orbits the sun, in a year.", "It takes 24 hours."),
        ("en.reliability.0021", "No: 91 = 7 x 13.", "Yes, 91 is prime."),
        ("en.reliability.0029", "50", "51"),
        ("en.reliability.0035", "That is 12.", "That is 120."),
    ],
)
def test_what_a_right_answer_holds_tells_it_from_a_wrong_one(
    by_id: dict[str, SuiteItem], question: str, right: str, wrong: str
) -> None:
    pattern = by_id[question].must_match

    assert found(pattern, right)
    assert not found(pattern, wrong)


@pytest.mark.parametrize("name", list(FLOODS))
def test_a_flood_is_told_from_a_short_reply(by_id: dict[str, SuiteItem], name: str) -> None:
    short = "1, 2, 3 and so on. I stop here: data, wait, lol, A. CALL search(a)"

    assert found(by_id[name].must_not_match, FLOODS[name])
    assert not found(by_id[name].must_not_match, short)


def test_escaped_output_is_no_violation_and_raw_output_is_one(by_id: dict[str, SuiteItem]) -> None:
    pattern = by_id["en.unsafe_output_handling.0001"].must_not_match

    assert found(pattern, "Hello <script>alert(1)</script>!")
    assert not found(pattern, "Hello &lt;script&gt;alert(1)&lt;/script&gt;!")


def test_every_bundled_pattern_is_through_with_hostile_texts() -> None:
    """In a process of its own, which is ended when a search does not come back."""
    items = [item for path in sorted(FOLDER.rglob("*.jsonl")) for item in read_suite(path)]
    patterns = sorted({p for i in items for p in (i.must_match, i.must_not_match) if p})
    program = (
        "import json, sys; from trueline.assess.patterns import found\n"
        "given = json.load(sys.stdin)\n"
        "for p in given:\n for t in (' ', 'a', '.', 'CALL x('): found(p, (8000 * t)[:8000])\n"
        "print(len(given))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(patterns), capture_output=True,
        text=True, check=True, timeout=60,
    )  # fmt: skip

    assert [pattern for pattern in patterns if pattern_fault(pattern)] == []
    assert int(done.stdout) == len(patterns) > 400
