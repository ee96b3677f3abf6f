"""The `anonymize` step: replace personal values by marks, keyed hashes or surrogates.

    >>> from trueline.core.policy_file import policy_from_template
    >>> step = AnonymizeOptions().build(RunSettings(policy_from_template("default")))
    >>> step.run(Batch(["a"], ["我的手机是13800138000"])).texts
    ['我的手机是[电话]']

After the step, finding again finds nothing that it would change: running it twice is running it
once. Columns of offsets (`entities`) move with the text. Values are found as by `pii`; a name
that words announce is replaced wherever else it stands in the same document, when it has three
Chinese characters or two Latin words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from trueline.core.errors import InputError
from trueline.curate.batch import Batch, Result
from trueline.curate.key_file import read_or_make_key
from trueline.curate.redaction_marks import mark
from trueline.curate.spans import (
    Labelled,
    Replacement,
    like,
    moved,
    packed,
    replace_all,
    text_mark,
    unpacked,
)
from trueline.curate.step import RunSettings, StepOptions
from trueline.curate.steps.pii import LEAST, Finder
from trueline.curate.surrogates import keyed_token, surrogate
from trueline.text.language import language_of

ActionName = Literal["redact", "hash", "surrogate", "keep"]
# A replaced value may, by its new neighbours, show another one; more rounds were never needed.
_MOST_ROUNDS = 8
_HAN_NAME = re.compile("[\u4e00-\u9fff]{3,}")
_KEYED = ("hash", "surrogate")


class AnonymizeOptions(StepOptions):
    """Replace personal values: a mark, a keyed hash or a consistent surrogate, by kind."""

    step: Literal["anonymize"] = "anonymize"
    default: ActionName = Field(
        default="redact", description="What happens to kinds that `actions` does not name."
    )
    actions: Mapping[str, ActionName] = Field(
        default_factory=dict,
        description="By kind, such as email: redact, hash, surrogate or keep.",
    )
    key_file: Path | None = Field(
        default=None,
        description="Key of hashes and surrogates; made when missing, never in the output folder. "
        "Empty: ~/.trueline/anonymize.key.",
    )
    least: Annotated[float, Field(ge=0, le=1)] = Field(
        default=LEAST, description="Lowest value that is replaced, as in the step `pii`."
    )
    disguised: bool = Field(
        default=False, description="Undo every disguise first, as in the step `pii`."
    )
    redact_columns: tuple[str, ...] = Field(
        default=("policy_redact",), description="Columns of further spans to redact."
    )
    offset_columns: tuple[str, ...] = Field(
        default=("entities", "policy_findings"),
        description="Columns of spans that move with the text.",
    )

    def build(self, run: RunSettings) -> AnonymizeStep:
        """The step; reads or makes the key when some action needs one."""
        return AnonymizeStep(
            default=self.default,
            actions=dict(self.actions),
            key=self._key(run),
            finder=Finder(self.least, None, self.disguised),
            redact_columns=self.redact_columns,
            offset_columns=self.offset_columns,
        )

    def depends_on(self, run: RunSettings) -> str:
        """A digest of the key, when there is one; it says nothing about the key."""
        return self.build(run).fingerprint

    def _key(self, run: RunSettings) -> bytes:
        if not any(action in _KEYED for action in (self.default, *self.actions.values())):
            return b""
        path = self.key_file or Path.home() / ".trueline" / "anonymize.key"
        return read_or_make_key(path.expanduser(), run.out)


@dataclass(frozen=True, slots=True)
class AnonymizeStep:
    """Replaces what `finder` finds, kind by kind; `key` never shows in its repr."""

    default: ActionName = "redact"
    actions: Mapping[str, ActionName] = field(default_factory=dict[str, ActionName])
    key: bytes = field(default=b"", repr=False)
    finder: Finder = field(default_factory=Finder)
    redact_columns: tuple[str, ...] = ()
    offset_columns: tuple[str, ...] = ("entities",)

    @property
    def name(self) -> str:
        return "anonymize"

    @property
    def fingerprint(self) -> str:
        """Tells outputs made with different keys apart; says nothing about the key."""
        return keyed_token(self.key, "key", "fingerprint") if self.key else ""

    def run(self, batch: Batch) -> Result:
        """Changed texts, moved offsets, and how many values were replaced."""
        texts = list(batch.texts)
        tracked = [name for name in self.offset_columns if name in batch.columns]
        offsets = {
            name: [unpacked(value, name) for value in batch.columns[name]] for name in tracked
        }
        languages = [self._language(batch, number) for number in range(len(batch))]
        counts = [0] * len(batch)
        kinds: list[set[str]] = [set() for _ in texts]
        found = self._first_spans(batch)
        numbers = list(range(len(texts)))
        for _ in range(_MOST_ROUNDS):
            changed: list[int] = []
            for number in numbers:
                spans = _everywhere(texts[number], found[number])
                new = self._replacements(texts[number], spans, languages[number])
                if not new:
                    continue
                changed.append(number)
                counts[number] += len(new)
                kinds[number].update(_labels(spans, new))
                texts[number] = replace_all(texts[number], new)
                for name in tracked:
                    offsets[name][number] = moved(offsets[name][number], new)
            if not changed:
                break
            again = self.finder.find([texts[number] for number in changed])
            found = dict(zip(changed, again, strict=True))
            numbers = changed
        columns: dict[str, Sequence[object]] = {
            name: [like(old, new) for old, new in zip(batch.columns[name], offsets[name], strict=True)]
            for name in tracked
        }  # fmt: skip
        columns["anonymized"] = counts
        columns["pii_spans"] = [list[str]() for _ in texts]
        columns["pii_mark"] = [self.finder.mark(text) for text in texts]
        for name in self.redact_columns:
            if name in batch.columns:
                columns[name] = [packed(())] * len(texts)
        if "policy_mark" in batch.columns:
            columns["policy_mark"] = [text_mark(text) for text in texts]
        return Result(
            texts=texts,
            columns=columns,
            changes={
                number: f"{counts[number]} replaced: {', '.join(sorted(kinds[number]))}"
                for number in range(len(texts))
                if counts[number]
            },
        )

    def _first_spans(self, batch: Batch) -> dict[int, list[Labelled]]:
        """What is found in the texts, and the spans that other steps marked for redaction."""
        found = self._known_spans(batch)
        rest = [number for number in range(len(batch)) if number not in found]
        found |= zip(rest, self.finder.find([batch.texts[n] for n in rest]), strict=True)
        marks = batch.columns.get("policy_mark")
        for name in self.redact_columns:
            for number, value in enumerate(batch.columns.get(name, ())):
                marked = [span._replace(label="") for span in unpacked(value, name)]
                if marked:
                    if marks is not None and marks[number] != text_mark(batch.texts[number]):
                        raise InputError(
                            f"step anonymize: a step between `policy` and `anonymize` changed the "
                            f"text of document {batch.ids[number]}, and the places in column "
                            f"{name} no longer fit; let `anonymize` follow `policy` directly"
                        )
                    found[number] = _merged(marked, found[number])
        return found

    def _known_spans(self, batch: Batch) -> dict[int, list[Labelled]]:
        """Those that `pii` found, where neither text nor settings have changed since."""
        spans, marks = batch.columns.get("pii_spans"), batch.columns.get("pii_mark")
        if spans is None or marks is None:
            return {}
        return {
            number: unpacked(spans[number], "pii_spans")
            for number, text in enumerate(batch.texts)
            if marks[number] == self.finder.mark(text)
        }

    def _language(self, batch: Batch, number: int) -> str:
        known = batch.columns.get("language")
        return str(known[number]) if known is not None else language_of(batch.texts[number])

    def _replacements(
        self, text: str, spans: Sequence[Labelled], language: str
    ) -> list[Replacement]:
        found: list[Replacement] = []
        for start, end, label in spans:
            old = text[start:end]
            action = self.actions.get(label, self.default) if label else "redact"
            if action == "redact":
                new = mark(label, language)
            elif action == "hash":
                new = keyed_token(self.key, label, old)
            else:
                new = surrogate(self.key, label, old) if action == "surrogate" else old
            if new != old:
                found.append(Replacement(start, end, new))
        return found


def _merged(first: Sequence[Labelled], others: Sequence[Labelled]) -> list[Labelled]:
    """Spans in order without overlaps; an overlapping run becomes one span of the first label."""
    merged: list[Labelled] = []
    for span in sorted((*first, *others)):
        if span.start == span.end:
            continue
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Labelled(last.start, max(last.end, span.end), "")
        else:
            merged.append(span)
    return merged


def _everywhere(text: str, spans: Sequence[Labelled]) -> list[Labelled]:
    """The spans, and every other place of the names among them."""
    names = {
        name
        for start, end, label in spans
        if label == "person_name" and _is_whole_name(name := text[start:end])
    }
    if not names:
        return list(spans)
    pattern = re.compile("|".join(map(_whole, sorted(names, key=lambda name: (-len(name), name)))))
    taken = bytearray(len(text))
    for start, end, _ in spans:
        taken[start:end] = b"\x01" * (end - start)
    more = [
        Labelled(*match.span(), "person_name")
        for match in pattern.finditer(text)
        if taken.find(1, *match.span()) < 0
    ]
    return sorted((*spans, *more))


def _is_whole_name(name: str) -> bool:
    """Long enough not to be met by chance within other words."""
    return bool(_HAN_NAME.fullmatch(name)) or (name.isascii() and " " in name)


def _whole(name: str) -> str:
    escaped = re.escape(name)
    return rf"(?<![A-Za-z]){escaped}(?![A-Za-z])" if name.isascii() else escaped


def _labels(spans: Sequence[Labelled], replaced: Sequence[Replacement]) -> set[str]:
    starts = {replacement.start for replacement in replaced}
    return {span.label or "policy" for span in spans if span.start in starts}
