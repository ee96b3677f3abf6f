"""The recipe's rules: what a label means, how texts are split, what a budget is worth."""

from __future__ import annotations

import importlib
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("scipy")

TELLING = 3
RECIPE = Path(__file__).parents[2] / "recipes" / "linear_guard"
sys.path.insert(0, str(RECIPE))
calibration: Any = importlib.import_module("calibration")
corpus: Any = importlib.import_module("corpus")
sources: Any = importlib.import_module("sources")
solver: Any = importlib.import_module("solver")
sys.path.remove(str(RECIPE))


def row(**changes: object) -> dict[str, Any]:
    return {"role": "prompt", "flagged": 1, "labels": {}, "raw": {}} | changes


def known(source: Any, **changes: object) -> dict[str, int]:
    targets = corpus.targets_of(source, row(**changes))
    return {h: t for h, t in zip(sources.HEADS, targets, strict=True) if t != corpus.UNKNOWN}


def test_an_absent_label_is_no_negative() -> None:
    source = sources.Source("x/prompts")

    assert known(source, labels={"violence": 1}) == {"violence": 1}


def test_a_harmless_row_is_a_negative_for_the_heads_its_rule_names() -> None:
    source = sources.Source("x/posts", calm=frozenset({"jailbreak", "illicit"}))

    assert known(source, flagged=0) == {"jailbreak": 0, "illicit": 0}
    assert known(source, flagged=1) == {}
    assert known(source, flagged=-1) == {}


def test_a_row_without_categories_is_a_harmful_request_only_as_a_prompt() -> None:
    source = sources.Source("x/prompts", flagged_head="harmful_request")

    assert known(source) == {"harmful_request": 1}
    assert known(source, role="response") == {}


def test_a_template_teaches_the_attack_heads_alone() -> None:
    source = sources.Source("x", flagged_head="harmful_request", templates=("kind", "attack"))
    labels = {"jailbreak": 1, "illicit": 1}

    assert known(source, raw={"kind": "attack"}, labels=labels) == {"jailbreak": 1}
    assert known(source, raw={"kind": "seed"}, labels=labels) == {
        "jailbreak": 1,
        "illicit": 1,
        "harmful_request": 1,
    }


def test_personal_data_is_no_request_for_it() -> None:
    source = sources.Source("x", rename={"privacy": ""}, calm=sources.ALL, harmless=True)

    assert known(source, labels={"privacy": 1}) == dict.fromkeys(sources.HEADS, 0)


def test_every_head_has_a_place_in_the_taxonomy() -> None:
    from trueline.core.taxonomy import taxonomy

    assert set(sources.OUTPUTS) == set(sources.HEADS)
    assert {category for category, _ in sources.OUTPUTS.values()} <= set(taxonomy())


def test_nothing_that_is_for_evaluation_alone_trains() -> None:
    files = [s.file for s in sources.SOURCES] + [r.file for r in sources.RUNNING_TEXT]

    assert not [file for file in files if "eval_only" in file]


@settings(deadline=None)
@given(st.text(min_size=1, max_size=30), st.integers(0, 9))
def test_twins_share_a_key(text: str, digit: int) -> None:
    assert corpus.twin_key(text) == corpus.twin_key(f"{text} {digit}!") or not any(
        c.isalpha() for c in text
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"lacks \d+ of the files it needs"):
        corpus.read_corpus(tmp_path)


@pytest.mark.parametrize(
    ("hits", "rows", "bound"),
    # 1 - 0.05 ** (1 / rows) for no hits; the others from a table of exact limits.
    [(0, 10, 0.25887), (0, 300, 0.00994), (1, 10, 0.39416), (5, 10, 0.77756), (10, 10, 1.0)],
)
def test_the_upper_bound_is_the_exact_one(hits: int, rows: int, bound: float) -> None:
    assert calibration.upper_bound(hits, rows) == pytest.approx(bound, abs=1e-5)


@settings(deadline=None)
@given(st.integers(1, 5000), st.sampled_from([0.1, 0.01, 0.005, 0.001]))
def test_allowed_hits_are_the_most_that_stay_within_the_budget(rows: int, budget: float) -> None:
    most = calibration.allowed_hits(rows, budget)

    assert most < 0 or calibration.upper_bound(most, rows) <= budget
    assert calibration.upper_bound(most + 1, rows) > budget


