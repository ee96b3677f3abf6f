"""Make the bundled word lists: curated entries, checked against ordinary text.

    python recipes/lexicon/build.py DATA_FOLDER            build and report
    python recipes/lexicon/build.py --show                 print the bundled list (offensive)
    python recipes/lexicon/build.py --encode FILE          store an edited curation file
    python recipes/lexicon/build.py --decode               print the curation file (offensive)

The curation file groups words by language, category, label, value and source; it is kept
encoded beside this script. Each entry is then searched for, in every disguise, in ordinary
text of DATA_FOLDER:

- an entry that ordinary text holds plainly falls to 0.4, below every default threshold;
- a disguise under which ordinary text seems to hold the entry is switched off for it.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from trueline.scorers import lexicon_entries
from trueline.scorers.lexicon_entries import REVERSED, ROT13, SPLIT, Entry, is_han
from trueline.scorers.lexicon_search import LexiconSearch
from trueline.text.normalize import normalize

CURATION = Path(__file__).with_name("curation.b85")
AMBIGUOUS = 0.4
# Harmless texts of the kind a guard sees: one plain hit here makes an entry ambiguous ...
NEAR = (
    "safety/train/benign_en_banking77",
    "safety/train/benign_en_clinc150",
    "safety/train/benign_en_instructions",
    "safety/train/benign_zh_crosswoz",
    "safety/train/benign_zh_instructions",
    "safety/train/benign_zh_kdconv",
    "safety/train/cvalues_responsibility_zh",
    "safety/train/cyberseceval_frr_benign",
    "safety/extra/chinese_safetyqa_benign_zh",
    "safety/extra/zh_hard_benign_synthetic",
    "safety/extra/refusalbench_bio_benign_en",
    "safety/extra/injection_talk_benign_en",
)
# ... and several here, where a rare bad word is no surprise.
FAR = (
    "general/pretrain/en_docs",
    "general/pretrain/en_gov_articles",
    "general/pretrain/en_wiki_paragraphs",
    "general/pretrain/zh_docs",
    "general/pretrain/zh_laws",
    "general/pretrain/zh_wiki_paragraphs",
    "general/pretrain/zh_counsel_dialogues",
    "general/tasks/classification/clinc150_en.train",
    "general/tasks/classification/multidogo_intents_en.train",
    "general/tasks/classification/sentfin_en.train",
    "general/tasks/classification/shopping_reviews_zh.train",
    "general/tasks/classification/thucnews_headlines_zh.dev",
    "general/tasks/relation/sanwen_zh.train",
    "general/tasks/relation/finre_zh.train",
)
# Novels and classics use bad words plainly; they only show which disguises collide.
LITERATURE = (
    "general/pretrain/en_novels",
    "general/pretrain/zh_classics",
    "general/pretrain/zh_poetry",
)
CHARACTERS_PER_FILE = 4_000_000
FAR_HITS = 4
DISGUISES = ("split", "reversed", "rot13", "pinyin")
DISGUISE_LETTER = {"split": SPLIT, "reversed": REVERSED, "rot13": ROT13}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--decode", action="store_true")
    parser.add_argument("--encode", type=Path)
    options = parser.parse_args()
    if options.encode:
        CURATION.write_text(_pack(options.encode.read_text(encoding="utf-8")), encoding="ascii")
    if options.decode:
        print(_unpack(CURATION.read_text(encoding="ascii")))
    if options.show:
        for entry in lexicon_entries.starter_entries()[0]:
            print(*dataclasses.astuple(entry), sep="\t")
    if options.data:
        build(options.data)


def build(data: Path) -> None:
    entries, exceptions = read_curation(_unpack(CURATION.read_text(encoding="ascii")))
    near = count(entries, exceptions, [data / f"{name}.jsonl.gz" for name in NEAR])
    far = count(entries, exceptions, [data / f"{name}.jsonl.gz" for name in FAR])
    old = count(entries, exceptions, [data / f"{name}.jsonl.gz" for name in LITERATURE])
    far += Counter({key: hits for key, hits in old.items() if key[2] in DISGUISES})
    final = [checked(entry, near, far) for entry in entries]
    text = lexicon_entries.encode(final, exceptions)
    target = Path(lexicon_entries.__file__).with_name("lexicon_data") / "starter.tsv.b85"
    target.write_text(text, encoding="ascii")
    report(entries, final, len(exceptions), target.stat().st_size)


def read_curation(text: str) -> tuple[list[Entry], list[str]]:
    """Entries with every disguise on, and the excepted phrases.

    A group starts with `@ language category label value source`; words follow, parted by
    commas; `word!phrase|phrase` names harmless phrases that hold the word.
    """
    entries: dict[tuple[str, str], Entry] = {}
    exceptions: dict[str, None] = {}
    group: list[str] = []
    for line in text.splitlines():
        if line.startswith("@"):
            group = line.split()[1:]
        elif line.strip() and not line.startswith("#"):
            for item in line.split(","):
                word, _, phrases = item.strip().partition("!")
                for phrase in filter(None, phrases.split("|")):
                    exceptions[normalize(phrase).folded.text] = None
                entry = entry_of(word, group)
                known = entries.get((entry.folded, entry.category))
                if entry.squeezed and (known is None or known.value < entry.value):
                    entries[entry.folded, entry.category] = entry
    return list(entries.values()), list(exceptions)


def entry_of(word: str, group: list[str]) -> Entry:
    _, category, label, value, _ = group
    text = normalize(word)
    folded, squeezed = text.folded.text.strip(), text.squeezed.text
    disguises = SPLIT if len(squeezed) > 1 else ""
    if len(squeezed) > 1 and squeezed != squeezed[::-1]:
        disguises += REVERSED
    if squeezed.isascii() and len(squeezed) > 3:
        disguises += ROT13
    pinyin = text.pinyin.text if sum(map(is_han, squeezed)) >= 2 else ""
    return Entry(folded, squeezed, pinyin, category, label, float(value), disguises)


Counts = Counter[tuple[str, str, str]]  # folded, category, disguise


def count(entries: list[Entry], exceptions: list[str], paths: Iterable[Path]) -> Counts:
    search = LexiconSearch(entries, exceptions)
    counts: Counts = Counter()
    for path in paths:
        for text in texts(path):
            found = {
                (f.entry.folded, f.entry.category, f.disguise) for f in search.find(normalize(text))
            }
            plain = {key[:2] for key in found if key[2] in ("", "split")}
            # A word that stands there plainly is also found by its sound: that is no collision.
            counts.update(key for key in found if key[2] != "pinyin" or key[:2] not in plain)
    return counts


def texts(path: Path) -> Iterator[str]:
    budget = CHARACTERS_PER_FILE
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["text"]
            yield text
            budget -= len(text)
            if budget < 0:
                return


def checked(entry: Entry, near: Counts, far: Counts) -> Entry:
    key = entry.folded, entry.category
    value, disguises, pinyin = entry.value, entry.disguises, entry.pinyin
    if near[*key, ""] or far[*key, ""] >= FAR_HITS:
        value = min(value, AMBIGUOUS)
    for disguise, letter in DISGUISE_LETTER.items():
        if near[*key, disguise] or far[*key, disguise] or value <= AMBIGUOUS:
            disguises = disguises.replace(letter, "")
    if near[*key, "pinyin"] or far[*key, "pinyin"] or value <= AMBIGUOUS:
        pinyin = ""
    return dataclasses.replace(entry, value=value, disguises=disguises, pinyin=pinyin)


def report(before: list[Entry], after: list[Entry], exceptions: int, size: int) -> None:
    print(f"{len(after)} entries, {exceptions} excepted phrases, {size} bytes")
    for name, test in (
        ("acting (0.5 and above)", lambda e: e.value >= 0.5),
        ("ambiguous (0.4)", lambda e: e.value < 0.5),
        ("split", lambda e: SPLIT in e.disguises),
        ("reversed", lambda e: REVERSED in e.disguises),
        ("rot13", lambda e: ROT13 in e.disguises),
        ("by sound", lambda e: bool(e.pinyin)),
    ):
        print(f"  {name}: {sum(map(test, after))} of {sum(map(test, before))} candidates")
    for (category, label), number in sorted(Counter((e.category, e.label) for e in after).items()):
        print(f"  {category}/{label}: {number}")


def _pack(text: str) -> str:
    packed = base64.b85encode(zlib.compress(text.encode(), 9)).decode()
    return "\n".join(islice((packed[i : i + 96] for i in range(0, len(packed), 96)), None)) + "\n"


def _unpack(text: str) -> str:
    return zlib.decompress(base64.b85decode("".join(text.split()))).decode()


if __name__ == "__main__":
    main()
