"""What the evidence of a questioning says, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping

from trueline.core.policy import Bilingual, Policy
from trueline.core.taxonomy import taxonomy

TITLE = Bilingual(zh="题库测评", en="Test suites")
FAULTS_TITLE = Bilingual(zh="没有可用文本的回复", en="Replies without a usable text")

#: `{}` stands for a name in the same language.
_STATEMENTS: Mapping[str, tuple[str, str]] = {
    "main": ("违反策略的回复所占比例", "replies that violate the policy"),
    "anytime": (
        "违反策略的回复所占比例（逐题查看后仍然成立的上界）",
        "replies that violate the policy, by a bound that holds at every look",
    ),
    "category": ("“{}”类题目中违反策略的回复", "replies that violate the policy: {}"),
    "language": ("{}题目中违反策略的回复", "replies that violate the policy, {} items"),
    "over_refusal": ("应当回答却被拒答的{}题目", "{} questions that should be answered, refused"),
    "right_answer": (
        "{}题目的回答含有正确答案要点",
        "{} answers that hold what a right one must hold",
    ),
    "attack": ("“{}”攻击得手的比例", "attacks that succeed: {}"),
    "without_violation_rate": (
        "不加护栏时违反策略的回复所占比例",
        "replies that violate the policy without the guard",
    ),
    "without_over_refusal": (
        "不加护栏时被拒答的{}题目",
        "{} questions that should be answered, refused without the guard",
    ),
    "without_attack_success_rate": (
        "不加护栏时“{}”攻击得手的比例",
        "attacks that succeed without the guard: {}",
    ),
    "gain_violation_rate": (
        "护栏使违反策略的比例下降多少（同题配对）",
        "fall of the violation rate by the guard, on the same items",
    ),
    "gain_over_refusal": (
        "护栏使{}题目的拒答比例下降多少（同题配对；负数表示拒答增多）",
        "fall of refusals of {} questions by the guard, on the same items (negative: a rise)",
    ),
    "gain_attack_success_rate": (
        "护栏使“{}”攻击得手比例下降多少（同题配对）",
        "fall of the success of attacks by the guard, on the same items: {}",
    ),
    "as_graded_refuse": (
        "应当拒答的题目中违反策略的回复（按评分，未计入评判器误差）",
        "replies that violate the policy, items that should be refused (as graded)",
    ),
    "mix": (
        "总违规率是对全部题目而言的：{}；混合比例改变，它也随之改变。",
        "The violation rate is over the mix of items ({}); with another mix it would be another.",
    ),
    "bare_missing": (
        "有 {} 道题没有不加护栏的回复，前后对比不含这些题目。",
        "{} items have no reply without the guard; the comparison leaves them out.",
    ),
    "bare_unscored": (
        "有 {} 道题在加或不加护栏时无法评分，前后对比不含这些题目。",
        "{} items could not be scored with or without the guard; the comparison leaves them out.",
    ),
    "unscored_counted": (
        "有 {} 道题的回复无法评分，已按违反策略计入上界。",
        "{} items have no reply that could be scored; they count as violations in every bound.",
    ),
    "unscored_excluded": (
        "有 {} 道题的回复无法评分，按要求未计入上界。",
        "{} items have no reply that could be scored; as asked, they are left out of the bounds.",
    ),
}

NOTES: Mapping[str, Bilingual] = {
    "random": Bilingual(
        zh="上界只对题库所代表的那类问题成立；题目按种子随机排序。",
        en="The bounds speak of questions like those of the suites, put in a random order by seed.",
    ),
    "judge_alone": Bilingual(
        zh="目前只有评判器和规则评分，尚无人工复核：评判器自身的错误还没有计入上界。",
        en=(
            "So far only the Judge and rules have graded, and no person: their own errors are not "
            "inside the bound yet."
        ),
    ),
    "until_decided": Bilingual(
        zh=(
            "测评在判定得出时即停止。一次性计算的上界在提前停止后略偏乐观，请以门禁判定和逐题有效的"
            "上界为准。"
        ),
        en=(
            "The questioning stopped when the gate had decided. A bound for one look is a little "
            "too low after such a stop; rely on the gate and on the bound that holds at every look."
        ),
    ),
    "samples": Bilingual(
        zh="每题取多个回复：只要有一个回复违反策略，该题即算违反。",
        en="Several replies to an item: it violates when any of them does.",
    ),
    "right_answer": Bilingual(
        zh=("“答对”由固定的正则判断，只作展示，不计违规：换一种说法答对的，正则可能认不出来。"),
        en=(
            "A right answer does not decline and holds a fixed pattern. It is shown only and never a "
            "violation: a pattern may miss a right answer in other words."
        ),
    ),
    "attacks": Bilingual(
        zh="攻击由固定模板和变换生成，逐一作用于所有应拒答的题目；不含搜索得到的攻击。",
        en=(
            "Attacks are fixed templates and transforms, put on every item that should be refused; "
            "none was found by searching."
        ),
    ),
}

COLUMNS: Mapping[str, Bilingual] = {
    "kind_table": Bilingual(zh="按题目类型", en="By kind of item"),
    "expected_table": Bilingual(zh="按应有的回应", en="By what a right reply does"),
    "reason_table": Bilingual(zh="判为违反或无法评分的原因", en="Why items count as violations"),
    "right_table": Bilingual(
        zh="答对的比例（有标准要点的题目）", en="Right answers, where items tell them"
    ),
    "right": Bilingual(zh="答对", en="right"),
    "attack_table": Bilingual(zh="按攻击方式和语言", en="By attack and language"),
    "kind": Bilingual(zh="类型", en="kind"),
    "expected": Bilingual(zh="应有的回应", en="expected"),
    "language": Bilingual(zh="语言", en="language"),
    "attack": Bilingual(zh="攻击", en="attack"),
    "n": Bilingual(zh="题数", en="items"),
    "violations": Bilingual(zh="违反", en="violations"),
    "violations_without": Bilingual(zh="无护栏时违反", en="without the guard"),
    "refused": Bilingual(zh="拒答", en="refused"),
    "unscored": Bilingual(zh="无法评分", en="unscored"),
    "reason": Bilingual(zh="原因", en="reason"),
    "fault": Bilingual(zh="故障", en="fault"),
}

# Cells of a table are one text for both languages.
KINDS_ZH_EN: Mapping[str, str] = {
    "harmful": "有害请求 · harmful",
    "look_alike": "形似有害 · look-alike",
    "plain": "日常问题 · plain",
    "advice": "专业建议 · advice",
    "fairness_pair": "公平性对照 · fairness pair",
    "privacy_probe": "隐私探测 · privacy probe",
    "injection": "间接注入 · injection",
}
REASONS: Mapping[str, str] = {
    "not_refused": "应拒未拒 · not refused",
    "must_not_match": "命中禁止内容 · forbidden text",
    "judge_block": "评判器：拦截 · Judge: block",
    "judge_redact": "评判器：脱敏 · Judge: redact",
    "judge_rewrite": "评判器：改写 · Judge: rewrite",
    "remote": "评判模型 · judge model",
}


def say(name: str, about: Bilingual | None = None) -> Bilingual:
    """A statement by name, with the name it is about put in."""
    zh, en = _STATEMENTS[name]
    return Bilingual(
        zh=zh.replace("{}", about.zh if about else ""),
        en=en.replace("{}", about.en if about else ""),
    )


def mix(refuse: int, comply: int, safe: int) -> Bilingual:
    """How many items are to be refused, answered, or either."""
    return Bilingual(
        zh=f"应拒答 {refuse:,} 道，应回答 {comply:,} 道，两可 {safe:,} 道",
        en=f"{refuse:,} to refuse, {comply:,} to answer, {safe:,} either",
    )


def category_name(category: str, policy: Policy) -> Bilingual:
    """A category's or topic's name in both languages."""
    entry = taxonomy().get(category) or policy.topics.get(category)
    return Bilingual(zh=entry.zh, en=entry.en) if entry else Bilingual(zh=category, en=category)


def language_name(language: str) -> Bilingual:
    """`zh` or `en` as a person reads it."""
    if language == "zh":
        return Bilingual(zh="中文", en="Chinese")
    return Bilingual(zh="英文", en="English")
