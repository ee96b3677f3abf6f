"""Words of the models page, in Chinese and in English."""

from __future__ import annotations

MODELS = {
    "models.title": ("模型", "Models"),
    "models.lede": ("随包附带的模型、它们的实测结果与局限，以及哪些评分器在用它们。",
                    "The bundled models, what they were measured to do and not to do, and the"
                    " scorers that ask them."),
    "models.size": ("大小", "Size"),
    "models.version": ("版本", "Version"),
    "models.sha": ("文件 SHA-256", "SHA-256 of the file"),
    "models.changed": ("这个文件不是模型卡所测的那一个：哈希不同。下面的数字对它不成立。",
                       "This file is not the one the card was measured on: its hash differs. The"
                       " figures below do not hold for it."),
    "models.used_by": ("使用它的评分器", "Asked by the scorers"),
    "models.limits": ("局限：不可用于什么", "Limits: what it must not be used for"),
    "models.heads": ("各分类头：阈值与召回", "Heads: thresholds and recall"),
    "models.head": ("分类头", "Head"),
    "models.recall": ("召回率（95% 区间）", "Recall (95% interval)"),
    "models.texts": ("有害文本", "Harmful texts"),
    "models.auc": ("AUC", "AUC"),
    "models.source": ("来源", "Source"),
    "models.sources": ("按来源（同源测试集）", "By source, test split of known sources"),
    "models.unknown": ("未知来源（训练时未见过）", "Unknown sources, never trained on"),
    "models.unknown.text": ("与训练数据不同的文本应以这张表为准。",
                            "For texts unlike the training data, this is the table to go by."),
    "models.card": ("完整模型卡", "The whole card"),
    "models.scorers": ("评分器，按运行顺序", "Scorers in running order"),
    "models.scorer": ("评分器", "Scorer"),
    "models.asks": ("所用模型", "Model"),
    "models.covers": ("类别", "Categories"),
    "models.plugin": ("插件", "plug-in"),
    "models.built_in": ("内置", "built-in"),
    "models.plugins": ("已安装的插件", "Installed plug-ins"),
    "models.plugins.none": ("没有安装插件。", "No plug-in is installed."),
    "models.refused": ("未载入", "not loaded"),
    "models.loaded": ("已载入", "loaded"),
}  # fmt: skip
