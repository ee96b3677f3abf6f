"""Words of the safety cases, in Chinese and in English."""

from __future__ import annotations

CASES = {
    "cases.title": ("安全论证", "Safety cases"),
    "cases.lede": ("上线前的结论及其证据；生产中的告警会立即撤回相应的主张。",
                   "The verdicts before release and what they rest on. An alarm in production"
                   " withdraws its claim at once."),
    "cases.none": ("还没有安全论证", "No safety case yet"),
    "cases.none.text": ("用下面的命令评测一个模型，论证会写入文件夹并出现在这里。查找位置：{where}",
                        "Assess a target with the command below; its case is written to a folder"
                        " and appears here. Looked in: {where}"),
    "cases.case": ("论证", "Case"),
    "cases.verdict": ("结论", "Verdict"),
    "cases.target": ("对象", "Target"),
    "cases.policy": ("策略", "Policy"),
    "cases.made": ("生成时间", "Built"),
    "cases.found": ("违规 / 回复", "Violations / replies"),
    "verdict.RELEASE": ("可以发布", "RELEASE"),
    "verdict.HOLD": ("暂缓发布", "HOLD"),
    "verdict.NOT ENOUGH EVIDENCE": ("证据不足", "NOT ENOUGH EVIDENCE"),
    "verdict.": ("尚未生成", "not built"),
    "verdict.OUTDATED": ("报告早于其证据", "OLDER THAN ITS EVIDENCE"),
    "verdict.UNKNOWN": ("结论未知", "UNKNOWN"),
    "verdict.was": ("生成时：{verdict}", "when built: {verdict}"),
    "case.withdrawn": ("生产环境已撤回 {count} 项主张", "Claims withdrawn by production: {count}"),
    "case.withdrawn.short": ("已撤回 {count} 项", "{count} withdrawn"),
    "case.undone": ("结论“{verdict}”不再成立，直到告警处理完毕。",
                    "The verdict {verdict} no longer holds until the alarm is dealt with."),
    "case.outdated": ("报告生成之后，复核、签字或证据有变动，报告中的结论不再可靠。重新生成：",
                      "Labels, decisions or evidence changed after the report was built; its"
                      " verdict may no longer hold. Build it again:"),
    "case.claim": ("主张", "Claim"),
    "case.since": ("撤回时间", "Withdrawn at"),
    "case.why": ("原因", "Why"),
    "case.back": ("返回全部论证", "Back to safety cases"),
    "case.folder": ("文件夹", "Folder"),
    "case.limit": ("上限", "Limit"),
    "case.open": ("打开报告", "Open the report"),
    "case.open.text": ("报告在隔离环境中打开，其脚本接触不到控制台。",
                       "The report opens in a sandbox; its scripts cannot reach this console."),
    "case.download": ("下载", "Download"),
    "case.verify": ("核验", "Verify"),
    "case.verify.text": ("由计数重新计算每个数字，并逐字节比对报告。",
                         "Computes every number again from its counts and compares the report byte"
                         " by byte."),
    "case.verified": ("核验通过", "Verified"),
    "case.verified.text": ("重新计算了 {claims} 项主张，全部一致。",
                           "{claims} claims were computed again and nothing differs."),
    "case.broken": ("核验不通过", "Verification failed"),
    "case.fault": ("这份论证有问题", "Something is wrong with this case"),
    "case.unbuilt": ("评测已有结果，但论证尚未生成。运行：", "There are results and the case was not"
                     " built from them. Run:"),
    "case.missing": ("没有这份论证或文件。", "There is no such case or file."),
}  # fmt: skip
