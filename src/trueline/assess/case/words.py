"""The words of the report, English and Chinese, in the order of the page."""

from __future__ import annotations

#: key: (English, Chinese); names in braces are filled in.
WORDS: dict[str, tuple[str, str]] = {
    "title": ("Safety case", "安全论证报告"),
    "skip": ("Skip to content", "跳到正文"),
    "RELEASE": ("RELEASE", "可以发布"),
    "HOLD": ("HOLD", "暂缓发布"),
    "NOT ENOUGH EVIDENCE": ("NOT ENOUGH EVIDENCE", "证据不足"),
    # verdict
    "bound": (
        "At confidence {confidence} at most {upper} of replies violate policy {policy} (limit"
        " {limit}), {judge}; {n} prompts, {found} violations, {unscored} unscored.",
        "在 {confidence} 的置信水平下，违反策略 {policy} 的回复不超过 {upper}（上限 {limit}），{judge}；"
        "共 {n} 条提示，违规 {found} 条，未能评分 {unscored} 条。",
    ),
    "bound.1": (
        "At confidence {confidence} at most {upper} of replies violate policy {policy} (limit"
        " {limit}), {judge}; {n} prompts, {found} violation, {unscored} unscored.",
        "在 {confidence} 的置信水平下，违反策略 {policy} 的回复不超过 {upper}（上限 {limit}），{judge}；"
        "共 {n} 条提示，违规 {found} 条，未能评分 {unscored} 条。",
    ),
    "judge.inside": ("judge error included", "已计入评判器误差"),
    "judge.exact": ("graded without a judge", "未使用会出错的评判器"),
    "judge.alone": ("judge error not included", "尚未计入评判器误差"),
    "bound.none": (
        "The violation rate under policy {policy} was not measured.",
        "尚未测量策略 {policy} 下的违规率。",
    ),
    "why": ("Why", "理由"),
    # scope
    "scope": ("What this speaks of", "适用范围"),
    "scope.target": ("target", "被测系统"),
    "scope.guard": ("guard", "防护"),
    "scope.policy": ("policy", "策略"),
    "scope.languages": ("languages", "语言"),
    "scope.population": ("prompts stand for", "提示代表的总体"),
    "scope.mix": ("to refuse / to answer / either", "应拒答 / 应回答 / 两可"),
    "scope.replies": ("replies asked for since", "回复始于"),
    "scope.date": ("report made", "报告生成时间"),
    "scope.names": ("{names}.", "{names}。"),
    "scope.not": ("Not covered", "未覆盖"),
    "scope.not.none": ("Every rule of the policy that text can break was measured.",
                       "策略中凡文本可能违反的规则均已测量。"),
    "scope.unnamed": ("not named by the evidence", "证据未说明"),
    "scope.search": (
        "Attacks found by searching are examples; no rate here speaks of them.",
        "搜索得到的攻击只作示例，不计入任何比率。",
    ),
    # categories
    "categories": ("Category by category", "逐类结果"),
    "categories.note": (
        "Worst against its limit first. A bound is the highest rate the counts allow at the"
        " confidence; unscored replies count as violations.",
        "按“上界减上限”从差到好排列。上界为在该置信水平下计数所允许的最高比率；未能评分的回复计为违规。",
    ),
    "category": ("category", "类别"), "language": ("language", "语言"), "attack": ("attack", "攻击"),
    "limit": ("limit", "上限"), "upper": ("upper bound", "上界"), "lower": ("lower bound", "下界"),
    "observed": ("observed", "观察"), "result": ("result", "结果"), "required": ("required", "必需"),
    "optional": ("shown only", "仅展示"),
    "pass": ("pass", "通过"), "fail": ("fail", "不通过"), "thin": ("thin", "证据不足"),
    "shown": ("shown", "仅展示"), "undeveloped": ("not developed", "尚无依据"),
    "thin.more": ("thin: {n} more clean prompts", "证据不足：还需 {n} 条无违规的提示"),
    "not.measured": ("not measured", "未测量"),
    "by.language": ("By language", "按语言"), "by.attack": ("Under attack", "攻击之下"),
    "zh": ("Chinese", "中文"), "en": ("English", "英文"),
    # changes
    "changes": ("What would change this verdict", "怎样会改变结论"),
    "changes.none": ("Nothing is left to do, and nothing can be absorbed.", "没有待办事项，也没有余量。"),
    # judge
    "judge": ("The judge and its errors", "评判器及其误差"),
    "judge.raw": ("bound if the judge never erred", "假设评判器从不出错时的上界"),
    "judge.corrected": ("bound with its errors inside", "计入其误差后的上界"),
    "judge.flagged": ("flagged by the judge", "评判器标出"),
    "judge.found": ("confirmed by people", "经人确认"),
    "judge.share": ("share of replies people looked at", "人工复核比例"),
    "judge.share.text": ("{flagged} of the flagged, {unflagged} of the others", "标出的 {flagged}，其余的 {unflagged}"),
    "judge.labelled": ("{found} of {n} labelled", "已标注 {n} 条中 {found} 条"),
    "judge.graders": ("graded by", "评分方"),
    "judge.not": (
        "No person has reviewed this run. The numbers rest on the judge alone, so the verdict"
        " cannot be RELEASE.",
        "本次评估尚无人工复核，数字只依赖评判器，因此结论不能是“可以发布”。",
    ),
    "judge.no_errors": (
        "The graders of this run make no errors of judgement: fixed patterns or people.",
        "本次评分方为固定规则或人工，不存在评判误差。",
    ),
    "judge.none": ("No replies were graded.", "没有回复被评分。"),
    "measure": ("measure", "指标"), "interval": ("bounds", "上下界"),
    # examples
    "examples": ("The worst replies", "最差的回复"),
    "examples.note": (
        "Chosen by the grader's score, one for each prompt. They may be harmful or private.",
        "按评分从高到低选取，每条提示至多一例。内容可能有害或涉及隐私。",
    ),
    "examples.none": ("No reply was graded as a violation.", "没有回复被评为违规。"),
    "examples.page": ("Their words are in case.html, blurred until asked for.",
                      "原文见 case.html，默认模糊显示。"),
    "examples.show": ("Show the text", "显示内容"), "prompt": ("prompt", "提示"), "reply": ("reply", "回复"),
    "expected.refuse": ("should refuse", "应拒答"), "expected.comply": ("should answer", "应回答"),
    "expected.safe": ("should stay safe", "应保持安全"), "score": ("score", "分值"),
    # tree
    "tree": ("Claims, arguments, evidence", "主张、论证与证据"),
    "tree.note": (
        "Each leaf is a file with its hash and one number. Hollow claims have nothing behind"
        " them yet.",
        "每片叶子是一个带哈希的文件和一个数字。空心框表示该主张尚无依据。",
    ),
    "claim": ("claim", "主张"), "argument": ("argument", "论证"), "evidence": ("evidence", "证据"),
    # regulations
    "regulations": ("Regulations, clause by clause", "法规逐条对照"),
    "regulations.note": (
        "Which clauses this case has evidence for, which people must decide, and which it does not"
        " cover. The mapping from categories to clauses is this project's judgement; none of it"
        " is legal advice.",
        "哪些条款有证据，哪些须由人决定，哪些未覆盖。类别与条款的对应关系为本项目的判断，不构成法律意见。",
    ),
    "claimed": ("claimed by the policy", "策略声明遵循"),
    "clause": ("clause", "条款"), "requirement": ("what it asks", "要求"), "status": ("status", "状态"),
    "behind": ("behind it", "依据"), "source": ("source", "来源"),
    "status.evidence": ("evidence", "有证据"), "status.manual": ("manual", "人工"),
    "status.not_covered": ("not covered", "未覆盖"),
    "status.part": ("in part; not measured: {names}", "部分；未测量：{names}"),
    "manual.open": ("nobody has signed yet", "尚无人签署"), "manual.signed": ("signed: {names}", "已签署：{names}"),
    "seen_in_source": ("read in the source", "已读来源原文"),
    "seen_in_secondary_source_only": ("read in a secondary source only", "仅见于二手来源"),
    "memory_unverified": ("from memory, not verified", "凭记忆，未核实"),
    "items": ("prompts", "提示数"),
    "plan": ("The sampling plan as probability", "抽样方案的概率解读"),
    "plan.note": (
        "A count is no bound: a system below the bar reaches it often. The last columns say how"
        " many of the sample must pass for the bar to be known at {confidence} confidence, and how"
        " often systems around the bar reach each count.",
        "达到计数不等于达到标准：低于标准的系统也常能达到。后几列给出在 {confidence} 置信水平下足以确认达标所需的"
        "通过数，以及真实水平在标准附近的系统达到这两个计数的概率。",
    ),
    "plan.check": ("what is drawn", "抽取内容"), "plan.asked": ("asked", "要求"), "plan.know": ("to know it", "足以确认"),
    "plan.true": ("true pass rate", "真实通过率"), "plan.passes": ("reaches the asked count", "达到要求计数"),
    "plan.shows": ("reaches the proving count", "达到确认计数"),
    "plan.at_most": ("at most {n} of {of} refused", "{of} 条中拒答不超过 {n} 条"),
    "plan.at_least": ("{n} of {of}", "{of} 条中 {n} 条"),
    "plan.impossible": ("cannot be known from so few", "样本太少，无法确认"),
    # sections
    "fairness": ("Fairness", "公平性"), "robustness": ("Robustness", "稳健性"),
    "privacy": ("Privacy and leakage", "隐私与泄露"), "explanation": ("Explanation", "可解释性"),
    "tasks": ("Task metrics and other measures", "任务指标与其他测量"),
    "people": ("Human review and sign-off", "人工评审与签署"),
    "suites": ("The suites behind the first table", "首表所依据的测试集"),
    "section.none": ("Not measured in this case.", "本次未测量。"),
    "counts.pairs": ("{n} pairs, {only_a} + {only_b} differ", "{n} 对，其中 {only_a} + {only_b} 对不一致"),
    "counts.ranked": ("{positives} against {negatives}", "正例 {positives}，反例 {negatives}"),
    "counts.positives": ("{positives} positives", "正例 {positives}"),
    "counts.f1": ("{tp} right, {fp} wrong, {fn} missed", "对 {tp}，误报 {fp}，漏报 {fn}"),
    "counts.rates": ("mean of {rates} rates", "{rates} 个比例的平均"),
    "counts.labels": ("mean of {counts} labels", "{counts} 个标签的平均"),
    "counts.bins": ("{bins} bins", "{bins} 个区间"),
    "statement": ("what is claimed", "主张内容"), "value": ("value", "数值"), "counts": ("from", "计数"),
    "rows.more": ("{shown} of {all} rows; the rest is in {file}", "显示 {shown} / {all} 行，其余见 {file}"),
    "figure.left": ("A drawing was left out to keep the page small; it is in {file}", "为控制页面大小省略一幅图，见 {file}"),
    # people
    "signoff": ("Sign-off", "签署"), "signoff.none": ("The policy asks for no sign-off.", "策略未要求签署。"),
    "signoff.done": ("signed", "已签署"), "signoff.missing": ("missing", "缺失"), "signoff.objection": ("objection", "反对"),
    "item": ("item", "条目"), "state": ("state", "状态"), "entries": ("Decisions on record", "评审记录"),
    "signoff.by": ("by", "签署人"),
    "entry.item": ("item", "条目"), "entry.decision": ("decision", "决定"),
    "entry.reviewer": ("reviewer", "评审人"), "entry.role": ("role", "角色"), "entry.date": ("date", "日期"),
    "entry.comment": ("comment", "意见"), "entry.assignee": ("assigned to", "指派给"),
    "decision.assign": ("assigned", "指派"), "decision.comment": ("comment", "意见"),
    "decision.accept": ("accepts", "接受"), "decision.object": ("objects", "反对"),
    "decision.needs_work": ("needs work", "需改进"), "decision.sign_off": ("signs off", "签署"),
    # production
    "withdrawn": ("Production has withdrawn claims of this case", "线上监测已撤回本报告中的主张"),
    "withdrawn.line": ("{claim}: {reason} (alarm {alarm}, {time})", "{claim}：{reason}（告警 {alarm}，{time}）"),
    # reproduction
    "reproduce": ("Do it again", "复现"),
    "reproduce.run": ("The same assessment", "同样的评估"),
    "reproduce.verify": ("Compute every number of this page again", "重新计算本页每个数字"),
    "files": ("Files", "文件"), "file": ("file", "文件"),
    "plan.file": ("The plan of the run", "评估方案"),
    "foot": ("Content {digest}, written by Trueline {version}", "内容 {digest}，由准绳 Trueline {version} 生成"),
    "random": (
        "Every rate supposes that the prompts are a random sample of the population named above.",
        "各项比率均以提示为上述总体的随机样本为前提。",
    ),
}  # fmt: skip

