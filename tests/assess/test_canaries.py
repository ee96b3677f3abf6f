"""Canaries: their file, their rank among candidates, and the exposure that follows."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.assess.formulas import FORMULAS
from trueline.assess.leakage.canaries import (
    Canary,
    CanaryRank,
    drawn_secret,
    rank_canaries,
    read_canaries,
    secret_space,
)
from trueline.assess.leakage.evidence import LeakageReport, leakage_evidence, memorised
from trueline.assess.leakage.planting import make_canaries, planted_rows, write_canaries
from trueline.assess.text_rows import TextRow
from trueline.core.errors import InputError

ROWS = [TextRow(f"row {n}", f"train:{n}", "", {"text": f"row {n}", "label": n}) for n in range(9)]


def exposure(better: int, n: int, space: int) -> tuple[float, float, float]:
    return FORMULAS["exposure"]({"better": better, "n": n, "space": space}, 0.95)


def test_all_other_secrets_tried_give_the_exposure_itself() -> None:
    assert exposure(0, 999, 1000) == pytest.approx((math.log2(1000),) * 3)
    assert exposure(99, 999, 1000) == pytest.approx((math.log2(10),) * 3)


def test_a_sample_of_candidates_shows_no_more_bits_than_it_holds() -> None:
    estimate, lower, upper = exposure(0, 1023, 10**8)

    assert estimate == pytest.approx(10.0)
    assert lower == pytest.approx(-math.log2(1 - 0.025 ** (1 / 1023)), rel=1e-4)
    assert upper == pytest.approx(math.log2(10**8))


@given(better=st.integers(0, 500), more=st.integers(0, 500), space=st.integers(2, 10**12))
def test_the_estimate_lies_within_its_interval(better: int, more: int, space: int) -> None:
    n = better + more + 1
    if n >= space - 1:
        n, better = space - 1, min(better, space - 1)

    estimate, lower, upper = exposure(better, n, space)

    assert lower - 1e-9 <= estimate <= upper + 1e-9
    assert upper <= math.log2(space) + 1e-9


def test_the_interval_holds_the_true_exposure_as_often_as_it_says() -> None:
    source = random.Random(5)
    space, n, true_rank, runs = 10_000, 60, 400, 500
    missed = 0

    for _ in range(runs):
        better = sum(source.randrange(space - 1) < true_rank - 1 for _ in range(n))
        _, lower, upper = exposure(better, n, space)
        missed += not lower <= math.log2(space / true_rank) <= upper

    assert missed <= 0.05 * runs


@given(secret=st.text(alphabet="0123456789abcXYZ-密码", min_size=1, max_size=8))
def test_a_drawn_secret_has_the_shape_of_its_model(secret: str) -> None:
    drawn = drawn_secret(secret, random.Random(0))

    assert len(drawn) == len(secret)
    assert secret_space(drawn) == secret_space(secret)
    assert all(a == b for a, b in zip(secret, drawn, strict=True) if a in "-密码")


def test_a_model_that_knows_one_secret_gives_that_one_away() -> None:
    known = Canary("known", "the code is {}", "4711", 8)
    control = Canary("control", "the code is {}", "0815", 0)
    source = random.Random(1)
    losses = {f"the code is {n:04d}": source.random() for n in range(10_000)}
    losses["the code is 4711"] = -1.0

    ranks = rank_canaries(
        [known, control], lambda texts: [losses[text] for text in texts], candidates=500, seed=0
    )

    assert (ranks[0].better, ranks[0].n, ranks[0].p_value) == (0, 500, 1 / 501)
    assert memorised(ranks, 0.95) == [True, False]


def test_small_spaces_and_given_candidates_are_tried_whole() -> None:
    small = Canary("small", "code {}", "42", 1)
    given_ones = Canary("given", "{} knows", "Ann", 1, ("Bob", "Eve"))
    asked: list[list[str]] = []

    def losses_of(texts: object) -> list[float]:
        asked.append(list(texts))  # type: ignore[call-overload]
        return [float(n) for n in range(len(asked[-1]))]

    ranks = rank_canaries([small, given_ones], losses_of, candidates=100, seed=0)

    assert [rank.n for rank in ranks] == [99, 2]
    assert sorted(asked[0][1:]) == [f"code {n:02d}" for n in range(100) if n != 42]
    assert asked[1] == ["Ann knows", "Bob knows", "Eve knows"]


def test_a_model_that_knows_nothing_is_believed_to_know_as_rarely_as_promised() -> None:
    source = random.Random(3)
    canaries = [Canary(f"c{n}", "code {}", f"{n:04d}", 0) for n in range(12)]
    runs, false = 60, 0

    for run in range(runs):
        ranks = rank_canaries(
            canaries, lambda texts: [source.random() for _ in texts], candidates=250, seed=run
        )
        false += any(memorised(ranks, 0.95))

    assert false <= 0.05 * runs + 3 * (0.05 * 0.95 * runs) ** 0.5


def test_planted_canaries_are_found_again_in_the_rows(tmp_path: Path) -> None:
    canaries = make_canaries(8, seed=4)

    rows = planted_rows(ROWS, canaries, "text", seed=4)
    write_canaries(tmp_path / "canaries.jsonl", canaries)

    texts = [row["text"] for row in rows]
    assert read_canaries(tmp_path / "canaries.jsonl") == canaries
    assert [canary.repeats for canary in canaries] == [0, 1, 4, 16, 0, 1, 4, 16]
    assert [texts.count(canary.text) for canary in canaries] == [0, 1, 4, 16, 0, 1, 4, 16]
    assert [text for text in texts if str(text).startswith("row")] == [row.text for row in ROWS]
    assert all("label" in row for row in rows)
    assert len({canary.secret for canary in canaries}) == 8


def test_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "canaries.jsonl"
    good = {"id": "a", "format": "code {}", "secret": "12", "repeats": 0}
    lines = [good, {**good}, {**good, "id": "b", "format": "code"},
             {**good, "id": "c", "secret": "密码"}, {**good, "id": "d", "repeats": -1},
             {**good, "id": "e", "colour": 1}]  # fmt: skip
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\nnot json\n", "utf-8")

    with pytest.raises(InputError) as told:
        read_canaries(path)

    assert str(told.value) == (
        f"{path} has canaries that cannot be used:\n"
        "  line 2, id: 'a' stands twice\n"
        "  line 3, format: needs {} once, where the secret stands (got 0)\n"
        "  line 4, secret: has no digit or Latin letter, so it could not have been another; give "
        "candidates\n"
        "  line 5, repeats: a whole number is needed; 0 for a canary that was never planted\n"
        "  line 6, colour: unknown; fields are id, format, secret, repeats, candidates\n"
        "  line 7, not valid JSON: a canary is a JSON object on one line"
    )


def test_claims_on_canaries_can_be_computed_again() -> None:
    ranks = [CanaryRank(Canary("c1", "code {}", "1234", 4), 0, 1000),
             CanaryRank(Canary("c2", "code {}", "1234", 0), 480, 1000)]  # fmt: skip

    evidence = leakage_evidence(LeakageReport(canaries=ranks), inputs={}, settings={})

    assert [claim.recomputed() for claim in evidence.claims] == list(evidence.claims)
    assert [row[-1] for row in evidence.tables[0].rows] == ["yes", "no"]
    assert "1234" not in json.dumps(evidence.as_json())
