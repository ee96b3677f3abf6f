"""What becomes of one text of a request: spans masked or redacted, or the whole withdrawn."""

from __future__ import annotations

from collections.abc import Collection

from trueline.core.records import Action, Span, Verdict
from trueline.guard.json_text import JsonText, Part
from trueline.guard.masking import Mask, merge_spans
from trueline.guard.messages import ChatText

WITHDRAWN = "[withdrawn by policy]"


def rewritten(
    item: ChatText, verdict: Verdict, mask: Mask | None, masked_categories: Collection[str]
) -> str:
    """The text as it may go to the model.

    Spans of a masked category become placeholders when there is a mask; other spans whose
    action is REDACT or stricter become `[LABEL]`. A cluster of overlapping spans is masked
    when all of it may come back.
    """
    spans: list[Span] = []
    lasting: list[Span] = []  # do not come back
    for score in verdict.scores:
        is_masked = (
            mask is not None
            and score.category in masked_categories
            and Action.ALLOW < score.action < Action.BLOCK
        )
        if not is_masked and score.action < Action.REDACT:
            continue
        for span in score.spans:
            spans.append(Span(span.start, span.end, span.label or score.label or score.category))
            if not is_masked:
                lasting.append(span)
    if not spans:
        return item.text
    text = item.judged_text
    parts: list[Part] = []
    done = 0
    for start, end, label in merge_spans(spans):
        parts.append(Part(done, start, text[done:start]))
        if mask is None or any(span.start < end and span.end > start for span in lasting):
            new = f"[{label.upper()}]"
        else:
            new = mask.placeholder(text[start:end], label)
        parts.append(Part(start, end, new, replaced=True))
        done = end
    parts.append(Part(done, len(text), text[done:]))
    if not item.in_json:
        return "".join(part.text for part in parts)
    lens = JsonText()
    lens.feed(item.text)
    lens.close()
    return lens.render(parts)


def withdrawn(item: ChatText) -> str:
    """What stands in place of an earlier text that the policy blocks."""
    return "{}" if item.in_json else WITHDRAWN
