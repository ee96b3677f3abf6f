from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueline.core.policy_file import policy_from_template
from trueline.curate.batch import Batch
from trueline.curate.spans import replace_all
from trueline.curate.step import RunSettings
from trueline.curate.steps.counterfactual import CounterfactualOptions, CounterfactualStep
from trueline.curate.swap_en import swap_english
from trueline.curate.swap_people import people_swaps
from trueline.curate.swap_zh import swap_chinese


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("他说她的爸爸来了。", "她说他的妈妈来了。"),
        ("其他人和吉他手都在，他们也在。", "其他人和吉他手都在，她们也在。"),
        ("他妈妈他妈的", "她爸爸他妈的"),
        ("男女平等，子女孝顺父母。", "男女平等，子女孝顺父母。"),
        ("王先生和李女士的外甥女", "王女士和李先生的外甥"),
        ("女儿的女朋友是女医生", "儿子的男朋友是男医生"),
    ],
)
def test_chinese_words_are_swapped_and_others_kept(text: str, swapped: str) -> None:
    assert swap_chinese(text) == swapped


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("He told her that his mother likes him.", "She told him that her father likes her."),
        ("Her book is hers, not his.", "His book is his, not hers."),
        ("She hurt herself; Mr. Bell saw her.", "He hurt himself; Ms. Bell saw him."),
        ("HER HUSBAND", "HIS WIFE"),
        ("The shepherd, Sherlock and the theme", "The shepherd, Sherlock and the theme"),
        ("women and children", "men and children"),
    ],
)
def test_english_words_agree_after_the_swap(text: str, swapped: str) -> None:
    assert swap_english(text) == swapped


@given(st.lists(st.sampled_from("他 她 爸爸 妈妈 男孩 女孩 其他 和 的 先生 女士 丈夫 妻子 ，".split()))  # noqa: SIM905
       .map("、".join))  # fmt: skip
def test_swapping_chinese_twice_gives_the_text_back(text: str) -> None:
    assert swap_chinese(swap_chinese(text)) == text


@given(st.text(max_size=60))
def test_any_text_can_be_swapped(text: str) -> None:
    assert isinstance(swap_english(swap_chinese(text)), str)
    replace_all(text, people_swaps(text, 3))


@pytest.mark.parametrize("draw", range(11))
def test_articles_follow_the_new_origin(draw: int) -> None:
    text = "An African man met a Chinese student"

    new = replace_all(text, people_swaps(text, draw))

    for article, origin in zip(new.split()[::4], new.split()[1::4], strict=True):
        vowel = origin[0] in "AIO" or (origin[0] == "E" and origin != "European")
        assert article.lower() == ("an" if vowel else "a")
    assert new != text


def test_a_copy_keeps_its_label_and_moves_its_entities() -> None:
    text = "妈妈在北京等他"
    columns: dict[str, Any] = {"label": ["family"], "entities": [[[3, 5, "place"]]]}

    result = _step().run(Batch(["a"], [text], columns))

    (copy,) = result.added
    assert copy.text == "爸爸在北京等她"
    assert "label" not in copy.columns  # inherited
    ((start, end, _),) = copy.columns["entities"]
    assert copy.text[start:end] == "北京"
    assert result.texts is None


def test_a_copy_tells_its_own_groups() -> None:
    batch = Batch(["a"], ["她来了"], {"groups": [["gender:female"]]})

    (copy,) = _step().run(batch).added

    assert copy.columns["groups"] == ["gender:male"]


def test_swapping_in_place_evens_out_the_groups() -> None:
    ids = [f"d{n}" for n in range(2000)]
    batch = Batch(ids, ["他是医生。"] * 2000)

    result = _step(mode="swap").run(batch)

    women = sum("她" in text for text in result.texts or ())
    # Binomial(2000, 1/2): standard deviation 22.
    assert abs(women - 1000) < 100
    assert set(result.changes.values()) == {"1 group terms swapped"}


def test_a_choice_depends_on_the_id_and_not_on_the_batch() -> None:
    ids = [f"d{n}" for n in range(50)]
    whole = _step(mode="swap").run(Batch(ids, ["他"] * 50)).texts
    alone = [(_step(mode="swap").run(Batch([i], ["他"])).texts or [""])[0] for i in ids]

    assert whole == alone


def test_documents_without_group_words_have_no_copy() -> None:
    assert _step().run(Batch(["a"], ["It rained. 下雨了。"])).added == []


def _step(**options: object) -> CounterfactualStep:
    run = RunSettings(policy_from_template("default"))
    return CounterfactualOptions.model_validate(options).build(run)
