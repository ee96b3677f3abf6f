"""Families of injection attacks: which parts, in which order, how close, how telling.

A family reads `forget <18 prior <14 orders`: a word of class `forget`, then within 18
characters one of class `prior`, then within 14 one of class `orders`, counted without
separators. `weight` is its evidence in a user's own words, `outside` in a document or a tool
result, where nobody has a reason to speak to the model at all. Weights were set by hand and
the thresholds that follow from them measured (`recipes/injection/calibrate.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

INJECTION, LEAK = "prompt_injection", "context_leak"
DIRECT, INDIRECT, JAILBREAK, SYSTEM_PROMPT = "direct", "indirect", "jailbreak", "system_prompt"


@dataclass(frozen=True, slots=True)
class Step:
    """A word of class `word` at most `gap` characters after the step before."""

    word: str
    gap: int = 0


@dataclass(frozen=True, slots=True)
class Family:
    """One way to attack, as a sequence of steps, and how much evidence it is."""

    name: str
    category: str
    label: str
    steps: tuple[Step, ...]
    weight: float
    outside: float


def family(
    name: str, label: str, steps: str, weight: float, outside: float | None = None
) -> Family:
    """A family from its compact form."""
    parsed: list[Step] = []
    gap = 0
    for word in steps.split():
        if word.startswith("<"):
            gap = int(word[1:])
        else:
            parsed.append(Step(word, gap))
    category = LEAK if label == SYSTEM_PROMPT else INJECTION
    far = weight if outside is None else outside
    return Family(name, category, label, tuple(parsed), weight, far)


FAMILIES: tuple[Family, ...] = (
    # instruction override
    family("override", DIRECT, "forget <10 prior <12 orders", 0.9, 0.95),
    family("override", DIRECT, "forget <12 orders <12 prior", 0.75, 0.8),
    family("override", DIRECT, "forget <6 prior <8 orders_weak", 0.65, 0.65),
    family("override", DIRECT, "forget_weak <6 prior <8 orders", 0.45, 0.45),
    family("override", DIRECT, "forget <8 orders", 0.5, 0.5),
    family("override", DIRECT, "forget <8 said", 0.55, 0.7),
    family("override and redirect", DIRECT, "forget <24 orders <30 instead", 0.7, 0.8),
    family("override and redirect", DIRECT, "forget <20 orders_weak <24 instead", 0.6, 0.7),
    family("override and redirect", DIRECT, "forget <14 said <30 instead", 0.7, 0.8),
    family("orders void", DIRECT, "prior <6 orders <6 void", 0.7, 0.9),
    family("orders void", DIRECT, "prior <10 void <12 new_task", 0.7, 0.9),
    family("orders void", DIRECT, "confuse <40 instead", 0.6, 0.8),
    family("orders void", DIRECT, "confuse", 0.3, 0.5),
    family("answer replaced", DIRECT, "dont_answer <20 instead", 0.8, 0.9),
    # asking for the prompt
    family("prompt asked for", SYSTEM_PROMPT, "reveal <24 prompt", 0.8, 0.85),
    family("prompt asked for", SYSTEM_PROMPT, "prompt <8 reveal", 0.6, 0.55),
    family("secret asked for", SYSTEM_PROMPT, "ask <8 secret", 0.6, 0.6),
    # another self
    family("unrestricted mode", JAILBREAK, "mode", 0.5, 0.5),
    family("unrestricted mode", JAILBREAK, "mode_weak", 0.15, 0.15),
    family("unrestricted mode", JAILBREAK, "enable <8 mode", 0.7, 0.7),
    family("unrestricted mode", JAILBREAK, "become <24 mode", 0.75, 0.8),
    family("unrestricted mode", JAILBREAK, "become_strong <24 mode_weak", 0.6, 0.6),
    family("unrestricted persona", JAILBREAK, "become <60 free", 0.5, 0.5),
    family("unrestricted persona", JAILBREAK, "become_strong <60 free", 0.6, 0.65),
    family("unrestricted persona", JAILBREAK, "become <40 free <30 model", 0.7, 0.75),
    family("unrestricted persona", JAILBREAK, "become <40 model <40 free", 0.7, 0.75),
    family("unrestricted persona", JAILBREAK, "model <40 free", 0.3, 0.3),
    family("refusal forbidden", JAILBREAK, "never_refuse", 0.25, 0.25),
    family("refusal forbidden", JAILBREAK, "never_refuse <60 free", 0.4, 0.4),
    family("refusal forbidden", JAILBREAK, "become <60 never_refuse", 0.45, 0.45),
    family("warnings forbidden", JAILBREAK, "no_warnings", 0.2, 0.2),
    family("warnings forbidden", JAILBREAK, "become <60 no_warnings", 0.3, 0.3),
    family("two answers", JAILBREAK, "two_answers", 0.2, 0.2),
    family("lawless fiction", JAILBREAK, "fiction <60 lawless", 0.45, 0.45),
    family("new persona", JAILBREAK, "become <40 persona_ai", 0.4, 0.4),
    family("new persona", JAILBREAK, "become_strong <30 model", 0.3, 0.3),
    family("new persona", JAILBREAK, "become_strong", 0.1, 0.15),
    # orders to the model inside somebody else's text
    family("order to the model", INDIRECT, "you_model <4 must", 0.05, 0.6),
    family("order to the model", INDIRECT, "you_model <3 must <30 your_answer", 0.1, 0.8),
    family("order to the model", INDIRECT, "must <2 you_model", 0.05, 0.4),
    family("order before the task", INDIRECT, "before_task", 0.2, 0.6),
    family("order before the task", INDIRECT, "important_from <40 you_model", 0.15, 0.9),
    family("order before the task", INDIRECT, "important_from", 0.05, 0.2),
    family("kept from the user", INDIRECT, "hide", 0.35, 0.7),
    family("answer tampered with", INDIRECT, "tamper <36 your_answer", 0.05, 0.5),
    family("answer tampered with", INDIRECT, "your_answer <16 tamper", 0.05, 0.5),
    family("data sent away", INDIRECT, "private <30 send", 0.05, 0.3),
    family("data sent away", INDIRECT, "send <30 private", 0.05, 0.3),
    family("data sent away", INDIRECT, "user_private <24 send", 0.05, 0.4),
    family("user led astray", INDIRECT, "ask_user <24 private", 0.1, 0.6),
    family("order to the model", INDIRECT, "if_model", 0.1, 0.6),
    # encoded orders
    family("encoded order", DIRECT, "decode <60 obey", 0.6, 0.7),
)
