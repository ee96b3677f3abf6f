from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueline.core.errors import InputError
from trueline.core.policy_file import policy_from_template
from trueline.curate.batch import Batch
from trueline.curate.step import RunSettings
from trueline.curate.steps.anonymize import ActionName, AnonymizeOptions, AnonymizeStep
from trueline.curate.steps.pii import Finder, PiiOptions
from trueline.curate.surrogates import canonical, keyed_token, surrogate
from trueline.scorers.checksums import iban_mod97, luhn, resident_id_check, uscc_check

KEY = bytes(range(32))
# label -> made-up values in several spellings of one value.
VALUES = {
    "cn_mobile": ("13812345678", "138-1234-5678", "+86 13812345678"),
    "cn_resident_id": ("11010519491231002X", "110105 19491231 002X"),
    "bank_card": ("6222021234567890128", "6222 0212 3456 7890 128"),
    "email": ("zhang.san@mail.example.org", "Zhang.San@mail.example.org"),
    "ip_address": ("203.0.113.154",),
    "us_ssn": ("375-62-7300",),
    "us_phone": ("(415) 627-2671", "415-627-2671"),
    "iban": ("GB82WEST12345698765432", "GB82 WEST 1234 5698 7654 32"),
    "cn_plate": ("京A12345", "京A·12345"),
    "cn_uscc": ("91350100M000100Y43",),
    "mac_address": ("00:1A:2b:3C:4d:5E",),
    "cn_passport": ("E46100330",),
    "cn_landline": ("010-62345678",),
    "uk_nino": ("AB123456C",),
    "person_name": ("欧阳明月",),
}
SENTENCES = {
    "cn_mobile": "手机号是{}，谢谢。",
    "cn_resident_id": "身份证{}已登记。",
    "bank_card": "卡号：{}，",
    "email": "请发到 {} 谢谢。",
    "ip_address": "from {} last night. ",
    "us_ssn": "The SSN is {}. ",
    "us_phone": "call me at {} please, ",
    "iban": "IBAN {} paid. ",
    "cn_plate": "车牌{} 停好，",
    "cn_uscc": "税号{} 已开票，",
    "mac_address": "mac {} up, ",
    "cn_passport": "护照{}，",
    "cn_landline": "家里电话{}，",
    "uk_nino": "NINO {} on file, ",
    "person_name": "我叫{}，来自外地。",
}


def _step(action: ActionName, **more: object) -> AnonymizeStep:
    return AnonymizeStep(default=action, key=KEY, redact_columns=("policy_redact",), **more)  # type: ignore[arg-type]


def _document(seed: int) -> tuple[str, list[str]]:
    draw = random.Random(seed)
    labels = [draw.choice(list(SENTENCES)) for _ in range(draw.randint(1, 6))]
    values = [draw.choice(VALUES[label]) for label in labels]
    text = "".join(SENTENCES[k].format(v) for k, v in zip(labels, values, strict=True))
    return text + draw.choice(["", "明天见。", "订单号4111111111111111。", "\n"]), values


@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 10**9), action=st.sampled_from(["redact", "hash", "surrogate"]))
def test_no_original_value_remains(seed: int, action: ActionName) -> None:
    text, values = _document(seed)

    result = _step(action).run(Batch(["a"], [text]))

    assert result.texts is not None
    for value in values:
        assert value not in result.texts[0]


@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 10**9), action=st.sampled_from(["redact", "hash", "surrogate"]))
def test_running_twice_is_running_once(seed: int, action: ActionName) -> None:
    text, _ = _document(seed)
    step = _step(action)
    once = step.run(Batch(["a"], [text])).texts or []

    twice = step.run(Batch(["a"], once)).texts

    assert twice == once


@settings(max_examples=40, deadline=None)
@given(seeds=st.lists(st.integers(0, 10**6), min_size=1, max_size=6), cut=st.integers(0, 6))
def test_the_result_does_not_depend_on_the_batch(seeds: list[int], cut: int) -> None:
    texts = [_document(seed)[0] for seed in seeds]
    ids = [str(n) for n in range(len(texts))]
    step = _step("surrogate")

    whole = step.run(Batch(ids, texts)).texts
    halves = [step.run(Batch(ids[a:b], texts[a:b])).texts for a, b in ((0, cut), (cut, len(ids)))]

    assert list(whole or ()) == [*(halves[0] or ()), *(halves[1] or ())]


