"""Read a monitor file: every fault at once, each with its line, field and accepted values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from trueline.core.errors import InputError
from trueline.core.faults import Finding, Place, did_you_mean
from trueline.core.strict_yaml import (
    YamlFaults,
    compose,
    construct,
    describe,
    duplicate_keys,
    in_order,
    read_yaml,
    validation_faults,
)
from trueline.monitor.rules import (
    Command,
    DriftRule,
    Email,
    Log,
    Monitoring,
    RateRule,
    ThresholdRule,
    Webhook,
    Where,
    default_rules,
)
from trueline.stats.alarm import AlarmRule

DEFAULT_FILE = "monitor.yaml"
_RULES: dict[str, type[BaseModel]] = {
    "rate": RateRule, "drift": DriftRule, "threshold": ThresholdRule,
}  # fmt: skip
_CHANNELS: dict[str, type[BaseModel]] = {
    "webhook": Webhook, "email": Email, "command": Command, "log": Log,
}  # fmt: skip
# Stands in for the policy's limit, which is not known here; a stricter one needs more events.
_LIMIT = 1e-4


class MonitorFileError(InputError):
    """A monitor file with faults; `faults` lists every one of them."""

    def __init__(self, source: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"{source} is not a valid monitor file:\n{lines}")


def load_monitoring(path: str | Path | None = None) -> Monitoring:
    """Read a monitor file; without one `./monitor.yaml` if it is there, else the defaults.

    Raises:
        InputError: the file cannot be read.
        MonitorFileError: the file has faults; all are listed.
    """
    if path is None:
        if not Path(DEFAULT_FILE).exists():
            return Monitoring()
        path = DEFAULT_FILE
    try:
        text = read_yaml(Path(path))
    except OSError as error:
        raise InputError(
            f"cannot read monitor file {path}: {error.strerror or error}.\n"
            "  Print one to start from: trueline monitor rules > monitor.yaml"
        ) from error
    except YamlFaults as error:
        raise MonitorFileError(str(path), error.faults) from error
    return parse_monitoring(text, source=str(path))


def parse_monitoring(text: str, *, source: str = "monitor file") -> Monitoring:
    """Validate the text of a monitor file; an empty one means the defaults.

    Raises:
        MonitorFileError: with every fault found.
    """
    try:
        root = compose(text, "monitor file")
        faults = duplicate_keys(root)
        data = construct(root)
    except YamlFaults as error:
        raise MonitorFileError(source, error.faults) from None
    rules, channels = data.pop("rules", None), data.pop("channels", None)
    found = _settings_faults(data)
    made_rules = _entries(rules, "rules", _RULES, found)
    made_channels = _entries(channels, "channels", _CHANNELS, found)
    found += _repeated_names(made_rules, "rules") + _repeated_names(made_channels, "channels")
    found += _rule_faults(made_rules)
    faults += [describe(fault, root) for fault in found]
    if faults:
        raise MonitorFileError(source, in_order(faults))
    if rules is not None:
        data["rules"] = tuple(made_rules)
    if channels is not None:
        data["channels"] = tuple(made_channels)
    return Monitoring(**data)


def default_file() -> str:
    """The defaults as a file to start from."""
    import yaml

    values = Monitoring(rules=default_rules()).model_dump(mode="json", exclude_defaults=False)
    values["rules"] = [_short(rule) for rule in default_rules()]
    head = (
        "# What Trueline watches and whom it tells. Every field: docs/en/monitor.md\n"
        "# limit: empty takes the policy's max_violation_rate.\n"
    )
    return head + yaml.safe_dump(values, allow_unicode=True, sort_keys=False)


def _short(rule: BaseModel) -> dict[str, Any]:
    set_here = rule.model_dump(mode="json", exclude_unset=True)
    return {"name": set_here.pop("name"), "kind": rule.model_dump()["kind"], **set_here}


def _settings_faults(data: dict[str, Any]) -> list[Finding]:
    try:
        Monitoring.model_validate(data)
    except ValidationError as error:
        return validation_faults(error, Monitoring)
    return []


def _entries(
    raw: Any, name: str, kinds: dict[str, type[BaseModel]], faults: list[Finding]
) -> list[BaseModel | None]:
    if raw is None:
        return []
    accepted = ", ".join(kinds)
    if not isinstance(raw, list):
        faults.append(((name,), f"is a list, each entry with its kind: {accepted}", raw))
        return []
    made: list[BaseModel | None] = []
    for index, entry in enumerate(raw):
        place: Place = (name, index)
        made.append(None)
        kind = entry.get("kind") if isinstance(entry, dict) else None
        if not isinstance(kind, str):
            faults.append((place, f"an entry names its kind: {accepted}", entry))
        elif kind not in kinds:
            faults.append(((*place, "kind"), f"is no kind{did_you_mean(kind, list(kinds))}", kind))
        else:
            try:
                made[-1] = kinds[kind].model_validate(entry)
            except ValidationError as error:
                faults += validation_faults(error, kinds[kind], place)
    return made


def _repeated_names(entries: Sequence[Any], field: str) -> list[Finding]:
    seen: set[str] = set()
    faults: list[Finding] = []
    for index, entry in enumerate(entries):
        if entry is None:
            continue
        if entry.name in seen:
            faults.append(((field, index, "name"), "is used twice; give each its own", entry.name))
        seen.add(entry.name)
    return faults


def _rule_faults(rules: Sequence[Any]) -> list[Finding]:
    faults: list[Finding] = []
    for index, rule in enumerate(rules):
        if isinstance(rule, RateRule):
            if rule.rate not in ("violation",) and rule.limit is None:
                message = f"is required for rate {rule.rate}: only violations have the policy's"
                faults.append((("rules", index, "limit"), message, []))
            if rule.rate == "attribute" and not rule.where.attribute:
                message = "is required for rate attribute: the attribute's name"
                faults.append((("rules", index, "where", "attribute"), message, []))
            try:
                AlarmRule(rule.limit or _LIMIT, rule.mean_events)
            except ValueError as error:
                message = (
                    "is too small for this promise: events_a_day × 365 / false_alarms_a_year is "
                    f"mean_events, and at limit {rule.limit or _LIMIT:g} we {error}"
                )
                faults.append((("rules", index, "events_a_day"), message, rule.events_a_day))
        if isinstance(rule, ThresholdRule):
            if (rule.above is None) == (rule.below is None):
                faults.append((("rules", index), "needs one of above and below", []))
            if rule.where != Where():
                message = "is not for threshold rules: their numbers are of the whole gateway"
                faults.append((("rules", index, "where"), message, []))
        elif rule is not None and rule.where.category and not _counts_violations(rule):
            message = "is for rate violation only: nothing else has a category"
            faults.append((("rules", index, "where", "category"), message, rule.where.category))
    return faults


def _counts_violations(rule: Any) -> bool:
    return isinstance(rule, RateRule) and rule.rate == "violation"
