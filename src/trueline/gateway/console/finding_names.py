"""What findings are called on a page: labels within a category, and reasons, in two languages.

>>> finding_name("privacy:cn_mobile", {}, "zh")
'手机号'
>>> finding_name("violence", {"violence": "violence"}, "en")
'violence'
>>> reason_text("listed word (reversed)", "zh")
'词表命中（倒序）'

A scorer's label or reason that is not listed here is shown as the scorer gives it.
"""

from __future__ import annotations

from collections.abc import Mapping

from trueline.core.i18n import pick

_PERSONAL = {
    "cn_mobile": ("手机号", "mobile number (CN)"),
    "cn_landline": ("固定电话", "landline (CN)"),
    "us_phone": ("美国电话", "phone number (US)"),
    "intl_phone": ("国际电话", "phone number"),
    "cn_resident_id": ("居民身份证号", "resident ID (CN)"),
    "cn_passport": ("护照号", "passport (CN)"),
    "cn_hk_macao_permit": ("港澳通行证号", "Hong Kong and Macao permit"),
    "cn_taiwan_permit": ("台湾通行证号", "Taiwan permit"),
    "cn_plate": ("车牌号", "number plate (CN)"),
    "cn_uscc": ("统一社会信用代码", "company code (CN)"),
    "cn_address": ("地址", "address (CN)"),
    "bank_card": ("银行卡号", "bank card"),
    "iban": ("国际银行账号", "IBAN"),
    "email": ("电子邮箱", "email"),
    "ip_address": ("IP 地址", "IP address"),
    "mac_address": ("MAC 地址", "MAC address"),
    "gps_coordinates": ("经纬度", "coordinates"),
    "us_ssn": ("美国社会保障号", "social security number (US)"),
    "uk_nino": ("英国国民保险号", "national insurance number (UK)"),
    "person_name": ("人名", "person's name"),
    "birth_date": ("出生日期", "date of birth"),
    "wechat_id": ("微信号", "WeChat ID"),
    "qq": ("QQ 号", "QQ number"),
    "privacy_request": ("索取他人隐私", "asks for private data"),
}

_SECRETS = {
    "api_key": ("API 密钥", "API key"),
    "access_key": ("访问密钥", "access key"),
    "auth_key": ("认证密钥", "authentication key"),
    "encryption_key": ("加密密钥", "encryption key"),
    "signing_key": ("签名密钥", "signing key"),
    "private_key": ("私钥", "private key"),
    "jwt": ("JWT 令牌", "JSON web token"),
    "bearer_token": ("Bearer 令牌", "bearer token"),
    "credential_url": ("含密码的网址", "URL with a password"),
    "database_url": ("数据库连接串", "database URL"),
    "generic_password": ("密码", "password"),
    "generic_secret": ("密钥或密码", "secret"),
}

_KINDS = {
    "key": ("密钥", "key"),
    "token": ("令牌", "token"),
    "webhook": ("回调地址", "webhook"),
    "secret": ("密钥", "secret"),
    "sas": ("共享签名", "signature"),
    "id": ("标识", "id"),
}
_VENDORS = {
    "age": "age", "aliyun": "阿里云", "anthropic": "Anthropic", "aws": "AWS", "azure": "Azure",
    "databricks": "Databricks", "digitalocean": "DigitalOcean", "dingtalk": "钉钉",
    "discord": "Discord", "docker": "Docker", "feishu": "飞书", "github": "GitHub",
    "gitlab": "GitLab", "google": "Google", "grafana": "Grafana", "groq": "Groq",
    "huggingface": "Hugging Face", "linear": "Linear", "mailgun": "Mailgun", "notion": "Notion",
    "npm": "npm", "openai": "OpenAI", "pypi": "PyPI", "rubygems": "RubyGems",
    "sendgrid": "SendGrid", "shopify": "Shopify", "slack": "Slack", "stripe": "Stripe",
    "telegram": "Telegram", "tencent": "腾讯云", "twilio": "Twilio", "vault": "Vault",
    "volcengine": "火山引擎", "wecom": "企业微信",
}  # fmt: skip
_VENDORS_EN = {
    "aliyun": "Alibaba Cloud", "dingtalk": "DingTalk", "feishu": "Feishu",
    "tencent": "Tencent Cloud", "volcengine": "Volcengine", "wecom": "WeCom",
}  # fmt: skip