@pytest.mark.parametrize("label", sorted(VALUES))
def test_all_spellings_of_a_value_have_one_surrogate(label: str) -> None:
    made = {canonical(label, surrogate(KEY, label, value)) for value in VALUES[label]}

    assert len(made) == 1
    assert made.isdisjoint(canonical(label, value) for value in VALUES[label])


@pytest.mark.parametrize("label", sorted(VALUES))
def test_a_surrogate_stands_for_itself_and_needs_the_key(label: str) -> None:
    value = VALUES[label][0]
    made = surrogate(KEY, label, value)

    assert surrogate(KEY, label, made) == made
    assert surrogate(b"another key", label, value) != made


@given(st.integers(0, 10**8 - 1))
def test_surrogates_have_right_check_digits_in_ranges_nobody_has(number: int) -> None:
    card = surrogate(KEY, "bank_card", f"62220212345{number:08d}")
    resident = surrogate(KEY, "cn_resident_id", f"1101051990{number:08d}")
    iban = surrogate(KEY, "iban", f"GB82WEST{number:014d}")
    company = surrogate(KEY, "cn_uscc", f"9135010{number:011d}")

    assert luhn(card)
    assert card.startswith("9999")
    assert resident[17] == resident_id_check(resident[:17])
    assert 1800 <= int(resident[6:10]) < 1850
    assert iban_mod97(iban)
    assert iban[2:4] in ("99", "00", "01")
    assert company[17] == uscc_check(company[:17])
    assert company[2:4] == "83"


def test_one_value_keeps_one_surrogate_in_the_whole_data_set() -> None:
    texts = [
        "手机13812345678。",
        "call 138-1234-5678 now",
        "我叫欧阳明月，你好。后来欧阳明月走了。",
    ]

    first, second, third = _step("surrogate").run(Batch(["a", "b", "c"], texts)).texts or ()

    number = first[2:13]
    assert second == f"call {number[:3]}-{number[3:7]}-{number[7:]} now"
    name = third[2:5]
    assert third == f"我叫{name}，你好。后来{name}走了。"


def test_marks_are_in_the_language_of_the_document() -> None:
    texts = ["我的手机是13812345678", "my number is (415) 627-2671, thanks for calling"]

    step = _step("redact")

    assert step.run(Batch(["a", "b"], texts)).texts == [
        "我的手机是[电话]",
        "my number is [PHONE], thanks for calling",
    ]


def test_actions_go_by_kind_and_the_ledger_names_kinds_only() -> None:
    step = AnonymizeStep("redact", {"email": "keep", "cn_mobile": "hash"}, KEY)
    text = "手机13812345678，邮箱a.b@mail.example.org，车牌京A12345。"

    result = step.run(Batch(["a"], [text]))

    token = keyed_token(KEY, "cn_mobile", "13812345678")
    assert result.texts == [f"手机{token}，邮箱a.b@mail.example.org，车牌[车牌]。"]
    assert result.changes == {0: "2 replaced: cn_mobile, cn_plate"}
    assert result.columns["anonymized"] == [2]


def test_offsets_move_with_the_text() -> None:
    text = "在北京打13812345678找小王"
    entities = [[[1, 3, "place"], [14 + 2, 18, "person"]]]

    result = _step("redact").run(Batch(["a"], [text], {"entities": entities}))

    assert result.texts == ["在北京打[电话]找小王"]
    (spans,) = result.columns["entities"]
    assert [result.texts[0][start:end] for start, end, _ in spans] == ["北京", "小王"]


def test_spans_marked_by_the_policy_are_redacted_too() -> None:
    text = "good words, bad words and 13812345678"
    columns: dict[str, Any] = {"policy_redact": [["12:21:insult"]], "language": ["en"]}

    result = _step("redact").run(Batch(["a"], [text], columns))

    assert result.texts == ["good words, [REDACTED] and [PHONE]"]
    assert result.columns["policy_redact"] == [[]]


