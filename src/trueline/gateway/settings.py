"""How the gateway runs: a file, below the environment, below the command line's flags.

>>> load_settings(None, {"TRUELINE_PORT": "9000"}, {"host": "127.0.0.1"}).port
9000

Keys of upstreams come from the environment only and are never part of `Settings`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trueline.core.errors import InputError

DEFAULT_FILE = "trueline.yaml"
PREFIX = "TRUELINE_"
ASSISTANT = "assistant"
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Settings(BaseModel):
    """Everything an operator may set; a field's environment variable is TRUELINE_<NAME>."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=8080, description="Port to listen on; 0 takes a free one."
    )
    upstream: str = Field(
        default=ASSISTANT,
        min_length=1,
        description="Base URL of an OpenAI-compatible server, or `assistant` (built in).",
    )
    db: str = Field(
        default="sqlite:///trueline.db",
        min_length=1,
        description="Event store: sqlite:///file.db or postgresql://user:password@host/name.",
    )
    policy: str = Field(
        default="",
        description="Policy file or template name; empty: ./policy.yaml, else `default`.",
    )
    policies: Mapping[str, str] = Field(
        default_factory=dict[str, str],
        description="Policies that keys may name, each a file or a template name.",
    )
    monitor: str = Field(
        default="",
        description="Monitor file; empty: ./monitor.yaml, else the defaults; `off`: none.",
    )
    traces: str = Field(
        default="",
        pattern=r"^(https?://.+)?$",
        description="OpenTelemetry collector (OTLP over HTTP) that gets a span a request.",
    )
    cases: str = Field(
        default="",
        description="Folder of safety cases that the console shows; empty: ./cases, ./case and "
        "the monitor file's safety_case.",
    )
    runs: str = Field(
        default="runs", min_length=1, description="Folder of training runs that the console shows."
    )
    shadow: bool = Field(default=False, description="Check and record everything, change nothing.")
    shadow_keys: tuple[str, ...] = Field(
        default=(), description="Ids of keys whose requests run in shadow mode."
    )
    rate_limit: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=0, description="Requests a minute for keys without a limit of their own; 0: any."
    )
    max_body_bytes: Annotated[int, Field(ge=1024, le=1 << 30)] = Field(
        default=10 * 1024 * 1024, description="Longest request body accepted."
    )
    body_timeout: Seconds = Field(default=30.0, description="Seconds to receive a body.")
    connect_timeout: Seconds = Field(default=5.0, description="Seconds to reach the upstream.")
    first_byte_timeout: Seconds = Field(
        default=120.0, description="Seconds until the upstream starts to answer."
    )
    between_bytes_timeout: Seconds = Field(
        default=60.0, description="Longest silence of the upstream within an answer."
    )
    upstream_retries: Annotated[int, Field(ge=0, le=10)] = Field(
        default=2, description="How often an unanswered request is sent again."
    )
    forward_caller_key: bool = Field(
        default=False, description="Send the caller's own Authorization header upstream."
    )
    drain_timeout: Seconds = Field(
        default=30.0, description="Seconds that running requests have to end at shutdown."
    )
    policy_poll: Seconds = Field(
        default=1.0, description="Seconds between looks at the policy files."
    )
    access_log: bool = Field(default=False, description="One log line for each request.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line shown."
    )

    @property
    def is_loopback(self) -> bool:
        """True when only programs on this machine can reach the gateway."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """True for 127.0.0.0/8, ::1 and localhost."""
    host = host.strip("[]").lower()
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(
    path: str | Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]
) -> Settings:
    """Merge a settings file, the environment and flags.

    Args:
        path: a YAML file; None reads ./trueline.yaml when there is one.
        environment: such as `os.environ`.
        flags: values given on the command line; None values are left out.

    Raises:
        InputError: a value is not acceptable; the message names all of them with their source.
    """
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for source, given in (
        _file_values(path),
        ("environment", _environment_values(environment)),
        ("flag", {name: value for name, value in flags.items() if value is not None}),
    ):
        values |= given
        origin |= dict.fromkeys(given, source)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        lines = [_fault_line(fault, origin) for fault in error.errors(include_url=False)]
        raise InputError("these settings cannot be used:\n" + "\n".join(lines)) from None


def upstream_key(upstream: str, environment: Mapping[str, str]) -> str | None:
    """The key for the upstream.

    `TRUELINE_UPSTREAM_KEY` goes to any upstream. `OPENAI_API_KEY`, which other programs set,
    goes to openai.com alone, so that it cannot leak to a server it was not made for.
    """
    own = environment.get("TRUELINE_UPSTREAM_KEY")
    if own:
        return own
    from urllib.parse import urlsplit

    host = (urlsplit(upstream).hostname or "").lower()
    if host == "openai.com" or host.endswith(".openai.com"):
        return environment.get("OPENAI_API_KEY") or None
    return None


def _file_values(path: str | Path | None) -> tuple[str, dict[str, Any]]:
    file = Path(path) if path is not None else Path(DEFAULT_FILE)
    if path is None and not file.exists():
        return DEFAULT_FILE, {}
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"cannot read settings file {file}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        first = (str(error).splitlines() or ["not readable"])[0]
        raise InputError(f"{file} is not valid YAML: {first}") from None
    if data is None:
        return str(file), {}
    if not isinstance(data, dict):
        raise InputError(f"{file} must be a mapping of settings, such as 'port: 8080'")
    return str(file), {str(name): value for name, value in data.items()}


def _environment_values(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in Settings.model_fields:
        text = environment.get(PREFIX + name.upper())
        if text is None or text == "":
            continue
        if name in {"policies", "shadow_keys"}:
            parts = [part.strip() for part in text.split(",") if part.strip()]
            pairs = [part.partition("=") for part in parts]
            values[name] = {k: v for k, _, v in pairs} if name == "policies" else parts
        else:
            values[name] = text
    return values


def _fault_line(fault: Any, origin: Mapping[str, str]) -> str:
    where = ".".join(str(part) for part in fault["loc"])
    name = str(fault["loc"][0]) if fault["loc"] else ""
    message = str(fault["msg"])
    if fault["type"] == "extra_forbidden":
        message = "is not a setting. Accepted: " + ", ".join(Settings.model_fields)
    value = fault.get("input")
    shown = "" if isinstance(value, dict) else f" (got {value!r:.60})"
    return f"  {where} ({origin.get(name, 'default')}): {message}{shown}"
