"""Write the encoder's card in both languages from the figures in a results folder.

python recipes/guard-encoder/encoder_card.py recipes/guard-encoder/results
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MODELS = ("linear", "encoder", "both")
Texts = Mapping[str, str]

ENGLISH: Texts = {
    "title": "# Guard encoder: model card",
    "other": "中文：[CARD.zh.md](CARD.zh.md)",
    "what": (
        "A Chinese and English encoder ({layers} layers, width {width}, {parameters:.1f} million parameters, "
        "{vocabulary:,} tokens), made from scratch: token embeddings from counts of neighbours, masked language "
        "modelling on {tokens:.1f} million tokens, then fine-tuning on the guard's 13 heads. int8 ONNX: {megabytes:.2f} MB, p50 {p50:.1f} ms at 128 tokens on one core."
    ),
    "yes": "**It is ahead of the bundled linear classifier on every measure below.**",
    "no": (
        "**It does not replace the bundled linear classifier and is not in the package**: it is not "
        "ahead on every measure below. The recipe and these figures stay, as a baseline to beat."
    ),
    "models": (
        "`linear` is the bundled classifier, `encoder` this model, `both` the mean of their rarities "
        "(-log10 of the share of harmless texts that score as high). AUPRC: a head's harmful texts of a "
        "source against all test texts known to be negative for the head, same language. Recall: where "
        "1 % of the harmless test texts of the language score as high."
    ),
    "test": "## Test split, mean over heads and sources",
    "foreign": "## Files neither model has seen: any head, 1 % of harmless test texts held up",
    "unknown": "## Sources left out of training, both models trained without them",
    "unknown_what": "Left out together: {names}. The encoder was fine-tuned on {rows} windows.",
    "heads": "## Test split by head",
    "sources": "## Test split by source",
    "benign": "## Harmless files held up (any head, 1 % over all)",
    "limits": "## What it must not be used for",
    "limit_text": (
        "- Not as the only line of defence: see the recall on unseen files above.\n"
        "- Not to judge people, to score posts for punishment, or outside Chinese and English.\n"
        "- Heads with few texts (Chinese hate, sexual, harassment; privacy requests) are thin: their "
        "figures stand on tens of texts.\n"
        "- It gives no severity: no source has annotated levels.\n"
        "- Thresholds are not calibrated for use: figures here are ranks at equal false positives."
    ),
    "data": "## Data and licences",
    "data_text": (
        "Pre-training: openly licensed files of running text, curated. Fine-tuning: the same files as the "
        "linear classifier, see its card for each licence (some are share-alike), and the project's own hard "
        "benign sentences. `eval_only` files were measured on and never learned from."
    ),
    "training": "## Training run",
    "parity": "## int8 against float32",
    "group": "group", "source": "source", "head": "head", "language": "language", "rows": "rows",
    "harmful": "harmful", "harmless": "harmless", "recall": "recall", "held": "held up",
    "all": "all", "file": "file", "what_column": "what", "value": "value",
    "macro": "macro F1", "kept": "kept", "agreement": "same decisions",
    "pretrain_tokens": "pre-training, tokens", "pretrain_minutes": "pre-training, minutes",
    "pretrain_loss": "pre-training, loss of the last 50 steps (nats a masked token)",
    "pretrain_dev_loss": "pre-training, loss on held-out text", "finetune_rows": "fine-tuning, windows",
    "finetune_tokens": "fine-tuning, tokens", "finetune_steps": "fine-tuning, steps",
    "finetune_minutes": "fine-tuning, minutes", "dev_macro_f1": "dev, macro F1 at 0.5",
}  # fmt: skip

CHINESE: Texts = {
    "title": "# 护栏编码器：模型卡",
    "other": "English: [CARD.md](CARD.md)",
    "what": (
        "中英双语编码器（{layers} 层，宽 {width}，参数 {parameters_wan:.0f} 万，词表 {vocabulary:,}），"
        "从零做起：词元向量先由相邻计数得到，再用 {tokens_wan:.0f} 万词元做掩码语言建模，最后在护栏的 13 个头上微调。int8 ONNX：{megabytes:.2f} MB，"
        "单核 128 个词元的 p50 为 {p50:.1f} 毫秒。"
    ),
    "yes": "**下列各项指标上，它都胜过随附的线性分类器。**",
    "no": (
        "**它不替换随附的线性分类器，也没有放进安装包**：下列指标中并非每一项都领先。"
        "配方与数字予以保留，作为日后要超过的基线。"
    ),
    "models": (
        "`linear` 是随附的分类器，`encoder` 是本模型，`both` 是两者稀有度的平均"
        "（稀有度：得分同样高的无害文本所占比例取 -log10）。AUPRC：某来源某头的有害文本，"
        "对同一语言中已知对该头为负的全部测试文本。召回率：阈值取该语言 1 % 的无害测试文本达到的分数。"
    ),
    "test": "## 测试集：按头与来源取平均",
    "foreign": "## 两个模型都没见过的文件：任一头，误拦 1 % 的无害测试文本",
    "unknown": "## 训练时留出的来源（两个模型都在没有它们的数据上训练）",
    "unknown_what": "一起留出：{names}。编码器用 {rows} 个窗口微调。",
    "heads": "## 测试集：按头",
    "sources": "## 测试集：按来源",
    "benign": "## 被误拦的无害文件（任一头，总体 1 %）",
    "limits": "## 不可用于",
    "limit_text": (
        "- 不可作为唯一防线：见上文在陌生文件上的召回率。\n"
        "- 不可用来评判人、据此处罚发帖者，也不可用于中文、英文以外的语言。\n"
        "- 样本少的头（中文仇恨、色情、骚扰，索取隐私）只有几十条文本支撑，数字不稳。\n"
        "- 不给出严重程度：没有来源标注过等级。\n"
        "- 阈值没有为上线校准：这里的数字是在相同误报率下的比较。"
    ),
    "data": "## 数据与许可",
    "data_text": (
        "预训练：开放许可的通用文本，经过整理。微调：与线性分类器相同的文件，各文件许可见其模型卡"
        "（部分要求相同方式共享），外加本项目自己写的难例无害句。`eval_only` 文件只用来测量，从不用于学习。"
    ),
    "training": "## 训练过程",
    "parity": "## int8 与 float32",
    "group": "组", "source": "来源", "head": "头", "language": "语言", "rows": "行数",
    "harmful": "有害", "harmless": "无害", "recall": "召回率", "held": "误拦",
    "all": "全部", "file": "文件", "what_column": "项目", "value": "数值",
    "macro": "宏 F1", "kept": "保留", "agreement": "判定一致",
    "pretrain_tokens": "预训练词元数", "pretrain_minutes": "预训练分钟数",
    "pretrain_loss": "预训练最后 50 步的损失（每个被遮词元，nat）",
    "pretrain_dev_loss": "预训练在留出文本上的损失", "finetune_rows": "微调窗口数",
    "finetune_tokens": "微调词元数", "finetune_steps": "微调步数",
    "finetune_minutes": "微调分钟数", "dev_macro_f1": "开发集宏 F1（阈值 0.5）",
}  # fmt: skip


def main() -> None:
    write_cards(Path(sys.argv[1]))


def write_cards(folder: Path) -> None:
    """CARD.md and CARD.zh.md beside the figures."""
    found = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")
    }
    for name, texts in (("CARD.md", ENGLISH), ("CARD.zh.md", CHINESE)):
        (folder / name).write_text(card(found, texts), encoding="utf-8")


def card(found: Mapping[str, Any], texts: Texts) -> str:
    """The card's text.

    Args:
        found: `training`, `split`, `eval_only` and any `unknown-N`, as the files hold them.
        texts: the words of one language.
    """
    run = found["training"]
    int8 = run["parity"]["files"][1]
    parts = [
        texts["title"],
        texts["other"],
        texts["what"].format(
            **run["size"],
            tokens_wan=run["size"]["tokens"] * 100,
            parameters_wan=run["size"]["parameters"] * 100,
            megabytes=int8["bytes"] / 1e6,
            p50=int8["p50_ms"],
        ),
        texts["yes"] if ahead(found) else texts["no"],
        texts["models"],
        texts["test"],
        _means(found["split"], texts),
        texts["foreign"],
        _foreign(found["eval_only"], texts),
    ]
    for name in sorted(found):
        if name.startswith("unknown-"):
            told = found[name]
            parts += [
                texts["unknown"],
                texts["unknown_what"].format(
                    names=", ".join(f"`{n}`" for n in told["left_out"]), rows=told["fine_tuned_on"]
                ),
                _means(told, texts),
                _sources(told, texts),
            ]
    parts += [
        texts["heads"], _heads(found["split"], texts),
        texts["sources"], _sources(found["split"], texts),
        texts["benign"], _benign(found["split"], texts),
        texts["parity"], _parity(run["parity"], texts),
        texts["training"], _table([texts["what_column"], texts["value"]],
        [[texts[name], value] for name, value in run["told"].items() if value is not None]),
        texts["data"], texts["data_text"],
        texts["limits"], texts["limit_text"],
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def ahead(found: Mapping[str, Any]) -> bool:
    """Whether the encoder beats the linear classifier.

    It must on the test split, on sources left out, and on most files that neither has seen.
    """
    tables = [
        found["split"]["means"],
        *(found[n]["means"] for n in found if n.startswith("unknown-")),
    ]
    better = all(
        table["encoder"][figure] > table["linear"][figure]
        for table in tables
        for figure in ("auprc", "recall")
    )
    rows = [row for rows in found["eval_only"]["files"].values() for row in rows]
    wins = [
        row["encoder"]["recall"] > row["linear"]["recall"]
        for row in rows
        if "recall" in row["encoder"]
    ]
    return better and sum(wins) * 2 > len(wins)


def _means(told: Mapping[str, Any], texts: Texts) -> str:
    groups = {texts["all"]: told["means"], **told["means_by_language"]}
    return _models(texts["group"], {k: v for k, v in groups.items() if v["rows"]}, texts)


def _heads(told: Mapping[str, Any], texts: Texts) -> str:
    return _models(texts["head"], told["means_by_head"], texts)


def _models(first: str, groups: Mapping[str, Any], texts: Texts) -> str:
    head = [first, texts["rows"]]
    head += [f"{model} AUPRC" for model in MODELS] + [f"{m} {texts['recall']}" for m in MODELS]
    return _table(head, [
        [name, values["rows"], *(f"{values[m]['auprc']:.3f}" for m in MODELS),
         *(f"{values[m]['recall']:.3f}" for m in MODELS)]
        for name, values in groups.items()
    ])  # fmt: skip


def _sources(told: Mapping[str, Any], texts: Texts) -> str:
    head = [texts["source"], texts["language"], texts["head"], texts["harmful"]]
    head += [f"{model} AUPRC" for model in MODELS] + [f"{m} {texts['recall']}" for m in MODELS]
    return _table(head, [
        [row["source"], row["language"], row["head"], row["harmful"],
         *(f"{row[m]['auprc']:.3f}" for m in MODELS), *(f"{row[m]['recall']:.3f}" for m in MODELS)]
        for row in sorted(told["rows"], key=lambda row: (row["source"], row["language"]))
    ])  # fmt: skip


def _foreign(told: Mapping[str, Any], texts: Texts) -> str:
    head = [texts["file"], texts["language"], texts["harmful"], texts["harmless"]]
    head += [f"{m} {texts['recall']}" for m in MODELS] + [f"{m} {texts['held']}" for m in MODELS]
    rows: list[list[Any]] = []
    for name, found in told["files"].items():
        for row in found:
            rows.append([name, row["language"], row["harmful"], row["harmless"]])
            for figure in ("recall", "false_positives"):
                rows[-1] += [f"{row[m][figure]:.3f}" if figure in row[m] else "-" for m in MODELS]
    return _table(head, rows)


def _benign(told: Mapping[str, Any], texts: Texts) -> str:
    files = {m: told["harmless"][m]["files"] for m in MODELS}
    return _table([texts["file"], *MODELS], [
        [name, *(f"{files[m][name]:.3f}" for m in MODELS)] for name in files["linear"]
    ])  # fmt: skip


def _parity(told: Mapping[str, Any], texts: Texts) -> str:
    head = [texts["file"], texts["macro"], texts["kept"], texts["agreement"], "MB", "p50 ms"]
    return _table(head, [
        [row["file"], f"{row['metric']:.4f}", f"{row['kept']:.2%}", f"{row['agreement']:.2%}",
         f"{row['bytes'] / 1e6:.2f}", f"{row['p50_ms']:.2f}"]
        for row in told["files"]
    ])  # fmt: skip


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
