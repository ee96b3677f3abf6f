"""The steps that make clean text of what a reader hands over."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.curate.batch import Batch, Drop, Result
from trueline.curate.step import MapStep
from trueline.curate.steps.encoding_repair import EncodingRepair, repair
from trueline.curate.steps.html_to_text import HtmlToText, is_page, main_text
from trueline.curate.steps.language import LanguageStep, sampled_language
from trueline.curate.steps.quality import Quality
from trueline.curate.steps.unicode import UnicodeStep

ZH = "春天来了，小区里的花都开了，大家在树下聊天，孩子们跑来跑去，老人慢慢地走。"
EN = "The council met on Tuesday and agreed that the old bridge would be closed for repairs. "


def run(step: MapStep, *texts: str, **columns: list[str]) -> Result:
    return step.run(Batch([str(k) for k in range(len(texts))], texts, columns))


def text_of(step: MapStep, text: str) -> str:
    result = run(step, text)
    return text if result.texts is None else result.texts[0]


# -- Unicode --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "done"),
    [
        ("ＡＢＣ１２，全角。", "ABC12，全角。", "full-width letters folded"),
        ("a\u200bb\ufeffc\u00add", "abcd", "invisible characters removed"),
        ("a\x00b\x07c", "abc", "control characters removed"),
        ("一\u3000二\u00a0三", "一 二 三", "spaces unified"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd", "line breaks unified"),
        ("cafe\u0301", "caf\u00e9", "accents composed"),
        ("好\u200d的", "好的", "invisible characters removed"),
    ],
)
def test_unicode_says_what_it_changed(before: str, after: str, done: str) -> None:
    result = run(UnicodeStep(), "untouched，文本。", before)

    assert result.texts == ["untouched，文本。", after]
    assert result.changes == {1: done}


def test_emoji_sequences_and_joined_scripts_keep_their_joiners() -> None:
    assert (
        text_of(UnicodeStep(), "👩\u200d👩\u200d👧 नमस्\u200dते") == "👩\u200d👩\u200d👧 नमस्\u200dते"
    )


def test_nfkc_replaces_full_width_punctuation_too() -> None:
    assert text_of(UnicodeStep("NFKC"), "你好，①") == "你好,1"


@given(st.text(st.characters(codec="utf-16", exclude_categories=[]), max_size=60))
@settings(deadline=None)
def test_unicode_done_twice_is_unicode_done_once_and_composed(text: str) -> None:
    once = text_of(UnicodeStep(), text)

    assert text_of(UnicodeStep(), once) == once
    assert unicodedata.is_normalized("NFC", once)


# -- encoding -------------------------------------------------------------------------------


@pytest.mark.parametrize("via", ["latin-1", "cp1252", "gbk"])
def test_utf_8_read_in_another_encoding_is_read_anew(via: str) -> None:
    meant = "不一起的。时候的在不我们我们"
    if via == "cp1252":  # as programs read it: what it lacks stays Latin-1
        met = "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in meant.encode())
    else:
        met = meant.encode().decode(via)

    result = run(EncodingRepair(), met)

    assert result.texts == [meant]
    assert not result.drops


def test_gbk_read_as_latin_1_is_read_anew() -> None:
    met = ZH.encode("gb18030").decode("latin-1")

    assert repair(met) == (ZH, ["GBK read as Latin-1"])


@pytest.mark.parametrize(
    "text",
    [EN, ZH, "Ünïcödé naïve café — “quoted” ©2024", "Ça vaut 20 €…", "ÀÉÎÕÜ àéîõü", "ÄÖÜß" * 9],
)
def test_clean_text_passes_untouched(text: str) -> None:
    result = run(EncodingRepair(), text)

    assert result.texts is None
    assert not result.changes
    assert not result.drops


def test_text_that_lost_characters_goes_with_the_share_it_lost() -> None:
    result = run(
        EncodingRepair(), "\ufffd" * 5 + "a" * 95, "\ud83d\ude00 fine", "a\ud83db" + "c" * 400
    )

    assert result.drops == {0: Drop("unreadable characters", 0.05, 0.01)}
    assert result.texts is not None
    assert result.texts[1] == "😀 fine"
    assert result.texts[2].startswith("a\ufffdb")
    assert result.changes[1] == "split surrogate pairs"


@given(st.text(st.characters(codec="utf-8"), max_size=80))
@settings(deadline=None)
def test_what_repair_returns_can_be_written_as_utf_8(text: str) -> None:
    repaired, _ = repair(text)

    repaired.encode("utf-8")


# -- HTML -----------------------------------------------------------------------------------

PAGE = """<!DOCTYPE html><html><head><title>标题</title><style>p{}</style></head><body>
<header><ul><li><a href="/">首页</a></li></ul></header><nav>菜单</nav>
<div class="sidebar"><p>旁边的广告</p></div>
<article><h1>新闻标题</h1><p>第一段，<b>加粗</b>的字。</p><p>Second
paragraph &amp; more.</p><pre>a
  b</pre><table><tr><td>x</td><td>y</td></tr></table></article>
