"""What is watched, when it is an alarm, and who is told.

    >>> RateRule(name="violations", rate="violation", limit=0.005).mean_events
    3650000.0

A *rate* rule sounds when the share of events rises above its limit (an e-detector,
`trueline.stats.alarm`); a *drift* rule when a measure no longer looks as it did when the rule
was new (`trueline.stats.drift`); a *threshold* rule when a number stays beyond a fixed mark.
The first two keep their promise on false alarms however long they run.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from trueline.stats.alarm import DAYS_A_YEAR
from trueline.store.alarms import Severity

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
Severities = Annotated[Severity, Field(description="Who is woken: `page`, or only noted.")]
#: What an event counts as, by the words of the policy.
Rate = Literal["violation", "prompt_violation", "blocked", "error", "slow", "attribute"]
#: What the drift rules look at.
DriftMeasure = Literal["prompt_length", "reply_length", "language_zh", "top_score", "latency"]
#: What the threshold rules look at.
Level = Literal[
    "latency_p99_ms", "guard_p99_ms", "error_rate", "memory_mb", "cpu_share", "disk_free_mb",
    "events_a_minute",
]  # fmt: skip


class _Part(BaseModel):
    """Common settings: unknown fields are faults, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Where(_Part):
    """Which exchanges a rule looks at; a field left empty lets all through."""

    category: str = Field(default="", description="Only violations of this category count.")
    language: str = Field(default="", description="Only exchanges in this language.")
    route: str = Field(default="", description="Only this route.")
    key: str = Field(default="", description="Only this key's id.")
    model: str = Field(default="", description="Only this model.")
    attribute: str = Field(default="", description="For `attribute` rates: its name.")
    equals: str = Field(default="", description="For `attribute` rates: the value that counts.")
    slower_than_ms: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="For `slow` rates: the latency that counts."
    )


class _Rule(_Part):
    """What all rules have."""

    name: Name = Field(description="Unique; alarms, silences and charts carry it.")
    severity: Severities = Field(default="page")
    where: Where = Field(default_factory=Where, description="Which exchanges are looked at.")

    @property
    def hash(self) -> str:
        """A digest of the rule's wording; a rule that is changed begins anew."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class _Promise(_Rule):
    """A rule that keeps a promise on false alarms."""

    false_alarms_a_year: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=1.0, description="At most so many, on average, while all is well."
    )
    events_a_day: Annotated[float, Field(ge=1, le=1e9)] = Field(
        default=10_000.0, description="Traffic the promise is reckoned with."
    )

    @property
    def mean_events(self) -> float:
        """Events between two false alarms, at least, on average."""
        return self.events_a_day * DAYS_A_YEAR / self.false_alarms_a_year


class RateRule(_Promise):
    """Sounds when a share of events has risen above its limit."""

    kind: Literal["rate"] = Field(default="rate", description="`rate`.")
    rate: Rate = Field(description="What counts as an event.")
    limit: Annotated[float, Field(gt=0, lt=0.5)] | None = Field(
        default=None, description="Highest healthy share; empty: the policy's for the category."
    )
    claim: str = Field(default="", description="Claim of the safety case that an alarm withdraws.")


class DriftRule(_Promise):
    """Sounds when a measure of the traffic no longer looks as it did."""

    kind: Literal["drift"] = Field(default="drift", description="`drift`.")
    measure: DriftMeasure = Field(description="What is compared.")
    reference_events: Annotated[int, Field(ge=200, le=1_000_000)] = Field(
        default=2000, description="The first so many events are what calm looks like."
    )


class ThresholdRule(_Rule):
    """Sounds when a number stays beyond a mark."""

    kind: Literal["threshold"] = Field(default="threshold", description="`threshold`.")
    measure: Level = Field(description="The number that is looked at.")
    above: float | None = Field(default=None, description="Sounds above this mark.")
    below: float | None = Field(default=None, description="Sounds below this mark.")
    for_seconds: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=120.0, description="How long it must stay beyond."
    )


Rule = Annotated[RateRule | DriftRule | ThresholdRule, Field(discriminator="kind")]


class Webhook(_Part):
    """A URL that gets a POST."""

    kind: Literal["webhook"] = Field(default="webhook", description="`webhook`.")
    name: Name = Field(description="Unique; alarms say by it what was delivered.")
    url: str = Field(
        default="", pattern=r"^(https?://.*)?$", description="Where to; or name `url_env`."
    )
    url_env: str = Field(default="", description="Environment variable that holds the URL.")
    shape: Literal["json", "slack", "feishu", "dingtalk"] = Field(
        default="json", description="How the message is written."
    )
    secret_env: str = Field(
        default="", description="Environment variable with the signing secret (Feishu, DingTalk)."
    )


class Email(_Part):
    """A message over SMTP."""

    kind: Literal["email"] = Field(default="email", description="`email`.")
    name: Name = Field(description="Unique.")
    host: str = Field(min_length=1, description="SMTP server.")
    port: Annotated[int, Field(ge=1, le=65_535)] = Field(default=587, description="Its port.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is made safe."
    )
    user: str = Field(default="", description="Name to log in with; empty: no login.")
    password_env: str = Field(
        default="TRUELINE_SMTP_PASSWORD", description="Environment variable with the password."
    )
    sender: str = Field(min_length=3, description="From.")
    to: tuple[str, ...] = Field(min_length=1, description="To.")


class Command(_Part):
    """A program that is run with the message as JSON on its standard input."""

    kind: Literal["command"] = Field(default="command", description="`command`.")
    name: Name = Field(description="Unique.")
    run: tuple[str, ...] = Field(min_length=1, description="Program and arguments; no shell.")


class Log(_Part):
    """A line in the gateway's log."""

    kind: Literal["log"] = Field(default="log", description="`log`.")
    name: Name = Field(default="log", description="Unique.")


