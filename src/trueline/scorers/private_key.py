r"""Find private keys in PEM, OpenPGP and PuTTY form.

    >>> private_key("a -----BEGIN RSA PRIVATE KEY-----\nMIIB", 2)
    Finding(start=2, end=38, label='private_key', value=1.0)

The begin line alone is the finding; it reaches to the end line, or to the end of the text
while there is none. A stream therefore knows every character of the body as secret when it
arrives, however long the key is: only the begin line (at most 80 characters) must be held
back to be recognised.

References: RFC 7468, RFC 9580 section 6.2, PuTTY manual appendix C.
"""

from __future__ import annotations

import re

from trueline.scorers.findings import CHECKSUM, Finding

LABEL = "private_key"
BEGIN_LIMIT = 80
PREFIXES = ("-----begin", "---- begin", "putty-user-key-file-")
_BEGIN = re.compile(
    r"----[\- ]BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?[\- ]----|PuTTY-User-Key-File-[23]:",
    re.IGNORECASE,
)
_END = re.compile(
    r"----[\- ]END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?[\- ]----"
    r"|Private-MAC: ?[0-9a-f]{40,64}(?![0-9a-f])",
    re.IGNORECASE,
)


def private_key(text: str, start: int) -> Finding | None:
    """The key whose begin line is at `start`, where a word of `PREFIXES` stands."""
    begin = _BEGIN.match(text, start)
    if begin is None:
        return None
    end = _END.search(text, begin.end())
    return Finding(start, end.end() if end else len(text), LABEL, CHECKSUM)
