"""`card.md` and `card.zh.md`: a model card, from what the run recorded.

The sections follow Mitchell et al. (2019), Model Cards for Model Reporting, as far as a run can
know them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

CARDS = {"en": "card.md", "zh": "card.zh.md"}
_WORDS: dict[str, tuple[str, str]] = {
    "what": ("What it is", "这是什么"),
    "figures": ("Figures", "指标"),
    "figure": ("figure", "指标"),
    "labels": ("By label", "各标签"),
    "label": ("label", "标签"),
    "data": ("Data", "数据"),
    "file": ("file", "文件"),
    "rows": ("rows", "行数"),
    "split": ("split", "划分"),
    "training": ("Training", "训练"),
    "modifiers": ("Modifiers", "修饰器"),
    "use": ("Use, and what not to use it for", "用途与限制"),
    "rerun": ("Run again", "重新运行"),
    "no_test": (
        "No test files were given: the dev figures picked the best checkpoint and are therefore "
        "too good.",
        "没有给出测试文件：最佳检查点是按 dev 指标挑选的，因此 dev 指标偏高。",
    ),
    "no_notes": (
        "Nobody has written down what this model is for. It was measured on the files above only; "
        "other texts, languages and times may give other figures. Set `notes` in the recipe.",
        "还没有人写明此模型的用途。指标只来自上面的文件；其他文本、语言和时期的表现可能不同。"
        "请在配方中填写 `notes`。",
    ),
    "folds": (
        "Means over folds; `_sd` is the standard deviation between folds.",
        "各折的平均值；`_sd` 为折间标准差。",
    ),
}


def write_cards(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the card in both languages."""
    for language, name in CARDS.items():
        partial = folder / f".{name}.partial"
        partial.write_text(render(record, language), encoding="utf-8")
        os.replace(partial, folder / name)


def render(record: Mapping[str, Any], language: str) -> str:
    """The card in `en` or `zh`; the same record gives the same card."""
    side = 0 if language == "en" else 1

    def word(key: str) -> str:
        return _WORDS[key][side]

    recipe = record["recipe"]
    parts = [_head(record), f"# {_cell(record['name'])}", "![loss](loss.svg)"]
    parts += [f"## {word('what')}", _what(record, side), f"## {word('figures')}"]
    splits = list(record["metrics"])
    names = list(dict.fromkeys(n for split in splits for n in record["metrics"][split]))
    rows = [[n, *[_number(record["metrics"][s].get(n)) for s in splits]] for n in names]
    parts.append(_table([word("figure"), *splits], rows))
    if "folds" in record:
        parts.append(word("folds"))
    elif "test" not in record["metrics"] and "steps" in record:
        parts.append(word("no_test"))
    parts += _labels(record, word)
    parts += [f"## {word('data')}", _data(record, word)]
    parts += [f"## {word('training')}", _training(record, side)]
    if record.get("modifiers"):
        text = yaml.safe_dump(dict(record["modifiers"]), allow_unicode=True, sort_keys=False)
        parts += [f"## {word('modifiers')}", f"```yaml\n{text}```"]
    parts += [f"## {word('use')}", str(recipe.get("notes") or word("no_notes"))]
    parts += [f"## {word('rerun')}", "```bash\ntrueline train recipe.yaml --out NEW\n```"]
    return "\n\n".join(parts) + "\n"


def _head(record: Mapping[str, Any]) -> str:
    recipe = record["recipe"]
    found: dict[str, Any] = {"library_name": "trueline", "tags": [record["task"]]}
    if recipe.get("license"):
        found["license"] = recipe["license"]
    return f"---\n{yaml.safe_dump(found, allow_unicode=True, sort_keys=False)}---"


def _what(record: Mapping[str, Any], side: int) -> str:
    if "steps" not in record:
        kind, size = record["recipe"]["tokenizer"]["kind"], record["vocabulary"]
        return (f"A {kind} tokenizer, {size:,} entries.", f"{kind} 分词器，词表 {size:,}。")[side]
    model = record["recipe"]["model"]
    size = record["parameters"] / 1e6
    made = model["start"] or model["kind"]
    sizes = f"{model['layers']} x {model['width']}" if not model["start"] else ""
    return (
        (
            f"A model for the task `{record['task']}`: {_cell(made)} {sizes}, {size:,.2f} M "
            f"parameters, {record['vocabulary']:,} tokens in its vocabulary, texts up to "
            f"{model['max_length']} tokens."
        )
        if side == 0
        else (
            f"用于任务 `{record['task']}` 的模型：{_cell(made)} {sizes}，{size:,.2f} M 参数，"
            f"词表 {record['vocabulary']:,}，文本至多 {model['max_length']} 个词元。"
        )
    )


def _labels(record: Mapping[str, Any], word: Any) -> list[str]:
    by_split = record.get("tables", {})
    tables = by_split.get("test") or by_split.get("dev") or {}
    labels = tables.get("labels")
    if not labels:
        return []
    keys = list(next(iter(labels.values())))
    rows = [
        [label, *[_number(row[key]) for key in keys]] for label, row in list(labels.items())[:100]
    ]
    return [f"## {word('labels')}", _table([word("label"), *keys], rows)]


def _data(record: Mapping[str, Any], word: Any) -> str:
    rows = [
        [split, Path(file["name"]).name, f"{file['rows']:,}", file["sha256"][:16]]
        for split, files in record["data"].items()
        for file in files
    ]
    return _table([word("split"), word("file"), word("rows"), "sha256"], rows)


def _training(record: Mapping[str, Any], side: int) -> str:
    versions = ", ".join(f"{name} {value}" for name, value in record["versions"].items())
    if "steps" not in record:
        return f"- seed {record['seed']}; {versions}; trueline {record['trueline']}"
    early = record["stopped_early"]
    if side == 0:
        lines = [
            f"- {record['steps']:,} steps of {record['planned_steps']:,} planned"
            + (", stopped early" if early else "") + f"; best at step {record['best_step']:,}",
            f"- {record['tokens']:,} tokens in {record['seconds']:,.0f} s on {record['device']} "
            f"({record['processes']} processes, {record['threads']} threads each)",
            f"- seed {record['seed']}; {versions}; trueline {record['trueline']}",
        ]  # fmt: skip
    else:
        lines = [
            f"- 计划 {record['planned_steps']:,} 步，实际 {record['steps']:,} 步"
            + ("（提前停止）" if early else "") + f"；最佳在第 {record['best_step']:,} 步",
            f"- 在 {record['device']} 上用 {record['seconds']:,.0f} 秒处理 {record['tokens']:,} 个词元"
            f"（{record['processes']} 个进程，各 {record['threads']} 线程）",
            f"- 随机种子 {record['seed']}；{versions}；trueline {record['trueline']}",
        ]  # fmt: skip
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _cell(value: Any) -> str:
    text = " ".join(str(value).split())
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
