"""Every page in both languages, and hostile text in every field of the log."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from tests.console.client import Reader, shown
from tests.console.conftest import Record, StartConsole
from tests.e2e.servers import RunningGateway, wait_until

from trueline.core.exchange import now
from trueline.core.records import Action
from trueline.store.keys import create_key

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"' onmouseover=alert(3) "
    "{{191*7}} {% raw %} </textarea></title>\u202e\u05e9\u05dc\u05d5\u05dd " + "w" * 3000
)
HAN = re.compile("[\u4e00-\u9fff]")


class _Markup(HTMLParser):
    """Collects what a browser would take for script, and text outside of elements."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.sources += [value or "" for name, value in attrs if name in {"src", "href", "action"}]


def markup(text: str) -> _Markup:
    parser = _Markup()
    parser.feed(text)
    parser.close()
    return parser


TITLES = {
    "/": ("总览", "Overview"),
    "/playground": ("试验台", "Playground"),
    "/events": ("记录", "Events"),
    "/policy": ("策略", "Policy"),
    "/policy/yaml": ("YAML", "YAML"),
    "/policy/draft": ("检查草稿", "Check a draft"),
    "/policy/templates": ("YAML", "YAML"),
    "/policy/templates/minors": ("YAML", "YAML"),
}


@pytest.mark.parametrize("path", TITLES)
def test_a_page_is_in_the_language_asked_for(shared: RunningGateway, path: str) -> None:
    chinese_title, english_title = TITLES[path]

    with Reader(shared.url, "zh-CN,zh;q=0.9") as reader:
        chinese = reader.get(path).text
    with Reader(shared.url, "en") as reader:
        english = reader.get(path).text

    assert '<html lang="zh-CN">' in chinese
    assert f"<title>{chinese_title} · 准绳</title>" in chinese
    assert '<html lang="en">' in english
    assert f"<title>{english_title} · Trueline</title>" in english


@pytest.mark.parametrize("path", ["/", "/playground", "/events", "/policy"])
def test_an_english_page_has_no_chinese_left_in_it_but_the_names(
    console: RunningGateway, path: str
) -> None:
    with Reader(console.url, "en") as reader:
        words = shown(reader.get(path))

    assert HAN.findall(words.replace("准绳", "").replace("中文", "")) == []


def test_the_switch_is_remembered_and_keeps_the_filters(shared: RunningGateway) -> None:
    with Reader(shared.url, "en") as reader:
        page = reader.get("/events?action=block&text=a%26b")
        switched = reader.get("/events?lang=zh")
        after = reader.get("/")

    assert 'href="/events?action=block&amp;text=a%26b&amp;lang=zh"' in page.text
    assert "trueline_lang=zh" in switched.headers["set-cookie"]
    assert '<html lang="zh-CN">' in after.text


