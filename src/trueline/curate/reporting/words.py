"""The report's words in both languages, and the mark-up that shows one of them.

Both languages stand in the page; its switch hides one. Where mark-up cannot stand (titles of
shapes, labels for screen readers) the two follow each other.
"""

from __future__ import annotations

from html import escape
from typing import Any

from markupsafe import Markup

# key: (English, Chinese); {names} are filled in.
WORDS: dict[str, tuple[str, str]] = {
    "title": ("Curation report", "数据整理报告"),
    "lede": (
        "What happened to every document, from the run's own files. No document text is shown.",
        "每一篇文档的去向，全部取自本次运行留下的文件。报告中不出现文档正文。",
    ),
    "none": ("Not measured in this run.", "本次运行未测量。"),
    "none.how": ("To measure it: {how}", "如需测量：{how}"),
    "read": ("read", "读入"),
    "written": ("written", "写出"),
    "kept": ("kept as they were", "原样保留"),
    "changed": ("kept, text changed", "保留且有改动"),
    "dropped": ("dropped", "剔除"),
    "added": ("added", "新增"),
    "fault": ("unreadable", "无法读取"),
    "share": ("share", "占比"),
    "total": ("all", "合计"),
    "documents": ("documents", "文档"),
    "step": ("step", "步骤"),
    "reason": ("reason", "原因"),
    "language": ("language", "语言"),
    "zh": ("Chinese", "中文"),
    "en": ("English", "英文"),
    "other": ("other", "其他"),
    "unknown": ("unknown", "未知"),
    "source": ("source", "来源"),
    "interval": ("95 % interval", "95 % 区间"),
    "flow": ("Documents through the steps", "文档流经各步骤"),
    "flow.note": (
        "Each line shows what is left after the step; red went, violet came.",
        "每行为该步骤之后剩余的文档；红色为剔除，紫色为新增。",
    ),
    "reasons": ("Dropped, by reason and language", "剔除：按原因与语言"),
    "reasons.note": (
        "In brackets the share of that language's documents. A rule far stricter on one language "
        "than on another is darker there.",
        "括号内为占该语言文档的比例。某条规则对一种语言明显更严时，该格颜色更深。",
    ),
    "reasons.empty": ("Nothing was dropped.", "没有文档被剔除。"),
    "quality": ("Documents dropped by quality rules, by language", "质量规则剔除的文档：按语言"),
    "quality.note": (
        "Intervals that do not overlap mean that the rules treat the languages differently, or "
        "that the sources differ: look at a few of each before trusting the data.",
        "区间互不重叠，说明规则对各语言并不一视同仁，或来源本身不同：使用数据前请各抽几篇查看。",
    ),
    "languages": ("Languages", "语言"),
    "sources": ("Sources", "来源"),
    "lengths": ("Length of documents, in characters", "文档长度（字符）"),
    "lengths.after": (
        "Lengths of documents read were not recorded; shown are those written.",
        "未记录读入文档的长度；图中为写出文档的长度。",
    ),
    "lengths.note": (
        "A record read counts with the length it had when it was kept or dropped.",
        "读入的记录按其被保留或剔除时的长度计。",
    ),
    "before": ("read", "读入"),
    "after": ("kept of these", "其中保留"),
    "dups": ("Duplicates", "重复文档"),
    "dups.none": ("No duplicates were found.", "没有发现重复文档。"),
    "dups.exact": ("{n} exact copies dropped", "剔除完全重复 {n} 篇"),
    "dups.near": ("{n} near copies dropped", "剔除近似重复 {n} 篇"),
    "dups.sizes": ("Clusters by number of documents", "重复簇：按文档数"),
    "dups.similarity": ("Measured similarity of near copies", "近似重复的实测相似度"),
    "dups.pairs": ("The least alike pairs that were merged", "被合并的、最不相似的几对"),
    "dups.gone": ("dropped", "被剔除"),
    "dups.kept": ("kept in its place", "保留者"),
    "similarity": ("similarity", "相似度"),
    "pii": ("Documents in which personal data was found", "发现个人信息的文档"),
    "residual": ("Personal data that may remain", "可能残留的个人信息"),
    "residual.from": (
        "{sampled} documents audited at random; {found} of them held some.",
        "随机审核 {sampled} 篇文档，其中 {found} 篇含有个人信息。",
    ),
    "residual.recall": (
        "The auditor finds at least {recall} of planted values.",
        "审核人至少能找出 {recall} 的植入值。",
    ),
    "policy": ("Policy scores of documents written", "写出文档的策略评分"),
    "policy.note": (
        "How many documents score where, 0 to 1; heights are logarithmic.",
        "文档评分（0 至 1）的分布；高度为对数刻度。",
    ),
    "policy.above": ("{n} at 0.5 or more", "{n} 篇不低于 0.5"),
    "groups": ("Groups of people in the data", "数据中的人群"),
    "groups.note": (
        "Mentions are counted, people are not: a group may be mentioned in any tone.",
        "统计的是提及次数，不是人：提及可以是任何语气。",
    ),
    "groups.none": ("No group is mentioned.", "没有提及任何人群。"),
    "groups.more": (
        "{n} groups with fewer mentions are not shown.",
        "另有 {n} 个提及更少的人群未列出。",
    ),
    "groups.drops": (
        "What steps dropped of documents that mention a group",
        "各步骤剔除了多少提及某人群的文档",
    ),
    "groups.scores": (
        "Mean policy scores of documents that mention a group",
        "提及某人群的文档的平均策略评分",
    ),
    "groups.even": (
        "No step is shown to drop one group's documents more often than the others'.",
        "未发现某个步骤更常剔除某一人群的文档。",
    ),
    "groups.some": (
        "{n} rows: the step drops this group's documents more often, the whole 95 % interval "
        "lies above 0. Look at what it dropped.",
        "{n} 行：该步骤更常剔除此人群的文档，整个 95 % 区间都在 0 以上。请查看被剔除的文档。",
    ),
    "group": ("group", "人群"),
    "group.others": ("others", "其他文档"),
    "group.ratio": ("ratio", "比值"),
    "group.difference": ("difference, % points, 95 %", "差值（百分点，95 %）"),
    "group.mean": ("mean", "平均"),
    "category": ("category", "类别"),
    "splits": ("Train, dev and test", "训练、开发与测试集"),
    "leak.none": (
        "No leak: none of {clusters} near-duplicate clusters and none of {copies} augmented "
        "copies stands in two parts.",
        "没有泄漏：{clusters} 个近似重复簇、{copies} 篇增广副本均未跨集合。",
    ),
    "leak.some": (
        "LEAK: {across} near-duplicate clusters and {apart} augmented copies stand in two parts.",
        "存在泄漏：{across} 个近似重复簇、{apart} 篇增广副本跨了集合。",
    ),
    "dp": ("Differential privacy spent", "已用的差分隐私预算"),
    "dp.by": ("counts by", "按何统计"),
    "dp.mechanism": ("mechanism", "机制"),
    "canaries": ("Canaries planted before the run", "运行前植入的探针"),
    "canaries.note": (
        "Known duplicates, personal data, junk and toxic lines in the run's own formats; a run "
        "that misses them refuses to start.",
        "以本次运行自身的格式植入已知的重复、个人信息、垃圾与有害文本；漏检则拒绝运行。",
    ),
    "kind": ("kind", "种类"),
    "planted": ("planted", "植入"),
    "reached": ("came to the step", "到达该步骤"),
    "caught": ("found", "找到"),
    "times": ("CPU time by step", "各步骤 CPU 用时"),
    "seconds": ("seconds", "秒"),
    "origin": ("How this came about", "来龙去脉"),
    "more": ("{n} more in the ledger", "另有 {n} 行见账本"),
    "nav.skip": ("Skip to the report", "跳到报告正文"),
    "switch": ("中文", "English"),
}


