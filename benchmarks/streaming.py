"""What a guarded stream costs and whether anything leaks: 10,000 random cuts.

    python benchmarks/streaming.py
    python benchmarks/streaming.py --cuts 500          # a quick look

Every reply goes through the sans-IO transformer of the gateway with the default policy, plus
two stand-in phrases that are blocked (harmless words, so that this file holds no offence):
cut into random pieces, in random server-sent-event splits, with a second choice, tool-call
arguments and a reasoning field. A character is *leaked* when it was delivered although the
verdict on the whole text says otherwise. Delay counts the characters that came and were not
delivered yet, after each piece of four characters; the time is CPU time of one process.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import json
import random
import statistics
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import corpus
import machine

from trueline.core.policy import Lexicon, Policy
from trueline.core.policy_file import policy_from_template
from trueline.core.records import Action, Context, GradedScore
from trueline.guard.chat_stream import ChatStream
from trueline.guard.guard import Guard
from trueline.guard.json_text import JsonText
from trueline.judge import Judge, redact

HERE = Path(__file__).parent
BLOCKED = ("purple walrus parade", "紫色海象游行")
REDACTED = ("ann.lee@example.org", "13800138000", "4111 1111 1111 1111", "11010519491231002X")
FIELDS = ("content", "reasoning_content", "arguments")
REPLY = Context(role="reply")
Fields = dict[tuple[int, str], str]


def guard_for_test() -> Guard:
    """The default policy, and the stand-in phrases as a blocked word list."""
    policy = policy_from_template("default")
    words = Lexicon(category="violence", words=BLOCKED)
    data = policy.model_dump(by_alias=True)
    data["lexicons"] = [*data["lexicons"], words.model_dump()]
    return Guard(Judge.from_policy(Policy.model_validate(data)))


def disguised(rng: random.Random, phrase: str) -> str:
    """One of the disguises the normaliser undoes, or none."""
    ways = [
        lambda t: t,
        lambda t: t.upper(),
        lambda t: "\u200b".join(t),
        lambda t: " ".join(t),
        lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),
        lambda t: base64.b64encode(f"so it says: {t}, and on".encode()).decode(),
    ]
    way = rng.choice(ways)
    return way(phrase)


def reply_text(rng: random.Random, plants: list[str], sentences: int) -> str:
    """A harmless reply with plants at random places."""
    chinese = rng.random() < 0.5
    pool = corpus.ZH if chinese else corpus.EN
    parts = [rng.choice(pool) for _ in range(sentences)]
    for plant in plants:
        sentence = rng.randrange(len(parts))
        at = rng.randrange(len(parts[sentence]) + 1)
        parts[sentence] = f"{parts[sentence][:at]} {plant} {parts[sentence][at:]}"
    return ("" if chinese else " ").join(parts)


def event(index: int, field: str, piece: str, reason: str | None = None) -> str:
    """One upstream chunk as an event."""
    delta: dict[str, Any] = {}
    if field == "arguments":
        delta = {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
    elif field:
        delta = {field: piece}
    choice = {"index": index, "delta": delta, "finish_reason": reason}
    return f"data: {json.dumps({'id': 'c', 'choices': [choice]})}\n\n"


def random_cuts(rng: random.Random, length: int) -> list[int]:
    """Borders of random pieces, from single characters to halves of the text."""
    size = rng.choice((1, 2, 4, 8, 30, 200))
    borders = [0]
    while borders[-1] < length:
        borders.append(min(length, borders[-1] + rng.randint(1, size)))
    return borders


def upstream(rng: random.Random, fields: Fields) -> bytes:
    """The events of a reply, fields and choices interleaved at random."""
    waiting: dict[tuple[int, str], list[str]] = {}
    for key, text in fields.items():
        cuts = random_cuts(rng, len(text))
        waiting[key] = [text[a:b] for a, b in itertools.pairwise(cuts)]
    out: list[str] = []
    keys = [key for key, pieces in waiting.items() for _ in pieces]
    rng.shuffle(keys)
    for key in keys:
        out.append(event(*key, waiting[key].pop(0)))
    for index in sorted({index for index, _ in fields}):
        out.append(event(index, "", "", "stop"))
    return "".join([*out, "data: [DONE]\n\n"]).encode()


def delivered(raw: bytes) -> Fields:
    """The model's texts the client got, by choice and field."""
    texts: Fields = defaultdict(str)
    last: Fields = {}
    for part in raw.decode().split("\n\n"):
        body = part.removeprefix("data: ")
        if not body or body in {":", "[DONE]"}:
            continue
        for choice in json.loads(body).get("choices", []):
            delta = choice["delta"]
            for field in ("content", "reasoning_content"):
                if delta.get(field):
                    last[choice["index"], field] = delta[field]
                    texts[choice["index"], field] += delta[field]
            if choice["finish_reason"] == "content_filter":  # the safe reply came last
                key = choice["index"], "content"
                texts[key] = texts[key].removesuffix(last[key])
            for call in delta.get("tool_calls", []):
                texts[choice["index"], "arguments"] += call["function"].get("arguments", "")
    return texts


