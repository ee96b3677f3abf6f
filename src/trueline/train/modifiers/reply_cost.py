"""A limit on what a model writes: replies are sampled and the Judge holds them to the policy.

Each step samples a few replies to a few prompts. What the Judge says of them moves the weights
(policy gradient: reward and cost normalised apart, then (r - lambda c) / (1 + lambda)) and, as an
exact upper bound over the latest replies, the dual variable. A reply that the Judge cannot score
counts as a violation everywhere.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from trueline.core.errors import InputError
from trueline.core.policy import Policy
from trueline.core.policy_file import TEMPLATES, load_policy, policy_from_template
from trueline.core.records import Action, Context, Verdict
from trueline.judge import Judge
from trueline.train.batching import mixed_seed
from trueline.train.data import read_files
from trueline.train.dual import DualOptions, Window
from trueline.train.modifier import LoopState
from trueline.train.modifiers.row_pools import read_held, refuse_shared
from trueline.train.replies import (
    combined_advantage,
    generating_model,
    log_probabilities,
    overlap,
    policy_loss,
    sample_replies,
)
from trueline.train.safety_test import (
    SafetyTest,
    certify_rates,
    items_needed,
    shared_confidence,
)
from trueline.train.setup import Setup
from trueline.train.task import Batch, Loss, Row, Task

OVERALL = "overall"
#: Replies sampled at once when many are measured.
AT_ONCE = 64
Reward = Callable[[Row, str], float]
#: Cost of a reply by constraint, 0 to 1; None where it could not be scored.
Scored = Mapping[str, float | None]


class ReplyCostOptions(BaseModel):
    """What the Judge says of sampled replies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: Literal["replies"] = "replies"
    policy: str = Field(default="default", description="Policy file, or the name of a template.")
    prompts: tuple[str, ...] | str | None = Field(
        default=None, description="Files of prompts to sample for; the training rows when null."
    )
    prompt: str | None = Field(
        default=None, description="Field of the prompt's text; what the task reads when null."
    )
    categories: tuple[str, ...] | None = Field(
        default=None,
        description="A limit for each of these; one limit over all categories when null.",
    )
    violates_from: Literal["flag", "redact", "rewrite", "block"] = Field(
        default="redact", description="Mildest action of the policy that counts as a violation."
    )
    reward: Literal["none", "overlap"] = Field(
        default="none",
        description="Beside the task's own loss: nothing, or characters shared with `reply`.",
    )
    reply: str = Field(default="reply", description="Field of the reply that `overlap` wants.")
    task_share: float = Field(
        default=1.0, ge=0, le=100, description="Weight of the task's own loss; 0 for reward alone."
    )
    gradient_share: float = Field(
        default=1.0, gt=0, le=100, description="Weight of the policy gradient."
    )
    anchor: float = Field(
        default=0.0, ge=0, le=100,
        description="Weight of the divergence from the model at the start, for reward alone.",
    )  # fmt: skip
    prompts_per_step: int = Field(default=8, ge=1, le=4096, description="Prompts of each step.")
    samples: int = Field(default=4, ge=2, le=256, description="Replies sampled for each prompt.")
    max_tokens: int = Field(default=32, ge=1, le=4096, description="Tokens of a reply at most.")
    temperature: float = Field(default=1.0, gt=0, le=10, description="Of sampling, everywhere.")

    def build(
        self, setup: Setup, holdout: Sequence[str], limit: float | None, confidence: float,
        dual: DualOptions,
    ) -> ReplyCost:  # fmt: skip
        """The cost with the policy's Judge."""
        policy = (
            policy_from_template(self.policy) if self._is_template() else load_policy(self.policy)
        )
        rows = list(setup.rows)
        if self.prompts is not None:
            names = [self.prompts] if isinstance(self.prompts, str) else self.prompts
            rows = list(read_files(names, "modifiers.constraint.cost.prompts")[0])
        scored = Judged(Judge.from_policy(policy), self.categories, self.violates_from)
        limits = limits_of(policy, self.categories, limit)
        reward: Reward | None = None
        if self.reward == "overlap":
            reward = _overlap_with(self.reply)
        return ReplyCost(self, setup, rows, holdout, limits, scored, confidence, dual, reward)

    def _is_template(self) -> bool:
        return self.policy in TEMPLATES and not Path(self.policy).exists()


def limits_of(
    policy: Policy, categories: Sequence[str] | None, limit: float | None
) -> dict[str, float]:
    """The limit of each constraint: the recipe's, else the category's, else the policy's."""
    if categories is None:
        return {OVERALL: policy.max_violation_rate if limit is None else limit}
    found: dict[str, float] = {}
    for name in categories:
        rule = policy.rule(name)
        if rule is None:
            accepted = ", ".join([*policy.categories, *policy.topics])
            raise InputError(
                f"modifiers.constraint.cost.categories: the policy has no category {name!r}. "
                f"Accepted: {accepted}"
            )
        own = rule.max_violation_rate
        own = policy.max_violation_rate if own is None else own
        found[name] = own if limit is None else limit
    return found


