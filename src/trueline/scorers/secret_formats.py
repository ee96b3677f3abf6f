"""Formats of credentials that vendors issue with a fixed prefix.

    >>> vendor_secret("ghp_" + "a1B2" * 9, 0, "ghp_")
    Finding(start=0, end=40, label='github_token', value=0.9)

Sources: each vendor's own documentation of its tokens as of 2025 (GitHub "Behind GitHub's new
authentication token formats", AWS IAM "Unique identifiers", Slack "Token types", Stripe "API
keys", GitLab "Token overview", Google Cloud "API keys", Alibaba Cloud and Tencent Cloud
"AccessKey", npm and PyPI token pages, DingTalk, WeCom and Feishu robot pages) and the GitHub
list of supported secret-scanning patterns.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from trueline.scorers.findings import FORMAT, Finding

_TOKEN = r"[A-Za-z0-9_\-]"  # noqa: S105  (a character class)


class Format(NamedTuple):
    """A credential that starts with one of `prefixes` and matches `pattern` from there.

    Patterns end with a bounded count: the rest of a longer run is added afterwards, so that
    a scan stays linear and a stream knows a credential by its first characters.
    """

    label: str
    prefixes: tuple[str, ...]
    pattern: str
    mixed: bool = False  # needs a digit and a letter, for prefixes that words share


FORMATS = (
    Format(
        "aws_access_key",
        ("akia", "asia", "abia", "acca"),
        r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    ),
    Format("github_token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{36}"),
    Format("github_token", ("github_pat_",), r"github_pat_[A-Za-z0-9_]{36,90}"),
    Format(
        "gitlab_token",
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-", "glagent-"),
        rf"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-{_TOKEN}{{20,90}}",
    ),
    Format("slack_token", ("xox",), r"xox[abeoprs]-[A-Za-z0-9\-]{16,90}", mixed=True),
    Format("slack_token", ("xapp-",), r"xapp-[0-9]-[A-Za-z0-9\-]{16,90}"),
    Format(
        "slack_webhook",
        ("hooks.slack.com/",),
        r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{20,100}",
    ),
    Format(
        "stripe_key",
        ("sk_live_", "sk_test_", "rk_live_", "rk_test_"),
        r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,90}",
    ),
    Format("stripe_key", ("whsec_",), r"whsec_[A-Za-z0-9+/=]{32,90}"),
    Format("anthropic_key", ("sk-ant-",), rf"sk-ant-[a-z]{{3,8}}[0-9]{{2}}-{_TOKEN}{{20,90}}"),
    Format("openai_key", ("sk-",), rf"sk-{_TOKEN}{{20,90}}", mixed=True),
    Format("google_api_key", ("aiza",), rf"AIza{_TOKEN}{{35}}"),
    Format("google_oauth_secret", ("gocspx-",), rf"GOCSPX-{_TOKEN}{{28}}"),
    Format("google_oauth_token", ("ya29.",), rf"ya29\.{_TOKEN}{{30,90}}"),
    Format("huggingface_token", ("hf_",), r"hf_[A-Za-z0-9]{30,40}", mixed=False),
    Format("aliyun_access_key", ("ltai",), r"LTAI[A-Za-z0-9]{12,26}(?![A-Za-z0-9])", mixed=True),
    Format("tencent_secret_id", ("akid",), r"AKID[A-Za-z0-9]{28,44}", mixed=True),
    Format("volcengine_access_key", ("aklt",), r"AKLT[A-Za-z0-9\-_]{32,60}", mixed=True),
    Format("npm_token", ("npm_",), r"npm_[A-Za-z0-9]{36}"),
    Format("pypi_token", ("pypi-age",), rf"pypi-AgE{_TOKEN}{{40,90}}"),
    Format("sendgrid_key", ("sg.",), rf"SG\.{_TOKEN}{{16,32}}\.{_TOKEN}{{32,64}}"),
    Format(
        "twilio_key",
        tuple(f"sk{digit}" for digit in "0123456789abcdef"),
        r"SK[0-9a-f]{32}(?![A-Za-z0-9])",
    ),
    Format(
        "dingtalk_webhook",
        ("oapi.dingtalk.com/robot/send",),
        r"oapi\.dingtalk\.com/robot/send\?access_token=[0-9A-Za-z]{32,80}",
    ),
    Format(
        "wecom_webhook",
        ("qyapi.weixin.qq.com/",),
        r"qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=[0-9A-Za-z\-]{30,40}",
    ),
    Format(
        "feishu_webhook",
        ("open.feishu.cn/", "open.larksuite.com/"),
        r"open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/[0-9A-Za-z\-]{30,40}",
    ),
    Format(
        "discord_webhook",
        ("discord.com/api/webhooks/", "discordapp.com/api/webhooks/"),
        rf"discord(?:app)?\.com/api/webhooks/[0-9]{{16,20}}/{_TOKEN}{{40,90}}",
    ),
    Format("azure_storage_key", ("accountkey=",), r"(?i:AccountKey=)[A-Za-z0-9+/]{60,90}"),
    Format("azure_access_key", ("sharedaccesskey=",), r"(?i:SharedAccessKey=)[A-Za-z0-9+/]{40,90}"),
    Format("azure_sas", ("sig=",), r"sig=[A-Za-z0-9+/%]{40,90}", mixed=True),
    Format("digitalocean_token", ("dop_v1_", "doo_v1_"), r"do[op]_v1_[a-f0-9]{64}"),
    Format("databricks_token", ("dapi",), r"dapi[a-f0-9]{32}"),
    Format(
        "shopify_token", ("shpat_", "shpca_", "shppa_", "shpss_"), r"shp[a-z]{2}_[A-Fa-f0-9]{32}"
    ),
    Format("docker_token", ("dckr_pat_",), rf"dckr_pat_{_TOKEN}{{24,40}}"),
    Format("groq_key", ("gsk_",), r"gsk_[A-Za-z0-9]{40,60}"),
    Format("grafana_token", ("glsa_",), r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
    Format("notion_token", ("ntn_",), r"ntn_[A-Za-z0-9]{40,60}"),
    Format("linear_key", ("lin_api_",), r"lin_api_[A-Za-z0-9]{32,48}"),
    Format("vault_token", ("hvs.",), rf"hvs\.{_TOKEN}{{24,100}}"),
    Format("rubygems_key", ("rubygems_",), r"rubygems_[a-f0-9]{48}"),
    Format("age_key", ("age-secret-key-1",), r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    Format("telegram_bot_token", (":aa",), r":AA[A-Za-z0-9_\-]{33}(?![A-Za-z0-9_\-])"),
    Format("mailgun_key", ("key-",), r"key-[0-9a-f]{32}(?![A-Za-z0-9])"),
)
_BY_PREFIX = {
    prefix: (format_.label, re.compile(format_.pattern), format_.mixed)
    for format_ in FORMATS
    for prefix in format_.prefixes
}
PREFIXES = tuple(_BY_PREFIX)
_REST = re.compile(r"[A-Za-z0-9_\-+/%=]*")
_BOT_ID = re.compile(r"(?<![0-9])[0-9]{8,10}$")
_SCHEME = re.compile(r"https?://$", re.IGNORECASE)


def vendor_secret(text: str, start: int, prefix: str) -> Finding | None:
    """The credential at `start`, where a word of `PREFIXES` stands, if there is one."""
    label, pattern, mixed = _BY_PREFIX[prefix]
    match = pattern.match(text, start)
    if match is None:
        return None
    if label == "telegram_bot_token":
        number = _BOT_ID.search(text, max(0, start - 11), start)
        return Finding(number.start(), match.end(), label, FORMAT) if number else None
    before = text[start - 1 : start]
    if "." in prefix and "/" in prefix:
        scheme = _SCHEME.search(text, max(0, start - 8), start)
        start = scheme.start() if scheme else start
    elif before.isascii() and (before.isalnum() or (mixed and before in "-_")) and before:
        return None
    if mixed and not _is_mixed(match.group()[len(prefix) : 64]):
        return None
    rest = _REST.match(text, match.end())
    end = rest.end() if rest and label != "aws_access_key" else match.end()
    return Finding(start, end, label, FORMAT)


def _is_mixed(body: str) -> bool:
    """Digits and letters, and not a name in words such as `sk-button-primary-2-large`."""
    longest = max((len(part) for part in re.split(r"[\-_]", body)), default=0)
    return longest >= 12 and any(c.isdigit() for c in body) and any(c.isalpha() for c in body)