_HARMS = {
    "direct": ("直接注入", "direct injection"),
    "indirect": ("间接注入", "indirect injection"),
    "jailbreak": ("越狱", "jailbreak"),
    "system_prompt": ("索取系统提示", "asks for the system prompt"),
    "prompt_injection": ("提示注入", "prompt injection"),
    "user_list": ("自定义词表", "your word list"),
    "drugs": ("毒品", "drugs"),
    "exam_cheating": ("考试作弊", "exam cheating"),
    "fraud": ("诈骗", "fraud"),
    "gambling": ("赌博", "gambling"),
    "abuse": ("辱骂", "abuse"),
    "profanity": ("粗口", "profanity"),
    "slur": ("歧视性称呼", "slur"),
    "encouragement": ("怂恿", "encouragement"),
    "method": ("方法", "method"),
    "explicit": ("露骨内容", "explicit"),
    "sexual_minor": ("涉未成年人", "involving minors"),
    "sexual_violence": ("性暴力", "sexual violence"),
    "threat": ("威胁", "threat"),
    "weapons": ("武器", "weapons"),
    "toxicity": ("恶意言论", "toxicity"),
    "hate": ("仇恨", "hate"),
    "harassment": ("骚扰", "harassment"),
    "bias_stereotype": ("偏见与刻板印象", "bias and stereotypes"),
    "sexual": ("色情", "sexual"),
    "violence": ("暴力", "violence"),
    "self_harm": ("自伤", "self-harm"),
    "illicit": ("违法活动", "illicit activity"),
    "fraud_misinfo": ("诈骗与虚假信息", "fraud and misinformation"),
    "harmful_request": ("有害请求", "harmful request"),
}

LABELS: dict[str, tuple[str, str]] = {**_PERSONAL, **_SECRETS, **_HARMS}

# Reasons of the built-in scorers in Chinese; in English they stand as given.
_REASONS_ZH = {
    "format and checksum hold": "格式与校验位都相符",
    "format holds": "格式相符",
    "looks like one": "形似",
    "the words beside it say so": "旁边的词语表明",
    "listed word": "词表命中",
    "answer replaced": "替换回答",
    "answer tampered with": "篡改回答",
    "data sent away": "外传数据",
    "encoded order": "编码的指令",
    "kept from the user": "瞒着用户",
    "lawless fiction": "无法无天的虚构",
    "new persona": "更换身份",
    "order before the task": "任务之前的指令",
    "order to the model": "对模型下指令",
    "orders void": "宣布指令作废",
    "override": "推翻指令",
    "override and redirect": "推翻指令并改道",
    "prompt asked for": "索取提示词",
    "refusal forbidden": "禁止拒绝",
    "secret asked for": "索取机密",
    "two answers": "要求两种回答",
    "unrestricted mode": "无限制模式",
    "unrestricted persona": "无限制身份",
    "user led astray": "误导用户",
    "warnings forbidden": "禁止警示",
}
_READINGS_ZH = {"reversed": "倒序", "rot13": "rot13", "split": "拆字", "pinyin": "拼音"}


def finding_name(name: str, categories: Mapping[str, str], language: str) -> str:
    """The name of `category` or `category:label`.

    Args:
        name: as `highlight.Piece.names` has it.
        categories: names of categories and topics by id.
        language: `zh` or `en`.
    """
    category, _, label = name.partition(":")
    shown = categories.get(category, category)
    if not label or label == category:
        return shown
    return label_name(label, language) or f"{shown} · {label}"


def label_name(label: str, language: str) -> str:
    """The name of a label, or an empty string for one that is not known here.

    >>> label_name("openai_key", "zh"), label_name("aws_secret_key", "en")
    ('OpenAI 密钥', 'AWS secret key')
    """
    known = LABELS.get(label)
    if known is not None:
        return pick({"zh": known[0], "en": known[1]}, language)
    vendor, _, kind = label.partition("_")
    last = kind.rpartition("_")[2]
    if vendor not in _VENDORS or last not in _KINDS:
        return ""
    if language == "zh":
        return f"{_VENDORS[vendor]} {_KINDS[last][0]}"
    words = kind.replace("_", " ") if kind != last else _KINDS[last][1]
    return f"{_VENDORS_EN.get(vendor, _VENDORS[vendor])} {words}"


def reason_text(reason: str, language: str) -> str:
    """A scorer's reason in the reader's language, where that is known."""
    if language != "zh":
        return reason
    body, bracket, inside = reason.removesuffix(")").partition(" (")
    if body.startswith("classifier: "):
        label = body.removeprefix("classifier: ")
        told = f"分类器：{label_name(label, 'zh') or label}"
    else:
        told = "、".join(_REASONS_ZH.get(part, part) for part in body.split(", "))
    if not bracket:
        return told
    readings = "、".join(_READINGS_ZH.get(part, part) for part in inside.split(", "))
    return f"{told}（{readings}）"
