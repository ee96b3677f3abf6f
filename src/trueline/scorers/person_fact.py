"""Find what only the words before it tell: names, birth dates, chat accounts, coordinates.

    >>> fact("person_name", "姓名：欧阳明月，女", 0, 2)
    Finding(start=3, end=7, label='person_name', value=0.6)
    >>> fact("wechat_id", "加微信zhangsan_1990聊", 1, 3)
    Finding(start=3, end=16, label='wechat_id', value=0.6)

Every pattern starts right after its word and is bounded, so the scan stays linear.
"""

from __future__ import annotations

import re

from trueline.scorers.cn_regions import LONG_SURNAMES, SURNAMES
from trueline.scorers.findings import CONTEXT, Finding

# Words after which each kind stands (in lower case, as the automaton wants them).
CUE_WORDS: dict[str, tuple[str, ...]] = {
    "person_name": (
        "我叫",
        "姓名",
        "联系人",
        "收件人",
        "收货人",
        "寄件人",
        "户名",
        "持卡人",
        "我的名字是",
        "我的名字叫",
        "my name is",
        "my name's",
        "full name",
        "customer name",
        "patient name",
        "account holder",
        "cardholder name",
    ),
    "greeting_name": ("this is ", "i am ", "i'm "),
    "birth_date": (
        "出生日期",
        "出生年月",
        "我的生日",
        "我出生于",
        "我生于",
        "生日:",
        "生日：",
        "date of birth",
        "birth date",
        "birthdate",
        "dob",
        "d.o.b.",
        "my birthday",
        "i was born",
    ),
    "wechat_id": ("微信", "wechat", "weixin", "v信", "薇信", "威信", "vx", "wx"),
    "qq": ("qq", "扣扣", "企鹅号"),
    "passport": ("passport",),
    "cn_taiwan_permit": ("台胞证",),
    "gps_coordinates": ("坐标", "经纬度", "gps", "latitude", "coordinates", "定位", "lat"),
}
_LINK = r"(?: ?(?:是|为|叫|=|[:：]|is)){0,2} ?"
_CN_NAME = re.compile(
    rf"{_LINK}(?P<value>(?:{'|'.join(LONG_SURNAMES)}|[{SURNAMES}])(?:[\u4e00-\u9fff]{{1,2}}?))"
    r"(?=[^\u4e00-\u9fff]|$|电话|手机|联系|住|今年|来自|性别|身份|的|是|女|男|在|我|想|要|收|你)"
)
_EN_NAME = re.compile(
    r"(?: ?(?:is|[:=])){0,2} ?"
    r"(?P<value>[A-Z][A-Za-z'’\-]{1,24}(?: [A-Z][A-Za-z'’\-]{0,24}\.?){0,3})(?<![.])"
)
_TWO_NAMES = re.compile(r"(?P<value>[A-Z][a-z'’\-]{1,24} [A-Z][a-z'’\-]{1,24})(?=[,.!;]|$)")
_GREETING = re.compile(r"(?:hi|hello|hey)(?: there)?[,!.]? ?$", re.IGNORECASE)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_DATE = re.compile(
    rf"(?: ?(?:号|是|为|于|在|on|is|was|=|[:：(（])){{0,3}} ?(?P<value>"
    r"(?:18|19|20)[0-9]{2} ?[年\-/.] ?[01]?[0-9] ?[月\-/.] ?[0-3]?[0-9](?: ?[日号])?"
    r"|(?:18|19|20)[0-9]{2}[01][0-9][0-3][0-9]"
    r"|(?:18|19|20)[0-9]{2}年[01]?[0-9]月"
    r"|[0-3]?[0-9][\-/.][0-3]?[0-9][\-/.](?:(?:18|19|20)[0-9]{2}|[0-9]{2})"
    rf"|{_MONTH} [0-3]?[0-9](?:st|nd|rd|th)?,? (?:18|19|20)[0-9]{{2}}"
    rf"|[0-3]?[0-9](?:st|nd|rd|th)? (?:of )?{_MONTH},? (?:18|19|20)[0-9]{{2}})(?![0-9])",
    re.IGNORECASE,
)
_WECHAT = re.compile(
    rf"(?P<named>号码|号|账号|帐号| ?id)?(?: ?account)?{_LINK}"
    r"(?P<value>[A-Za-z][A-Za-z0-9_\-]{5,19})(?![A-Za-z0-9_\-@])",
    re.IGNORECASE,
)
_QQ = re.compile(
    rf"(?:群|号码|号| ?number| ?id)?{_LINK}(?P<value>[1-9][0-9]{{4,10}})(?![0-9A-Za-z@.%元])",
    re.IGNORECASE,
)
_PASSPORT = re.compile(
    r"(?: ?(?:number|no\.?|num|#)){0,2}(?: ?(?:is|[:：=])){0,2} ?"
    r"(?P<value>[A-Z0-9]{0,2}[0-9]{6,9}|(?=(?:[A-Z]{0,5}[0-9]){4})[A-Z0-9]{9})(?![0-9A-Za-z])"
)
_TAIWAN = re.compile(r"(?:号码|号)?(?:[是为:： ]){0,3}(?P<value>[0-9]{8}(?:[0-9]{2})?)(?![0-9])")
_POINT = r"[NSEWnsew]?[+\-]?[0-9]{1,3}\.[0-9]{3,12}°? ?[NSEWnsew]?"
_GPS = re.compile(
    r"[a-z]{0,8}(?: ?(?:是|为|在|is|are|at|=|[:：(（\[])){0,3} ?"
    rf"(?P<value>{_POINT} ?[,，/ ] ?(?:(?:lon|lng|longitude|经度)[a-z]{{0,6}}[=:： ]{{0,2}})?{_POINT})"
    r"(?![0-9])",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[0-9]+\.[0-9]+")
_LETTER = re.compile(r"[A-Za-z]")
# Words that follow "wechat" or "vx" in running English, not accounts.
_NOT_ACCOUNTS = frozenset(
    (
        "account-name",
        "mini-program",
        "mini_program",
        "e-commerce",
        "check-in",
        "sign-up",
        "pay-as-you-go",
    )
)
_PATTERNS = {
    "birth_date": _DATE,
    "wechat_id": _WECHAT,
    "qq": _QQ,
    "passport": _PASSPORT,
    "cn_taiwan_permit": _TAIWAN,
    "gps_coordinates": _GPS,
}


def fact(kind: str, text: str, cue_start: int, cue_end: int) -> Finding | None:
    """What stands after the word `text[cue_start:cue_end]` of the group `kind`, if anything."""
    # A Latin word must start there: "flat" is not "lat".
    if _LETTER.match(text, cue_start) and cue_start and _LETTER.match(text[cue_start - 1]):
        return None
    if kind == "person_name":
        match = _CN_NAME.match(text, cue_end) or _EN_NAME.match(text, cue_end)
    elif kind == "greeting_name":
        kind = "person_name"
        greeted = _GREETING.search(text, max(0, cue_start - 14), cue_start)
        match = _TWO_NAMES.match(text, cue_end) if greeted else None
    else:
        match = _PATTERNS[kind].match(text, cue_end)
    if match is None or not _is_plausible(kind, match):
        return None
    return Finding(match.start("value"), match.end("value"), kind, CONTEXT)


def _is_plausible(kind: str, match: re.Match[str]) -> bool:
    value = match["value"]
    if kind == "wechat_id":
        # Letters alone may be a word that happens to follow, unless an account is announced.
        return value.lower() not in _NOT_ACCOUNTS and (bool(match["named"]) or not value.isalpha())
    if kind == "gps_coordinates":
        latitude, longitude = (float(n) for n in _NUMBER.findall(value)[:2])
        return min(latitude, longitude) <= 90 and max(latitude, longitude) <= 180
    return True
