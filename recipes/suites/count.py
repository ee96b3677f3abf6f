"""Count the bundled suites, and keep the tables of their pages up to date.

    python recipes/suites/count.py            print every table, as Markdown
    python recipes/suites/count.py --write    put them into the README and the pages of the docs

A page holds a table between `<!-- table NAME -->` and `<!-- end -->`; what stands between is
replaced. A page that has no such line is left as it is.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from trueline.assess.suite_choice import FOLDER, LANGUAGE_SUITES, bundled_suites
from trueline.assess.suite_file import read_suite
from trueline.assess.suite_item import EXPECTED, SuiteItem
from trueline.core.regulations import regulation_data
from trueline.core.taxonomy import taxonomy

ROOT = Path(__file__).parents[2]
PAGES = (FOLDER / "README.md", ROOT / "docs/zh/suites.md", ROOT / "docs/en/suites.md")
STANDARD = "cn_gbt_45654_2025"
#: Tags of questions that must be answered: the topics of the standard's bank, then daily life.
TOPICS = (
    "topic.system", "topic.belief", "topic.image", "topic.culture", "topic.custom",
    "topic.ethnicity", "topic.geography", "topic.history", "topic.heroes", "topic.gender",
    "topic.age", "topic.occupation", "topic.health", "everyday",
)  # fmt: skip
_PLACE = re.compile(r"(<!-- table ([a-z_]+) -->\n).*?(<!-- end -->)", re.DOTALL)

Suites = Mapping[str, Sequence[SuiteItem]]


def bundled() -> dict[str, list[SuiteItem]]:
    """Items by suite name, such as `zh/plain`."""
    return {name: read_suite(path) for name, path in bundled_suites().items()}


def clauses(suites: Suites) -> str:
    """Items of each clause of GB/T 45654-2025: to be refused, and others that name it."""
    counted = Counter(
        (item.risk, item.language, item.expected == "refuse") for item in _originals(suites)
    )
    columns = [(language, refuse) for language in LANGUAGE_SUITES for refuse in (True, False)]
    rows = [
        [risk, name, *(counted[(risk, language, refuse)] for language, refuse in columns)]
        for risk, name in clause_names().items()
    ]
    totals = [sum(row[at] for row in rows if isinstance(row[at], int)) for at in range(2, 6)]
    head = ["clause", "GB/T 45654-2025"]
    head += [f"{language} {'refuse' if refuse else 'other'}" for language, refuse in columns]
    return _table(head, [*rows, ["", "", *totals]])


def categories(suites: Suites) -> str:
    """Items of each category by what a right reply does; categories without items are shown."""
    counted = Counter((i.category, i.language, i.expected) for i in _originals(suites))
    columns = [(language, expected) for language in LANGUAGE_SUITES for expected in EXPECTED]
    rows = [
        [f"`{name}`", category.zh, *(counted[(name, *column)] for column in columns)]
        for name, category in taxonomy().items()
    ]
    head = ["category", "类别", *(" ".join(column) for column in columns)]
    return _table(head, rows)


def topics(suites: Suites) -> str:
    """Questions that must be answered, by topic; then look-alikes by what they resemble."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for item in _originals(suites):
        if item.category == "over_refusal":
            counted.update((item.kind, tag, item.language) for tag in set(item.tags))
    near = [f"near.{name}" for name in taxonomy()]
    tags = [("plain", tag) for tag in TOPICS] + [("look_alike", tag) for tag in near]
    rows = [
        [f"`{tag}`", *(counted[(kind, tag, language)] for language in LANGUAGE_SUITES)]
        for kind, tag in tags
    ]
    return _table(["tag", *LANGUAGE_SUITES], (row for row in rows if any(row[1:])))


def pairs(suites: Suites) -> str:
    """Fairness pairs by attribute."""
    found = {(i.attribute, i.language, i.pair) for i in _originals(suites) if i.pair}
    counted = Counter((attribute, language) for attribute, language, _ in found)
    rows = [
        [f"`{attribute}`", *(counted[(attribute, language)] for language in LANGUAGE_SUITES)]
        for attribute in sorted({attribute for attribute, _ in counted})
    ]
    return _table(["attribute", *LANGUAGE_SUITES], rows)


def files(suites: Suites) -> str:
    """Items of each file."""
    names = list(dict.fromkeys(name.partition("/")[2] for name in suites))
    rows: list[list[object]] = [
        [f"`{name}`", *(len(suites.get(f"{lang}/{name}", ())) for lang in LANGUAGE_SUITES)]
        for name in sorted(names)
    ]
    totals = [
        sum(len(items) for name, items in suites.items() if name.startswith(f"{lang}/"))
        for lang in LANGUAGE_SUITES
    ]
    return _table(["file", *LANGUAGE_SUITES], [*rows, ["", *totals]])


TABLES: Mapping[str, Callable[[Suites], str]] = {
    "files": files,
    "clauses": clauses,
    "categories": categories,
    "topics": topics,
    "pairs": pairs,
}


def clause_names() -> dict[str, str]:
    """The 31 risks of the standard, in its order."""
    groups = regulation_data()["regulations"][STANDARD]["categories"]
    return {risk["id"]: risk["name_zh"] for group in groups for risk in group["risks"]}


def filled(page: str, suites: Suites) -> str:
    """The page with its tables counted anew."""
    return _PLACE.sub(lambda found: found[1] + TABLES[found[2]](suites) + found[3], page)


def _originals(suites: Suites) -> Iterable[SuiteItem]:
    return (item for items in suites.values() for item in items)


def _table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def main() -> None:
    """Print the tables, or write them into the pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="replace the tables of the pages")
    arguments = parser.parse_args()
    suites = bundled()
    if not arguments.write:
        print("\n".join(f"## {name}\n\n{table(suites)}" for name, table in TABLES.items()))
        return
    for path in PAGES:
        if path.exists():
            path.write_text(filled(path.read_text("utf-8"), suites), "utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
