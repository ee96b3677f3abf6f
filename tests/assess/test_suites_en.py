"""The bundled English suites: well-formed, large enough, without repeats or personal data."""

from __future__ import annotations

import importlib.util
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from trueline.assess.suite_choice import FOLDER
from trueline.assess.suite_file import read_suite
from trueline.assess.suite_item import SuiteItem
from trueline.core.regulations import regulation_data
from trueline.core.taxonomy import taxonomy

SUITES = FOLDER / "en"
README = FOLDER / "README.md"
ROOT = Path(__file__).parents[2]
SIMILAR = 0.8


@pytest.fixture(scope="module")
def items() -> list[SuiteItem]:
    return [item for path in sorted(SUITES.glob("*.jsonl")) for item in read_suite(path)]


def text_of(item: SuiteItem) -> str:
    return "\n".join(message["content"] for message in item.messages)


def test_every_id_is_unique_and_names_the_language(items: list[SuiteItem]) -> None:
    ids = [item.id for item in items]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"en\.[a-z_]+\.[0-9]{4}(\.[a-z_]+)?", name) for name in ids)


def test_every_item_is_english_of_the_project_and_of_a_known_category(
    items: list[SuiteItem],
) -> None:
    assert {item.language for item in items} == {"en"}
    assert {item.source for item in items} == {"trueline"}
    assert {item.category for item in items} <= set(taxonomy())


def test_no_item_is_written_in_another_script(items: list[SuiteItem]) -> None:
    foreign = [
        item.id for item in items if re.search("[\u0370-\u1fff\u3000-\u9fff]", text_of(item))
    ]

    assert foreign == []


def test_a_risk_is_one_that_the_category_maps_to(items: list[SuiteItem]) -> None:
    wrong = [
        (item.id, item.risk)
        for item in items
        if item.risk and item.risk not in taxonomy()[item.category].maps["cn_gbt_45654_2025"]
    ]

    assert wrong == []


def test_every_harmful_item_has_a_risk_where_its_category_maps_to_one(
    items: list[SuiteItem],
) -> None:
    without = [
        item.id
        for item in items
        if item.kind in ("harmful", "privacy_probe")
        and not item.risk
        and taxonomy()[item.category].maps["cn_gbt_45654_2025"]
    ]

    assert without == []


def all_risks() -> list[str]:
    classes = regulation_data()["regulations"]["cn_gbt_45654_2025"]["categories"]
    return [risk["id"] for group in classes for risk in group["risks"]]


def test_every_risk_of_the_standard_has_its_number_of_should_refuse_items(
    items: list[SuiteItem],
) -> None:
    counts = Counter(item.risk for item in items if item.expected == "refuse")

    thin = {
        risk: counts[risk]
        for risk in all_risks()
        if counts[risk] < (50 if risk.startswith(("A.1.", "A.2.")) else 20)
    }

    assert thin == {}


def test_every_ailuminate_hazard_has_thirty_items(items: list[SuiteItem]) -> None:
    asked = [item for item in items if item.expected == "refuse" or item.kind == "advice"]
    counts = Counter(
        hazard
        for item in asked
        for hazard in taxonomy()[item.category].maps["mlcommons_ailuminate"]
    )

    assert len(counts) == 12
    assert min(counts.values()) >= 30


def test_each_system_category_has_twenty_items(items: list[SuiteItem]) -> None:
    counts = Counter(item.category for item in items)
    names = ("context_leak", "unsafe_output_handling", "excessive_agency", "resource_abuse")

    assert {name: counts[name] for name in names if counts[name] < 20} == {}


def test_should_comply_items_cover_every_topic_of_the_standard(items: list[SuiteItem]) -> None:
    plain = [item for item in items if item.expected == "comply" and item.kind != "fairness_pair"]
    tags = Counter(tag for item in plain for tag in item.tags)
    topics = [
        "system",
        "belief",
        "image",
        "culture",
        "custom",
        "ethnicity",
        "geography",
        "history",
        "heroes",
        "gender",
        "age",
        "occupation",
        "health",
    ]

    assert len(plain) >= 500
    assert {topic: tags[f"topic.{topic}"] for topic in topics if tags[f"topic.{topic}"] < 20} == {}


def stated(pattern: str) -> dict[str, int]:
    """Names and numbers in the rows of the README's tables; the first table that has a name."""
    rows = re.findall(pattern, README.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: int(number) for name, number in reversed(rows)}


def test_there_are_as_many_items_of_each_risk_as_the_readme_states(
    items: list[SuiteItem],
) -> None:
    counts = Counter(item.risk for item in items if item.expected == "refuse")

    told = stated(r"^\| (A\.[0-9]\.[a-z]) \| [^|]+ \| [0-9]+ \| [0-9]+ \| ([0-9]+) \|")

    assert set(told) == set(all_risks())
    assert {risk: n for risk, n in told.items() if counts[risk] < n} == {}


def test_every_file_holds_as_many_items_as_the_readme_states() -> None:
    told = stated(r"^\| `([a-z_0-9]+)` \| [0-9]+ \| ([0-9]+) \|$")

    sizes = {path.stem: len(read_suite(path)) for path in SUITES.glob("*.jsonl")}

    assert {name: told.get(name) for name in sizes} == sizes


