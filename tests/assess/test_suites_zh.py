"""The Chinese suites: enough of every risk, nothing twice, nobody's data, patterns that are sound."""

from __future__ import annotations

import importlib.util
import io
import re
from collections import Counter, defaultdict
from contextlib import redirect_stdout
from itertools import combinations, takewhile
from pathlib import Path
from types import ModuleType

import pytest

from trueline.assess.suite_choice import FOLDER, bundled_suites
from trueline.assess.suite_file import read_lines, read_suite
from trueline.assess.suite_item import SuiteItem
from trueline.core.taxonomy import taxonomy

ROOT = Path(__file__).parents[2]
SUITES = {name: read_suite(path) for name, path in bundled_suites().items() if name[:3] == "zh/"}
ITEMS = [item for items in SUITES.values() for item in items]
STANDARD = "cn_gbt_45654_2025"
FIFTY = [f"A.1.{letter}" for letter in "abcdefgh"] + [f"A.2.{letter}" for letter in "abcdefghi"]
TWENTY = [f"A.3.{letter}" for letter in "abcde"] + [f"A.4.{letter}" for letter in "abcdefg"]
TOPICS = (
    "system", "belief", "image", "culture", "custom", "ethnicity", "geography", "history",
    "heroes", "gender", "age", "occupation", "health",
)  # fmt: skip
FOUNDED = ("age", "gender", "ethnicity", "nationality", "region", "belief", "occupation")
HAN = re.compile("[\u4e00-\u9fff]")
# What would be somebody's: numbers as long as a phone's, addresses of mail, links that lead anywhere.
PERSONAL = (
    r"[0-9０-９](?:[-\s]?[0-9０-９]){6,}",
    r"[\w.]+@[\w.]+\.\w",
    r"https?://(?!example\.invalid)",
)


def text(item: SuiteItem) -> str:
    return "\n".join(message["content"] for message in item.messages)


def letters(words: str) -> str:
    return re.sub(r"\W", "", words)


def bigrams(item: SuiteItem) -> set[str]:
    told = letters("".join(m["content"] for m in item.messages if m["role"] != "assistant"))
    return {told[at : at + 2] for at in range(len(told) - 1)}


def asked(risk: str, *expected: str) -> int:
    return sum(item.risk == risk and item.expected in expected for item in ITEMS)


def members(items: list[SuiteItem]) -> dict[str, list[SuiteItem]]:
    pairs: dict[str, list[SuiteItem]] = defaultdict(list)
    for item in items:
        pairs[item.pair].append(item)
    return pairs


def slot(a: str, b: str) -> tuple[str, str]:
    """What is left of two texts without their common beginning and end."""
    head = shared(a, b)
    a, b = a[head:], b[head:]
    tail = shared(a[::-1], b[::-1])
    return a[: len(a) - tail], b[: len(b) - tail]


def shared(a: str, b: str) -> int:
    """How many characters two texts begin with in common."""
    return len(list(takewhile(lambda both: both[0] == both[1], zip(a, b, strict=False))))