#: Why the verdict is not RELEASE.
REASONS: dict[str, tuple[str, str]] = {
    "claim_fails": ("{claim} is above its limit: {numbers}.", "{claim}超出上限：{numbers}。"),
    "claim_thin": (
        "{claim} cannot be told from its limit yet: {numbers}.",
        "{claim}尚不能与上限区分：{numbers}。",
    ),
    "claim_missing": ("{claim} was not measured.", "{claim}未测量。"),
    "stale": (
        "{about} was computed from another {told} than the one in the case; compute it again.",
        "{about} 依据的 {told} 与现有文件不同，须重新计算。",
    ),
    "gate_none": ("The gate cannot be read from this kind of claim.", "此类主张无法用于发布判定。"),
    "gate_holds": (
        "The gate has seen evidence that the rate is above the limit: {numbers}.",
        "发布判定已有证据表明违规率高于上限：{numbers}。",
    ),
    "gate_open": (
        "The gate, which may be looked at after every prompt, is undecided at {numbers}.",
        "可随时查看的发布判定在 {numbers} 时尚未得出结论。",
    ),
    "not_reviewed": (
        "No person has reviewed the judge's grades, so its errors are not in the bound.",
        "评判器的评分尚无人工复核，其误差未计入上界。",
    ),
    "objection": ("A reviewer objects to {about}.", "评审人对 {about} 提出反对。"),
    "sign_off_missing": ("Sign-off is missing for {about}.", "{about} 尚未签署。"),
    "withdrawn": ("Production withdrew {claim}: {told}.", "线上监测撤回{claim}：{told}。"),
}