def test_times_are_in_the_readers_zone_and_any_zone_cookie_is_harmless(
    console: RunningGateway, record: Record
) -> None:
    event = record(prompt_text="hi", prompt_chars=2)
    utc = event.exchange.time.strftime("%Y-%m-%d %H:%M:%S")
    shanghai = (event.exchange.time + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
    path = f"/events/{event.exchange.id}"

    with Reader(console.url) as reader:
        plain = shown(reader.get(path))
        there = shown(reader.get(path, headers={"cookie": "trueline_zone=Asia/Shanghai"}))
        for bad in ("../../etc/passwd", "Nowhere/City", "x" * 500, "/", "Asia", ""):
            odd = reader.get(path, headers={"cookie": f"trueline_zone={bad}"})
            assert f"{utc} UTC" in shown(odd)

    assert f"{utc} UTC" in plain
    assert shanghai in there


def test_an_empty_gateway_says_what_to_do_next(console: RunningGateway) -> None:
    with Reader(console.url) as reader:
        overview, events = reader.get("/"), reader.get("/events")

    assert "Nothing has passed through yet" in shown(overview)
    assert f"curl {console.url}/v1/chat/completions" in shown(overview)
    assert "Open mode." in shown(overview)
    assert "Exchanges appear here after the first one." in shown(events)


def test_an_overview_without_recent_traffic_says_there_is_earlier(
    console: RunningGateway, record: Record
) -> None:
    record(time=now() - timedelta(days=3))

    with Reader(console.url) as reader:
        day, week = reader.get("/?window=24h"), reader.get("/?window=7d")

    assert "No requests in this period" in shown(day)
    assert 'id="figure-total">1<' in week.text


def test_the_overview_counts_what_happened_and_why(console: RunningGateway, record: Record) -> None:
    phone = {"category": "privacy", "label": "cn_mobile", "score": 0.9, "threshold": 0.5,
             "action": "redact", "spans": [[0, 11]], "scorer": "pii",
             "reason": "format holds"}  # fmt: skip
    for _ in range(3):
        record(action=Action.REDACT, prompt_action=Action.REDACT, categories=("privacy",),
               scores={"prompt": [phone]}, language="zh", latency_ms=200.0)  # fmt: skip
    record(action=Action.BLOCK, prompt_action=Action.BLOCK, language="en", latency_ms=20.0)
    record(language="en", latency_ms=400.0, error="upstream_timeout", status=504)

    with Reader(console.url) as reader:
        page = reader.get("/overview/live?window=1h")
    words = shown(page)

    assert "Exchanges 5" in words
    assert "Policy acted 4 80%" in words
    assert "Blocked 1 20%" in words
    assert "mobile number (CN) pii 3" in words
    assert "privacy and personal data 3" in words
    assert "Chinese 3" in words
    assert "1 ended in an error" in words
    assert page.text.count('class="fill-redact"') >= 1
    assert console.state.policies.current.policy.hash.removeprefix("sha256:")[:12] in words


def test_a_policy_file_with_faults_is_told_on_the_overview_and_the_policy_page(
    console: RunningGateway,
) -> None:
    (console.folder / "policy.yaml").write_text("name: <b>broken</b>\n", encoding="utf-8")
    wait_until(lambda: bool(console.state.policies.fault))

    with Reader(console.url) as reader:
        overview, policy, listing = (reader.get(p) for p in ("/", "/policy", "/policy/yaml"))

    for page in (overview, policy):
        assert "The policy file has faults." in shown(page)
        assert "The previous policy stays in force" in shown(page)
        assert "<b>broken</b>" not in page.text
    assert "differs from the policy in force" in shown(listing)


def test_hostile_text_in_every_field_stays_text_on_every_page(
    console: RunningGateway, record: Record
) -> None:
    create_key(console.state.store, HOSTILE.replace("\u202e", "")[:99], role="viewer")
    score = {"category": HOSTILE, "label": HOSTILE, "score": 0.9, "threshold": 0.5,
             "action": "block", "spans": [[0, 20], [5, 60]], "scorer": HOSTILE,
             "reason": HOSTILE}  # fmt: skip
    event = record(
        key_id=HOSTILE, model=HOSTILE, upstream=HOSTILE, action=Action.BLOCK,
        prompt_action=Action.BLOCK, reply_action=Action.BLOCK, categories=(HOSTILE,),
        scores={"prompt": [score], "reply": [score], HOSTILE: [score]},
        prompt_text=HOSTILE, reply_text=HOSTILE, prompt_chars=len(HOSTILE),
        reply_chars=len(HOSTILE), policy_name=HOSTILE, policy_hash=HOSTILE, language=HOSTILE,
        error=HOSTILE, user=HOSTILE, attributes={HOSTILE: {HOSTILE: [HOSTILE]}},
    )  # fmt: skip

    with Reader(console.url) as reader:
        query = {"text": HOSTILE[:60], "category": HOSTILE[:90], "key": HOSTILE[:90]}
        secret = create_key(console.state.store, "reader", role="admin").secret
        console.state.keys.refresh()
        reader.sign_in(secret, HOSTILE)
        pages = [
            reader.get("/"),
            reader.get("/overview/live"),
            reader.get("/events"),
            reader.get("/events", params=query),
            reader.get(f"/events/{event.exchange.id}"),
            reader.post("/policy/draft", {"yaml": HOSTILE}),
            reader.post("/policy/draft", {"yaml": f"name: {HOSTILE[:40]!r}\nhostile: 1"}),
            reader.post("/playground/check", {"text": HOSTILE}),
            reader.post("/playground/verdicts", {"exchange": event.exchange.id,
                                                 "prompt": HOSTILE, "reply": HOSTILE}),
        ]  # fmt: skip

    for page in pages:
        assert page.status_code == 200, page.url
        seen = markup(page.text)
        assert seen.handlers == []
        assert "img" not in seen.tags
        assert seen.tags.count("script") <= 3
        assert all(source.startswith(("/", "#")) for source in seen.sources)
        assert "alert(1)</script>" not in page.text
        assert "1337" not in page.text
    assert "U+202E" in shown(pages[4])


def test_a_huge_text_is_shown_in_part_and_says_so(console: RunningGateway, record: Record) -> None:
    event = record(prompt_text="长" * 200_000, prompt_chars=200_000)

    with Reader(console.url) as reader:
        page = reader.get(f"/events/{event.exchange.id}")

    assert "180000 more characters not shown" in shown(page)
    assert len(page.content) < 120_000


def test_the_console_works_while_no_api_key_may_use_the_model(start: StartConsole) -> None:
    console = start(policies={"second": "strict"})

    with Reader(console.url) as reader:
        page = reader.get("/playground")

    for name in ("second", "minors", "cn-genai"):
        assert f'<option value="{name}">' in page.text
    assert 'value="trueline-assistant"' in page.text
