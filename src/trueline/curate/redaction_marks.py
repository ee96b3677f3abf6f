"""What stands in a text in place of a redacted value, in the language of the text.

>>> mark("cn_mobile", "zh"), mark("cn_mobile", "en"), mark("dangerous_goods", "en")
('[电话]', '[PHONE]', '[REDACTED]')
"""

from __future__ import annotations

_MARKS = {
    "电话 PHONE": "cn_mobile cn_landline us_phone intl_phone",
    "邮箱 EMAIL": "email",
    "证件号 ID": "cn_resident_id us_ssn uk_nino cn_hk_macao_permit cn_taiwan_permit",
    "护照号 PASSPORT": "passport cn_passport",
    "卡号 CARD": "bank_card",
    "账号 ACCOUNT": "iban wechat_id qq",
    "机构代码 COMPANY": "cn_uscc",
    "车牌 PLATE": "cn_plate",
    "网络地址 IP": "ip_address mac_address",
    "姓名 NAME": "person_name",
    "出生日期 DATE": "birth_date",
    "住址 ADDRESS": "cn_address",
    "坐标 LOCATION": "gps_coordinates",
}
_BY_LABEL = {
    label: tuple(words.split()) for words, labels in _MARKS.items() for label in labels.split()
}


def mark(label: str, language: str) -> str:
    """`[电话]` for Chinese, `[PHONE]` otherwise; `[已删]` and `[REDACTED]` for other labels."""
    chinese, english = _BY_LABEL.get(label, ("已删", "REDACTED"))
    return f"[{chinese if language == 'zh' else english}]"