<div><ul><li><a href="1">相关一</a></li><li><a href="2">相关二</a></li><li><a href="3">相关三</a></li></ul></div>
<footer>版权所有</footer><script>var x = 1;</script></body></html>"""


def test_a_page_becomes_its_main_text_a_line_for_each_block() -> None:
    result = run(HtmlToText(), PAGE)

    assert result.texts == ["新闻标题\n第一段，加粗的字。\nSecond paragraph & more.\na\nb\nx y"]
    assert result.changes == {0: "HTML to text"}


def test_without_an_article_what_stands_beside_the_text_still_goes() -> None:
    page = PAGE.replace("article", "div")

    assert main_text(page) == main_text(PAGE)


def test_only_documents_that_are_pages_are_touched() -> None:
    texts = [
        "Use <html> to begin a page.",
        "<p>quoted tag",
        "<!-- x --> <HTML><p>yes",
        "<div>no</div>",
    ]

    assert run(HtmlToText(), *texts).texts == [*texts[:2], "yes", texts[3]]
    by_format = run(HtmlToText(), "<p>a", "<html><p>b", format=["html", "text"])
    assert by_format.texts == ["a", "<html><p>b"]


def test_a_page_without_text_is_dropped() -> None:
    assert run(HtmlToText(), "<html><body><nav>x</nav></body></html>").drops == {
        0: Drop("page without text")
    }


@pytest.mark.parametrize(
    "page",
    [
        "<html>" + "<div>" * 200_000 + "deep",
        "<html>" + "<ul><li>" * 100_000 + "deep",
        "<html><p " + " ".join(f"a{k}=1" for k in range(100_000)) + ">deep",
        "<html><p>deep" + "<" * 500_000,
        "<html><p>deep" + "<div" * 100_000,
    ],
)
def test_hostile_pages_take_no_more_than_linear_time(page: str) -> None:
    assert "deep" in main_text(page)


def test_comments_without_end_are_told_from_pages_in_linear_time() -> None:
    assert not is_page("<!--" * 200_000)
    assert not is_page("<!-- -->" * 100_000)


@given(st.text(alphabet="<>/ab \"'=!-ulipdv&;", max_size=200))
@settings(deadline=None)
def test_any_markup_gives_some_text(markup: str) -> None:
    assert isinstance(main_text(markup), str)


# -- language and quality -------------------------------------------------------------------


def test_languages_are_written_and_those_not_kept_are_dropped() -> None:
    result = run(LanguageStep(("zh", "en")), ZH, EN, "Сегодня вечером открылся новый музей.", "")

    assert result.columns["language"] == ["zh", "en", "other", "other"]
    assert result.drops == {2: Drop("language other not kept"), 3: Drop("language other not kept")}


def test_the_language_of_a_long_text_is_that_of_its_parts_together() -> None:
    assert sampled_language("Preface in English. " * 3 + ZH * 200) == "zh"


GOOD_ZH = ZH + "到了晚上，他们又坐在一起，说起年轻时候的事情，笑声传得很远。"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("首页123456", "too short"),
        ("More…", "too short"),
        ("#@$%^ ●★◆ " * 40, "mostly symbols"),
        (f"{ZH}\n" * 20, "repeated lines"),
        (ZH * 20, "repeated text"),
        (
            " ".join(
                f"bcdfgh{'klm' * (k % 4)}{'bcdfghjklmnpqrstvwxz'[k % 20] * 3}{'zxwvtsrqpnmlkjhgfdcb'[k * 7 % 20] * 2}{k}"
                for k in range(80)
            ),
            "few vowels",
        ),
        (
            " ".join(f"cheap{k} price{k} shipping{k} offer{k}" for k in range(40)),
            "few function words",
        ),
        (" ".join(f"优惠{k}包邮{k}正品{k}代购{k}" for k in range(40)), "few function words"),
        (GOOD_ZH.encode().decode("latin-1"), "misread characters"),
        ("\n".join(f"- The story number {k} of a..." for k in range(20)), "lines that break off"),
    ],
)
def test_junk_goes_with_the_rule_it_breaks(text: str, reason: str) -> None:
    drop = run(Quality(), GOOD_ZH, text).drops[1]

    assert drop.reason == reason
    assert drop.value is not None
    assert drop.threshold is not None


GOOD = [
    GOOD_ZH,
    EN * 2,
    "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。",
    "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？",
    "第一条　为了保护公民的合法权益，根据宪法，制定本法。\n第二条　公民依照本法的规定享有权利。",
    "甲：你吃饭了吗？\n乙：还没有，你呢？\n甲：我也没有。\n乙：那我们一起去吧。\n甲：好的。",
    "日本の首都は東京です。母親が夕食の準備をしている間、子供たちは庭で遊んでいました。",
    "Le conseil municipal a approuvé hier soir le nouveau plan de transport de la ville.",
]


@pytest.mark.parametrize("text", GOOD)
def test_good_writing_of_many_kinds_stays(text: str) -> None:
    assert not run(Quality(), text).drops


def test_measures_do_not_depend_on_the_other_texts_of_the_batch() -> None:
    texts = [*GOOD, "", "a", f"{ZH}\n" * 20, "\n", "word", "word"]

    together = run(Quality(), *texts)

    for row, text in enumerate(texts):
        alone = run(Quality(), text)
        assert alone.drops.get(0) == together.drops.get(row)
        for name, values in alone.columns.items():
            assert str(values[0]) == str(together.columns[name][row]), (name, row)
