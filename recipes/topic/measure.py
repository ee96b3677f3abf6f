"""Measure the topic scorer: topics made from labelled data, 5 and 8 examples each.

    python recipes/topic/measure.py DATA_FOLDER

For each class, examples are drawn at random and the scorer is tried on held-out texts of the
class and of all other classes of the same source: the hardest negatives there are. F1 is given
for a stream in which one text in ten belongs to the topic. Writes `recipes/topic/results.json`.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
import time
from collections import defaultdict
from pathlib import Path

from trueline.scorers.topic_background import background
from trueline.scorers.topic_features import vector
from trueline.scorers.topic_model import TopicModel, fit_topic
from trueline.text.normalize import normalize

SOURCES = ("thucnews_headlines_zh.test", "banking77_en.test", "clinc150_en.test")
CLASSES, TESTS, NEGATIVES = 20, 40, 600
PREVALENCE = 0.1
ORDINARY = ("shopping_reviews_zh.test", "multidogo_intents_en.test")


def main(data: Path) -> None:
    folder = data / "general/tasks/classification"
    ordinary = [text for name in ORDINARY for text in everything(folder, name)][:3000]
    results = []
    for source in SOURCES:
        classes = labelled(folder, source)
        for count in (5, 8, 10):
            results.append(measure(source, classes, count, ordinary))
            print(results[-1])
    target = Path(__file__).with_name("results.json")
    target.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def measure(
    source: str, classes: dict[str, list[str]], count: int, ordinary: list[str]
) -> dict[str, float | str | int]:
    choose = random.Random(count)
    names = sorted(classes)
    choose.shuffle(names)
    shuffled = {name: choose.sample(classes[name], len(classes[name])) for name in names}
    found = wrong = alarms = took = 0.0
    tried = names[:CLASSES]
    for name in tried:
        examples, tests = shuffled[name][:count], shuffled[name][count : count + TESTS]
        share = NEGATIVES // (len(names) - 1) + 1
        others = [text for other in names if other != name for text in shuffled[other][-share:]]
        start = time.process_time()
        model = fit_topic(examples, [], background())
        took += time.process_time() - start
        cut = model.threshold(0.005)
        found += rate(model, tests, cut)
        wrong += rate(model, others, cut)
        alarms += rate(model, ordinary, cut)
    recall, other, alarm = (value / len(tried) for value in (found, wrong, alarms))
    precision = recall * PREVALENCE / max(recall * PREVALENCE + other * (1 - PREVALENCE), 1e-9)
    return {
        "source": source,
        "examples": count,
        "classes": len(tried),
        "recall": round(recall, 3),
        "false_positive_rate_other_classes": round(other, 4),
        "false_positive_rate_ordinary": round(alarm, 4),
        "f1_at_10_percent": round(2 * precision * recall / max(precision + recall, 1e-9), 3),
        "cpu_milliseconds_to_learn": round(1000 * took / len(tried), 1),
    }


def rate(model: TopicModel, texts: list[str], cut: float) -> float:
    rarity = background().rarity
    return sum(model.value(vector(text, rarity)) >= cut for text in texts) / len(texts)


def labelled(folder: Path, source: str) -> dict[str, list[str]]:
    classes: defaultdict[str, list[str]] = defaultdict(list)
    with gzip.open(folder / f"{source}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            classes[str(row["label"])].append(normalize(row["text"]).folded.text)
    return {name: texts for name, texts in classes.items() if len(texts) >= 25}


def everything(folder: Path, source: str) -> list[str]:
    return [text for texts in labelled(folder, source).values() for text in texts]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
