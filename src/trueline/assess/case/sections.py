"""Which part of the report a file of evidence belongs to, by its name.

>>> section_of("fairness_pairs"), section_of("noise_zh"), section_of("suites")
('fairness', 'robustness', '')
"""

from __future__ import annotations

#: Parts of the report in their order, after the table of categories.
SECTIONS = ("fairness", "robustness", "privacy", "explanation", "tasks")
_WORDS = {
    "fairness": ("fair", "parity", "group", "pair"),
    "robustness": ("robust", "attack", "gradient", "noise", "fgsm", "pgd", "evasion"),
    "privacy": ("leak", "privacy", "membership", "canar", "extract"),
    "explanation": ("expla", "attention", "attribution", "tcav", "concept", "integrated"),
    "tasks": ("metric", "task", "classif", "calibration", "perplexity", "bleu"),
}
#: Parts that stand elsewhere on the page.
PEOPLE = ("review", "agreement", "ethics", "judge", "human")


def section_of(evidence: str, claim: str = "") -> str:
    """The section of a file of evidence, or of one claim in it.

    Returns:
        One of `SECTIONS`, `people` for reviews, empty for what the first table shows.
    """
    if claim.startswith("attack_success_rate"):
        return "robustness"
    if claim.startswith(("violation_rate", "over_refusal")):
        return ""
    name = evidence.lower()
    if any(word in name for word in PEOPLE) or claim.startswith("judge."):
        return "people"
    for section, words in _WORDS.items():
        if any(word in name for word in words):
            return section
    return "" if name.startswith("suite") else "tasks"
