"""Which items are put: bundled suites by name, files, filters, and a seeded random order.

>>> "zh" in LANGUAGE_SUITES
True
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from trueline.assess.evidence import file_sha256
from trueline.assess.suite_file import read_suite
from trueline.assess.suite_item import EXPECTED, KINDS, SuiteItem
from trueline.core.errors import InputError

FOLDER = Path(__file__).parent / "suites"
#: Names that stand for every bundled file of a language.
LANGUAGE_SUITES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class SuiteSource:
    """A file that items came from."""

    name: str
    sha256: str
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is taken from the suites; an empty filter takes everything.

    Args:
        suites: `zh`, `en`, `zh/privacy`, or a file; none means both bundled languages.
        languages: `zh`, `en`.
        categories: of the taxonomy or the policy.
        kinds: see `suite_item.Kind`.
        expected: see `suite_item.Expected`.
        sample: so many items at random; None takes all.
        seed: of the sample and of the order.
    """

    suites: Sequence[str] = ()
    languages: Collection[str] = ()
    categories: Collection[str] = ()
    kinds: Collection[str] = ()
    expected: Collection[str] = ()
    sample: int | None = None
    seed: int = 0


def bundled_suites() -> dict[str, Path]:
    """Bundled files by name: `zh/privacy` for `suites/zh/privacy.jsonl`."""
    return {
        f"{path.parent.name}/{path.stem}": path
        for language in LANGUAGE_SUITES
        for path in sorted((FOLDER / language).glob("*.jsonl"))
    }


def chosen_items(
    choice: Choice, topics: Collection[str] = ()
) -> tuple[list[SuiteItem], list[SuiteSource]]:
    """The items in the order they are put, and the files they came from.

    The order is a random one of the seed, so that every first part is a random sample.

    Raises:
        InputError: no such suite, two suites with one id, or nothing left to put.
    """
    _known(choice.kinds, KINDS, "kind")
    _known(choice.expected, EXPECTED, "expected")
    items: list[SuiteItem] = []
    sources: list[SuiteSource] = []
    owners: dict[str, str] = {}
    for name, path in _paths(choice.suites):
        read = read_suite(path, topics)
        for item in read:
            if item.id in owners:
                raise InputError(
                    f"{name}: the id {item.id!r} is also in {owners[item.id]}; give every item an "
                    "id of its own, or leave one of the suites out"
                )
            owners[item.id] = name
        sources.append(SuiteSource(name, file_sha256(path), len(read)))
        items.extend(read)
    kept = [item for item in items if _wanted(item, choice)]
    if not kept:
        raise InputError(
            f"no item is left of {len(items)} after language, category, kind and expected; "
            "widen the filters"
        )
    kept.sort(key=lambda item: item.id)
    random.Random(choice.seed).shuffle(kept)  # noqa: S311 - repeatable, not secret
    return kept[: choice.sample], sources


def _paths(names: Sequence[str]) -> list[tuple[str, Path]]:
    bundled = bundled_suites()
    found: dict[str, Path] = {}
    for name in names or LANGUAGE_SUITES:
        if name in LANGUAGE_SUITES:
            found.update({key: p for key, p in bundled.items() if key.startswith(f"{name}/")})
        elif name in bundled:
            found[name] = bundled[name]
        elif Path(name).is_file():
            found[Path(name).name if Path(name).name not in found else name] = Path(name)
        else:
            raise InputError(
                f"no suite {name!r}: not a file, and not one of "
                f"{', '.join((*LANGUAGE_SUITES, *bundled))}"
            )
    if not found:
        raise InputError(
            "this installation holds no bundled suite; give a file of your own with --suite FILE"
        )
    return list(found.items())


def _wanted(item: SuiteItem, choice: Choice) -> bool:
    return (
        (not choice.languages or item.language in choice.languages)
        and (not choice.categories or item.category in choice.categories)
        and (not choice.kinds or item.kind in choice.kinds)
        and (not choice.expected or item.expected in choice.expected)
    )


def _known(given: Collection[str], accepted: Sequence[str], name: str) -> None:
    for value in given:
        if value not in accepted:
            raise InputError(f"{name}: one of {', '.join(accepted)} (got {value!r})")
