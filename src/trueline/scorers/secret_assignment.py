"""Find values that a name calls secret: `password=...`, `api_key: "..."`, 密码：...

    >>> assigned_secret("数据库密码：Tr0ub4dor&3，请保密", 3, 5, "password")
    Finding(start=6, end=17, label='generic_password', value=0.8)
    >>> assigned_secret("password: required", 0, 8, "password") is None
    True

A value counts when it looks random: letters with digits or marks for passwords, and at least
3 bits a character over 16 characters for keys (English words stay near 2.5; hexadecimal keys
reach 3.2). Names of variables, calls and placeholders do not.
"""

from __future__ import annotations

import re
from collections import Counter
from math import log2

from trueline.scorers.findings import CONTEXT, SHAPE, Finding

# Words by group, in lower case.
CUE_WORDS = {
    "password": ("password", "passwd", "pwd", "passphrase", "密码", "口令", "密碼"),
    "key": (
        "secret",
        "token",
        "api_key",
        "api key",
        "apikey",
        "api-key",
        "access_key",
        "access key",
        "accesskey",
        "private_key",
        "auth_key",
        "encryption_key",
        "signing_key",
        "credential",
        "密钥",
        "秘钥",
        "私钥",
        "令牌",
    ),
    "bearer": ("bearer ",),
    "basic": ("basic ",),
}
VALUE_LIMIT = 64  # characters of a value that decide
_LINK = re.compile(
    r"[A-Za-z0-9_\-]{0,24}[\"'`\]]{0,2}"
    r"(?: {0,2}(?P<sign>:=|=>|==?|:|：) {0,2}| ?(?P<verb>is|was|是|为|改为|改成|设为) ?:? ?)"
    r"(?:[brf]?[\"'`])?"
)
_VALUE = re.compile(rf"[!#$%&*+\-./0-9=?@A-Z\[\]^_a-z{{|}}~\\]{{6,{VALUE_LIMIT}}}")
_REST = re.compile(r"[!#$%&*+\-./0-9=?@A-Z^_a-z~]*")
_CODE = re.compile(
    r"[A-Za-z_$][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*|\[[^\]]*\]?|->[A-Za-z_]\w*)+$"
)
_PLACEHOLDER = re.compile(
    r"[<\[{].*|\$\{?[A-Za-z_][A-Za-z_.]*\}?|%[sd(].*|%[A-Za-z_]+%|.*\$\{.*|.*\{\{.*"
    r"|your.*|(?:my|the|some|insert|enter|replace)[_\-.].*"
    r"|.*(?:changeme|change_me|placeholder|redacted|example|xxxx|\*\*\*|\.\.\.|dummy).*"
    r"|(?:password|passwd|pwd|secret|token|user|admin|pass|test|null|none|true|false|undefined)"
    r"|(.)\1{2,}",
    re.IGNORECASE,
)
_BEARER = re.compile(r"[A-Za-z0-9_\-.+/]{20,64}")


def assigned_secret(text: str, start: int, end: int, group: str) -> Finding | None:
    """What is assigned to the name that ends with the word `text[start:end]` of `group`."""
    if group in ("bearer", "basic"):
        return _header(text, start, end, group)
    link = _LINK.match(text, end)
    value = _VALUE.match(text, link.end()) if link else None
    if link is None or value is None:
        return None
    first = value.group()
    if is_placeholder(first) or _CODE.match(first) or text[value.end() : value.end() + 1] == "(":
        return None
    strong = _is_password(first) if group == "password" else _is_key(first)
    if not strong:
        return None
    rest = _REST.match(text, value.end())
    stop = rest.end() if rest else value.end()
    # Punctuation of the sentence is no part of the value; "!" may be.
    while text[stop - 1] in ".,:?]}\\":
        stop -= 1
    label = "generic_password" if group == "password" else "generic_secret"
    if (
        group == "key"
        and stop - value.start() == 40
        and "aws" in text[max(0, start - 12) : end + 24].lower()
    ):
        label = "aws_secret_key"
    return Finding(value.start(), stop, label, SHAPE if link["sign"] else CONTEXT)


def is_placeholder(value: str) -> bool:
    """True for what stands in examples: `<password>`, `${TOKEN}`, `your_key`, `****`."""
    return _PLACEHOLDER.fullmatch(value) is not None


def entropy(value: str) -> float:
    """Shannon entropy of the characters, bits a character; 0 for an empty value."""
    counts = Counter(value).values()
    return -sum(n / len(value) * log2(n / len(value)) for n in counts)


def _is_password(value: str) -> bool:
    value = value.rstrip(".,:?]}")
    letters = any(c.isalpha() for c in value)
    digits = any(c.isdigit() for c in value)
    if digits and not letters:
        return 6 <= len(value) <= 18
    marks = any(not c.isalnum() and c not in "-_./" for c in value)
    return len(value) >= 6 and letters and (digits or marks)


def _is_key(value: str) -> bool:
    letters = any(c.isalpha() for c in value)
    digits = any(c.isdigit() for c in value)
    return len(value) >= 16 and letters and digits and entropy(value) >= 3.0


def _header(text: str, start: int, end: int, group: str) -> Finding | None:
    """`Authorization: Bearer ...` and `Basic ...`; the word must start there."""
    before = text[start - 1 : start]
    if before.isascii() and before.isalnum():
        return None
    value = _BEARER.match(text, end)
    if value is None or not _is_key(value.group()):
        return None
    if group == "basic" and "uthorization" not in text[max(0, start - 20) : start]:
        return None
    rest = _REST.match(text, value.end())
    return Finding(value.start(), rest.end() if rest else value.end(), "bearer_token", SHAPE)
