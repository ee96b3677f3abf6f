"""Augmented copies keep their labels: protected words, entity spans, seeds."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from trueline.core.errors import InputError, UpstreamError
from trueline.core.policy_file import policy_from_template
from trueline.curate.augmentation.back_translation import TranslationServer, find_again
from trueline.curate.augmentation.draft import Draft, EntitySpan
from trueline.curate.augmentation.operations import OPERATIONS
from trueline.curate.augmentation.protect import free_words, is_negation, is_number
from trueline.curate.augmentation.rewrite import rewrite
from trueline.curate.batch import Added, Batch
from trueline.curate.step import RunSettings
from trueline.curate.steps.augment import Augment, AugmentOptions
from trueline.curate.words.pos import tagged
from trueline.curate.words.segment import tokens

REVIEW = "The parcel came late. I am not happy with the quick reply, it cost 30 dollars."
REVIEW_ZH = "快递很快，包装也漂亮，就是价格贵了30元，客服没有帮助我，希望改进服务质量。"
WORDS = [
    "parcel",
    "快递",
    "not",
    "没有",
    "good",
    "不好",
    "30",
    "三",
    ",",
    "，",
    "Leeds",
    "北京",
    "very",
    "服务",
]
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=25).flatmap(
    lambda parts: st.sampled_from([" ", ""]).map(lambda gap: gap.join(parts))
)
NAMES = st.sampled_from(sorted(OPERATIONS))


@pytest.fixture(autouse=True, scope="module")
def _jieba_is_loaded() -> None:
    tagged("预先加载")  # takes a second, which no single example should bear


def copies(options: AugmentOptions, *texts: str, **columns: list[Any]) -> list[Added]:
    batch = Batch([f"d{at}" for at in range(len(texts))], texts, columns)
    step = options.build(RunSettings(policy=policy_from_template("default"), seed=3))
    return list(step.run(batch).added)


def carriers(text: str) -> list[str]:
    return [t.text for t in tokens(text) if t.is_word and (is_number(t) or is_negation(t))]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@pytest.mark.parametrize("text", [REVIEW, REVIEW_ZH])
def test_every_operation_changes_a_text_and_leaves_what_bears_its_label(
    operation: str, text: str
) -> None:
    if operation == "case" and text is REVIEW_ZH:
        pytest.skip("Chinese has no case")

    made = [rewrite(text, operation, str(key), rate=0.3) for key in range(20)]

    found = [one.text for one in made if one is not None]
    assert len(set(found)) > 1
    assert text not in found
    for one in found:
        assert "not happy with" in one or "没有帮助我" in one
        assert "30" in one


@given(text=SENTENCES, operation=NAMES, key=st.integers(0, 99), rate=st.floats(0.05, 1))
def test_negations_and_numbers_come_through_any_operation_in_order(
    text: str, operation: str, key: int, rate: float
) -> None:
    found = tokens(text)
    free = free_words(found, frozenset(), [])

    made = rewrite(text, operation, str(key), rate=rate)

    assert not [found[at].text for at in free if is_number(found[at]) or is_negation(found[at])]
    if made is not None and operation != "delete":  # deleting may join two Chinese words anew
        assert carriers(made.text) == carriers(text) or " " not in text


@settings(max_examples=300)
@given(
    text=SENTENCES,
    operation=NAMES,
    key=st.integers(0, 99),
    rate=st.floats(0.05, 1),
    cuts=st.lists(st.integers(0, 120), max_size=6),
)
def test_every_shifted_span_holds_the_original_entity(
    text: str, operation: str, key: int, rate: float, cuts: list[int]
) -> None:
    places = sorted({cut % (len(text) + 1) for cut in cuts})
    pairs = zip(places[::2], places[1::2], strict=False)
    spans = [EntitySpan(start, end, "X") for start, end in pairs]

    made = rewrite(text, operation, str(key), rate=rate, entities=spans)

    if made is not None:
        assert [made.text[s.start : s.end] for s in made.entities] == [
            text[s.start : s.end] for s in spans
        ]
        assert [s.label for s in made.entities] == [s.label for s in spans]


def test_a_deletion_that_would_take_a_space_out_of_an_entity_is_not_made() -> None:
    text = "big parcel came Leeds"
    span = EntitySpan(15, 21, "LOC")  # annotated with the space before it

    made = [rewrite(text, "delete", str(key), entities=[span]) for key in range(30)]

    for one in made:
        if one is not None:
            [moved] = one.entities
            assert one.text[moved.start : moved.end] == " Leeds"
    assert None in made


def test_an_inserted_word_pushes_the_entity_behind_it_on() -> None:
    text = "quick Leeds"

    made = rewrite(text, "insert", "1", entities=[EntitySpan(6, 11, "LOC")])

    assert made is not None
    assert made.text in {"quick fast Leeds", "quick rapid Leeds", "quick swift Leeds"}
    [span] = made.entities
    assert made.text[span.start : span.end] == "Leeds"


def test_words_that_bear_the_label_are_never_touched() -> None:
    terms = frozenset({"came late", "服务质量"})

    for operation in OPERATIONS:
        for text, term in ((REVIEW, "came late"), (REVIEW_ZH, "服务质量")):
            made = rewrite(text, operation, "1", rate=1.0, terms=terms)
            assert made is None or term in made.text


def test_what_a_negation_negates_stays_with_it() -> None:
    found = tokens("this is not good, but cheap")

    assert [found[at].text for at in free_words(found, frozenset(), [])] == [
        "this", "is", "but", "cheap",
    ]  # fmt: skip


def test_marks_of_redaction_are_not_words_to_change() -> None:
    text = "write to [EMAIL] or 致电[电话]和[CN_MOBILE]"
    found = tokens(text)

    free = [found[at].text for at in free_words(found, frozenset(), [])]

    assert free == ["write", "to", "or", "致电", "和"]


def test_a_deleted_word_takes_one_space_along() -> None:
    made = {
        one.text
        for key in range(40)
        if (one := rewrite("we saw two letters, twice.", "delete", str(key), rate=0.4))
    }

    assert len(made) > 5
    assert not [text for text in made if "  " in text or " ," in text or " ." in text]


def test_copies_depend_on_seed_and_id_alone() -> None:
    options = AugmentOptions(operations=("mask", "swap"), copies=2, rate=0.3)

    alone = [a for a in copies(options, "x", REVIEW) if a.position == 1]
    among = [a for a in copies(options, "another text here", REVIEW) if a.position == 1]
    other = Augment(options, seed=4).run(Batch(["d0", "d1"], ["x", REVIEW])).added

    assert [a.text for a in alone] == [a.text for a in among]
    assert [a.text for a in alone] != [a.text for a in other if a.position == 1]


def test_copies_name_their_parent_and_carry_moved_spans() -> None:
    options = AugmentOptions(operations=("synonym",), rate=0.01)
    text = "The parcel went to Leeds"

    [made] = copies(options, text, entities=[[[19, 24, "LOC"]]], words=[["x"]], pos=[["X"]])

    assert (made.position, made.suffix, made.text) == (0, "synonym-1", "The package went to Leeds")
    assert made.columns == {
        "parent": "d0",
        "augmentation": "synonym",
        "entities": [[20, 25, "LOC"]],
        "words": ["The", "package", "went", "to", "Leeds"],
        "pos": None,
    }


def test_only_the_parts_named_get_copies_and_copies_get_none() -> None:
    options = AugmentOptions(operations=("mask",))

    by_split = copies(options, REVIEW, REVIEW, split=["test", "train"])
    of_copies = copies(options, REVIEW, augmentation=["mask"])

    assert [made.position for made in by_split] == [1]
    assert of_copies == []


def test_documents_that_were_read_have_an_empty_parent() -> None:
    step = Augment(AugmentOptions(), seed=1)

    result = step.run(Batch(["a"], ["一"]))

    assert result.columns == {"parent": [""], "augmentation": [""]}
    assert result.added == []


@pytest.mark.parametrize("spans", [[[0, 99, "X"]], [[3, 3, "X"]], [[10, 11, "X"]]])
def test_a_span_outside_the_text_is_told_with_document_and_column(spans: list[Any]) -> None:
    with pytest.raises(InputError) as told:
        copies(AugmentOptions(), "short text", entities=[spans])

    assert str(told.value) == (
        "augment: document d0, column entities: a span lies outside the text of 10 characters\n"
        "  count characters from 0, in code points, the end excluded"
    )


@pytest.mark.parametrize(
    ("spans", "moved"),
    [
        ([[19, 24, "LOC"]], [[20, 25, "LOC"]]),
        (["19:24:LOC"], ["20:25:LOC"]),
        ('[[19, 24, "LOC"]]', '[[20, 25, "LOC"]]'),
        ([{"start": 19, "end": 24, "label": "LOC"}], [{"start": 20, "end": 25, "label": "LOC"}]),
        ([], []),
    ],
)
def test_spans_come_back_in_the_form_they_had(spans: Any, moved: Any) -> None:
    options = AugmentOptions(operations=("synonym",), rate=0.01)

    [made] = copies(options, "The parcel went to Leeds", entities=[spans])

    assert made.columns["entities"] == moved


def test_swapping_and_shuffling_lose_no_word() -> None:
    for operation in ("swap", "word_order"):
        for key in range(30):
            made = rewrite(REVIEW, operation, str(key), rate=0.4)
            if made is not None:
                before = sorted(t.text for t in tokens(REVIEW))
                assert sorted(t.text for t in tokens(made.text)) == before


def test_an_operation_proposes_nothing_when_it_knows_no_word() -> None:
    found = tokens("xyzzy")

    for operation in ("synonym", "delete", "swap", "word_order"):
        from random import Random

        assert list(OPERATIONS[operation](Draft("xyzzy", found, [0], 0.5), Random(1))) == []


def test_back_translation_is_refused_without_a_server() -> None:
    with pytest.raises(ValidationError, match="back_translation needs back_translation_url"):
        AugmentOptions(operations=("back_translation",))


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("It isn't cheap: 30 dollars in Leeds.", True),
        ("It is cheap: 30 dollars in Leeds.", False),
        ("It isn't cheap: 13 dollars in Leeds.", False),
        ("It isn't cheap: 30 dollars.", False),
        ("Leeds: it isn't cheap, 30 dollars in Leeds.", False),
    ],
)
def test_a_back_translation_counts_only_with_its_label_and_entities(
    answer: str, kept: bool
) -> None:
    options = AugmentOptions(
        operations=("back_translation",), back_translation_url="http://127.0.0.1:9/v1"
    )
    step = Augment(options, back_translate=lambda text, language: answer)
    text = "In Leeds it isn't cheap, 30 dollars."

    added = step.run(Batch(["a"], [text], {"entities": [[[3, 8, "LOC"]]]})).added

    assert [made.text for made in added] == ([answer] if kept else [])
    for made in added:
        [(start, end, label)] = made.columns["entities"]
        assert (made.text[start:end], label) == ("Leeds", "LOC")


def test_two_entities_of_the_same_text_are_not_found_again() -> None:
    spans = [EntitySpan(0, 1, "A"), EntitySpan(2, 3, "A")]

    assert find_again("x x", spans, "only one x") is None


class _Translator(BaseHTTPRequestHandler):
    asked: list[dict[str, Any]]
    answer: Any

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append(body)
        data = json.dumps(type(self).answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def translator() -> Iterator[tuple[str, type[_Translator]]]:
    handler = type("Handler", (_Translator,), {"asked": [], "answer": None})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1", handler
        server.shutdown()
        thread.join()


def test_a_server_is_asked_there_and_back(translator: tuple[str, type[_Translator]]) -> None:
    url, handler = translator
    handler.answer = {"choices": [{"message": {"content": "The package was late"}}]}
    options = AugmentOptions(
        operations=("back_translation",), back_translation_url=url, back_translation_model="m"
    )

    [made] = copies(options, "The parcel came late")

    assert made.text == "The package was late"
    assert [body["model"] for body in handler.asked] == ["m", "m"]
    assert "Chinese" in handler.asked[0]["messages"][0]["content"]
    assert "English" in handler.asked[1]["messages"][0]["content"]


def test_an_unusable_answer_names_server_model_and_the_way_out(
    translator: tuple[str, type[_Translator]],
) -> None:
    url, handler = translator
    handler.answer = {"choices": []}

    with pytest.raises(UpstreamError) as told:
        TranslationServer(url, "m")("secret text", "en")

    assert str(told.value) == (
        f"augment: no usable translation from {url} (model 'm')\n"
        "  start the server, or take back_translation out of `operations`"
    )