Channel = Annotated[Webhook | Email | Command | Log, Field(discriminator="kind")]


def default_rules() -> tuple[Any, ...]:
    """The rules in force without a file: the policy's ε, errors, drift, and plain marks."""
    return (
        RateRule(name="violations", rate="violation", claim="violation_rate"),
        RateRule(name="errors", rate="error", limit=0.02),
        DriftRule(name="prompt_length_drift", measure="prompt_length", severity="notice"),
        DriftRule(name="language_drift", measure="language_zh", severity="notice"),
        ThresholdRule(name="latency", measure="latency_p99_ms", above=30_000.0, severity="notice"),
        ThresholdRule(name="memory", measure="memory_mb", above=4_000.0, severity="notice"),
        ThresholdRule(name="disk", measure="disk_free_mb", below=1_000.0),
    )


class ReviewDraw(_Part):
    """How much of the traffic people are asked to judge."""

    random_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.01, description="Share of prompts and of replies drawn at random."
    )
    uncertain_margin: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.05, description="Scores this near to their threshold count as uncertain."
    )
    uncertain_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.1, description="Share of uncertain texts that is drawn."
    )
    reviewers_per_item: Annotated[int, Field(ge=1, le=5)] = Field(
        default=1, description="Reviewers who must agree before an item is settled."
    )


class Monitoring(_Part):
    """Everything that is watched and everyone who is told."""

    language: Literal["zh", "en"] = Field(default="en", description="Language of messages.")
    rules: tuple[Rule, ...] = Field(default_factory=default_rules, description="What is watched.")
    channels: tuple[Channel, ...] = Field(default=(Log(),), description="Who is told of pages.")
    review: ReviewDraw = Field(
        default_factory=ReviewDraw, description="What goes into the review queue."
    )
    group_seconds: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=60.0, description="Alarms within so many seconds go out as one message."
    )
    remind_hours: Annotated[float, Field(ge=0, le=720)] = Field(
        default=24.0, description="A page nobody acknowledged is sent again; 0: never."
    )
    look_seconds: Annotated[float, Field(ge=0.05, le=3600)] = Field(
        default=5.0, description="Seconds between looks at new exchanges."
    )
    safety_case: str = Field(
        default="", description="Folder of the safety case whose claims alarms withdraw."
    )
