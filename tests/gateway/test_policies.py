"""Policies in force: loaded together, reloaded apart, never replaced by a faulty file."""

from __future__ import annotations

from pathlib import Path

import pytest

from trueline.core.errors import InputError, PolicyError
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

    file.write_text("name: [", encoding="utf-8")
    assert held.reload() == "faulty"
    assert held.current is before
    assert "not a valid policy" in held.fault
    assert held.reload() == "unchanged"

    file.write_text(TEXT.format("mended"), encoding="utf-8")
    assert held.reload() == "reloaded"
    assert (held.current.name, held.fault) == ("mended", "")


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
