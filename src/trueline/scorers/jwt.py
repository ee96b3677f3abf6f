"""Find JSON Web Tokens by their shape and their decoded header.

    >>> token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.abc123DEF456ghi789"
    >>> web_token(token, 0)
    Finding(start=0, end=71, label='jwt', value=1.0)

References: RFC 7515 (JWS), RFC 7516 (JWE), RFC 7519 (JWT).
"""

from __future__ import annotations

import base64
import binascii
import json
import re

from trueline.scorers.findings import CHECKSUM, SHAPE, Finding

LABEL = "jwt"
PREFIX = "eyj"
HEADER_LIMIT = 200
_HEAD = re.compile(rf"(eyJ[A-Za-z0-9_\-]{{9,{HEADER_LIMIT}}})\.(?=(eyJ)?)[A-Za-z0-9_\-]{{8}}")
_REST = re.compile(r"[A-Za-z0-9_\-.]*")
_GROWN = re.compile(r"[A-Za-z0-9_\-.]")


def web_token(text: str, start: int) -> Finding | None:
    """The token at `start`, where `eyJ` stands; known by its header and eight characters."""
    if start and _GROWN.match(text[start - 1]):
        return None
    match = _HEAD.match(text, start)
    if match is None:
        return None
    named = _names_algorithm(match[1])
    if not named and match[2] is None:
        return None
    rest = _REST.match(text, match.end())
    end = rest.end() if rest else match.end()
    while text[end - 1] == ".":
        end -= 1
    return Finding(start, end, LABEL, CHECKSUM if named else SHAPE)


def _names_algorithm(header: str) -> bool:
    try:
        fields = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and ("alg" in fields or "typ" in fields)
