"""Safe replies given in place of a blocked text, by category, in Chinese and English.

>>> safe_reply(["self_harm"], "en").startswith("I'm sorry")
True

A policy overrides any of them: `categories.<name>.safe_reply`.
"""

from __future__ import annotations

from collections.abc import Sequence

from trueline.core.policy import Bilingual, Policy
from trueline.text.language import language_of

DEFAULT = Bilingual(
    zh="抱歉，这个问题我无法回答。如果您有其他问题，我很乐意帮忙。",
    en="Sorry, I can't help with that. I'm happy to help with something else.",
)

# Help lines. Mainland China: 12356, the national psychological assistance line (National
# Health Commission, notice of 25 December 2024, in service in all provinces since May 2025);
# 110 police and 120 ambulance. United States: 988 since 16 July 2022 (FCC 20-100).
# Canada: 988 since 30 November 2023 (CRTC 2022-234). Elsewhere: findahelpline.com, a
# directory of help lines by country.
_SELF_HARM = Bilingual(
    zh=(
        "听到您这样说，我很难过。您不必一个人承受，请现在就和一个人谈谈：\n"
        "· 中国大陆：拨打 12356 全国统一心理援助热线；有紧急危险时拨打 120 或 110。\n"
        "· 其他国家和地区：在 findahelpline.com 可以找到当地的求助热线（美国、加拿大：988）。\n"
        "也请告诉身边一位您信任的人。"
    ),
    en=(
        "I'm sorry you are going through this. You don't have to face it alone; please talk to "
        "someone now:\n"
        "- United States and Canada: call or text 988. In an emergency call 911.\n"
        "- Mainland China: call 12356 (psychological assistance); in an emergency 120 or 110.\n"
        "- Anywhere else: findahelpline.com lists help lines by country.\n"
        "Please also tell a person near you whom you trust."
    ),
)

REPLIES: dict[str, Bilingual] = {
    "self_harm": _SELF_HARM,
    "violence": Bilingual(
        zh="抱歉，我不能提供可能伤害他人的内容。如果有人正处于危险之中，请立即报警（中国大陆：110）。",
        en=(
            "Sorry, I can't help with anything that could hurt people. If someone is in danger, "
            "please call your local emergency number now."
        ),
    ),
    "csae": Bilingual(
        zh="我不能提供任何涉及侵害未成年人的内容。如果有孩子正受到伤害，请立即报警（中国大陆：110）。",
        en=(
            "I can't help with anything that harms children. If a child is in danger, please "
            "call your local emergency number now."
        ),
    ),
    "sexual_crime": Bilingual(
        zh="抱歉，这个问题我无法回答。如果您或他人受到侵害，请报警（中国大陆：110）并向可信赖的人求助。",
        en=(
            "Sorry, I can't help with that. If you or someone else has been hurt, please call "
            "your local emergency number or talk to someone you trust."
        ),
    ),
    "sexual": Bilingual(
        zh="抱歉，我不能提供色情内容。如果您有其他问题，我很乐意帮忙。",
        en="Sorry, I can't provide sexual content. I'm happy to help with something else.",
    ),
    "terror_extremism": Bilingual(
        zh="抱歉，我不能提供与恐怖主义或极端主义有关的内容。",
        en="Sorry, I can't help with anything that supports terrorism or extremism.",
    ),
    "cbrne": Bilingual(
        zh="抱歉，我不能提供制造或使用危险武器、爆炸物或有毒物质的信息。",
        en=(
            "Sorry, I can't help with making or using dangerous weapons, explosives or toxic "
            "materials."
        ),
    ),
    "crime_fraud": Bilingual(
        zh="抱歉，我不能协助违法活动。如果您遭遇诈骗，请联系当地警方（中国大陆反诈热线：96110）。",
        en=(
            "Sorry, I can't help with illegal activity. If you are the victim of fraud, please "
            "contact your local police."
        ),
    ),
    "hate_discrimination": Bilingual(
        zh="抱歉，我不能提供侮辱、仇恨或歧视他人的内容。",
        en="Sorry, I can't provide content that insults, hates or discriminates against people.",
    ),
    "privacy": Bilingual(
        zh="抱歉，为保护个人隐私，我不能提供这项内容。",
        en="Sorry, I can't share that, in order to protect personal data.",
    ),
    "ip_secrets": Bilingual(
        zh="抱歉，其中含有密钥等机密信息，我不能提供。",
        en="Sorry, I can't share that, because it holds credentials or other secrets.",
    ),
    "prompt_injection": Bilingual(
        zh="抱歉，我不能执行这样的指令。请直接告诉我您需要什么帮助。",
        en="Sorry, I can't follow that instruction. Please tell me directly what you need.",
    ),
    "context_leak": Bilingual(
        zh="抱歉，我不能透露我的内部设定。请直接告诉我您需要什么帮助。",
        en="Sorry, I can't share my internal instructions. Please tell me what you need.",
    ),
    "regulated_advice": Bilingual(
        zh="抱歉，这个问题需要专业人士解答。请咨询有资质的医生、律师或理财顾问。",
        en=(
            "Sorry, that needs a professional. Please ask a qualified doctor, lawyer or "
            "financial adviser."
        ),
    ),
}

# When a scorer failed and the policy says block, no category was found in the text.
FAULT = Bilingual(
    zh="抱歉，安全检查暂时不可用，请稍后再试。",
    en="Sorry, the safety check is not available right now. Please try again later.",
)


def safe_reply(categories: Sequence[str], language: str, policy: Policy | None = None) -> str:
    """The reply for the first category that has one of its own.

    Args:
        categories: what was found, strictest first. Self-harm goes before all others,
            because a help line must not hide behind another category.
        language: `zh`, or anything else for English.
        policy: its `safe_reply` texts win over the built-in ones.
    """
    ordered = sorted(categories, key=lambda category: category != "self_harm")
    for category in ordered:
        rule = policy.rule(category) if policy is not None else None
        if rule is not None and rule.safe_reply is not None:
            return rule.safe_reply.pick(language)
        if category in REPLIES:
            return REPLIES[category].pick(language)
    return DEFAULT.pick(language)


def reply_language(texts: Sequence[str]) -> str:
    """`zh` or `en`, from the newest of a user's texts that tells."""
    for text in reversed(texts):
        language = language_of(text[:400])
        if language in {"zh", "en"}:
            return language
    return "en"
