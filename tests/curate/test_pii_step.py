from __future__ import annotations

import pickle

from trueline.core.policy_file import policy_from_template
from trueline.curate.batch import Batch
from trueline.curate.step import MapStep, RunSettings
from trueline.curate.steps.pii import Finder, PiiOptions, PiiStep

RUN = RunSettings(policy_from_template("default"))


def _step(**options: object) -> PiiStep:
    return PiiOptions.model_validate(options).build(RUN)


def test_findings_become_counts_labels_and_spans() -> None:
    batch = Batch(["a", "b"], ["手机13812345678，邮箱a.b@mail.example.org。", "nothing here"])

    result = _step().run(batch)

    assert result.columns["pii_count"] == [2, 0]
    assert result.columns["pii_labels"] == [["cn_mobile", "email"], []]
    assert result.columns["pii_spans"] == [["2:13:cn_mobile", "16:36:email"], []]
    assert result.texts is None
    assert not result.drops


def test_landlines_of_shops_count_only_when_asked_for() -> None:
    batch = Batch(["a"], ["景点在北京，电话：010-62345678。"])

    assert _step().run(batch).columns["pii_count"] == [0]
    assert _step(least=0.5).run(batch).columns["pii_labels"] == [["cn_landline"]]


def test_only_the_kinds_that_were_named_count() -> None:
    batch = Batch(["a"], ["手机13812345678，邮箱a.b@mail.example.org。"])

    assert _step(labels=["email"]).run(batch).columns["pii_labels"] == [["email"]]


def test_documents_with_too_many_findings_are_dropped_with_the_count() -> None:
    batch = Batch(["a", "b"], ["13812345678 13912345678 13712345678", "13812345678"])

    drops = _step(max_count=2).run(batch).drops

    assert list(drops) == [0]
    assert (drops[0].reason, drops[0].value, drops[0].threshold) == (
        "too much personal information",
        3,
        2,
    )


def test_disguises_are_undone_when_asked_for() -> None:
    batch = Batch(["a"], ["手机一三八一二三四五六七八。"])

    assert _step().run(batch).columns["pii_count"] == [0]
    assert _step(disguised=True).run(batch).columns["pii_spans"] == [["2:13:cn_mobile"]]


def test_a_mark_holds_for_one_text_and_one_setting() -> None:
    finder = Finder()

    assert finder.mark("a") == Finder().mark("a")
    assert finder.mark("a") != finder.mark("b")
    assert finder.mark("a") != Finder(least=0.5).mark("a")


def test_the_step_is_a_map_step_and_travels_to_other_processes() -> None:
    step = _step()

    assert isinstance(step, MapStep)
    assert pickle.loads(pickle.dumps(step)) == step
