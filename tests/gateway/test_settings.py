"""Settings: file, then environment, then flags; every fault at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from trueline.core.errors import InputError
from trueline.gateway.settings import Settings, is_loopback, load_settings, upstream_key


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("host: 127.0.0.2\nport: 1\nrate_limit: 5\n", encoding="utf-8")

    settings = load_settings(
        file, {"TRUELINE_HOST": "127.0.0.3", "TRUELINE_PORT": "2"}, {"port": 3, "host": None}
    )

    assert (settings.host, settings.port, settings.rate_limit) == ("127.0.0.3", 3, 5)


def test_lists_and_mappings_are_read_from_the_environment() -> None:
    settings = load_settings(
        None, {"TRUELINE_POLICIES": "a=a.yaml, b=strict", "TRUELINE_SHADOW_KEYS": "k1,k2"}, {}
    )

    assert settings.policies == {"a": "a.yaml", "b": "strict"}
    assert settings.shadow_keys == ("k1", "k2")


def test_every_fault_is_named_with_its_source_and_value(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("port: many\ncolour: red\n", encoding="utf-8")

    with pytest.raises(InputError) as caught:
        load_settings(file, {"TRUELINE_RATE_LIMIT": "-1"}, {"max_body_bytes": 1})

    lines = str(caught.value).splitlines()
    assert lines[0] == "these settings cannot be used:"
    assert len(lines) == 5
    assert any(line.startswith(f"  port ({file}): ") and "'many'" in line for line in lines)
    assert any(line.startswith(f"  colour ({file}): is not a setting") for line in lines)
    assert any(line.startswith("  rate_limit (environment): ") for line in lines)
    assert any(line.startswith("  max_body_bytes (flag): ") for line in lines)


@pytest.mark.parametrize(
    "text", ["[1, 2", "- a\n- b\n", "\xff\xfe".encode("utf-16").decode("latin-1")]
)
def test_a_file_that_is_no_mapping_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(text.encode("latin-1"))

    with pytest.raises(InputError, match=r"mine\.yaml"):
        load_settings(file, {}, {})


def test_a_file_that_is_not_there_is_told_only_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert load_settings(None, {}, {}) == Settings()
    with pytest.raises(InputError, match=r"cannot read settings file none\.yaml"):
        load_settings("none.yaml", {}, {})


def test_every_setting_has_a_description() -> None:
    assert [n for n, f in Settings.model_fields.items() if not f.description] == []


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("[::1]", True),
     ("localhost", True), ("LOCALHOST", True), ("0.0.0.0", False), ("::", False),
     ("10.0.0.1", False), ("localhost.evil.example", False), ("", False), ("127.1", False)],
)  # fmt: skip
def test_loopback_is_this_machine_alone(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_the_key_of_openai_goes_to_openai_alone() -> None:
    environment = {"OPENAI_API_KEY": "sk-openai"}

    assert upstream_key("https://api.openai.com/v1", environment) == "sk-openai"
    assert upstream_key("https://openai.com.evil.example/v1", environment) is None
    assert upstream_key("http://127.0.0.1:8000/v1", environment) is None
    assert upstream_key("http://h/v1", {**environment, "TRUELINE_UPSTREAM_KEY": "k"}) == "k"