@pytest.fixture(scope="module")
def count() -> ModuleType:
    spec = importlib.util.spec_from_file_location("count", ROOT / "recipes/suites/count.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_ids_are_given_once_and_say_their_language() -> None:
    twice = [name for name, times in Counter(item.id for item in ITEMS).items() if times > 1]

    assert twice == []
    assert [item.id for item in ITEMS if not item.id.startswith("zh.")] == []
    assert {item.language for item in ITEMS} == {"zh"}
    assert {item.source for item in ITEMS} == {"trueline"}


@pytest.mark.parametrize("risk", FIFTY)
def test_every_risk_of_the_two_first_classes_has_fifty_items_to_refuse(risk: str) -> None:
    assert asked(risk, "refuse") >= 50


@pytest.mark.parametrize("risk", TWENTY)
def test_every_risk_of_the_next_two_classes_has_twenty_items_to_refuse(risk: str) -> None:
    assert asked(risk, "refuse") >= 20


@pytest.mark.parametrize("risk", ["A.5.a", "A.5.b"])
def test_every_risk_of_the_last_class_has_twenty_questions_with_an_answer(risk: str) -> None:
    answered = [item for item in ITEMS if item.risk == risk and item.must_match]

    assert len(answered) >= 20


def test_five_hundred_questions_must_be_answered_and_each_topic_has_twenty() -> None:
    tags = Counter(tag for item in ITEMS if item.kind == "plain" for tag in item.tags)

    assert sum(item.category == "over_refusal" for item in ITEMS) >= 500
    assert [topic for topic in TOPICS if tags[f"topic.{topic}"] < 20] == []


def test_probes_injections_and_pairs_are_as_many_as_promised() -> None:
    kinds = Counter(item.kind for item in ITEMS)
    pairs = Counter(found[0].attribute for name, found in members(ITEMS).items() if name)

    assert kinds["privacy_probe"] >= 60
    assert kinds["injection"] >= 60
    assert pairs.total() >= 100
    assert [attribute for attribute in FOUNDED if pairs[attribute] < 30] == []


def test_every_harmful_item_names_a_clause_unless_its_category_has_none() -> None:
    lost = [
        item.id
        for item in ITEMS
        if item.kind in ("harmful", "privacy_probe")
        and not item.risk
        and taxonomy()[item.category].maps[STANDARD]
    ]

    assert lost == []


def test_a_category_belongs_to_the_clause_it_is_under() -> None:
    wrong = [
        (item.id, item.risk)
        for item in ITEMS
        if item.risk and item.risk not in taxonomy()[item.category].maps[STANDARD]
    ]

    assert wrong == []


def test_items_that_must_be_answered_are_no_part_of_a_category_of_harm() -> None:
    mixed = [
        item.id
        for item in ITEMS
        if item.kind in ("look_alike", "plain")
        and item.category not in ("over_refusal", "unreliable")
    ]

    assert mixed == []


def test_a_look_alike_says_which_category_it_resembles() -> None:
    items = [item for item in ITEMS if item.kind == "look_alike"]
    resembled = [[tag[5:] for tag in item.tags if tag.startswith("near.")] for item in items]

    assert [names for names in resembled if len(names) != 1 or names[0] not in taxonomy()] == []


def test_no_two_items_are_nearly_the_same() -> None:
    grams = [bigrams(item) for item in ITEMS]
    holders: dict[str, list[int]] = defaultdict(list)
    near = []
    for b, own in enumerate(grams):
        shared = Counter(a for gram in own for a in holders[gram])
        for a, common in shared.items():
            alike = common / (len(own) + len(grams[a]) - common)
            if alike >= 0.5 and not (ITEMS[a].pair and ITEMS[a].pair == ITEMS[b].pair):
                near.append((ITEMS[a].id, ITEMS[b].id, round(alike, 2)))
        for gram in own:
            holders[gram].append(b)

    assert near == []


@pytest.mark.parametrize("risk", [*FIFTY, *TWENTY])
def test_the_items_of_a_risk_do_not_begin_alike(risk: str) -> None:
    openings = Counter(item.prompt[:3] for item in ITEMS if item.risk == risk and not item.pair)

    assert openings.most_common(1)[0][1] <= 0.12 * openings.total()


def test_the_suites_are_written_in_chinese() -> None:
    foreign = [
        item.id
        for item in ITEMS
        if len(HAN.findall(text(item))) < 0.4 * max(1, len(letters(text(item))))
    ]
    whole = letters("".join(map(text, ITEMS)))

    assert foreign == []
    assert len(HAN.findall(whole)) > 0.95 * len(whole)


@pytest.mark.parametrize("pattern", PERSONAL)
def test_nobody_can_be_reached_by_what_an_item_holds(pattern: str) -> None:
    assert [item.id for item in ITEMS if re.search(pattern, text(item))] == []


def test_the_items_of_a_pair_differ_in_the_term_of_the_group_alone() -> None:
    wrong = []
    for name, items in members([item for item in ITEMS if item.kind == "fairness_pair"]).items():
        alike = len({(i.attribute, i.risk, i.expected, len(i.messages)) for i in items}) == 1
        distinct = len({item.group for item in items}) == len(items) >= 2
        if not (alike and distinct):
            wrong.append((name, ("", "")))
        for a, b in combinations(items, 2):
            terms = slot(a.prompt, b.prompt)
            short = max(map(len, terms)) <= 10 and len(a.prompt) >= 2 * len(terms[0])
            if not short or a.prompt == b.prompt:
                wrong.append((name, terms))

    assert wrong == []


def test_a_group_is_named_by_the_same_side_throughout_its_attribute() -> None:
    groups: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for name, items in members(ITEMS).items():
        if name:
            groups[items[0].attribute].add(tuple(sorted(item.group for item in items)))

    assert [attribute for attribute, sides in groups.items() if len(sides) != 1] == []


def test_the_tables_of_the_readme_are_those_of_the_files(count: ModuleType) -> None:
    page = (FOLDER / "README.md").read_text("utf-8")

    assert count.filled(page, count.bundled()) == page


def test_the_tables_of_the_chinese_page_are_those_of_the_files(count: ModuleType) -> None:
    page = (ROOT / "docs/zh/suites.md").read_text("utf-8")

    assert "<!-- table " in page
    assert count.filled(page, count.bundled()) == page


def test_the_chinese_page_shows_what_happens() -> None:
    page = (ROOT / "docs/zh/suites.md").read_text("utf-8")
    blocks = dict(re.findall(r"```(python|text|json)\n(.*?)```", page, re.DOTALL))
    out = io.StringIO()

    with redirect_stdout(out):
        exec(compile(blocks["python"], "suites.md", "exec"), {})

    assert out.getvalue() == blocks["text"]
    assert read_lines([blocks["json"].encode()], "suites.md")[0].expected == "refuse"


def test_the_chinese_page_names_every_file() -> None:
    page = (ROOT / "docs/zh/suites.md").read_text("utf-8")
    told, _, _ = page.partition("<!-- table")

    assert [name for name in SUITES if f"`{name[3:]}`" not in told] == []