#: What would change it.
CHANGES: dict[str, tuple[str, str]] = {
    "prompts": (
        "{claim}: {amount} more prompts without a violation.",
        "{claim}：还需 {amount} 条无违规的提示。",
    ),
    "prompts.unknown": (
        "{claim}: more data; how many depends on what they show.",
        "{claim}：需要更多数据，数量取决于其结果。",
    ),
    "open_labels": (
        "Review: {amount} replies were drawn and have no final label; each counts as a violation"
        " until it has one.",
        "复核：已抽取的回复中有 {amount} 条尚无最终标签，在此之前均按违规计。",
    ),
    "open_labels.1": (
        "Review: {amount} reply was drawn and has no final label; it counts as a violation until it"
        " has one.",
        "复核：已抽取的回复中有 {amount} 条尚无最终标签，在此之前按违规计。",
    ),
    "gate_prompts": (
        "The gate: {amount} more prompts without a violation (now {found} of {n}).",
        "发布判定：还需 {amount} 条无违规的提示（目前 {n} 条中 {found} 条违规）。",
    ),
    "gate_prompts.unknown": (
        "The gate: a review that shows what share of violations the judge catches.",
        "发布判定：需通过复核了解评判器能发现多大比例的违规。",
    ),
    "labels": (
        "Review: people label about {amount} replies, the {found} flagged ones and a random share of the"
        " others, and meet no further violation.",
        "复核：由人标注约 {amount} 条回复，即被标出的 {found} 条和其余的随机一部分，且未发现新的违规。",
    ),
    "labels.0": (
        "Review: people label about {amount} replies drawn at random and meet no violation.",
        "复核：由人标注随机抽取的约 {amount} 条回复，且未发现违规。",
    ),
    "labels.unknown": (
        "Review: even labels on all {n} replies would not show the limit if the {found} flagged are"
        " confirmed; more prompts are needed first.",
        "复核：若被标出的 {found} 条均属实，即使标注全部 {n} 条回复也不足以说明低于上限，须先增加提示。",
    ),
    "mend": (
        "{claim}: the system must improve; of {n} prompts at most {amount} may violate, {found} did.",
        "{claim}：须改进系统；{n} 条提示中至多允许 {amount} 条违规，实际 {found} 条。",
    ),
    "mend.refused": (
        "{claim}: the system must answer more; of {n} questions it should answer at most {amount} may"
        " be refused, {found} were.",
        "{claim}：系统须少拒答；{n} 条应答题中至多允许拒答 {amount} 条，实际拒答 {found} 条。",
    ),
    "mend.unknown": ("{claim}: the system must improve.", "{claim}：须改进系统。"),
    "mend.impossible": (
        "{claim}: the system must improve, and {n} prompts are too few to show the limit.",
        "{claim}：须改进系统，且 {n} 条提示不足以说明低于上限。",
    ),
    "claim_missing": ("{claim}: measure it.", "{claim}：须测量。"),
    "objection": ("{about}: settle the objection.", "{about}：解决反对意见。"),
    "sign_off_missing": ("{about}: a reviewer signs it off.", "{about}：由评审人签署。"),
    "withdrawn": ("{claim}: resolve the alarm in production.", "{claim}：在线上处理该告警。"),
    "stale": ("{about}: compute it again.", "{about}：重新计算。"),
    "prompts.1": (
        "{claim}: 1 more prompt without a violation.",
        "{claim}：还需 1 条无违规的提示。",
    ),
    "gate_prompts.1": (
        "The gate: 1 more prompt without a violation (now {found} of {n}).",
        "发布判定：还需 1 条无违规的提示（目前 {n} 条中 {found} 条违规）。",
    ),
    "gate_absorbs.1": (
        "The gate can absorb 1 more violation among the {n} prompts.",
        "在 {n} 条提示中，发布判定还可容纳 1 条违规。",
    ),
    "absorbs.1": (
        "{claim} can absorb 1 more violation among its {n} prompts.",
        "{claim}在其 {n} 条提示中还可容纳 1 条违规。",
    ),
    "gate_absorbs": (
        "The gate can absorb {amount} more violations among the {n} prompts.",
        "在 {n} 条提示中，发布判定还可容纳 {amount} 条违规。",
    ),
    "absorbs": (
        "{claim} can absorb {amount} more violations among its {n} prompts.",
        "{claim}在其 {n} 条提示中还可容纳 {amount} 条违规。",
    ),
}

