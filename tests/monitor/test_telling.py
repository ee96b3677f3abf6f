from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import threading
from collections.abc import Mapping
from datetime import timedelta
from email.header import decode_header, make_header
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.monitor.receivers import smtp_server, web_receiver

from trueline.core.exchange import now
from trueline.monitor.channels.command import run_command
from trueline.monitor.channels.delivery import DeliveryError
from trueline.monitor.channels.email import send_email
from trueline.monitor.channels.webhook import send_webhook
from trueline.monitor.message import Message, compose, describe
from trueline.monitor.rules import Channel, Command, Email, Monitoring, Webhook
from trueline.monitor.telling import tell
from trueline.store.alarms import (
    Alarm,
    Silence,
    add_silence,
    found_change,
    get_alarm,
    list_alarms,
    step,
)
from trueline.store.events import EventStore

FACTS = {
    "kind": "rate", "rate_of": "violation", "category": "", "claim": "violation_rate",
    "found": 12, "n": 400, "rate": 0.03, "low": 0.012, "high": 0.06, "limit": 0.005,
    "confidence": 0.95,
}  # fmt: skip
LATER = timedelta(minutes=5)


class Sent:
    """A channel that keeps what it is given, and fails while told to."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Message]] = []
        self.fault = ""

    def __call__(self, channel: Channel, message: Message, _env: Mapping[str, str]) -> None:
        if self.fault:
            raise DeliveryError(self.fault)
        self.messages.append((channel.name, message))


def raised(store: EventStore, *rules: str, severity: str = "page") -> list[Alarm]:
    alarms = [Alarm(rule=rule, severity=severity, facts=FACTS) for rule in rules]  # type: ignore[arg-type]
    store.change(found_change(alarms)).result(60)
    return alarms


RULES = Monitoring(channels=(Webhook(name="ops", url="http://127.0.0.1:9"),))


def test_alarms_of_one_minute_go_out_as_one_message(store: EventStore) -> None:
    raised(store, "violations", "errors")
    sent = Sent()

    early = tell(store, RULES, {}, sender=sent)
    tell(store, RULES, {}, moment=now() + LATER, sender=sent)
    tell(store, RULES, {}, moment=now() + LATER, sender=sent)

    assert early == []
    assert [message.subject for _, message in sent.messages] == [
        "Trueline alarm: violations, errors"
    ]


def test_a_notice_is_recorded_and_wakes_nobody(store: EventStore) -> None:
    raised(store, "drifting", severity="notice")
    sent = Sent()

    tell(store, RULES, {}, moment=now() + LATER, sender=sent)

    assert sent.messages == []
    assert len(list_alarms(store)) == 1


def test_a_silence_holds_the_message_back_until_it_ends(store: EventStore) -> None:
    raised(store, "violations")
    add_silence(store, Silence("violations", now() + timedelta(hours=1), "ann")).result(60)
    sent = Sent()

    tell(store, RULES, {}, moment=now() + LATER, sender=sent)

    assert sent.messages == []


def test_a_channel_that_fails_is_tried_again_later_each_time(store: EventStore) -> None:
    (alarm,) = raised(store, "violations")
    sent = Sent()
    sent.fault = "HTTP 503"
    begin = now() + LATER

    tell(store, RULES, {}, moment=begin, sender=sent)
    told = get_alarm(store, alarm.id)
    sent.fault = ""
    too_soon = tell(store, RULES, {}, moment=begin + timedelta(seconds=5), sender=sent)
    in_time = tell(store, RULES, {}, moment=begin + timedelta(seconds=11), sender=sent)

    assert told is not None
    assert told.delivered["ops"]["why"] == "HTTP 503"
    assert too_soon == []
    assert len(in_time) == 1


def test_a_page_nobody_acknowledged_is_sent_again(store: EventStore) -> None:
    (alarm,) = raised(store, "violations")
    sent = Sent()
    begin = now() + LATER
    tell(store, RULES, {}, moment=begin, sender=sent)

    tell(store, RULES, {}, moment=begin + timedelta(hours=25), sender=sent)
    step(store, alarm.id, "acknowledged", author="ann").result(60)
    tell(store, RULES, {}, moment=begin + timedelta(hours=60), sender=sent)

    assert [message.occasion for _, message in sent.messages] == ["raised", "reminder"]


def test_recovery_is_told_once(store: EventStore) -> None:
    (alarm,) = raised(store, "violations")
    sent = Sent()
    tell(store, RULES, {}, moment=now() + LATER, sender=sent)
    step(store, alarm.id, "recovered", author="").result(60)

    for _ in range(2):
        tell(store, RULES, {}, moment=now() + LATER, sender=sent)

    assert [message.occasion for _, message in sent.messages] == ["raised", "recovered"]
    assert sent.messages[1][1].subject == "Trueline alarm recovered: violations"


def test_an_alarm_that_sounds_again_after_it_recovered_is_told_at_once(
    store: EventStore,
) -> None:
    (alarm,) = raised(store, "violations")
    sent = Sent()
    tell(store, RULES, {}, moment=now() + LATER, sender=sent)
    step(store, alarm.id, "recovered", author="").result(60)
    tell(store, RULES, {}, moment=now() + LATER, sender=sent)
    back = get_alarm(store, alarm.id)
    assert back is not None
    store.change(found_change([], [(back, FACTS)])).result(60)

    for _ in range(2):
        tell(store, RULES, {}, moment=now() + LATER, sender=sent)

    assert [message.occasion for _, message in sent.messages] == ["raised", "recovered", "raised"]


def test_a_receiver_that_answers_anything_at_all_does_not_end_the_telling(
    store: EventStore,
) -> None:
    (alarm,) = raised(store, "violations")

    def strange(channel: Channel, message: Message, _env: Mapping[str, str]) -> None:
        raise RuntimeError("no such thing")

    told = tell(store, RULES, {}, moment=now() + LATER, sender=strange)

    found = get_alarm(store, alarm.id)
    assert told == []
    assert found is not None
    assert found.delivered["ops"]["why"] == "RuntimeError"


def test_a_resolved_alarm_stays_resolved_whatever_was_decided_before(store: EventStore) -> None:
    (alarm,) = raised(store, "violations")
    step(store, alarm.id, "resolved", author="ann").result(60)

    store.change(found_change([], [(alarm, FACTS)], [alarm])).result(60)

    found = get_alarm(store, alarm.id)
    assert found is not None
    assert (found.state, found.resolved_by) == ("resolved", "ann")


def test_the_message_says_the_numbers_in_both_languages() -> None:
    alarm = Alarm(rule="violations", facts=FACTS)

    assert describe(alarm, "en") == (
        "replies of the model that break the policy: 12 of 400, 3.0 % (1.2 % to 6.0 % at 95%),"
        " limit 0.50 %"
    )
    assert describe(alarm, "zh") == (
        "违反策略的模型回复：12/400，占 3.0 %（1.2 %–6.0 %，置信度 95%），上限 0.50 %"
    )


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("slack", {"text": "S\nB"}),
        ("feishu", {"msg_type": "text", "content": {"text": "S\nB"}}),
        ("dingtalk", {"msgtype": "text", "text": {"content": "S\nB"}}),
        ("json", {"occasion": "raised", "subject": "S", "text": "B", "alarms": []}),
    ],
)
def test_a_webhook_gets_the_message_in_its_shape(shape: str, expected: object) -> None:
    with web_receiver() as received:
        channel = Webhook(name="ops", url=received.url, shape=shape)  # type: ignore[arg-type]

        send_webhook(channel, Message("raised", "S", "B"), {})

    assert received.requests == [("/hook", expected)]


def test_feishu_and_dingtalk_messages_are_signed() -> None:
    environment = {"BOT": "s3cret"}
    with web_receiver() as received:
        for shape in ("feishu", "dingtalk"):
            send_webhook(
                Webhook(name="b", url=received.url, shape=shape, secret_env="BOT"),
                Message("raised", "S", "B"), environment, clock=lambda: 1_700_000_000.0,
            )  # fmt: skip

    (_, feishu), (path, _) = received.requests
    expected = base64.b64encode(
        hmac.new(b"1700000000\ns3cret", b"", hashlib.sha256).digest()
    ).decode()
    assert (feishu["timestamp"], feishu["sign"]) == ("1700000000", expected)
    query = parse_qs(urlsplit(path).query)
    assert query["sign"] == [
        base64.b64encode(
            hmac.new(b"s3cret", b"1700000000000\ns3cret", hashlib.sha256).digest()
        ).decode()
    ]


def test_a_webhook_that_refuses_is_a_failure() -> None:
    with web_receiver() as received:
        received.status = 500
        with pytest.raises(DeliveryError, match=r"^HTTP 500$"):
            send_webhook(Webhook(name="o", url=received.url), Message("raised", "S", "B"), {})
        received.status, received.answer = 200, b'{"errcode": 310000}'
        with pytest.raises(DeliveryError, match=r"^refused with code 310000$"):
            send_webhook(
                Webhook(name="o", url=received.url, shape="dingtalk"),
                Message("raised", "S", "B"),
                {},
            )


def test_a_webhook_that_hangs_is_given_up() -> None:
    with web_receiver() as received:
        received.hang = threading.Event()
        with pytest.raises(DeliveryError, match=r"^TimeoutError$"):
            send_webhook(
                Webhook(name="o", url=received.url), Message("raised", "S", "B"), {}, timeout=0.2
            )


def test_a_webhook_without_its_address_says_what_to_set() -> None:
    with pytest.raises(DeliveryError) as error:
        send_webhook(Webhook(name="o", url_env="OPS_URL"), Message("raised", "S", "B"), {})

    assert str(error.value) == "no URL: set url, or OPS_URL in the environment"


def test_an_email_reaches_a_real_server() -> None:
    with smtp_server() as mailbox:
        channel = Email(
            name="mail", host=mailbox.host, port=mailbox.port, security="none",
            sender="trueline@example.org", to=("ops@example.org", "duty@example.org"),
        )  # fmt: skip
        alarm = Alarm(rule="violations", facts=FACTS)

        send_email(channel, compose([alarm], "zh"), {})

    (mail,) = mailbox.mails
    payload = mail.get_payload(decode=True)
    assert str(make_header(decode_header(mail["Subject"]))) == "Trueline 告警：violations"
    assert mail["To"] == "ops@example.org, duty@example.org"
    assert isinstance(payload, bytes)
    assert "违反策略的模型回复：12/400" in payload.decode()


def test_an_email_the_server_refuses_is_a_failure() -> None:
    with smtp_server() as mailbox:
        mailbox.refuse = True
        channel = Email(
            name="mail", host=mailbox.host, port=mailbox.port, security="none",
            sender="a@example.org", to=("b@example.org",),
        )  # fmt: skip

        with pytest.raises(DeliveryError, match=r"^SMTP 451$"):
            send_email(channel, Message("raised", "S", "B"), {})


def test_a_command_gets_the_message_as_json(tmp_path: Path) -> None:
    place = tmp_path / "got.json"
    script = f"import sys; open({str(place)!r}, 'wb').write(sys.stdin.buffer.read())"

    run_command(
        Command(name="run", run=(sys.executable, "-c", script)), Message("raised", "S", "B")
    )

    assert json.loads(place.read_text("utf-8"))["subject"] == "S"


def test_a_command_that_fails_or_is_missing_is_a_failure() -> None:
    with pytest.raises(DeliveryError, match=r"^ended with 3$"):
        run_command(
            Command(name="run", run=(sys.executable, "-c", "raise SystemExit(3)")),
            Message("raised", "S", "B"),
        )
    with pytest.raises(DeliveryError, match=r"^No such file or directory$"):
        run_command(Command(name="run", run=("/no/such/program",)), Message("raised", "S", "B"))
