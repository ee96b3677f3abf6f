"""The policy: categories with actions, thresholds and error budgets, as frozen records.

    >>> rule = CategoryRule(action="block")
    >>> rule.max_false_positive_rate
    0.005

Files are read by `trueline.core.policy_file`; this module says what a policy may hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trueline.core.policy_references import ReferenceFaults, reference_faults
from trueline.core.records import Action, Role

ActionName = Literal["allow", "flag", "redact", "rewrite", "block"]
OnError = Literal["block", "pass"]
Rate = Annotated[float, Field(ge=0, le=1)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ALL_ROLES: tuple[Role, ...] = ("prompt", "reply", "document", "tool_result")


class _Part(BaseModel):
    """Common settings: unknown fields are faults, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Bilingual(_Part):
    """One text in Chinese and in English."""

    zh: str = Field(min_length=1, description="The text in Chinese.")
    en: str = Field(min_length=1, description="The text in English.")

    def pick(self, language: str) -> str:
        """The Chinese text for `zh`, the English one otherwise."""
        return self.zh if language == "zh" else self.en


class LabelRule(_Part):
    """What differs for one kind within a category, such as `email` within `privacy`."""

    action: ActionName | None = Field(default=None, description="Action for this label.")
    threshold: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Score from which the action is taken."
    )


class CategoryRule(_Part):
    """What the policy does about one category."""

    action: ActionName = Field(description="What happens when the threshold is reached.")
    threshold: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None,
        description="Score from which the action is taken; empty: calibrated from the budget.",
    )
    max_false_positive_rate: Rate = Field(
        default=0.005,
        description="Error budget: share of harmless texts a scorer may hold up.",
    )
    max_miss_rate: Rate | None = Field(
        default=None, description="Error budget: share of violations that may be missed."
    )
    max_violation_rate: Rate | None = Field(
        default=None, description="Limit for this category; empty: that of the policy."
    )
    applies_to: tuple[Role, ...] = Field(
        default=ALL_ROLES, min_length=1, description="Whose words are held against the rule."
    )
    on_error: OnError | None = Field(
        default=None, description="When a scorer fails: block or pass; empty: as the policy."
    )
    safe_reply: Bilingual | None = Field(
        default=None, description="Answer given in place of a blocked text."
    )
    labels: Mapping[str, LabelRule] = Field(
        default_factory=dict, description="Exceptions by kind within the category."
    )


class Topic(CategoryRule):
    """A category of the policy's own, told by examples instead of training."""

    zh: str = Field(min_length=1, description="Name in Chinese.")
    en: str = Field(min_length=1, description="Name in English.")
    examples: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=3, max_length=10, description="Texts that belong to the topic."
    )
    counter_examples: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), max_length=10, description="Near texts that do not."
    )


class Lexicon(_Part):
    """A list of words or phrases that count as a category."""

    category: Identifier = Field(description="Category the words belong to.")
    label: str = Field(default="user_list", description="Kind shown in verdicts.")
    words: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="Words or phrases; disguises are undone before the search."
    )
    file: str | None = Field(
        default=None, description="Text file beside the policy, one word a line, # comments."
    )
    value: Annotated[float, Field(gt=0, le=1)] = Field(default=1.0, description="Score of a hit.")


class RemoteJudge(_Part):
    """A judge model behind an OpenAI-compatible URL."""

    url: str = Field(pattern=r"^https?://", description="Base URL, such as https://host/v1.")
    model: str = Field(min_length=1, description="Model name sent with each question.")
    endpoint: Literal["chat", "moderations"] = Field(
        default="chat", description="Which of the two OpenAI routes to ask."
    )
    categories: tuple[Identifier, ...] = Field(min_length=1, description="What it judges.")
    api_key_env: str = Field(
        default="TRUELINE_JUDGE_KEY", description="Environment variable that holds the key."
    )
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = Field(
        default=5.0, description="Longest wait for one answer."
    )
    on_error: OnError | None = Field(
        default=None, description="When it fails; empty: as each category says."
    )


class Storage(_Part):
    """What the event store keeps of the words of an exchange."""

    text: Literal["full", "redacted", "none"] = Field(
        default="redacted", description="Keep texts in full, with findings redacted, or not."
    )
    retention_days: Annotated[int, Field(ge=1, le=36500)] = Field(
        default=180, description="Age from which `trueline events prune` removes texts."
    )


class Streaming(_Part):
    """How replies are held back while they stream."""

    hold_back_characters: Annotated[int, Field(ge=0, le=4096)] | None = Field(
        default=None,
        description="Least number of characters held back; empty: what the scorers need.",
    )


class Memory(_Part):
    """How much of a conversation is judged together."""

    turns: Annotated[int, Field(ge=0, le=50)] = Field(
        default=4, description="Earlier user turns read together with the newest; 0: none."
    )


class Masking(_Part):
    """Reversible masking: placeholders go to the model, the reply gets the values back."""

    enabled: bool = Field(default=False, description="Mask instead of redacting prompts.")
    categories: tuple[Identifier, ...] = Field(
        default=("privacy", "ip_secrets"), description="Categories whose spans are masked."
    )


