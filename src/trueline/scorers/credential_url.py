"""Find URLs that carry a password: databases, brokers, web servers, mail servers.

    >>> text = "连接串postgres://app:2WRRnruk@db.example:5432/main连不上"
    >>> credential_url(text, 11)
    Finding(start=3, end=47, label='database_url', value=0.9)

Reference: RFC 3986 section 3.2.1 (user information).
"""

from __future__ import annotations

import re

from trueline.scorers.findings import FORMAT, Finding
from trueline.scorers.secret_assignment import is_placeholder

CUE = "://"
SCHEME_LIMIT = 24
USER_LIMIT = 64
PASSWORD_LIMIT = 128
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,23}$")
_LOGIN = re.compile(
    rf"://[^\s:/?#@'\"<>\u4e00-\u9fff]{{0,{USER_LIMIT}}}:"
    rf"(?P<password>[^\s/?#@'\"<>\u4e00-\u9fff]{{1,{PASSWORD_LIMIT}}})@(?=[A-Za-z0-9\[])"
)
_REST = re.compile(r"[A-Za-z0-9.\-:\[\]/?=&%_+~,]*")
_DATABASES = re.compile(
    r"postgres|mysql|mariadb|mongo|redis|mssql|sqlserver|oracle|clickhouse|amqp|cockroach|jdbc|db2",
    re.IGNORECASE,
)


def credential_url(text: str, start: int) -> Finding | None:
    """The URL around the `://` at `start`, when it holds a user's password."""
    login = _LOGIN.match(text, start)
    if login is None or is_placeholder(login["password"]):
        return None
    scheme = _SCHEME.search(text, max(0, start - SCHEME_LIMIT), start)
    if scheme is None:
        return None
    rest = _REST.match(text, login.end())
    end = rest.end() if rest else login.end()
    while text[end - 1] in ".,:?&":
        end -= 1
    label = "database_url" if _DATABASES.search(scheme.group()) else "credential_url"
    return Finding(scheme.start(), end, label, FORMAT)