def groups(rng: np.random.Generator) -> list[Any]:
    return [
        calibration.Harmless(kind, tongue, rng.normal(-4, 1, (2000, 2)).astype(np.float32))
        for tongue in ("zh", "en")
        for kind in ("ordinary", "hard")
    ]


def two_heads(harmless: list[Any], rng: np.random.Generator) -> list[Any]:
    heads = []
    for number in range(2):
        harmful = {t: rng.normal(0, 1.5, 200).astype(np.float32) for t in ("zh", "en")}
        calm = {g.language: g.logits[:, number] for g in harmless}
        rungs = calibration.ladder(harmless, number, harmful, calm)
        heads.append(calibration.Head(f"h{number}", "violence", f"h{number}", rungs))
    return heads


@pytest.mark.parametrize("seed", range(5))
def test_a_category_stays_within_its_budget_in_every_group(seed: int) -> None:
    rng = np.random.default_rng(seed)
    harmless = groups(rng)
    heads = two_heads(harmless, rng)

    shares = calibration.budget_shares(harmless, [], heads)["violence"]

    assert min(shares) <= 0.005
    for budget, share in shares.items():
        place = calibration.BUDGETS.index(share)
        for group in harmless:
            hit = np.zeros(len(group.logits), bool)
            for number, head in enumerate(heads):
                steps = head.ladder.zh if group.language == "zh" else head.ladder.en
                hit |= group.logits[:, number] >= steps[place]
            assert calibration.upper_bound(int(hit.sum()), len(hit)) <= budget


@pytest.mark.parametrize("seed", range(3))
def test_ladders_rise(seed: int) -> None:
    rng = np.random.default_rng(seed)

    for head in two_heads(groups(rng), rng):
        for steps in (head.ladder.values, head.ladder.zh, head.ladder.en):
            assert all(low < high for low, high in pairwise(steps))
        assert head.ladder.values[0] > 0
        assert head.ladder.values[-1] < 1


def test_a_file_with_many_hits_makes_a_category_give_way() -> None:
    rng = np.random.default_rng(1)
    harmless = groups(rng)
    heads = two_heads(harmless, rng)
    before = calibration.budget_shares(harmless, [], heads)["violence"][0.005]
    place = calibration.BUDGETS.index(before)
    odd = np.full((200, 2), -9, np.float32)
    odd[:20, 0] = heads[0].ladder.zh[place] + 1e-4  # just reached
    file = calibration.Harmless("odd", "zh", odd)

    after = calibration.budget_shares(harmless, [file], heads)["violence"][0.005]

    assert after < before


def test_the_solver_finds_the_telling_feature_and_repeats_itself() -> None:
    problem = noisy_problem(noise=0.0)

    one = solver.fit(problem, solver.Settings(batch=64), 10)
    again = solver.fit(problem, solver.Settings(batch=64), 10)

    assert int(one.weights[:, 0].argmax()) == TELLING
    assert np.array_equal(one.weights, again.weights)


def test_the_energy_term_lowers_harmless_rows_that_look_harmful() -> None:
    problem = noisy_problem(noise=0.2)
    odd = (problem.signs[:, 0] < 0) & (problem.pieces.toarray()[:, TELLING] > 0)

    plain = solver.fit(problem, solver.Settings(energy=0.0, batch=64), 20)
    calm = solver.fit(problem, solver.Settings(energy=1.0, batch=64), 20)

    assert odd.sum() > 10
    lowered = calm.logits(problem.pieces[odd]).mean()
    assert lowered < plain.logits(problem.pieces[odd]).mean() - 0.5


def noisy_problem(noise: float) -> Any:
    """One feature of twenty tells; a share of the rows that hold it is harmless after all."""
    sparse: Any = importlib.import_module("scipy.sparse")
    rng = np.random.default_rng(2)
    matrix = (rng.random((400, 20)) < 0.3).astype(np.float32)
    harmful = (matrix[:, TELLING] > 0) & (rng.random(400) >= noise)
    signs = np.where(harmful, 1, -1).astype(np.float32)[:, None]
    harmless = (~harmful).astype(np.float32)
    return solver.Problem(sparse.csr_matrix(matrix), signs, np.ones_like(signs), harmless)
