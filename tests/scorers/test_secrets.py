"""Every kind of credential, planted in running text, and the look-alikes that are none."""

from __future__ import annotations

import base64
import codecs
import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.records import Context, Span
from trueline.scorers.secret_assignment import entropy
from trueline.scorers.secret_formats import FORMATS
from trueline.scorers.secrets import SecretScorer, find_secrets
from trueline.text.normalize import normalize

SCORER = SecretScorer()
ALNUM = string.ascii_letters + string.digits
BEFORE = ("配置里写了", "key是", "use ", "see: ", '"', "（", "")
AFTER = ("可以吗", "，谢谢", " please", '"', "。", "\n", "")


def run(alphabet: str, size: int) -> st.SearchStrategy[str]:
    """A run with a digit and a letter, as issued keys have."""
    return st.text(alphabet, min_size=size, max_size=size).map(
        lambda body: ("a7" if "a" in alphabet else "A7") + body[2:]
    )


def after(prefix: str, alphabet: str, size: int) -> st.SearchStrategy[str]:
    return run(alphabet, size).map(lambda body: prefix + body)


HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
KINDS = {
    "aws_access_key": after("AKIA", UPPER, 16),
    "github_token": st.one_of(after("ghp_", ALNUM, 36), after("github_pat_", ALNUM, 82)),
    "gitlab_token": after("glpat-", ALNUM, 20),
    "slack_token": after("xoxb-123456789012-", ALNUM, 24),
    "slack_webhook": after("https://hooks.slack.com/services/T00000000/B00000000/", ALNUM, 24),
    "stripe_key": st.one_of(after("sk_live_", ALNUM, 24), after("rk_test_", ALNUM, 24)),
    "openai_key": st.one_of(after("sk-", ALNUM, 48), after("sk-proj-", ALNUM, 48)),
    "anthropic_key": after("sk-ant-api03-", ALNUM, 90),
    "google_api_key": after("AIza", ALNUM, 35),
    "google_oauth_secret": after("GOCSPX-", ALNUM, 28),
    "huggingface_token": after("hf_", string.ascii_letters, 34),
    "aliyun_access_key": after("LTAI5t", ALNUM, 18),
    "tencent_secret_id": after("AKID", ALNUM, 32),
    "npm_token": after("npm_", ALNUM, 36),
    "pypi_token": after("pypi-AgEIcHlwaS5vcmc", ALNUM, 60),
    "sendgrid_key": st.tuples(run(ALNUM, 22), run(ALNUM, 43)).map(lambda p: f"SG.{p[0]}.{p[1]}"),
    "twilio_key": after("SK", HEX, 32),
    "telegram_bot_token": after("123456789:AA", ALNUM, 33),
    "dingtalk_webhook": after("https://oapi.dingtalk.com/robot/send?access_token=", HEX, 64),
    "wecom_webhook": st.uuids().map(
        lambda key: f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={key}"
    ),
    "feishu_webhook": st.uuids().map(
        lambda key: f"https://open.feishu.cn/open-apis/bot/v2/hook/{key}"
    ),
    "digitalocean_token": after("dop_v1_", HEX, 64),
    "shopify_token": after("shpat_", HEX, 32),
    "groq_key": after("gsk_", ALNUM, 52),
    "database_url": run(ALNUM, 12).map(lambda p: f"postgres://app:{p}@db.example.com:5432/main"),
    "credential_url": run(ALNUM, 12).map(lambda p: f"https://admin:{p}@intra.example.com/x"),
}


def token(header: dict[str, str], payload: dict[str, str], signature: bytes) -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    fields = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(part(field) for field in fields)


KINDS["jwt"] = st.builds(
    token,
    st.fixed_dictionaries({"alg": st.sampled_from(("HS256", "RS256"))}),
    st.fixed_dictionaries({"sub": st.text(ALNUM, min_size=4, max_size=40)}),
    st.binary(min_size=32, max_size=64),
)
planted = st.sampled_from(sorted(KINDS)).flatmap(lambda k: st.tuples(st.just(k), KINDS[k]))


def found(text: str) -> set[Span]:
    return {span for score in SCORER.score(normalize(text), Context()) for span in score.spans}


@settings(max_examples=300, deadline=None)
@given(planted, st.sampled_from(BEFORE), st.sampled_from(AFTER))
def test_every_vendor_format_is_found_exactly_in_chinese_and_english(
    item: tuple[str, str], before: str, after: str
) -> None:
    label, value = item
    text = f"{before}{value}{after}"

    assert Span(len(before), len(before) + len(value), label) in found(text)


