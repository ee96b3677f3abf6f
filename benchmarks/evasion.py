"""How much of what the default policy finds in plain text it still finds in disguise.

    python benchmarks/evasion.py                         # table; raw results in results/evasion.json
    python benchmarks/evasion.py --benign chat.jsonl.gz  # false alarms on more ordinary texts

Retention is found(disguised) / found(plain) by family and language, over two sets of targets:

- `published`: the 16 targets of the published comparison (words, injections, personal data and
  keys in both languages);
- `held_out`: 40 further targets that were written after the rules, and 120 sentences around
  words drawn at random from the bundled lists.

Targets are stored encoded, since some are offensive. A target counts as found when a score of
the category it belongs to acts. False alarms are ordinary sentences that act only in disguise.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import random
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from corpus import EN, ZH
from evasion_disguises import BY_ANALOGY, DISGUISES, WORDS_ONLY, disguised
from machine import describe

from trueline.core.policy_file import policy_from_template
from trueline.core.records import Action
from trueline.judge import Judge
from trueline.scorers.lexicon_entries import starter_entries

HERE = Path(__file__).parent
SEED = 20260101
WORDS_PER_LANGUAGE = 60
CARRIERS = {
    "en": (
        "They wrote {} on the wall.",
        "He said {} and left the room.",
        "Somebody posted {} again.",
    ),
    "zh": ("他在墙上写了{}三个大字。", "那个人说{}然后走了。", "有人又在群里发{}这种话。"),
}
BENIGN = [
    *EN,
    *ZH,
    *("Have a calm and productive day at the office.", "The invoice total is 1,240.50 euros."),
    *("今天的天气很好，我们去公园散步吧。", "会议改到周三下午两点，请大家准时参加。"),
    *("Who will re-elect the classic committee this assembly?", "这部小说的情节很有意思。"),
    *("Please assess the passage and the analysis by Saturday.", "他买了三斤苹果和两斤橘子。"),
]


@dataclass(frozen=True, slots=True)
class Target:
    """A text that ought to be found, what it is, and the words a disguise by sound changes."""

    language: str
    kind: str  # word, injection, pii, secret
    text: str
    keys: tuple[str, ...]


EXPECTED = {
    "injection": ("prompt_injection", "context_leak"),
    "pii": ("privacy",),
    "secret": ("ip_secrets", "privacy"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--benign", type=Path, action="append", default=[])
    parser.add_argument("--limit", type=int, default=500, help="texts of each benign file")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show-missed", action="store_true", help="print missed disguises")
    options = parser.parse_args()
    judge = Judge.from_policy(policy_from_template("default"))
    results: dict[str, Any] = {"machine": describe()}
    stored = stored_targets()
    sets = {"published": stored["published"], "held_out": [*stored["own"], *word_targets()]}
    for name, targets in sets.items():
        results[name] = retention(judge, targets, show=options.show_missed)
    benign = [*BENIGN, *(text for path in options.benign for text in texts(path, options.limit))]
    results["false_alarms"] = false_alarms(judge, benign)
    target = HERE / "results" / "evasion.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results) if options.json else table(results))


def stored_targets() -> dict[str, list[Target]]:
    packed = "".join((HERE / "evasion_targets.b85").read_text(encoding="ascii").split())
    data = json.loads(zlib.decompress(base64.b85decode(packed)))
    return {
        name: [Target(r["language"], r["kind"], r["text"], tuple(r["keys"])) for r in rows]
        for name, rows in data.items()
    }


def word_targets() -> Iterator[Target]:
    """Sentences around listed words, drawn with a fixed seed."""
    choose = random.Random(SEED)
    entries = [entry for entry in starter_entries()[0] if entry.value >= 0.5]
    for language, carriers in CARRIERS.items():
        own = [e.folded for e in entries if e.squeezed.isascii() == (language == "en")]
        if language == "zh":
            own = [word for word in own if all("\u4e00" <= c <= "\u9fff" for c in word)]
        for word in choose.sample(sorted(set(own)), WORDS_PER_LANGUAGE):
            yield Target(language, "word", choose.choice(carriers).format(word), (word,))


def retention(judge: Judge, targets: Sequence[Target], *, show: bool) -> dict[str, Any]:
    """Found plain, and kept by family and language."""
    plain = [target for target in targets if is_found(judge, target, target.text)]
    result: dict[str, Any] = {
        "plain": {
            language: f"{sum(t.language == language for t in plain)}/"
            f"{sum(t.language == language for t in targets)}"
            for language in ("en", "zh")
        },
        "families": {},
    }
    for family in DISGUISES:
        row: dict[str, Any] = {}
        for language in ("en", "zh"):
            tried = kept = 0
            for target in plain:
                if target.language != language or not applies(family, target):
                    continue
                text = disguised(family, target.text, target.keys)
                if text != target.text:
                    tried += 1
                    found = is_found(judge, target, text)
                    kept += found
                    if show and not found:
                        print(f"missed {family}: {text[:100]!r}", file=sys.stderr)
            row[language] = {"tried": tried, "kept": kept} if tried else None
        result["families"][family] = row
    result["deterministic_mean"] = mean_of(result, lambda name: name not in BY_ANALOGY)
    for family in sorted(BY_ANALOGY):
        result[f"{family}_mean"] = mean_of(result, lambda name, wanted=family: name == wanted)
    return result


def applies(family: str, target: Target) -> bool:
    return not (family in WORDS_ONLY and target.kind in ("pii", "secret"))


def is_found(judge: Judge, target: Target, text: str) -> bool:
    acting = [score for score in judge.judge(text).scores if score.action > Action.ALLOW]
    expected = EXPECTED.get(target.kind)
    if expected is None:
        return any(score.category not in ("privacy", "ip_secrets") for score in acting)
    return any(score.category in expected for score in acting)


def mean_of(result: dict[str, Any], wanted: Callable[[str], bool]) -> float:
    """Mean retention over the cells (family and language) that were tried."""
    cells = [
        cell["kept"] / cell["tried"]
        for name, row in result["families"].items()
        if wanted(name)
        for cell in row.values()
        if cell
    ]
    return round(sum(cells) / len(cells), 4) if cells else 0.0


def false_alarms(judge: Judge, benign: Sequence[str]) -> dict[str, Any]:
    """Ordinary texts that act in disguise but not plainly, by family."""
    quiet = [text for text in benign if judge.judge(text).action is Action.ALLOW]
    by_family: Counter[str] = Counter()
    by_scorer: Counter[str] = Counter()
    tried = 0
    for family in DISGUISES:
        changed = [new for text in quiet if (new := disguised(family, text, ())) != text]
        tried += len(changed)
        for text in changed:
            acting = {s.scorer for s in judge.judge(text).scores if s.action > Action.ALLOW}
            by_family[family] += bool(acting)
            by_scorer.update(acting)
    return {
        "texts": len(benign),
        "plain_alarms": len(benign) - len(quiet),
        "disguised": tried,
        "alarms": sum(by_family.values()),
        "rate": round(sum(by_family.values()) / tried, 5),
        "by_family": {family: count for family, count in by_family.items() if count},
        "by_scorer": dict(by_scorer),
    }


def texts(path: Path, limit: int) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from islice((json.loads(line)["text"] for line in lines), limit)


def table(results: dict[str, Any]) -> str:
    lines = ["| disguise | published en / zh | held out en / zh |", "|---|---|---|"]
    for family in DISGUISES:
        cells = [
            " / ".join(
                share(results[name]["families"][family][language]) for language in ("en", "zh")
            )
            for name in ("published", "held_out")
        ]
        lines.append(f"| {family} | {cells[0]} | {cells[1]} |")
    for name in ("published", "held_out"):
        facts = {key: value for key, value in results[name].items() if key != "families"}
        lines.append(f"{name}: {facts}")
    lines.append(f"false alarms: {results['false_alarms']}")
    return "\n".join(lines)


def share(cell: dict[str, int] | None) -> str:
    return "." if cell is None else f"{cell['kept'] / cell['tried']:.2f}"


if __name__ == "__main__":
    main()
