"""What stands beside a number: words that say it is a phone, a card, or an order number.

Every test looks left only, through a short window, so that a streamed text is judged as the
whole text is.

    >>> text = "手机号：13800138000"
    >>> announced(text, 4, PHONE_WORDS)
    True
"""

from __future__ import annotations

import re

WINDOW = 28

# Directly before the number, with nothing but "is", colons and the like between.
PHONE_WORDS = re.compile(
    r"(?:(?:电话|手机|座机|固话|传真|联系方式|致电|拨打|打给[我他她您你]?|联系[我他她您你]?)"
    r"(?:号码|号|机)?|号码|(?:tel|telephone|phone|mobile|cell|cellphone|fax|whatsapp)\.?"
    r"(?: ?(?:number|no\.?|num|#))?|my (?:new |old |registered )?number"
    r"|(?:call|text|reach|contact|dial|ring|phone)(?: me| us| him| her| them| you)?(?: back)?)"
    r"(?: ?(?:is|at|on|[是为在到:：=.#\-])){0,3} ?\(?\+?$",
    re.IGNORECASE,
)
ORDER_WORDS = re.compile(
    r"(?:订单|单号|流水|运单|快递|物流|条码|批次|批号|编号|型号|货号|序列号|工单|发票|合同|案号|票号"
    r"|order|tracking|invoice|serial|sku|isbn|issn|barcode|ticket|parcel|shipment|receipt"
    r"|transaction|reference|confirmation|part|model|batch|build|commit)"
    r"(?: ?(?:number|no\.?|num|id|code|代码|号码|号|#)){0,2}"
    r"(?: ?(?:is|was|[是为:：=.#\-(（])){0,3} ?$",
    re.IGNORECASE,
)
CARD_WORDS = re.compile(
    r"卡|账号|帐号|账户|银联|card|visa|amex|maestro|unionpay|credit|debit|account|(?<![A-Za-z])cc(?![A-Za-z])",
    re.IGNORECASE,
)
ID_WORDS = re.compile(r"身份证|身份號|证件|identity|id card|id n|national id|sfz", re.IGNORECASE)
PASSPORT_WORDS = re.compile(r"护照|證件|证件|passport|出入境|旅行证|travel doc", re.IGNORECASE)
PERMIT_WORDS = re.compile(
    r"通行证|港澳|回乡证|台胞证|台湾|证件|permit|exit-entry|travel doc", re.IGNORECASE
)
PLATE_WORDS = re.compile(r"车牌|牌照|车号|号牌|plate|licen[cs]e", re.IGNORECASE)
SSN_WORDS = re.compile(r"ssn|social security|社会安全|社会保障|社安号", re.IGNORECASE)
IP_WORDS = re.compile(
    r"ip|地址|服务器|主机|网关|节点|address|server|host|gateway|ping|dns|ssh|subnet|node",
    re.IGNORECASE,
)
VERSION_WORDS = re.compile(
    r"(?:(?:版本|固件|(?<![A-Za-z])(?:version|ver|release|rev|build|firmware|python|v))"
    r"(?: ?(?:号|number|no\.?|[是为:：=.到至]|is|to)){0,3} ?|[A-Za-z]/|第 ?|章节? ?|§ ?"
    r"|section |chapter |oid ?[:=]? ?)$",
    re.IGNORECASE,
)
# Any word that announces personal information at all.
ANY_WORDS = re.compile(
    r"电话|手机|号码|联系|身份证|证件|护照|卡号|银行卡|账号|车牌|phone|mobile|call|card|passport|ssn"
    r"|number|account|address|iban",
    re.IGNORECASE,
)
MONEY_BEFORE = frozenset("¥￥$€£₩₹")
MONEY_AFTER = re.compile(
    r" ?(?:元(?![旦宵月])|块钱|万元|亿|%|美元|美金|港币|人民币|USD|RMB|CNY|EUR|dollars)"
)
# Latin letters that may touch a number from the left: "tel13800138000", "ID110105...".
_GLUED_WORDS = re.compile(
    r"(?:tel|phone|mobile|mob|cell|number|no|num|id|card|sfz|wx|vx|wechat|weixin|qq|fax|call|is"
    r"|sms|whatsapp|ssn|plate|iban|passport|dial|text|at|on|to|v|cc)$",
    re.IGNORECASE,
)
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ALNUM = _LETTERS | frozenset("0123456789")


def announced(text: str, start: int, words: re.Pattern[str], window: int = WINDOW) -> bool:
    """True when `words` matches within the `window` characters before `start`."""
    return words.search(text, max(0, start - window), start) is not None


def left_is_free(text: str, start: int) -> bool:
    """True unless the number grows out of a code: hex, a GUID, a decimal, `A1-138...`."""
    if start == 0:
        return True
    before = text[start - 1]
    if before in _LETTERS:
        left = max(0, start - 12)
        while start > left and text[start - 1] in _LETTERS:
            start -= 1
        end = start
        while text[end] in _LETTERS:
            end += 1
        glued = _GLUED_WORDS.match(text, start, end) is not None
        return glued and (start == 0 or text[start - 1] not in _ALNUM)
    if before in "-." and start > 1 and text[start - 2] in "0123456789":
        return False
    return not (before == "-" and start > 4 and _is_code(text[start - 5 : start - 1]))


def right_is_free(text: str, end: int) -> bool:
    """True unless the number goes on: letters, decimals, another group, a unit of money."""
    if end == len(text):
        return True
    after = text[end]
    if after in _ALNUM:
        return False
    if after in ".-" and end + 1 < len(text) and text[end + 1] in "0123456789":
        return False
    return MONEY_AFTER.match(text, end, end + 10) is None


def is_money(text: str, start: int) -> bool:
    """True when a currency sign stands before `start`."""
    return start > 0 and text[start - 1] in MONEY_BEFORE


def _is_code(group: str) -> bool:
    """Four letters and digits mixed, as in a GUID; `ab-c` or `call` are none."""
    return all(c in _ALNUM for c in group) and any(c in "0123456789" for c in group)
