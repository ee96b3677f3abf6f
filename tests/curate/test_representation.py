from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from trueline.core.errors import InputError
from trueline.curate.group_terms import GROUP_TERMS, mentioned
from trueline.curate.representation import representation

HENAN, FEMALE = "region:henan", "gender:female"


def _run(folder: Path, rows: list[tuple[list[str], str]], cache: bool = True) -> Path:
    """A finished run; each row is the groups of a document and the step that dropped it."""
    (folder / "data").mkdir()
    (folder / ".cache").mkdir()
    ids = [f"d{n}" for n in range(len(rows))]
    steps = [step for _, step in rows]
    pl.DataFrame({
        "id": ids, "state": ["dropped" if step else "kept" for step in steps], "step": steps,
    }).write_parquet(folder / "ledger.parquet")  # fmt: skip
    groups = pl.Series("groups", [groups for groups, _ in rows], dtype=pl.List(pl.String))
    frame = pl.DataFrame({"id": ids, "groups": groups, "language": ["zh"] * len(ids)})
    kept = frame.filter(pl.Series([not step for step in steps])).with_columns(
        policy_violence=pl.when(pl.col("groups").list.contains(HENAN)).then(0.75).otherwise(0.25)
    )
    kept.write_parquet(folder / "data" / "part-00000.parquet")
    if cache:
        stored = frame.rename({"groups": "c:groups", "language": "c:language"})
        stored.write_parquet(folder / ".cache" / "a.parquet")
    return folder


def test_a_filter_that_drops_one_group_more_is_shown_with_its_interval(tmp_path: Path) -> None:
    rows = [([HENAN], "quality")] * 40 + [([HENAN], "")] * 60
    rows += [([FEMALE], "quality")] * 20 + [([FEMALE], "")] * 380

    report = representation(_run(tmp_path, rows))

    drops = {row.group: row for row in report.drops}
    henan = drops[HENAN]
    assert (henan.step, henan.dropped, henan.reached) == ("quality", 40, 100)
    assert (henan.dropped_of_others, henan.others) == (20, 400)
    assert henan.ratio == pytest.approx(8.0)
    assert henan.disproportionate
    assert henan.difference is not None
    assert 0.2 < henan.difference.low < 0.35 < henan.difference.high < 0.5
    assert henan.ratio_interval is not None
    assert henan.ratio_interval.low < 8 < henan.ratio_interval.high
    assert not drops[FEMALE].disproportionate


def test_a_small_group_is_counted_and_not_compared(tmp_path: Path) -> None:
    rows = [([HENAN], "quality")] * 29 + [([], "")] * 300

    (drops,) = representation(_run(tmp_path, rows)).drops

    assert (drops.dropped, drops.reached) == (29, 29)
    assert (drops.ratio, drops.difference, drops.ratio_interval) == (None, None, None)
    assert not drops.disproportionate


def test_a_step_is_held_against_what_reached_it(tmp_path: Path) -> None:
    rows = [([HENAN], "first")] * 50 + [([HENAN], "second")] * 10 + [([HENAN], "")] * 40
    rows += [([], "")] * 100

    report = representation(_run(tmp_path, rows))

    assert [(row.step, row.dropped, row.reached) for row in report.drops] == [
        ("first", 50, 100),
        ("second", 10, 50),
    ]


def test_mentions_and_scores_are_told_by_group(tmp_path: Path) -> None:
    rows = [([HENAN, FEMALE], "")] * 30 + [([FEMALE], "")] * 10 + [([HENAN], "quality")] * 5
    rows += [([], "")] * 60

    report = representation(_run(tmp_path, rows))

    assert [(m.group, m.language, m.read, m.kept) for m in report.mentions] == [
        (FEMALE, "zh", 40, 40),
        (HENAN, "zh", 35, 30),
    ]
    scores = {score.group: score for score in report.scores}
    assert scores[HENAN].category == "violence"
    assert scores[HENAN].difference == pytest.approx(0.5)
    assert scores[FEMALE].mean == pytest.approx(0.625)


def test_without_stored_batches_the_report_says_what_it_counts(tmp_path: Path) -> None:
    rows = [([HENAN], "quality")] * 40 + [([HENAN], "")] * 60

    report = representation(_run(tmp_path, rows, cache=False))

    assert report.notes == (
        "the stored batches are gone: only kept documents are counted",
        "40 of 100 records ended before their groups were measured and are not counted",
    )
    assert report.mentions[0].read == 60


def test_a_run_without_the_step_says_so(tmp_path: Path) -> None:
    folder = _run(tmp_path, [([], "")])
    pl.DataFrame({"id": ["d0"]}).write_parquet(folder / "data" / "part-00000.parquet")

    report = representation(folder)

    assert report.notes == ("the recipe has no step `groups`: add it first",)


def test_an_unfinished_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as fault:
        representation(tmp_path)

    assert str(fault.value) == (
        f"{tmp_path / 'ledger.parquet'} does not exist: {tmp_path} is not the folder of a "
        f"finished run\n  make one: trueline curate RECIPE.yaml --out {tmp_path}"
    )


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("其他人在弹吉他。", []),
        ("他们来自河南，老人很多。", ["age:older", "gender:male", HENAN]),
        ("The theme of Sherlock", []),
        ("African Americans and Jewish people", [
            "ethnicity:black", "religion:jewish",
        ]),
        ("", []),
    ],
)  # fmt: skip
def test_groups_are_found_by_whole_words(text: str, groups: list[str]) -> None:
    assert mentioned(text) == groups


def test_words_are_listed_once_and_in_lower_case() -> None:
    words = [word for terms in GROUP_TERMS.values() for word in terms]

    assert len(words) == len(set(words))
    assert all(word == word.lower().strip() and word for word in words)