def words_of(text: str) -> frozenset[str]:
    return frozenset(re.findall("[a-z0-9']+", text.lower()))


def grams_of(text: str) -> frozenset[str]:
    plain = " ".join(re.findall("[a-z0-9']+", text.lower()))
    return frozenset(plain[at : at + 4] for at in range(max(1, len(plain) - 3)))


def similar_pairs(features: Sequence[frozenset[str]], limit: float) -> set[tuple[int, int]]:
    """Pairs with a Jaccard similarity of at least `limit`; exact, by prefix filtering.

    Two such sets share one of the rarest `size - ceil(limit * size) + 1` features of either.
    """
    rarity = Counter(feature for one in features for feature in one)
    seen: defaultdict[str, list[int]] = defaultdict(list)
    pairs: set[tuple[int, int]] = set()
    for number, one in enumerate(features):
        rarest = sorted(one, key=lambda feature: (rarity[feature], feature))
        prefix = rarest[: len(one) - math.ceil(limit * len(one)) + 1]
        for other in {other for feature in prefix for other in seen[feature]}:
            if len(one & features[other]) >= limit * len(one | features[other]):
                pairs.add((other, number))
        for feature in prefix:
            seen[feature].append(number)
    return pairs


def test_similar_texts_are_found_by_the_test_itself() -> None:
    texts = [
        "How do I kill a process on Linux?",
        "how do I kill a process on linux!",
        "Bake bread.",
    ]

    assert similar_pairs([words_of(text) for text in texts], SIMILAR) == {(0, 1)}
    assert similar_pairs([grams_of(text) for text in texts], SIMILAR) == {(0, 1)}


@pytest.mark.parametrize("features", [words_of, grams_of])
def test_no_two_items_say_nearly_the_same(items: list[SuiteItem], features: Any) -> None:
    texts = [(item.id, text_of(item)) for item in items if item.kind != "fairness_pair"]
    frames = recipe().yaml.safe_load(recipe().FRAMES.read_text(encoding="utf-8"))
    texts += [(text, text) for text in frames["shared_frames"]]
    texts += [(one["text"], one["text"]) for own in frames["frames"].values() for one in own]

    pairs = similar_pairs([features(text) for _, text in texts], SIMILAR)

    assert [(texts[a][0], texts[b][0]) for a, b in pairs] == []


def test_no_opening_is_used_by_more_than_a_handful_of_harmful_items(
    items: list[SuiteItem],
) -> None:
    openings = Counter(
        " ".join(item.prompt.lower().split()[:5]) for item in items if item.expected == "refuse"
    )

    assert [(words, n) for words, n in openings.items() if n > 6] == []


def recipe() -> Any:
    path = ROOT / "recipes/suites/en/fairness_pairs.py"
    spec = importlib.util.spec_from_file_location("fairness_pairs_en", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_fairness_file_is_what_its_frames_make() -> None:
    made = recipe().suite_lines()

    assert (SUITES / "fairness_pairs.jsonl").read_text(encoding="utf-8") == made


def pairs_of(items: Iterable[SuiteItem]) -> list[list[SuiteItem]]:
    pairs: defaultdict[str, list[SuiteItem]] = defaultdict(list)
    for item in items:
        if item.pair:
            pairs[item.pair].append(item)
    return list(pairs.values())


def differing(a: Sequence[str], b: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """What is left of two texts without their common beginning and end."""
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return a[start : len(a) - end], b[start : len(b) - end]


def test_the_items_of_a_pair_differ_in_one_group_term_only(items: list[SuiteItem]) -> None:
    pairs = pairs_of(items)

    assert len(pairs) >= 100
    for pair in pairs:
        assert len({item.group for item in pair}) == len(pair) >= 2
        assert len({(item.attribute, item.category, item.expected) for item in pair}) == 1
        for one, other in pairwise(pair):
            left, right = differing(one.prompt.split(), other.prompt.split())
            assert left != right
            assert len(left) <= 5
            assert len(right) <= 5


def test_six_attributes_reach_thirty_pairs_for_their_groups(items: list[SuiteItem]) -> None:
    groups: Counter[tuple[str, str]] = Counter(
        (item.attribute, item.group) for item in items if item.pair
    )
    enough = {attribute for (attribute, _), number in groups.items() if number >= 30}

    assert enough == {"gender", "ethnicity", "nationality", "belief", "age", "disability"}


def test_no_personal_data_but_reserved_examples(items: list[SuiteItem]) -> None:
    text = "\n".join(text_of(item) for item in items)

    mails = set(re.findall(r"@([A-Za-z0-9.-]+[A-Za-z])", text))
    addresses = set(re.findall(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])", text))
    hosts = set(re.findall(r"//([A-Za-z0-9.-]+\.[a-z]+)", text))
    phones = set(re.findall(r"(?<![0-9])[0-9]{3}[- ][0-9]{4}(?![0-9])", text))

    assert {host for host in mails | hosts if not host.endswith("example.org")} == set()
    assert all(address.startswith("192.0.2.") for address in addresses)
    assert all(phone.startswith("555-01") for phone in phones)
    assert re.findall(r"(?<![0-9])[0-9](?:[ -]?[0-9]){8,}(?![0-9])", text) == []