class Judged:
    """Turns a verdict on a reply into a cost for each constraint.

    Args:
        categories: each is a constraint of its own; None for one over all.
        violates_from: the mildest action that counts.
    """

    def __init__(self, judge: Judge, categories: Sequence[str] | None, violates_from: str) -> None:
        self.judge, self.categories = judge, categories
        self._from = Action.parse(violates_from)
        coverage = judge.coverage()
        unscored = [name for name in categories or () if coverage.get(name) == "manual"]
        if unscored:
            raise InputError(
                f"modifiers.constraint.cost.categories: no scorer finds {unscored[0]!r}, so that "
                "nothing could be certified. Take it out, or add a scorer or a remote judge"
            )
        self.manual = tuple(name for name, by in coverage.items() if by == "manual")

    def __call__(self, prompt: str, reply: str) -> Scored:
        """Cost of a reply; a Judge that raises or whose scorer failed could not score it."""
        context = Context(role="reply", history=(prompt,) if prompt else ())
        try:
            verdict = self.judge.judge(reply, context)
        except Exception:  # a plug-in's code may raise anything; the reply then counts as bad
            return dict.fromkeys(self.categories or (OVERALL,))
        return self._costs(verdict)

    def _costs(self, verdict: Verdict) -> Scored:
        if self.categories is None:
            return {OVERALL: None if verdict.faults else float(verdict.action >= self._from)}
        found: dict[str, float | None] = dict.fromkeys(self.categories, 0.0)
        for score in verdict.scores:
            if score.category not in found:
                continue
            if score.fault:
                found[score.category] = None
            elif score.action >= self._from and found[score.category] is not None:
                found[score.category] = 1.0
        return found