def one_cut(rng: random.Random, guard: Guard) -> tuple[int, bool, bool]:
    """Leaked characters, whether a choice was blocked, whether a text differed."""
    fields: Fields = {}
    for index in range(rng.choice((1, 1, 2))):
        for field in rng.sample(FIELDS, rng.choice((1, 1, 2, 3))):
            count = rng.choice((0, 0, 1, 1, 2))
            plants = [disguised(rng, rng.choice(BLOCKED + REDACTED)) for _ in range(count)]
            text = reply_text(rng, plants, rng.randint(2, 14))
            fields[index, field] = json.dumps({"q": text}) if field == "arguments" else text
    raw = upstream(rng, fields)
    stream = ChatStream(guard)
    borders = random_cuts(rng, len(raw))
    sent = (
        b"".join([stream.feed(raw[a:b]) for a, b in itertools.pairwise(borders)]) + stream.close()
    )
    got = delivered(sent)
    leaked, differs = 0, False
    blocked = {o.choice for o in stream.outcomes if o.verdict.action >= Action.REWRITE}
    for outcome in stream.outcomes:
        key = outcome.choice, outcome.field.rsplit(".", 1)[-1]
        whole = guard.judge.judge(outcome.text, REPLY)
        text = got[key]
        if key[1] == "arguments":
            lens = JsonText()  # the text inside the JSON is what was judged
            text = lens.feed(text) + lens.close()
        if outcome.choice in blocked:
            first = min(
                (s.start for g in whole.scores if g.action >= Action.REWRITE for s in g.spans),
                default=len(outcome.text),
            )
            # What may have left: the text before it, redacted as the whole verdict says, or as
            # the stream saw it before more came.
            allowed = (
                guard.judge.judge(outcome.text[:first], REPLY).redacted_text,
                redact(outcome.text[:first], [_before(score, first) for score in whole.scores]),
            )
            leaked += len(text) - max(_common(text, limit) for limit in allowed)
        else:
            same = text == whole.redacted_text
            differs = differs or not same
            if not same:
                leaked += len(text) - _common(text, whole.redacted_text)
    return leaked, bool(blocked), differs


def _before(score: GradedScore, end: int) -> GradedScore:
    """The score without the spans that reach beyond `end`."""
    return replace(score, spans=tuple(span for span in score.spans if span.end <= end))


def _common(left: str, right: str) -> int:
    return next(
        (i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )


def delays(guard: Guard, rng: random.Random, replies: int) -> dict[str, Any]:
    """Held characters after each piece of four, for harmless replies of about 700."""
    held: list[int] = []
    stopped = 0
    for _ in range(replies):
        text = reply_text(rng, [], 40)[:700]
        stream = guard.open_reply()
        counts: list[int] = []
        for at in range(0, len(text), 4):
            stream.feed(text[at : at + 4])
            counts.append(stream.held)
        stream.finish()
        stopped += stream.blocked
        held += [] if stream.blocked else counts
    held.sort()
    return {
        "p50": held[len(held) // 2],
        "p99": held[len(held) * 99 // 100],
        "max": held[-1],
        "replies": replies,
        "harmless_replies_blocked": stopped,
    }


def cpu(guard: Guard, rng: random.Random, replies: int) -> dict[str, Any]:
    """CPU milliseconds per 1,000 characters of reply in pieces of four."""
    alone: list[float] = []
    with_events: list[float] = []
    whole: list[float] = []
    per_reply: list[float] = []
    for _ in range(replies):
        text = reply_text(rng, [], 40)[:700]
        pieces = [text[at : at + 4] for at in range(0, len(text), 4)]
        events = [event(0, "content", piece).encode() for piece in pieces]
        events += [event(0, "", "", "stop").encode(), b"data: [DONE]\n\n"]
        start = time.process_time()
        stream = guard.open_reply()
        for piece in pieces:
            stream.feed(piece)
        stream.finish()
        middle = time.process_time()
        chat = ChatStream(guard)
        for raw in events:
            chat.feed(raw)
        chat.close()
        end = time.process_time()
        guard.judge_text(text, REPLY)
        last = time.process_time()
        scale = 1_000_000 / len(text)
        alone.append((middle - start) * scale)
        with_events.append((end - middle) * scale)
        whole.append((last - end) * scale)
        per_reply.append((end - middle) * 1000)
    return {
        "reply_stream_ms": round(statistics.median(alone), 3),
        "with_sse_and_json_ms": round(statistics.median(with_events), 3),
        "judging_the_whole_once_ms": round(statistics.median(whole), 3),
        "reply_of_700_characters_ms": round(statistics.median(per_reply), 3),
        "replies": replies,
    }


def main() -> None:
    """Run, print the table, keep the raw results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=10_000)
    parser.add_argument("--replies", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "streaming.json")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    guard = guard_for_test()
    leaked = blocked = different = 0
    for _ in range(arguments.cuts):
        characters, was_blocked, differs = one_cut(rng, guard)
        leaked += characters
        blocked += was_blocked
        different += differs
    results = {
        "machine": machine.describe(),
        "policy": guard.policy.name,
        "hold_back_characters": {scorer.name: scorer.reach for scorer in guard.judge.scorers},
        "random_cuts": arguments.cuts,
        "replies_blocked": blocked,
        "leaked_characters": leaked,
        "replies_that_differ_from_the_whole": different,
        "delay_in_characters": delays(guard, rng, arguments.replies),
        "cpu_per_1000_characters": cpu(guard, rng, arguments.replies),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=2))
    raise SystemExit(1 if leaked or different else 0)


if __name__ == "__main__":
    main()