@pytest.mark.parametrize(
    ("text", "value", "label"),
    [
        ("数据库密码：Tr0ub4dor&3，请保密", "Tr0ub4dor&3", "generic_password"),
        ("The admin password is 71FtQU@840", "71FtQU@840", "generic_password"),
        ("password=hunter2a", "hunter2a", "generic_password"),
        ('DB_PASSWORD: "c0rrect-horse!"', "c0rrect-horse!", "generic_password"),
        ("登录口令改成abc12345了", "abc12345", "generic_password"),
        ("api_key = 'q8Zr2Lm9Xw4Tn7Vb1Ks6'", "q8Zr2Lm9Xw4Tn7Vb1Ks6", "generic_secret"),
        ("client_secret=9f86d081884c7d659a2feaa0", "9f86d081884c7d659a2feaa0", "generic_secret"),
        ("密钥是Q8zR2lM9xW4tN7vB1kS6", "Q8zR2lM9xW4tN7vB1kS6", "generic_secret"),
        (
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY",
            "aws_secret_key",
        ),
        (
            "Authorization: Bearer q8Zr2Lm9Xw4Tn7Vb1Ks6Yd3",
            "q8Zr2Lm9Xw4Tn7Vb1Ks6Yd3",
            "bearer_token",
        ),
        (
            "AccountName=x;AccountKey=" + "Ab3/" * 21 + "Ab==;EndpointSuffix=y",
            "AccountKey=" + "Ab3/" * 21 + "Ab==",
            "azure_storage_key",
        ),
        (
            "mysql://root:p4ssW0rd9@10.0.0.3/shop。",
            "mysql://root:p4ssW0rd9@10.0.0.3/shop",
            "database_url",
        ),
    ],
)
def test_what_a_name_calls_secret_is_found_exactly(text: str, value: str, label: str) -> None:
    start = text.index(value)

    assert Span(start, start + len(value), label) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "I forgot my password, what now?",
        "password: required",
        "The password is case-sensitive and must be 12 characters.",
        "密码：请输入8位以上的密码",
        "password = os.environ['DB_PASSWORD']",
        "password=getpass.getpass()",
        "token = response.json()['access_token']",
        'api_key = "<your-api-key>"',
        "api_key=${API_KEY}",
        "password: ********",
        "password=xxxxxxxxxx",
        "secret: your_secret_here_please_1",
        "max_tokens=4096, token: 128000",
        "sk-this-is-a-long-css-class-name-for-buttons",
        "The Akita and the Asian elephant; AKIA is short",
        "risk-assessment and task-management-for-everyone-2024",
        "postgres://app:password@localhost/main",
        "https://example.com:8080/path@2x",
        "http://user@example.com/",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBg\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIDdzCC\n-----END CERTIFICATE-----",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 user@host",
        "eyJust.a.word and eyJabc",
        "commit 5f7aa444a16747ebb38425b139a538e822702955",
        "550e8400-e29b-41d4-a716-446655440000",
        "basic understanding of the bearer of this letter",
        "如何修改银行卡的密码？令牌桶算法是什么",
        "请把密码改成更复杂的，比如大小写混合",
        "ratio 10:AABBCC",
    ],
)
def test_ordinary_text_and_placeholders_hold_no_credential(text: str) -> None:
    assert found(text) == set()


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(("RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY")),
    st.text(ALNUM + "+/\n", max_size=400),
    st.sampled_from(BEFORE[:-1]),
)
def test_a_private_key_is_one_span_from_its_begin_to_its_end_line(
    kind: str, body: str, before: str
) -> None:
    key = f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"
    findings = [tuple(f) for f in find_secrets(f"{before}{key}以上")]

    assert findings[0] == (len(before), len(before) + len(key), "private_key", 1.0)


@settings(deadline=None)
@given(st.text(ALNUM + "+/=\n ", min_size=1, max_size=600), st.integers(0, 600))
def test_a_private_key_without_its_end_line_reaches_to_the_end_of_the_text(
    body: str, cut: int
) -> None:
    text = "看-----BEGIN PRIVATE KEY-----\n" + body[:cut]

    assert find_secrets(text)[0][:3] == (1, len(text), "private_key")


def test_a_key_in_a_json_string_ends_at_its_end_line() -> None:
    text = r'{"private_key": "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n", "x": 1}'

    start, end, label, _ = find_secrets(text)[0]

    assert (text[start:end].partition("\\")[0], label) == (
        "-----BEGIN PRIVATE KEY-----",
        "private_key",
    )
    assert text[end:] == r'\n", "x": 1}'


def test_a_token_whose_header_names_an_algorithm_is_certain() -> None:
    certain = token({"alg": "HS256"}, {"sub": "1"}, b"x" * 32)
    shaped = "eyJkmMglVzwQR6HvvxK07ZI.eyJ5V4isXxbwLZNuLEzVTeGA4.EYgfpNsHwZkBHnGv"

    assert find_secrets(f"令牌{certain}")[0].value == 1.0
    assert find_secrets(f"令牌{shaped}")[0].value == 0.8


def test_a_credential_inside_base64_covers_the_whole_encoded_run() -> None:
    encoded = base64.b64encode(b"key: AKIAIOSFODNN7EXAMPLE now").decode()

    assert found(f"Decode {encoded} please") == {Span(7, 7 + len(encoded), "aws_access_key")}


def test_a_reversed_and_a_rotated_credential_are_found() -> None:
    assert {s.label for s in found("key: AKIAIOSFODNN7EXAMPLE"[::-1])} == {"aws_access_key"}
    assert {s.label for s in found(codecs.encode("key: AKIAIOSFODNN7EXAMPLE", "rot13"))} == {
        "aws_access_key"
    }


def test_scores_carry_the_category_and_never_the_text() -> None:
    scores = SCORER.score(normalize("密码：Tr0ub4dor&3"), Context())

    assert [(s.category, s.scorer, s.label, s.value) for s in scores] == [
        ("ip_secrets", "secrets", "generic_password", 0.8)
    ]
    assert "Tr0ub4dor" not in scores[0].reason


def test_entropy_is_zero_for_one_letter_and_two_bits_for_four_alike() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2


def test_every_prefix_of_a_format_is_how_its_pattern_begins() -> None:
    assert all(prefix == prefix.lower() for f in FORMATS for prefix in f.prefixes)
    assert len({prefix for f in FORMATS for prefix in f.prefixes}) == sum(
        len(f.prefixes) for f in FORMATS
    )
