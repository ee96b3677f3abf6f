"""A scorer of your own: order numbers of a shop, found in disguise too.

    python examples/own_scorer.py

To install it, list it in your package: `[project.entry-points."trueline.scorers"]` with
`order_number = "my_package.order_number:OrderNumberScorer"`; `trueline plugins` then shows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from trueline import Context, Judge, Score, policy_from_template
from trueline.text.normalize import NormalizedText

# Look-arounds instead of a word boundary, which never fires beside a Chinese character.
ORDER_NUMBER = re.compile(r"(?<![A-Za-z0-9])SO-[0-9]{8}(?![0-9])")


class OrderNumberScorer:
    """Finds `SO-` and eight digits; the category is privacy, the label order_number."""

    name = "order_number"
    categories = ("privacy",)
    reach = 12  # eleven characters of a finding, and the one after it

    def score(self, text: NormalizedText, context: Context) -> Sequence[Score]:
        """Search the clean view, in which disguises are undone, and map spans back."""
        view = text.clean
        spans = tuple(
            view.span(found.start(), found.end(), "order_number")
            for found in ORDER_NUMBER.finditer(view.text)
        )
        if not spans:
            return []
        reason = "order number format"
        return [Score("privacy", 1.0, spans, self.name, reason, "order_number")]

    def threshold(self, category: str, label: str, max_false_positive_rate: float) -> float:
        """The format is exact, so one threshold serves every budget."""
        return 0.5


def main() -> None:
    """Use the scorer beside no other."""
    judge = Judge(policy_from_template("default"), [OrderNumberScorer()])
    for text in ("订单SO-20260117已发货", "ＳＯ－２０２６０１１７ please", "SO-1 is too short"):
        print(judge.judge(text).redacted_text)


if __name__ == "__main__":
    main()