#: Sentences of the tree.
TREE: dict[str, tuple[str, str]] = {
    "top": (
        "{target} keeps policy {policy}: at most {limit} of its replies violate it, at {confidence}"
        " confidence.",
        "{target} 遵守策略 {policy}：违规回复不超过 {limit}，置信水平 {confidence}。",
    ),
    "all_replies": ("Over all prompts of the population", "就总体中的全部提示而言"),
    "by_category": ("Category by category", "逐类而言"),
    "over_refusal": ("It still answers what it should", "应答尽答"),
    "fairness": ("It treats groups alike", "对各群体一视同仁"),
    "robustness": ("It holds under attack", "受攻击时仍然成立"),
    "privacy": ("It does not give away what it learnt from", "不泄露训练数据"),
    "explanation": ("Its decisions can be explained", "决策可以解释"),
    "tasks": ("It does its task", "能完成任务"),
    "judge": ("The grades can be believed", "评分可信"),
    "people": ("People have looked and signed", "经人审阅并签署"),
    "production": ("Nothing seen in production speaks against it", "线上监测未见反例"),
    "missing": ("{claim}: nothing was measured", "{claim}：没有测量"),
    "evidence": ("{about}: {number}", "{about}：{number}"),
    "sign_off": ("{about} is signed off", "{about}已签署"),
    "sign_off_none": ("No sign-off is required", "无需签署"),
    "withdrawn": ("Production withdrew {claim}", "线上监测撤回{claim}"),
}

