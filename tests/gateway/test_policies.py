"""Policies in force: loaded together, reloaded apart, never replaced by a faulty file."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from trueline.core.errors import InputError, PolicyError
from trueline.gateway.logs import PlainFormatter
from trueline.gateway.policies import Policies
from trueline.judge import Judge

TEXT = "schema: trueline.policy/1\nname: {}\ncategories: {{privacy: {{action: redact}}}}\n"


def policies(default: Path, **named: str) -> Policies:
    return Policies(str(default), named, build=lambda policy: Judge(policy, []))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(TEXT.format("first"), encoding="utf-8")
    return path


def test_a_template_a_file_and_a_local_policy_can_all_be_the_default(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    build = lambda policy: Judge(policy, [])  # noqa: E731

    monkeypatch.chdir(empty)
    assert Policies(build=build).current.name == "default"
    assert Policies("strict", build=build).current.source == "template strict"
    monkeypatch.chdir(tmp_path)
    assert Policies(build=build).current.name == "first"


def test_nothing_starts_with_a_policy_that_cannot_be_read(tmp_path: Path, file: Path) -> None:
    with pytest.raises(InputError, match="no policy file"):
        policies(tmp_path / "none.yaml")
    file.write_text("name: [", encoding="utf-8")
    with pytest.raises(PolicyError, match="not a valid policy"):
        policies(file)


def test_only_what_changed_is_read_again(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(TEXT.format("other"), encoding="utf-8")
    held = policies(file, other=str(other))
    kept = held.get("other")

    assert (held.changed(), held.reload()) == (False, "unchanged")
    file.write_text(TEXT.format("second"), encoding="utf-8")
    assert (held.changed(), held.reload(), held.changed()) == (True, "reloaded", False)
    assert held.current.name == "second"
    assert held.get("other") is kept


def test_a_faulty_file_keeps_its_policy_until_it_is_mended(file: Path) -> None:
    held = policies(file)
    before = held.current

    file.write_text("name: [x", encoding="utf-8")
    assert held.reload() == "faulty"
    assert held.current is before
    assert held.fault == (
        f"{file} is not a valid policy:\n"
        "  line 2, column 1: not valid YAML: did not find expected ',' or ']'"
    )
    assert held.fault_in("zh") == (
        f"{file} 不是有效的策略：\n  第 2 行第 1 列：不是有效的 YAML：缺少 ',' 或 ']'"
    )
    assert held.reload() == "unchanged"

    file.write_text(TEXT.format("mended"), encoding="utf-8")
    assert held.reload() == "reloaded"
    assert (held.current.name, held.fault) == ("mended", "")


def test_the_log_says_where_the_faults_are_and_nothing_the_file_says(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held = policies(file)

    file.write_text(
        TEXT.format("'call 13800138000'").replace("redact", "13800138000"), encoding="utf-8"
    )
    with caplog.at_level(logging.ERROR):
        held.reload()

    (record,) = caplog.records
    line = PlainFormatter().format(record)
    assert line.endswith(
        f" ERROR policy_faulty source={file} kept={held.current.policy.hash} "
        "why=line 2 name (string_pattern_mismatch); line 3 categories.privacy.action "
        "(literal_error)"
    )
    assert "138" not in line.replace(str(file), "").replace(held.current.policy.hash, "")


def test_the_log_names_the_first_faults_of_very_many(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held = policies(file)

    file.write_text(TEXT.format("x") + "".join(f"a{n}: 1\n" for n in range(30)), encoding="utf-8")
    with caplog.at_level(logging.ERROR):
        held.reload()

    assert PlainFormatter().format(caplog.records[0]).endswith("; and 10 more")


def test_a_file_that_vanished_is_told_in_the_log_and_in_both_languages(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held = policies(file)

    file.unlink()
    with caplog.at_level(logging.ERROR):
        held.reload()

    assert PlainFormatter().format(caplog.records[0]).endswith("why=No such file or directory")
    assert held.fault == (
        f"cannot read policy file {file}: No such file or directory.\n"
        "  Make one with: trueline init"
    )
    assert held.fault_in("zh") == f"读不到策略文件 {file}：文件不存在"


def test_a_template_may_be_named_without_being_configured(file: Path) -> None:
    held = policies(file)

    strict = held.get("strict")

    assert strict is not None
    assert strict.name == "strict"
    assert held.get("strict") is strict
    assert held.get("nowhere") is None


def test_both_guards_of_a_policy_share_its_judge(file: Path) -> None:
    active = policies(file).current

    assert active.guard_for(shadow=True).shadow
    assert not active.guard_for(shadow=False).shadow
    assert active.guard.judge is active.shadow_guard.judge
