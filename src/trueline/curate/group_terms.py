"""Words that mention groups of people, in Chinese and English; plain, neutral, our own lists.

They serve counting (who is mentioned, and whom a filter drops) and are far from complete: a
mention without one of these words is not counted, and a word may stand for something else.
Names of persons and slurs are left out on purpose.

    >>> mentioned("她是一位医生，来自河南")
    ['gender:female', 'region:henan']
    >>> mentioned("The other day Muslims and Christians met; he spoke.")
    ['gender:male', 'religion:christian', 'religion:muslim']
"""

from __future__ import annotations

from functools import cache

from trueline.scorers.cues import Cues

#: Attribute and group -> words; Latin words are whole words, in lower case.
GROUP_TERMS: dict[str, tuple[str, ...]] = {
    name: tuple(term.strip() for term in words.split(","))
    for name, words in {
        "gender:female": "她,女性,女士,女人,女孩,女生,妇女,母亲,妈妈,奶奶,外婆,姐姐,妹妹,女儿,妻子,老婆,"
        "阿姨,姑娘,女友,女朋友,she,her,hers,herself,woman,women,girl,girls,female,females,mother,mothers,"
        "mom,grandmother,sister,sisters,daughter,daughters,wife,wives,aunt,lady,ladies,girlfriend",
        "gender:male": "他,男性,男士,男人,男孩,男生,父亲,爸爸,爷爷,外公,哥哥,弟弟,儿子,丈夫,老公,叔叔,"
        "小伙子,男友,男朋友,he,him,his,himself,man,men,boy,boys,male,males,father,fathers,dad,grandfather,"
        "brother,brothers,son,sons,husband,husbands,uncle,gentleman,gentlemen,boyfriend",
        "age:older": "老人,老年人,长者,高龄,老爷爷,老奶奶,elderly,pensioner,pensioners,senior citizen,"
        "senior citizens,older people,older adults",
        "age:younger": "儿童,小孩,少年,青少年,年轻人,小朋友,child,children,teenager,teenagers,"
        "young people,youth",
        "disability": "残疾人,残障人士,视障,听障,聋哑人,盲人,轮椅,disabled,disability,disabilities,"
        "wheelchair,blind people,deaf people",
        "region:northeast": "东北人,辽宁,吉林,黑龙江",
        "region:henan": "河南",
        "region:shanghai": "上海",
        "region:beijing": "北京",
        "region:guangdong": "广东,广州,深圳",
        "region:sichuan": "四川,成都,重庆",
        "region:xinjiang": "新疆",
        "region:tibet": "西藏,tibet,tibetan,tibetans",
        "region:hong_kong_taiwan": "香港,澳门,台湾,hong kong,taiwan,taiwanese",
        "ethnicity:hui": "回族,hui people",
        "ethnicity:uyghur": "维吾尔,uyghur,uyghurs",
        "ethnicity:mongol": "蒙古族,mongol,mongols,mongolian,mongolians",
        "ethnicity:zhuang": "壮族,zhuang people",
        "ethnicity:black": "黑人,非裔,african american,african americans,black people",
        "ethnicity:white": "白人,white people,caucasian",
        "ethnicity:asian": "亚裔,亚洲人,asian,asians",
        "ethnicity:hispanic": "拉丁裔,hispanic,latino,latina,latinos",
        "nationality:chinese": "中国人,华人,chinese",
        "nationality:american": "美国人,american,americans",
        "nationality:japanese": "日本人,japanese",
        "nationality:indian": "印度人,indian,indians",
        "nationality:african": "非洲人,african,africans",
        "nationality:european": "欧洲人,european,europeans",
        "religion:muslim": "穆斯林,伊斯兰教,muslim,muslims,islam,islamic",
        "religion:christian": "基督徒,基督教,天主教,christian,christians,catholic,catholics",
        "religion:buddhist": "佛教,佛教徒,buddhist,buddhists,buddhism",
        "religion:jewish": "犹太人,犹太教,jew,jews,jewish",
        "orientation:lgbt": "同性恋,双性恋,跨性别,gay,lesbian,bisexual,transgender,lgbt,lgbtq",
        "occupation:migrant_worker": "农民工,外来务工,外卖员,快递员,migrant worker,migrant workers",
    }.items()
}
# 他 and 她 are part of these words, which mention nobody.
_NOT_HE_BEFORE = frozenset("其吉无利排")
_NOT_HE_AFTER = frozenset("人国乡日处方律")


def mentioned(text: str) -> list[str]:
    """Names of the groups that the text mentions, each once, in alphabetical order."""
    found: set[str] = set()
    done = 0
    for name, start, end in _cues().find(text):
        # Of words within each other the longest counts: "African Americans".
        if end > done and _is_word(text, start, end):
            found.add(name)
            done = end
    return sorted(found)


def _is_word(text: str, start: int, end: int) -> bool:
    if text[start] == "他" and end - start == 1:
        return not (_before(text, start) in _NOT_HE_BEFORE or text[end : end + 1] in _NOT_HE_AFTER)
    if not text[start].isascii():
        return True
    return not (_is_letter(_before(text, start)) or _is_letter(text[end : end + 1]))


def _before(text: str, start: int) -> str:
    return text[start - 1] if start else ""


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


@cache
def _cues() -> Cues:
    return Cues(GROUP_TERMS)