class Fairness(_Part):
    """Limits on differences between groups, checked by `assess`."""

    min_demographic_parity_ratio: Rate = Field(
        default=0.8, description="Lowest ratio of selection rates (four-fifths rule)."
    )
    max_equalized_odds_difference: Rate = Field(
        default=0.1, description="Largest gap of error rates between groups."
    )
    min_group_size: Annotated[int, Field(ge=1)] = Field(
        default=30, description="Groups below this size get no verdict."
    )


class Robustness(_Part):
    """Limits under attack, checked by `assess`."""

    max_attack_success_rate: Rate = Field(
        default=0.05, description="Largest share of attacks that may succeed."
    )


class HumanReview(_Part):
    """What people must do before a safety case may say RELEASE."""

    required_sign_offs: tuple[Annotated[str, Field(pattern=r"^\S(.{0,62}\S)?$")], ...] = Field(
        default=(), description="Roles that must sign off, such as compliance or legal."
    )
    reviewers_per_item: Annotated[int, Field(ge=1, le=9)] = Field(
        default=1, description="People who must label each reply that is drawn for review."
    )


class PrivacyBudget(_Part):
    """Differential-privacy budget of training and of released counts."""

    dp_epsilon: Annotated[float, Field(gt=0)] = Field(default=8.0, description="ε of the budget.")
    dp_delta: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=1e-6, description="δ of the budget."
    )


class Policy(_Part):
    """The written policy that all five stages hold a text against."""

    schema_: Literal["trueline.policy/1"] = Field(
        default="trueline.policy/1", alias="schema", description="Format of this file."
    )
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")] = Field(
        description="Short name, shown in verdicts and logs."
    )
    version: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        default="1", description="Your own version label; the content hash is added to it."
    )
    description: Bilingual | None = Field(default=None, description="What it is for.")
    jurisdiction: tuple[str, ...] = Field(default=(), description="Where it applies: CN, EU, …")
    regulations: tuple[str, ...] = Field(
        default=(), description="Regulations the policy claims to follow."
    )
    max_violation_rate: Rate = Field(
        default=0.01, description="ε: E[C(M(x))] must be at least 1 − ε."
    )
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(
        default=0.95, description="Confidence at which that is claimed."
    )
    on_error: OnError = Field(default="block", description="When a scorer fails: block or pass.")
    time_budget_ms: Annotated[int, Field(ge=1, le=120_000)] = Field(
        default=2000, description="Longest time for one check; later counts as a failure."
    )
    blocked_prompt: Literal["reply", "error"] = Field(
        default="reply", description="Answer a blocked prompt with the safe reply or HTTP 400."
    )
    storage: Storage = Field(default_factory=Storage, description="What is kept of texts.")
    streaming: Streaming = Field(default_factory=Streaming, description="Hold-back.")
    memory: Memory = Field(default_factory=Memory, description="Earlier turns.")
    masking: Masking = Field(default_factory=Masking, description="Reversible masking.")
    fairness: Fairness = Field(default_factory=Fairness, description="Limits between groups.")
    robustness: Robustness = Field(default_factory=Robustness, description="Limits under attack.")
    review: HumanReview = Field(
        default_factory=HumanReview, description="Labels and sign-offs by people."
    )
    privacy_budget: PrivacyBudget = Field(
        default_factory=PrivacyBudget, description="Differential privacy."
    )
    categories: Mapping[Identifier, CategoryRule] = Field(
        min_length=1, description="Rules by category of the taxonomy."
    )
    topics: Mapping[Identifier, Topic] = Field(
        default_factory=dict, description="Categories of your own, told by examples."
    )
    lexicons: tuple[Lexicon, ...] = Field(default=(), description="Word lists of your own.")
    allow: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="Phrases inside which a finding does not count."
    )
    starter_lexicons: bool = Field(default=True, description="Use the bundled word lists.")
    remote_judge: RemoteJudge | None = Field(default=None, description="A judge model by URL.")

    @model_validator(mode="after")
    def _references_exist(self) -> Policy:
        faults = reference_faults(self.model_dump(mode="json", by_alias=True))
        if faults:
            raise ReferenceFaults(faults)
        return self

    @cached_property
    def hash(self) -> str:
        """Content hash: `sha256:` and 64 hexadecimal digits over the canonical JSON."""
        data = self.model_dump(mode="json", by_alias=True)
        canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()

    def rule(self, category: str) -> CategoryRule | None:
        """The rule for a category or topic; None when the policy does not speak of it."""
        return self.categories.get(category) or self.topics.get(category)

    def action_for(self, category: str, label: str = "") -> Action:
        """Action when `category` (and `label`) reaches its threshold."""
        rule = self.rule(category)
        if rule is None:
            return Action.ALLOW
        exception = rule.labels.get(label)
        name = exception.action if exception and exception.action else rule.action
        return Action.parse(name)

    def fails_closed(self, category: str) -> bool:
        """True when a failing scorer of this category blocks."""
        rule = self.rule(category)
        return ((rule.on_error if rule else None) or self.on_error) == "block"
