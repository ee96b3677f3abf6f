"""Write the model card, in English and Chinese, from the metrics and the data's manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from calibration import PRIOR
from report import DEFAULT_BUDGET
from sources import HEADS, RUNNING_TEXT, SOURCES

from trueline.models.linear import NEVER, LinearModel

# Fewer harmful test texts than this and a recall is little more than a hint.
THIN = 100
Texts = Mapping[str, str]


def write_cards(out: Path, data: Path, metrics: Mapping[str, Any], model: LinearModel) -> None:
    """Write CARD.md and CARD.zh.md beside the model."""
    manifest = json.loads((data / "MANIFEST.json").read_text(encoding="utf-8"))
    entries = {entry["file"]: entry for entry in manifest["files"]}
    for language, name in (("en", "CARD.md"), ("zh", "CARD.zh.md")):
        text = card(language, metrics, entries, model)
        (out / name).write_text(text, encoding="utf-8")


def card(
    language: str,
    metrics: Mapping[str, Any],
    entries: Mapping[str, Mapping[str, Any]],
    model: LinearModel,
) -> str:
    """The whole card in one language."""
    say = {key: pair[language == "zh"] for key, pair in PHRASES.items()}
    split = metrics["split"]
    parts = [
        f"# {say['title']}",
        say["other"],
        say["what"].format(
            heads=len(model.heads),
            megabytes=f"{metrics['bytes'] / 1e6:.2f}",
            sha256=metrics["sha256"],
            budget=f"{DEFAULT_BUDGET:.1%}",
            prior=f"{PRIOR:.0%}",
        ),
        f"## {say['heads']}",
        _heads(say, split, model),
        say["heads_note"],
        f"## {say['harmless']}",
        say["harmless_note"].format(budget=f"{DEFAULT_BUDGET:.1%}"),
        _harmless(say, split["groups"], grouped=True),
        _harmless(say, split["harmless"], grouped=False),
        f"## {say['sources']}",
        _sources(say, split["sources"], with_area=True),
    ]
    if "left_out" in metrics:
        rows = [row for fold in metrics["left_out"] for row in fold["heads"]]
        calm = [row for fold in metrics["left_out"] for row in fold["harmless"]]
        mean = sum(row["recall"]["rate"] for row in rows) / max(len(rows), 1)
        parts += [
            f"## {say['left_out']}",
            say["left_out_note"].format(mean=f"{mean:.2f}"),
            _sources(say, rows, with_area=False),
            _harmless(say, calm, grouped=False),
        ]
    parts += [
        f"## {say['limits']}",
        say["limits_note"],
        f"## {say['thin']}",
        _thin(say, split),
        f"## {say['data']}",
        say["data_note"],
        _data(say, entries),
        f"## {say['rebuild']}",
        say["rebuild_note"].format(minutes=metrics["cpu_minutes"]),
    ]
    return "\n\n".join(parts) + "\n"


def _heads(say: Texts, split: Mapping[str, Any], model: LinearModel) -> str:
    rows = []
    for entry in split["heads"]:
        head = model.heads[HEADS.index(entry["head"])]
        threshold = split["thresholds"][entry["head"]]
        rows.append(
            [
                f"{head.category} / {head.label}",
                entry["language"],
                _number(entry["auc"]),
                _interval(entry["recall"]),
                say["never"] if threshold >= NEVER else f"{threshold:.3f}",
                _number(entry["calibration_error"]),
            ]
        )
    return _table(say["heads_columns"].split("|"), rows)


def _harmless(say: Texts, entries: Sequence[Mapping[str, Any]], grouped: bool) -> str:
    columns = say["group_columns" if grouped else "harmless_columns"].split("|")
    rows = [
        [
            say[entry["stratum"]] if grouped else entry["source"],
            entry["language"],
            str(entry["false_positives"]["rows"]),
            _interval(entry["false_positives"]),
        ]
        for entry in entries
    ]
    return _table(columns, rows)


def _sources(say: Texts, entries: Sequence[Mapping[str, Any]], with_area: bool) -> str:
    columns = say["source_columns" if with_area else "left_out_columns"].split("|")
    rows = []
    for entry in entries:
        row = [entry["source"], entry["language"], entry["head"], str(entry["recall"]["rows"])]
        if with_area:
            row.append(_number(entry["auc"]))
        row.append(_interval(entry["recall"]))
        if with_area:
            calm = entry["false_positives"]
            row.append(_interval(calm) if calm else "-")
        rows.append(row)
    return _table(columns, rows)


def _thin(say: Texts, split: Mapping[str, Any]) -> str:
    rows = [
        [entry["head"], entry["language"], str(entry["recall"]["rows"])]
        for entry in split["heads"]
        if entry["recall"]["rows"] < THIN
    ]
    return (
        say["thin_note"].format(least=THIN) + "\n\n" + _table(say["thin_columns"].split("|"), rows)
    )


def _data(say: Texts, entries: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for file in dict.fromkeys([s.file for s in SOURCES] + [r.file for r in RUNNING_TEXT]):
        entry = entries[f"{file}.jsonl.gz"]
        origin = entry.get("repo") or ", ".join(
            dict.fromkeys(source["repo"] for source in entry.get("sources", []))
        )
        rows.append(
            [
                file.rsplit("/", 1)[-1],
                origin,
                str(entry["licence"]),
                str(entry.get("citation", "")),
                f"{entry['rows']:,}",
            ]
        )
    return _table(say["data_columns"].split("|"), rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _interval(rate: Mapping[str, float]) -> str:
    if not rate["rows"]:
        return "-"
    return f"{rate['rate']:.3f} ({rate['low']:.3f}-{rate['high']:.3f})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


# Each phrase in English and Chinese; both cards are made by the same code.
PHRASES: Mapping[str, tuple[str, str]] = {
    "title": ("Linear guard: model card", "线性护栏模型：模型卡"),
    "other": ("中文：[CARD.zh.md](CARD.zh.md)", "English: [CARD.md](CARD.md)"),
    "what": (
        "A bilingual (Chinese, English) multi-label text classifier: {heads} logistic heads over "
        "hashed character n-grams (1 to 5), int8 weights, {megabytes} MB, numpy only.\n\n"
        "- SHA-256 of the file: `{sha256}`\n"
        "- Input: the folded reading of the normaliser, cut into segments; each is scored on its "
        "own and a text scores as its highest segment.\n"
        "- Values: the probability of harm if {prior} of texts were harmful, by isotonic "
        "regression on calibration texts that took no part in training.\n"
        "- Thresholds: the smallest value at which the exact 95 % upper bound (Clopper-Pearson) of "
        "the false-positive rate of the *category* (all its heads together) stays within the "
        "budget in every group of harmless texts, ordinary and hard, Chinese and English; never "
        "where the model itself says harmless (logit below 0); and moved up until all heads "
        "together hold up at most twice the budget of every harmless file. Where the calibration "
        "texts are too few for a budget, the threshold is above 1: never.\n"
        "- All figures below are of the test split, which neither trained nor calibrated "
        "anything, at the default budget of {budget} a category.",
        "中英双语多标签文本分类器：{heads} 个逻辑回归头，特征为哈希字符 n-gram（1 至 5），"
        "权重 int8，文件 {megabytes} MB，运行时只需 numpy。\n\n"
        "- 文件 SHA-256：`{sha256}`\n"
        "- 输入：归一化后的 folded 文本，按片段切分；逐段评分，全文取最高片段。\n"
        "- 分值：若 {prior} 的文本有害，该文本有害的概率；由未参与训练的校准文本作保序回归得到。\n"
        "- 阈值：使该类别（所有头合并）误伤率的 95 % 精确上界（Clopper-Pearson）"
        "在每一组无害文本（普通与困难、中文与英文）中均不超过预算的最小分值；"
        "不低于模型自身判为无害的界线（logit 0）；并上调至所有头合计对每个无害文件的误伤不超过预算的两倍。"
        "校准文本不足以支持预算时，阈值大于 1，即永不触发。\n"
        "- 以下数字均来自测试集（未参与训练与校准），每个类别的默认预算为 {budget}。",
    ),
    "heads": ("Heads", "各分类头"),
    "heads_columns": (
        "category / label|language|AUC|recall (95 % interval)|threshold|calibration error",
        "类别 / 标签|语言|AUC|召回率（95 % 区间）|阈值|校准误差",
    ),
    "heads_note": (
        "AUC: harmful test texts of all sources against all test texts known to be negative for "
        "the head, same language. Calibration error: expected calibration error over the texts "
        "with a value of 0.05 or more. A split by source of the same collections is easy: read "
        "the section on unknown sources before trusting a recall.",
        "AUC：同语言中，全部来源的有害测试文本与已知为负例的测试文本相比。校准误差：分值不低于 0.05 "
        "的文本的期望校准误差。同一批语料内部划分的测试偏容易：在相信召回率之前，请先看“未知来源”一节。",
    ),
    "harmless": ("Harmless texts held up", "无害文本误伤"),
    "harmless_note": (
        "Share of harmless test texts on which any head of any category reaches its threshold, "
        "every category at {budget}.",
        "无害测试文本中，任一类别的任一头达到阈值的比例；每个类别的预算均为 {budget}。",
    ),
    "group_columns": (
        "group|language|texts|held up (95 % interval)",
        "组别|语言|条数|误伤率（95 % 区间）",
    ),
    "harmless_columns": (
        "source|language|texts|held up (95 % interval)",
        "来源|语言|条数|误伤率（95 % 区间）",
    ),
    "ordinary": ("ordinary", "普通"),
    "hard": ("hard: alarming words, no harm", "困难：用词敏感、内容无害"),
    "sources": ("Test split by source", "测试集：按来源"),
    "source_columns": (
        "source|language|head|harmful texts|AUC|recall (95 % interval)|held up among the source's negatives",
        "来源|语言|头|有害条数|AUC|召回率（95 % 区间）|该来源负例的误伤率",
    ),
    "left_out": ("Unknown sources", "未知来源"),
    "left_out_note": (
        "The recipe trains three more times, each time without a group of sources, sets "
        "thresholds on what is left and scores the group. This is what to expect of texts of "
        "another kind than the training data: mean recall {mean} over the rows below, and far "
        "more harmless texts held up (any head) than the budgets say, because a budget holds for "
        "texts like the calibration texts.",
        "训练配方另外训练三次，每次去掉一组来源，用剩余数据定阈值，再对被去掉的来源评分。"
        "这反映了遇到与训练数据不同的文本时的表现：下表平均召回率 {mean}；"
        "无害文本的误伤（任一头）也远高于预算，因为预算只对与校准文本相似的文本成立。",
    ),
    "left_out_columns": (
        "source|language|head|harmful texts|recall (95 % interval)",
        "来源|语言|头|有害条数|召回率（95 % 区间）",
    ),
    "limits": ("What it is bad at", "不擅长什么"),
    "limits_note": (
        "- Meaning. It weighs spellings, not sense: harm without telling words, irony, harm that "
        "only the conversation shows, and negation pass it by.\n"
        "- Texts unlike its training data (see above). It can be wrong and sure.\n"
        "- Injections that read like orders to people, above all in Chinese: the rule-based "
        "injection scorer carries that work.\n"
        "- Dialect and identity terms: some sources are known to mark African-American English "
        "and mentions of groups as toxic. Measure on your own traffic before blocking on it.\n"
        "- Political content: no head, the data holds five texts.\n"
        "- Weak labels: Chinese self-harm (rules on counselling texts: distress, not requests for "
        "methods), fraud in SMS (spam), one English set labelled by a machine.\n"
        "- `harmful_request` means a request for harm of any kind; it is filed under crime_fraud, "
        "the nearest category.",
        "- 语义：它衡量的是字面写法而非含义；没有明显字眼的伤害、反讽、只有结合对话才看得出的伤害以及否定，它看不出来。\n"
        "- 与训练数据不同的文本（见上文）：可能错得很自信。\n"
        "- 读起来像给人下指令的注入文本，尤其是中文：这由基于规则的注入评分器负责。\n"
        "- 方言与身份词：部分来源已知会把非裔美国人英语和提及群体的文字标为有毒；据此拦截前请先在自己的流量上测量。\n"
        "- 政治内容：没有对应的头，数据只有五条。\n"
        "- 弱标签：中文自伤（按规则标注的心理咨询文本，是痛苦倾诉而非索要方法）、短信诈骗（垃圾短信）、一个由机器标注的英文集合。\n"
        "- `harmful_request` 指任何一类有害请求，归入最接近的 crime_fraud。",
    ),
    "thin": ("Thin heads", "数据单薄的头"),
    "thin_note": (
        "Fewer than {least} harmful test texts: do not promise anything for these.",
        "有害测试文本不足 {least} 条：不要对这些头作任何承诺。",
    ),
    "thin_columns": ("head|language|harmful test texts", "头|语言|有害测试条数"),
    "never": ("never", "永不"),
    "data": ("Training data", "训练数据"),
    "data_note": (
        "Openly licensed files only; nothing that is for research or evaluation alone took part. "
        "Share-alike texts are among them; the model holds hashed n-gram weights, not texts. "
        "Rows are those of the file; running text is sampled.",
        "仅使用开放许可的文件，未使用任何仅限研究或评测的数据。其中有相同方式共享的文本；"
        "模型只保存哈希 n-gram 的权重，不含文本。行数为文件行数；普通文本为抽样使用。",
    ),
    "data_columns": ("file|origin|licence|citation|rows", "文件|出处|许可|引用|行数"),
    "rebuild": ("Build it again", "重新构建"),
    "rebuild_note": (
        "```sh\npip install trueline scipy\n"
        "python recipes/linear_guard/train.py --data DIR --out src/trueline/models/linear_guard\n```\n\n"
        "Took {minutes} CPU minutes on one core; the same data and code give the same file.",
        "```sh\npip install trueline scipy\n"
        "python recipes/linear_guard/train.py --data DIR --out src/trueline/models/linear_guard\n```\n\n"
        "单核用时 {minutes} CPU 分钟；相同的数据与代码得到相同的文件。",
    ),
}