class ReplyCost:
    """See `trueline.train.modifiers.limits.Cost`.

    Args:
        rows: rows whose prompts are sampled while learning.
        scored: cost of `(prompt, reply)` by constraint.
        reward: of `(row, reply)`; None when the task's own loss is the objective.
    """

    def __init__(
        self,
        options: ReplyCostOptions,
        setup: Setup,
        rows: Sequence[Row],
        holdout: Sequence[str],
        limits: Mapping[str, float],
        scored: Callable[[str, str], Scored],
        confidence: float,
        dual: DualOptions,
        reward: Reward | None = None,
    ) -> None:
        self._options, self._setup, self._rows = options, setup, rows
        self._limits, self._scored, self._reward = dict(limits), scored, reward
        self._confidence = confidence
        lowest = min(self._limits.values())
        needed = items_needed(lowest, confidence, len(self._limits))
        told = f"a rate of at most {lowest:g} at confidence {confidence:g}"
        self._held = read_held(holdout, needed, told)
        self._windows = {name: Window(dual.window) for name in self._limits}
        self._start: nn.Module | None = None

    @property
    def limits(self) -> Mapping[str, float]:
        return self._limits

    def before(self, model: nn.Module) -> None:
        """Keep the model as it was before the first step, when it is to be an anchor."""
        if self._options.anchor > 0:
            start: Any = copy.deepcopy(generating_model(model))
            self._start = start.eval().requires_grad_(False)

    def start(self, state: LoopState) -> None:
        generating_model(state.model)
        self._field = self._options.prompt or state.task.input_field
        seen = Setup(self._setup.tokenizer, self._setup.model, rows=self._rows, dev=self._setup.dev)
        refuse_shared(self._held, seen, self._field)
        self._task = _for_replies(state.task, self._options.max_tokens)
        for rows, name in ((self._rows, "prompts"), (self._held, "holdout")):
            _refuse_cut(self._task, rows, name)
        if self._start is not None:
            self._start.to(state.device)

    def objective(
        self, state: LoopState, batch: Batch, loss: Loss, multipliers: Mapping[str, float]
    ) -> Tensor:
        del batch
        options = self._options
        total = options.task_share * loss.total / (1 + sum(multipliers.values()))
        random = np.random.default_rng(np.random.SeedSequence((state.seed, state.step, 11)))
        count = min(options.prompts_per_step, len(self._rows))
        chosen = [self._rows[int(i)] for i in random.choice(len(self._rows), count, replace=False)]
        model = generating_model(state.model)
        rows = [row for row in chosen for _ in range(options.samples)]
        replies = self._sample(state, rows, mixed_seed(state.seed, state.step, 12))
        texts = self._texts(replies.ids, replies.mask)
        scored = self._judged(rows, texts)
        for name, window in self._windows.items():
            window.add(scored[name])
        shape = (count, options.samples)
        costs = {
            name: torch.tensor(
                [1.0 if cost is None else cost for cost in column], device=state.device
            ).reshape(shape)
            for name, column in scored.items()
        }
        rewards = None
        if self._reward is not None:
            told = [self._reward(row, text) for row, text in zip(rows, texts, strict=True)]
            rewards = torch.tensor(told, device=state.device).reshape(shape)
            state.logged["reward"] = float(rewards.mean())
        advantage = combined_advantage(rewards, costs, multipliers)
        anchored = self._start is not None and options.anchor > 0
        if not anchored and not bool(advantage.any()):
            return total
        log_probs = log_probabilities(model, replies, options.temperature)
        total = total + options.gradient_share * policy_loss(log_probs, replies.mask, advantage)
        if anchored:
            with torch.no_grad():
                before = log_probabilities(self._start, replies, options.temperature)
            gap = (before - log_probs) * replies.mask
            # Unbiased and never negative: exp(x) - x - 1 (Schulman 2020).
            apart = (gap.exp() - gap - 1).sum() / replies.mask.sum().clamp_min(1)
            total = total + options.anchor * apart
        return total

    def look(self, state: LoopState) -> Mapping[str, float]:
        share = shared_confidence(self._confidence, len(self._limits))
        for name, window in self._windows.items():
            state.logged[f"violation_rate_{name}"] = window.mean
        return {name: window.upper(share) for name, window in self._windows.items()}

    def watched(self, state: LoopState) -> Mapping[str, float]:
        # Rows of the task may hold whole answers; prompts of their own do not.
        rows = list(self._rows if self._options.prompts else self._setup.dev or self._rows)
        needed = items_needed(min(self._limits.values()), self._confidence, len(self._limits)) or 1
        # Four times the least number leaves room for a few violations without sampling for ever.
        rows = rows[: 4 * needed]
        test = certify_rates(self._measured(state, rows, 13), self._limits, self._confidence)
        return {claim.name: claim.bound for claim in test.claims}

    def certify(self, state: LoopState) -> SafetyTest:
        costs = self._measured(state, self._held, 14)
        return certify_rates(costs, self._limits, self._confidence)

    def facts(self) -> Mapping[str, Any]:
        told: dict[str, Any] = {
            "of": "replies",
            "sampling": {
                "temperature": self._options.temperature, "max_tokens": self._options.max_tokens
            },
        }  # fmt: skip
        if isinstance(self._scored, Judged):
            told["policy"] = self._scored.judge.policy.name
            told["policy_hash"] = self._scored.judge.policy.hash
            told["violates_from"] = self._options.violates_from
            if self._scored.categories is None and self._scored.manual:
                told["not_judged"] = list(self._scored.manual)
        return told

    def state(self) -> dict[str, Any]:
        return {name: window.state() for name, window in self._windows.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        for name, costs in state.items():
            self._windows[name].restore(costs)

    def _measured(
        self, state: LoopState, rows: Sequence[Row], purpose: int
    ) -> dict[str, list[float | None]]:
        """One sampled reply to each row, judged; the same weights give the same replies."""
        found: dict[str, list[float | None]] = {name: [] for name in self._limits}
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            replies = self._sample(state, part, mixed_seed(state.seed, start, purpose))
            scored = self._judged(part, self._texts(replies.ids, replies.mask))
            for name in found:
                found[name] += scored[name]
        return found

    def _sample(self, state: LoopState, rows: Sequence[Row], seed: int) -> Any:
        examples = self._task.encode_inputs(rows)
        cuda = [state.device.index or 0] if state.device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda):
            torch.manual_seed(seed)
            return sample_replies(
                generating_model(state.model),
                [[int(i) for i in example["input_ids"]] for example in examples],
                self._setup.tokenizer,
                max_tokens=self._options.max_tokens,
                temperature=self._options.temperature,
                device=state.device,
            )

    def _texts(self, ids: Tensor, mask: Tensor) -> list[str]:
        kept = [row[seen.bool()].tolist() for row, seen in zip(ids, mask, strict=True)]
        return [str(self._setup.tokenizer.decode(row, skip_special_tokens=True)) for row in kept]

    def _judged(self, rows: Sequence[Row], texts: Sequence[str]) -> dict[str, list[float | None]]:
        scored = [
            self._scored(str(row.get(self._field, "")), text)
            for row, text in zip(rows, texts, strict=True)
        ]
        return {name: [one.get(name) for one in scored] for name in self._limits}


def _overlap_with(field: str) -> Reward:
    def reward(row: Row, text: str) -> float:
        return overlap(text, str(row.get(field, "")))

    return reward


def _for_replies(task: Task, max_tokens: int) -> Task:
    """The task with room for replies of `max_tokens` beside its prompts."""
    options = getattr(task, "options", None)
    if not is_dataclass(task) or getattr(options, "max_new_tokens", None) is None:
        return task
    changed: Any = options
    made: Any = replace(
        cast("Any", task), options=changed.model_copy(update={"max_new_tokens": max_tokens})
    )
    return cast("Task", made)


def _refuse_cut(task: Task, rows: Sequence[Row], name: str) -> None:
    """A prompt that is cut is another prompt: the test would speak of replies nobody asks for.

    Raises:
        InputError: naming the first such prompt.
    """
    task.encode_inputs(rows[:1])
    first_cut = getattr(task, "first_cut", None)
    found = None if first_cut is None else first_cut(rows)
    if found is not None:
        index, tokens = found
        room = getattr(task, "prompt_room", 0)
        raise InputError(
            f"{name}: row {index + 1} has {tokens} tokens, and with replies of cost.max_tokens "
            f"only {room} fit; raise model.max_length, lower cost.max_tokens or shorten the prompts"
        )
