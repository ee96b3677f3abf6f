"""What a tour says, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueline.core.i18n import Language
from trueline.monitor.message import percent

NAMES: Mapping[str, Mapping[Language, str]] = {
    "curate": {"zh": "整理数据", "en": "curate"},
    "train": {"zh": "训练", "en": "train"},
    "assess": {"zh": "评估", "en": "assess"},
    "guard": {"zh": "防护", "en": "guard"},
    "monitor": {"zh": "监测", "en": "monitor"},
}
_RATES = ("limit", "bound", "upper", "miss_upper", "miss_budget")
_LINES: Mapping[str, Mapping[Language, tuple[str, ...]]] = {
    "curate": {
        "zh": (
            "读入 {read} 条，留下 {kept} 条：完全重复 {duplicates} 条，违反策略 {against_policy} 条，"
            "{anonymized} 条中的号码换成了替代号码。",
        ),
        "en": (
            "{read} texts read, {kept} kept: {duplicates} were duplicates, {against_policy} broke "
            "the policy; numbers in {anonymized} were replaced by surrogates.",
        ),
    },
    "train": {
        "zh": (
            "训练 {steps} 步。数据里三分之二的答复会给出电话，策略最多容许 {limit}。",
            "留出测试：{n} 条回复中违规 {violations} 条，上界 {bound}（置信水平 "
            "{confidence:.0%}）：{ruling}。",
        ),
        "en": (
            "{steps} steps on answers of which two in three give a number away; the policy allows "
            "{limit}.",
            "Held-out test: replies that broke it {violations} of {n}, at most {bound} at "
            "{confidence:.0%}: {ruling}.",
        ),
    },
    "assess": {
        "zh": (
            "内置助手（有防护）答了 {n} 题：{found} 条违规，上界 {upper}，上限 {limit}：{ruling}。",
            "安全论证共 {claims} 条主张，{verified}。{sentence}",
        ),
        "en": (
            "The built-in assistant behind the guard, {n} items; violations: {found}, at most "
            "{upper}, limit {limit}: {ruling}.",
            "Safety case with {claims} claims, {verified}. {sentence}",
        ),
    },
    "guard": {
        "zh": (
            "经网关发送 {sent} 条消息（流式 {streamed} 条）：放行 {allow}，标记 {flag}，遮盖 {redact}，"
            "拦截 {block}。",
            "与样本的已知答案一致：{as_known}/{sent}。",
        ),
        "en": (
            "{sent} messages through the gateway, {streamed} of them streamed: {allow} allowed, "
            "{flag} flagged, {redact} redacted, {block} blocked.",
            "As the samples are known to deserve: {as_known} of {sent}.",
        ),
    },
    "monitor": {
        "zh": (
            "按样本的已知答案：经 API 提交评分 {rated} 个、举报 {reports} 个，标注随机抽检的文本 "
            "{labelled} 条。",
            "{calibration}",
            "{alarm}",
            "安全论证{verified}；还有 {waiting} 条文本等待人工复核。",
        ),
        "en": (
            "By the samples' known truth: ratings {rated} and reports {reports} over the API, labels "
            "on {labelled} texts of the random draw.",
            "{calibration}",
            "{alarm}",
            "The safety case {verified}; {waiting} texts wait for a person's review.",
        ),
    },
}
_CALIBRATED: Mapping[Language, str] = {
    "zh": "“{category}”的新阈值为 {threshold:g}：{reviewed_violations} 条属于此类的文本漏检 {missed} 条，漏检率"
    "至多 {miss_upper}（预算 {miss_budget}）。已提出策略版本 {version}，由人决定。",
    "en": "New threshold {threshold:g} for “{category}”: {missed} of {reviewed_violations} missed, at "
    "most {miss_upper} (budget {miss_budget}). Proposed as version {version}; a person "
    "decides.",
}
_NOT_CALIBRATED: Mapping[Language, str] = {
    "zh": "“{category}”只有 {reviewed_violations} 条标注，保证不了任何阈值（至少要 {needed} 条）。",
    "en": "No threshold can be promised for “{category}” with {reviewed_violations} labelled "
    "texts; it takes {needed} at least.",
}
_ALARM: Mapping[Language, str] = {
    "zh": "重放一次激增，触发告警：{told}。主张 {claim} {withdrawn}，告警处理后{given_back}。",
    "en": "A replayed surge raised an alarm: {told}. Claim {claim} {withdrawn}; with the alarm "
    "resolved it {given_back}.",
}
_NO_ALARM: Mapping[Language, str] = {
    "zh": "重放的激增没有触发告警。",
    "en": "The replayed surge raised no alarm.",
}
_WORDS: Mapping[str, Mapping[Language, str]] = {
    "verified": {"zh": "复算无误", "en": "verifies"},
    "not_verified": {"zh": "复算不符", "en": "does not verify"},
    "certified": {"zh": "通过", "en": "certified"},
    "not_certified": {"zh": "未能证明守住上限", "en": "not certified"},
    "pass": {"zh": "通过", "en": "pass"},
    "fail": {"zh": "不通过", "en": "fail"},
    "thin": {"zh": "证据不足", "en": "not enough evidence"},
    "withdrawn": {"zh": "随即撤回", "en": "was withdrawn"},
    "not_withdrawn": {"zh": "未撤回", "en": "was not withdrawn"},
    "given_back": {"zh": "恢复有效", "en": "holds again"},
    "not_given_back": {"zh": "仍未恢复", "en": "is still withdrawn"},
}
_BY_HAND: Mapping[Language, str] = {"zh": "手动执行：", "en": "by hand: "}
_BEFORE: Mapping[Language, str] = {"zh": "先前已完成", "en": "done before"}
_SKIPPED: Mapping[Language, str] = {
    "zh": '跳过：没有安装 {package}。安装后再次运行即补上：pip install "trueline[{extra}]"',
    "en": "skipped: {package} is not installed. Install it and run the tour again to fill this in: "
    'pip install "trueline[{extra}]"',
}
_END: Mapping[Language, tuple[str, ...]] = {
    "zh": (
        "用时 {seconds:.0f} 秒。打开控制台：",
        "  trueline up --config {settings}      然后访问 http://127.0.0.1:8080",
        "  安全论证：{case}",
        "  复算：trueline verify {folder}",
    ),
    "en": (
        "{seconds:.0f} seconds. Open the console:",
        "  trueline up --config {settings}      then http://127.0.0.1:8080",
        "  the safety case: {case}",
        "  compute it again: trueline verify {folder}",
    ),
}


def lines_of(step: str, facts: Mapping[str, Any], language: Language) -> list[str]:
    """What a finished step tells."""
    values = {**facts, **{name: percent(facts[name]) for name in _RATES if name in facts}}
    if "verified" in facts:
        values["verified"] = _word("verified", facts["verified"], language)
    if step == "train":
        values["ruling"] = _word("certified", facts["certified"], language)
    if step == "assess":
        values["ruling"] = _WORDS[str(facts["outcome"])][language]
        values["sentence"] = facts["sentence"][language]
    if step == "monitor":
        known = facts["threshold"] is not None
        calibration = _CALIBRATED if known else _NOT_CALIBRATED
        named = {"category": facts["category_name"][language], "version": facts["version"][:16]}
        values["calibration"] = calibration[language].format(**{**values, **named})
        values["alarm"] = _alarm(facts, language)
    return [line.format(**values) for line in _LINES[step][language]]


def skipped(package: str, extra: str, language: Language) -> str:
    """Why a step was left out."""
    return _SKIPPED[language].format(package=package, extra=extra)


def headline(number: int, total: int, step: str, language: Language, *, before: bool) -> str:
    """The line above a step."""
    name = NAMES[step][language]
    if not before:
        return f"{number}/{total} {name}"
    told = _BEFORE[language]
    return (
        f"{number}/{total} {name}（{told}）"
        if language == "zh"
        else f"{number}/{total} {name} ({told})"
    )


def by_hand(command: str, language: Language) -> str:
    """The command that does a step without the tour."""
    return f"{_BY_HAND[language]}{command}"


def ending(language: Language, **values: Any) -> list[str]:
    """How to open what the tour leaves behind."""
    return [line.format(**values) for line in _END[language]]


def _alarm(facts: Mapping[str, Any], language: Language) -> str:
    if facts["alarm"] is None:
        return _NO_ALARM[language]
    return _ALARM[language].format(
        told=facts["told"][language], claim=facts["claim"],
        withdrawn=_word("withdrawn", facts["withdrawn"], language),
        given_back=_word("given_back", facts["given_back"], language),
    )  # fmt: skip


def _word(name: str, holds: object, language: Language) -> str:
    return _WORDS[name if holds else f"not_{name}"][language]
