"""Find IPv4, IPv6 and MAC addresses; version numbers and times of day are none.

    >>> ipv4s("登录IP为203.0.113.54请核实", 0, 20)
    [Finding(start=5, end=17, label='ip_address', value=0.9)]

References: RFC 791, RFC 4291 section 2.2, IEEE 802 (EUI-48).
"""

from __future__ import annotations

import re

from trueline.scorers.findings import FORMAT, Finding
from trueline.scorers.pii_context import IP_WORDS, VERSION_WORDS, announced

IP = "ip_address"
MAC = "mac_address"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"(?<![0-9A-Za-z.])(?:{_OCTET}\.){{3}}{_OCTET}(?![0-9A-Za-z]|\.[0-9])")
_IPV6 = re.compile(
    r"(?<![0-9A-Za-z.])(?<![0-9A-Za-z]:)(?:[0-9A-Fa-f]{1,4}|(?=::))(?::[0-9A-Fa-f]{0,4}){2,7}"
    r"(?![0-9A-Za-z])"
)
_MAC = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9A-Za-z][:\-])[0-9A-Fa-f]{2}(?P<gap>[:\-])[0-9A-Fa-f]{2}"
    r"(?:(?P=gap)[0-9A-Fa-f]{2}){4}(?![0-9A-Za-z]|(?P=gap)[0-9A-Za-z])"
)
_MAC_WORDS = re.compile(r"mac|物理地址|硬件地址|ethernet|bssid", re.IGNORECASE)
# This host, "any", broadcast and netmasks name nobody.
_NOBODY = re.compile(r"0\.|127\.|255\.")
_WINDOW = 24


def ipv4s(text: str, start: int, end: int) -> list[Finding]:
    """IPv4 addresses within `[start, end)`."""
    return [
        Finding(match.start(), match.end(), IP, FORMAT)
        for match in _IPV4.finditer(text, start, end)
        if _is_address(text, match)
    ]


def colon_addresses(text: str) -> list[Finding]:
    """IPv6 and MAC addresses of the whole text."""
    found: list[Finding] = []
    if text.count(":") >= 5 or text.count("-") >= 5:
        for match in _MAC.finditer(text):
            if _is_mac(text, match):
                found.append(Finding(match.start(), match.end(), MAC, FORMAT))
    if "::" in text or text.count(":") >= 7:
        for match in _IPV6.finditer(text):
            address = match.group()
            if address.endswith(":") and not address.endswith("::"):
                address = address[:-1]  # the colon of the sentence
            if _is_ipv6(address):
                found.append(Finding(match.start(), match.start() + len(address), IP, FORMAT))
    return found


def _is_address(text: str, match: re.Match[str]) -> bool:
    start = match.start()
    address = match.group()
    if _NOBODY.match(address) or announced(text, start, VERSION_WORDS, _WINDOW):
        return False
    # 1.2.3.4 or 10.4.12.3 is as likely a section or a version: ask for a word.
    if max(len(octet) for octet in address.split(".")) < 3:
        return announced(text, start, IP_WORDS, _WINDOW)
    return True


def _is_ipv6(address: str) -> bool:
    groups = address.split(":")
    if "::" in address:
        shown = [group for group in groups if group]
        return (
            address.count("::") == 1
            and ":::" not in address
            and len(shown) >= 2
            and (len(groups[0]) >= 3 or len(shown) >= 4)
            and any(c.isdigit() for c in address)
            and (bool(groups[0]) or address.startswith("::"))
            and (bool(groups[-1]) or address.endswith("::"))
        )
    return len(groups) == 8 and all(groups) and any(len(group) > 2 for group in groups)


def _is_mac(text: str, match: re.Match[str]) -> bool:
    digits = match.group().replace(match["gap"], "").lower()
    if len(set(digits)) < 3:
        return False
    # Six pairs of decimal digits may be a date and a time.
    return not digits.isdigit() or announced(text, match.start(), _MAC_WORDS, _WINDOW)