#: Names of claims that no category names.
CLAIMS: dict[str, tuple[str, str]] = {
    "violation_rate": ("the violation rate", "总违规率"),
    "violation_rate_expected.refuse": (
        "the violation rate of prompts that should be refused",
        "应拒答题的违规率",
    ),
    "over_refusal": ("over-refusal", "过度拒答"),
    "attack_success_rate": ("success of attack", "攻击成功率"),
    "fairness": ("fairness between groups", "群体公平"),
    "robustness": ("robustness", "稳健性"),
    "privacy": ("leakage", "泄露"),
    "explanation": ("explanation", "可解释性"),
    "tasks": ("the task", "任务"),
    "review": ("the judge's errors", "评判器误差"),
}

#: Regulations by the name people know them by.
REGULATIONS: dict[str, tuple[str, str]] = {
    "cn_gbt_45654_2025": ("GB/T 45654-2025", "GB/T 45654-2025"),
    "cn_interim_measures_2023": ("CN Interim Measures 2023", "生成式 AI 暂行办法"),
    "cn_labelling_2025": ("CN labelling, GB 45438-2025", "标识办法与 GB 45438-2025"),
    "cn_watchlist": ("CN watch list", "国内关注清单"),
    "eu_ai_act": ("EU AI Act", "欧盟人工智能法"),
    "nist_ai_600_1": ("NIST AI 600-1", "NIST AI 600-1"),
    "owasp_llm_top10_2025": ("OWASP LLM Top 10, 2025", "OWASP LLM Top 10（2025）"),
    "owasp_llm_top10_2026": ("OWASP LLM Top 10, 2026", "OWASP LLM Top 10（2026）"),
    "mlcommons_ailuminate": ("MLCommons AILuminate", "MLCommons AILuminate"),
    "iso_42001_2023": ("ISO/IEC 42001", "ISO/IEC 42001"),
}

#: What a sampling plan draws.
CHECKS: dict[str, tuple[str, str]] = {
    "should_refuse": ("questions to refuse, refused", "应拒答题，实际拒答"),
    "should_answer": ("questions to answer, answered", "非拒答题，实际回答"),
    "generated_human": ("generated texts, judged by people", "生成内容，人工抽检"),
    "generated_machine": (
        "generated texts, judged by keywords and a classifier",
        "生成内容，关键词与分类模型抽检",
    ),
    "corpus_human": ("training texts, judged by people", "语料，人工抽检"),
}
