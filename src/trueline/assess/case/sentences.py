"""Sentences about a case, in one language or both: page, PDF and gate say the same words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from trueline.assess.case.canonical import number
from trueline.assess.case.formats import decimal, percent, percent_up, quoted, whole
from trueline.assess.case.words import CHANGES, CLAIMS, REASONS, TREE, WORDS
from trueline.core.taxonomy import taxonomy

#: Formulas whose result is a share or a difference of shares, written in percent.
RATES = frozenset({
    "rate_upper", "reviewed_rate_upper", "anytime_rate_upper", "rate_interval", "judge_rate",
    "rate_difference", "paired_gap", "paired_difference", "parity_difference", "odds_difference",
})  # fmt: skip
#: Formulas on one count, written as `found / n`.
COUNTED = frozenset({
    "rate_upper", "rate_interval", "anytime_rate_upper", "reviewed_rate_upper", "judge_rate",
})  # fmt: skip
#: Formulas on other counts, and the text that tells them.
INPUTS = {
    "paired_gap": "counts.pairs", "paired_difference": "counts.pairs",
    "roc_auc": "counts.ranked", "average_precision": "counts.positives", "f1_interval": "counts.f1",
    "mean_of_rates": "counts.rates", "mean_of_f1": "counts.labels", "calibration_error": "counts.bins",
}  # fmt: skip

Lang = Literal["zh", "en"]
Data = Mapping[str, Any]


def word(key: str, lang: str, **values: object) -> str:
    """A text of the report."""
    english, chinese = WORDS[key]
    text = chinese if lang == "zh" else english
    return text.format(**values) if values else text


class Speaker:
    """Says what a case holds, in one language.

    Args:
        case: `base` and `derived` of a case, as plain data.
        lang: `zh` or `en`.
    """

    def __init__(self, case: Data, lang: str) -> None:
        self.lang = lang
        self._base: Data = case["base"]
        self._derived: Data = case["derived"]
        self._claims: dict[str, Data] = {
            claim["id"]: claim for one in self._base["evidence"] for claim in one["claims"]
        }

    def word(self, key: str, **values: object) -> str:
        """A text of the report."""
        return word(key, self.lang, **values)

    def verdict(self) -> str:
        """The verdict with its number, in a sentence."""
        told = self.word(self._derived["ruling"]["verdict"])
        return f"{told}。{self.bound()}" if self.lang == "zh" else f"{told}. {self.bound()}"

    def bound(self) -> str:
        """The number the verdict rests on."""
        policy, ruling = self._derived["policy"], self._derived["ruling"]
        main = self._claims.get("violation_rate")
        if main is None:
            return self.word("bound.none", policy=policy["name"])
        found, n = self._counts(main)
        exact = ruling["reviewed"] and main["formula"] != "reviewed_rate_upper"
        judge = "judge.exact" if exact else "judge.inside" if ruling["reviewed"] else "judge.alone"
        return self.word(
            "bound.1" if found == 1 else "bound",
            confidence=percent(number(main["confidence"])),
            upper=percent_up(number(main["upper"])),
            policy=f"{policy['name']} {policy['version']}",
            limit="–" if main["limit"] is None else percent(number(main["limit"])),
            judge=self.word(judge), n=whole(n), found=whole(found),
            unscored=whole(ruling["unscored"]),
        )  # fmt: skip

    def reason(self, reason: Data) -> str:
        """Why the verdict is not RELEASE."""
        about = reason["about"]
        values = {"told": reason["told"]}
        if reason["code"] == "claim_fails" and about in self._claims:
            values["numbers"] = self._other_side(self._claims[about])
        return self._fill(REASONS[reason["code"]], about, **values)

    def change(self, change: Data) -> str:
        """What would change the verdict."""
        code, amount = change["code"], int(change["amount"])
        if amount < 0 and code == "mend" and change["n"]:
            code = "mend.impossible"
        elif amount >= 0 and code == "mend" and str(change["about"]).startswith("over_refusal."):
            code = "mend.refused"
        elif amount < 0 and f"{code}.unknown" in CHANGES:
            code = f"{code}.unknown"
        elif code == "labels" and not change["found"]:
            code = "labels.0"
        elif amount == 1 and f"{code}.1" in CHANGES:
            code = f"{code}.1"
        return self._fill(
            CHANGES[code], change["about"], amount=whole(amount), found=whole(change["found"]),
            n=whole(change["n"]),
        )  # fmt: skip

    def withdrawal(self, line: Data) -> str:
        """A claim that production withdrew, loudly."""
        told = self.word(
            "withdrawn.line", claim=self.claim(line["claim"]), reason=line["reason"],
            alarm=line["alarm"], time=line["time"],
        )  # fmt: skip
        return told[:1].upper() + told[1:]

    def node(self, node: Data) -> str:
        """A node of the claim tree."""
        if not node["says"]:
            return self.statement(node["claim"])
        policy = self._derived["policy"]
        value = node["value"]
        told = self.claim_number(node["claim"]) if value is not None else node["file"]
        return self._fill(
            TREE[node["says"]], node["about"], number=told, target=self.target(),
            policy=f"{policy['name']} {policy['version']}",
            limit=percent(policy["max_violation_rate"]), confidence=percent(policy["confidence"]),
        )  # fmt: skip

    def statement(self, claim: str) -> str:
        """What a claim says, in its own words."""
        record = self._claims.get(claim)
        return str(record["statement"][self.lang]) if record else claim

    def claim(self, name: str) -> str:
        """What a claim is called in a sentence."""
        pick = 1 if self.lang == "zh" else 0
        if name in CLAIMS:
            return self._quoted(CLAIMS[name][pick])
        head, _, rest = name.partition(".")
        if head in {"violation_rate", "over_refusal", "attack_success_rate"} and rest:
            about = self.about(rest)
            if head == "violation_rate":
                return self._quoted(about)
            return self._quoted(f"{CLAIMS[head][pick]}{'：' if pick else ', '}{about}")
        record = self._claims.get(name)
        return self._quoted(str(record["statement"][self.lang]) if record else name)

    def about(self, name: str) -> str:
        """A category, topic, language or attack by the name people know it by."""
        if name in {"zh", "en"}:
            return self.word(name)
        category = taxonomy().get(name)
        if category is not None:
            return category.name(self.lang)
        topic = self._derived["policy"]["topics"].get(name)
        return str(topic[self.lang]) if topic else name

    def claim_number(self, name: str) -> str:
        """The number a claim quotes, with its counts."""
        return self._with_counts(self._claims[name], self.value(self._claims[name]))

    def value(self, claim: Data) -> str:
        """A claim's value with its sign: `≤ 0.87 %`."""
        value = number(claim["value"])
        if claim["limit"] is None:
            return percent(value) if self._is_rate(claim) else decimal(value)
        sign = "≤" if claim["side"] == "at_most" else "≥"
        return f"{sign} {quoted(value, claim['side']) if self._is_rate(claim) else decimal(value)}"

    def limit(self, claim: Data) -> str:
        """A claim's limit."""
        if claim["limit"] is None:
            return "–"
        value = number(claim["limit"])
        return percent(value) if self._is_rate(claim) else decimal(value)

    def _other_side(self, claim: Data) -> str:
        """The bound that shows a limit broken: `≥ 6.1 %` where the limit is the highest."""
        low = claim["side"] == "at_most"
        edge, side = ("lower", "at_least") if low else ("upper", "at_most")
        value = number(claim[edge])
        told = quoted(value, side) if self._is_rate(claim) else decimal(value)
        told = f"{'≥' if low else '≤'} {told}"
        return self._with_counts(claim, told)

    def _with_counts(self, claim: Data, told: str) -> str:
        if not self._has_counts(claim):
            return told
        of = self.counts(claim)
        return f"{told}（{of}）" if self.lang == "zh" else f"{told} ({of})"

    def between(self, claim: Data) -> str:
        """A claim's bounds."""
        low, high = number(claim["lower"]), number(claim["upper"])
        if self._is_rate(claim):
            return f"{quoted(low, 'at_least')} – {quoted(high, 'at_most')}"
        return f"{decimal(low)} – {decimal(high)}"

    def between_of(self, name: str) -> str:
        """A claim's bounds, by its id."""
        return self.between(self._claims[name])

    def counts(self, claim: Data) -> str:
        """The counts a claim follows from, or its inputs where it has other ones."""
        if self._has_counts(claim):
            found, n = self._counts(claim)
            if claim["formula"] == "judge_rate":
                return self.word("judge.labelled", found=whole(found), n=whole(n))
            return f"{whole(found)} / {whole(n)}"
        if claim["formula"] in INPUTS:
            inputs = claim["inputs"]
            return self.word(INPUTS[claim["formula"]], **{
                name: whole(value) if isinstance(value, int) else len(value)
                for name, value in inputs.items() if isinstance(value, int | list)
            })  # fmt: skip
        pairs = [f"{key} {_short(value)}" for key, value in sorted(claim["inputs"].items())]
        return ", ".join(pairs)

    def target(self) -> str:
        """What was assessed, by its name."""
        target = self._base["plan"].get("target", "")
        if isinstance(target, Mapping):
            for key in ("name", "model", "url", "path", "kind"):
                if target.get(key):
                    return str(target[key])
        return str(target) or self.word("scope.unnamed")

    def _fill(self, texts: tuple[str, str], about: str, **values: str) -> str:
        text = texts[1] if self.lang == "zh" else texts[0]
        values.setdefault("numbers", self.claim_number(about) if about in self._claims else "")
        filled = text.format(about=about, claim=self.claim(about), **values)
        return filled[:1].upper() + filled[1:] if text.startswith("{claim}") else filled

    def _quoted(self, name: str) -> str:
        return f"「{name}」" if self.lang == "zh" else name

    @staticmethod
    def _is_rate(claim: Data) -> bool:
        return claim["formula"] in RATES

    @staticmethod
    def _has_counts(claim: Data) -> bool:
        return claim["formula"] in COUNTED

    @staticmethod
    def _counts(claim: Data) -> tuple[int, int]:
        inputs = claim["inputs"]
        if claim["formula"] == "reviewed_rate_upper":
            return inputs["found_flagged"] + inputs["found_unflagged"], inputs["n"]
        if claim["formula"] == "judge_rate":
            return inputs["flagged"], inputs["flagged"] + inputs["unflagged"]
        return inputs["found"], inputs["n"]


def _short(value: Any) -> str:
    text = decimal(value) if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else text[:39] + "…"
