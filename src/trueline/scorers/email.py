"""Find e-mail addresses, glued to Han characters or not.

    >>> emails("发到邮箱zhang.san@example.cn谢谢")
    [Finding(start=4, end=24, label='email', value=0.9)]

Reference: RFC 5321 section 4.5.3.1 (64 characters before the @). Domains are read up to 126
characters; longer ones exist on paper only, and a stream need not wait for them.
"""

from __future__ import annotations

import re

from trueline.scorers.findings import FORMAT, Finding

LABEL = "email"
LOCAL_LIMIT = 64
DOMAIN_LIMIT = 126
_LOCAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-"
_DOMAIN = re.compile(rf"[A-Za-z0-9](?:[A-Za-z0-9\-]|\.(?=[A-Za-z0-9])){{0,{DOMAIN_LIMIT - 1}}}")
_TOP = re.compile(r"[A-Za-z]{2,24}|xn--[A-Za-z0-9\-]{2,59}")
# File names of high-resolution pictures and assets (logo@2x.png) are no addresses.
_FILES = frozenset(("png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ico", "mp4", "html"))
# "Write to a@b.com.Thanks": a sentence that starts without a space is no part of the domain.
_COMMON_TOPS = frozenset(
    ("com", "cn", "net", "org", "edu", "gov", "io", "hk", "tw", "uk", "de", "jp")
)
_USERINFO = re.compile(r"://[^\s/?#@]*$")


def emails(text: str) -> list[Finding]:
    """Every address of the text; the password part of `scheme://user:password@host` is none."""
    found: list[Finding] = []
    at = text.find("@")
    while at >= 0:
        if finding := _around(text, at):
            found.append(finding)
        at = text.find("@", at + 1)
    return found


def _around(text: str, at: int) -> Finding | None:
    left = text[max(0, at - LOCAL_LIMIT) : at]
    local = left[len(left.rstrip(_LOCAL)) :].lstrip(".-+%")
    match = _DOMAIN.match(text, at + 1) if local and local[-1] != "." else None
    if match is None:
        return None
    labels = match.group().split(".")
    while len(labels) > 1 and not _TOP.fullmatch(labels[-1].rstrip("-")):
        labels.pop()
    while len(labels) > 2 and labels[-1][0].isupper() and labels[-2] in _COMMON_TOPS:
        labels.pop()
    if len(labels) < 2 or not all(labels) or labels[-1].lower() in _FILES:
        return None
    start = at - len(local)
    end = at + 1 + len(".".join(labels).rstrip("-"))
    if _USERINFO.search(text, max(0, start - 80), at):
        return None
    if local == "git" and text[end : end + 1] == ":":
        return None
    return Finding(start, end, LABEL, FORMAT)