def say(key: str, **values: Any) -> Markup:
    """One of the page's texts in both languages, each in its own element."""
    english, chinese = WORDS[key]
    return _markup(english.format(**values), chinese.format(**values))


def term(name: str) -> Markup:
    """A step, reason, state, language or label as the ledger writes it, in both languages."""
    return _markup(*_term(name))


def both(key: str) -> str:
    """A text of the page in both languages, for attributes."""
    return " / ".join(dict.fromkeys(WORDS[key]))


def term_text(name: str, language: str) -> str:
    """A name of the ledger in `zh` or `en`."""
    return _term(name)[language == "zh"]


def _term(name: str) -> tuple[str, str]:
    if (known := TERMS.get(name)) is not None:
        return known
    if name.startswith("line of "):
        return name, f"一行 {name.removeprefix('line of ')}"
    head, mark, rest = name.partition(": ")  # a reason with what it is about
    if mark and head in TERMS:
        return f"{TERMS[head][0]}: {rest}", f"{TERMS[head][1]}：{rest}"
    return name, name


def _markup(english: str, chinese: str) -> Markup:
    if english == chinese:
        return Markup(escape(english))  # noqa: S704 (escaped)
    return Markup(  # noqa: S704 (escaped)
        f'<span lang="en">{escape(english)}</span><span lang="zh-CN">{escape(chinese)}</span>'
    )