def test_places_that_no_longer_fit_the_text_are_refused() -> None:
    columns: dict[str, Any] = {"policy_redact": [["0:4:insult"]], "policy_mark": [1]}

    with pytest.raises(InputError) as fault:
        _step("redact").run(Batch(["d7"], ["changed"], columns))

    assert str(fault.value) == (
        "step anonymize: a step between `policy` and `anonymize` changed the text of document d7, "
        "and the places in column policy_redact no longer fit; "
        "let `anonymize` follow `policy` directly"
    )


def test_spans_found_before_are_used_while_text_and_settings_hold() -> None:
    text = "手机13812345678"
    found = PiiOptions().build(_run(Path("out"))).run(Batch(["a"], [text])).columns
    stale = {**found, "pii_spans": [["0:2:email"]]}

    assert _step("redact").run(Batch(["a"], [text], stale)).texts == ["[邮箱][电话]"]
    # Another text: the stored spans are not trusted.
    assert _step("redact").run(Batch(["a"], [text + "!"], stale)).texts == ["手机[电话]!"]


def test_the_key_file_is_made_apart_and_for_its_owner_alone(tmp_path: Path) -> None:
    key = tmp_path / "keys" / "a.key"
    options = AnonymizeOptions(default="surrogate", key_file=key)

    first, second = options.build(_run(tmp_path / "out")), options.build(_run(tmp_path / "out"))

    assert first.key == second.key
    assert key.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in key.parent.iterdir()] == ["a.key"]
    assert first.key.hex() not in repr(first)


def test_a_key_in_the_output_folder_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError) as fault:
        AnonymizeOptions(default="hash", key_file=out / "k").build(_run(out))

    assert str(fault.value) == (
        f"the key file {out / 'k'} lies in the output folder {out}; "
        "keep it apart from the data: set key_file to a path elsewhere"
    )
    assert not out.exists()


def test_a_key_others_can_read_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "k"
    key.write_text("00" * 32, "ascii")
    os.chmod(key, 0o644)

    with pytest.raises(InputError) as fault:
        AnonymizeOptions(default="hash", key_file=key).build(_run(tmp_path / "out"))

    assert str(fault.value) == (
        f"the key file {key} can be read by others (mode 644); run `chmod 600 {key}`"
    )


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "k"
    key.write_text("not a key", "ascii")
    os.chmod(key, 0o600)

    with pytest.raises(InputError) as fault:
        AnonymizeOptions(default="hash", key_file=key).build(_run(tmp_path / "out"))

    assert str(fault.value) == (
        f"the key file {key} holds no key of 64 hexadecimal digits; "
        "name another file, or remove this one to have a new key made"
    )


def test_redaction_alone_makes_no_key(tmp_path: Path) -> None:
    options = AnonymizeOptions(key_file=tmp_path / "k")

    step = options.build(_run(tmp_path / "out"))

    assert step.fingerprint == ""
    assert not (tmp_path / "k").exists()
    assert options.depends_on(_run(tmp_path / "out")) == ""


def test_stored_outputs_depend_on_the_key(tmp_path: Path) -> None:
    run = _run(tmp_path / "out")
    digests = {
        AnonymizeOptions(default="hash", key_file=tmp_path / name).depends_on(run)
        for name in ("a", "b")
    }

    assert len(digests) == 2
    assert not any((tmp_path / "a").read_text("ascii").strip() in digest for digest in digests)


def test_disguised_values_are_found_when_asked_for() -> None:
    text = "手机一三八一二三四五六七八。"

    step = AnonymizeStep(finder=Finder(disguised=True))

    assert step.run(Batch(["a"], [text])).texts == ["手机[电话]。"]
    assert AnonymizeStep().run(Batch(["a"], [text])).texts == [text]


def _run(out: Path) -> RunSettings:
    return RunSettings(policy_from_template("default"), out=out)
