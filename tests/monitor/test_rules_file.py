from __future__ import annotations

from pathlib import Path

import pytest

from trueline.core.errors import InputError
from trueline.monitor.rules import Monitoring, default_rules
from trueline.monitor.rules_file import (
    MonitorFileError,
    default_file,
    load_monitoring,
    parse_monitoring,
)


def test_the_file_to_start_from_says_what_the_defaults_are() -> None:
    assert parse_monitoring(default_file()) == Monitoring(rules=default_rules())


def test_without_a_file_the_defaults_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert load_monitoring() == Monitoring()


def test_every_fault_of_a_file_is_told_with_its_line() -> None:
    text = (
        "rules:\n"
        "  - kind: rat\n"
        "    name: x\n"
        "  - kind: rate\n"
        "    name: y\n"
        "    rate: error\n"
        "  - kind: threshold\n"
        "    name: y\n"
        "    measure: memory_mb\n"
        "chanels: []\n"
        "look_seconds: 0\n"
    )

    with pytest.raises(MonitorFileError) as error:
        parse_monitoring(text, source="monitor.yaml")

    assert str(error.value) == EXPECTED


EXPECTED = """\
monitor.yaml is not a valid monitor file:
  line 2, rules[0].kind: is no kind; did you mean 'rate'? Accepted: rate, drift, threshold (got 'rat')
  line 4, rules[1].limit: is required for rate error: only violations have the policy's
  line 7, rules[2]: needs one of above and below
  line 8, rules[2].name: is used twice; give each its own (got 'y')
  line 10, chanels: is not a field here; did you mean 'channels'? Accepted: language, rules, \
channels, review, group_seconds, remind_hours, look_seconds, safety_case
  line 11, look_seconds: Input should be greater than or equal to 0.05 (got 0)"""


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        load_monitoring(tmp_path / "none.yaml")

    assert str(error.value) == (
        f"cannot read monitor file {tmp_path / 'none.yaml'}: No such file or directory.\n"
        "  Print one to start from: trueline monitor rules > monitor.yaml"
    )


def test_settings_that_would_do_nothing_or_can_not_work_are_faults() -> None:
    text = (
        "rules:\n"
        "  - name: a\n"
        "    kind: rate\n"
        "    rate: error\n"
        "    limit: 0.1\n"
        "    where: {category: violence}\n"
        "  - name: b\n"
        "    kind: drift\n"
        "    measure: latency\n"
        "    where: {category: violence}\n"
        "  - name: c\n"
        "    kind: threshold\n"
        "    measure: memory_mb\n"
        "    above: 1\n"
        "    where: {language: zh}\n"
        "  - name: d\n"
        "    kind: rate\n"
        "    rate: violation\n"
        "    where: {category: violence}\n"
        "    events_a_day: 10\n"
        "    limit: 0.0001\n"
        "  - name: fine\n"
        "    kind: rate\n"
        "    rate: violation\n"
        "    where: {category: violence}\n"
    )

    with pytest.raises(MonitorFileError) as error:
        parse_monitoring(text, source="monitor.yaml")

    assert str(error.value) == USELESS


USELESS = """\
monitor.yaml is not a valid monitor file:
  line 6, rules[0].where.category: is for rate violation only: nothing else has a category \
(got 'violence')
  line 10, rules[1].where.category: is for rate violation only: nothing else has a category \
(got 'violence')
  line 15, rules[2].where: is not for threshold rules: their numbers are of the whole gateway
  line 20, rules[3].events_a_day: is too small for this promise: events_a_day × 365 / \
false_alarms_a_year is mean_events, and at limit 0.0001 we need mean_events above 4232, got 3650 \
(got 10.0)"""