# Names as ledgers and data hold them; one that is not listed shows as it is.
TERMS: dict[str, tuple[str, str]] = {
    "read": ("read", "读入"),
    "written": ("written", "写出"),
    "kept": ("kept", "保留"),
    "changed": ("changed", "改动"),
    "dropped": ("dropped", "剔除"),
    "added": ("added", "新增"),
    "fault": ("unreadable", "无法读取"),
    "zh": ("Chinese", "中文"),
    "en": ("English", "英文"),
    "other": ("other", "其他"),
    "unknown": ("unknown", "未知"),
    "": ("none", "无"),
    "write data": ("write data", "写出数据"),
    # steps
    "encoding_repair": ("encoding_repair", "编码修复 encoding_repair"),
    "html_to_text": ("html_to_text", "HTML 转文本 html_to_text"),
    "unicode": ("unicode", "Unicode 规范化 unicode"),
    "language": ("language", "语言识别 language"),
    "quality": ("quality", "质量规则 quality"),
    "groups": ("groups", "人群 groups"),
    "exact_duplicates": ("exact_duplicates", "完全去重 exact_duplicates"),
    "near_duplicates": ("near_duplicates", "近似去重 near_duplicates"),
    "policy": ("policy", "策略 policy"),
    "pii": ("pii", "个人信息 pii"),
    "anonymize": ("anonymize", "匿名化 anonymize"),
    "lowercase": ("lowercase", "转小写 lowercase"),
    "stop_words": ("stop_words", "停用词 stop_words"),
    "stem": ("stem", "词干 stem"),
    "segment": ("segment", "分词 segment"),
    "pos_tag": ("pos_tag", "词性 pos_tag"),
    "augment": ("augment", "增广 augment"),
    "balance": ("balance", "反事实平衡 balance"),
    "counterfactual": ("counterfactual", "反事实平衡 counterfactual"),
    "split": ("split", "划分 split"),
    # groups
    "gender:female": ("gender: female", "性别：女"),
    "gender:male": ("gender: male", "性别：男"),
    "age:older": ("age: older", "年龄：长者"),
    "age:younger": ("age: younger", "年龄：青少年"),
    "disability": ("disability", "残障"),
    "region:northeast": ("region: northeast", "地域：东北"),
    "region:henan": ("region: henan", "地域：河南"),
    "region:shanghai": ("region: shanghai", "地域：上海"),
    "region:beijing": ("region: beijing", "地域：北京"),
    "region:guangdong": ("region: guangdong", "地域：广东"),
    "region:sichuan": ("region: sichuan", "地域：四川"),
    "region:xinjiang": ("region: xinjiang", "地域：新疆"),
    "region:tibet": ("region: tibet", "地域：西藏"),
    "region:hong_kong_taiwan": ("region: hong kong taiwan", "地域：港台"),
    "ethnicity:hui": ("ethnicity: hui", "民族：回"),
    "ethnicity:uyghur": ("ethnicity: uyghur", "民族：维吾尔"),
    "ethnicity:mongol": ("ethnicity: mongol", "民族：蒙古"),
    "ethnicity:zhuang": ("ethnicity: zhuang", "民族：壮"),
    "ethnicity:black": ("ethnicity: black", "族裔：黑人"),
    "ethnicity:white": ("ethnicity: white", "族裔：白人"),
    "ethnicity:asian": ("ethnicity: asian", "族裔：亚裔"),
    "ethnicity:hispanic": ("ethnicity: hispanic", "族裔：拉美裔"),
    "nationality:chinese": ("nationality: chinese", "国籍：中国"),
    "nationality:american": ("nationality: american", "国籍：美国"),
    "nationality:japanese": ("nationality: japanese", "国籍：日本"),
    "nationality:indian": ("nationality: indian", "国籍：印度"),
    "nationality:african": ("nationality: african", "地区：非洲"),
    "nationality:european": ("nationality: european", "地区：欧洲"),
    "religion:muslim": ("religion: muslim", "宗教：穆斯林"),
    "religion:christian": ("religion: christian", "宗教：基督徒"),
    "religion:buddhist": ("religion: buddhist", "宗教：佛教徒"),
    "religion:jewish": ("religion: jewish", "宗教：犹太教徒"),
    "orientation:lgbt": ("orientation: lgbt", "性取向：LGBT"),
    "occupation:migrant_worker": ("occupation: migrant worker", "职业：农民工"),
    # kinds of planted documents
    "copy": ("copy", "副本"),
    "near copy": ("near copy", "近似副本"),
    "web page": ("web page", "网页"),
    "text": ("text", "文本"),
    "text read in the wrong encoding": ("text read in the wrong encoding", "误读编码的文本"),
    "text with full-width and invisible characters": (
        "text with full-width and invisible characters",
        "含全角与不可见字符的文本",
    ),
    "line of symbols": ("line of symbols", "一行符号"),
    "text of one repeated line": ("text of one repeated line", "同一行反复的文本"),
    # reasons
    "unreadable characters": ("unreadable characters", "无法辨认的字符"),
    "page without text": ("page without text", "没有正文的网页"),
    "language zh not kept": ("language zh not kept", "不保留中文"),
    "language en not kept": ("language en not kept", "不保留英文"),
    "language other not kept": ("language other not kept", "不保留其他语言"),
    "mostly symbols": ("mostly symbols", "多为符号"),
    "too short": ("too short", "过短"),
    "misread characters": ("misread characters", "乱码"),
    "repeated lines": ("repeated lines", "重复行"),
    "repeated text": ("repeated text", "重复文本"),
    "lines that break off": ("lines that break off", "多行中断"),
    "few vowels": ("few vowels", "元音过少"),
    "few function words": ("few function words", "虚词过少"),
    "exact duplicate": ("exact duplicate", "完全重复"),
    "near duplicate": ("near duplicate", "近似重复"),
    "too much personal information": ("too much personal information", "个人信息过多"),
    "train": ("train", "训练集"),
    "dev": ("dev", "开发集"),
    "test": ("test", "测试集"),
}
