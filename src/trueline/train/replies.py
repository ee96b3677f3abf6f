"""Sampled replies of a language model, their log-probabilities, and what they should have been.

Works with any model of `transformers` that generates: decoders read the prompt on their left,
encoder-decoders through their encoder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GenerationConfig, PreTrainedTokenizerFast

from trueline.core.errors import InputError
from trueline.train.models import first_id, last_id
from trueline.train.weights import bare

_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Replies:
    """Prompts and what was sampled behind them.

    Args:
        prompt_ids: int64 [n, prompt time], padded on the left; `prompt_mask` is 1 on tokens.
        ids: int64 [n, reply time], padded behind the end.
        mask: float32 [n, reply time], 1 on sampled tokens, the ending one included.
    """

    prompt_ids: Tensor
    prompt_mask: Tensor
    ids: Tensor
    mask: Tensor


def generating_model(model: nn.Module) -> Any:
    """The part of a task's model that generates.

    Raises:
        InputError: it has none; classifiers and encoders write no replies.
    """
    inner: Any = bare(model)
    found = inner if hasattr(inner, "generate") else getattr(inner, "hf", None)
    if found is None or not getattr(found, "can_generate", lambda: False)():
        raise InputError(
            "modifiers.constraint.cost: `of: replies` needs a task whose model writes texts, such "
            "as causal or seq2seq. Limit a classifier with `of: errors` or `of: group_gap`"
        )
    return found


def sample_replies(
    model: Any,
    prompts: Sequence[Sequence[int]],
    tokenizer: PreTrainedTokenizerFast,
    *,
    max_tokens: int,
    temperature: float,
    device: torch.device,
) -> Replies:
    """One sampled reply for each prompt; draws from torch's generator.

    Args:
        model: as `generating_model` gives it.
        prompts: token ids of each prompt.
        tokenizer: knows padding and the end.
        max_tokens: of a reply at most.
        temperature: 0 takes the likeliest token each time.
        device: the model's.
    """
    padding: Any = tokenizer.pad_token_id
    pad, end = int(padding or 0), last_id(tokenizer)
    width = max(len(ids) for ids in prompts)
    table = torch.full((len(prompts), width), pad, dtype=torch.int64)
    mask = torch.zeros_like(table)
    for row, ids in enumerate(prompts):
        if len(ids):
            table[row, width - len(ids) :] = torch.tensor(ids)
            mask[row, width - len(ids) :] = 1
    settings: Any = GenerationConfig
    config = settings(
        max_new_tokens=max_tokens, do_sample=temperature > 0, pad_token_id=pad, eos_token_id=end,
        decoder_start_token_id=first_id(tokenizer), num_beams=1,
        **({"temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature > 0 else {}),
    )  # fmt: skip
    table, mask = table.to(device), mask.to(device)
    training = model.training
    model.eval()
    with torch.no_grad():
        sequences = model.generate(input_ids=table, attention_mask=mask, generation_config=config)
    model.train(training)
    start = 1 if model.config.is_encoder_decoder else width
    ids = sequences[:, start:]
    ended = (ids == end).cumsum(1)
    seen = ((ended - (ids == end).long()) == 0).float()
    return Replies(table, mask, ids, seen)


def log_probabilities(model: Any, replies: Replies, temperature: float = 1.0) -> Tensor:
    """float32 [n, reply time]: log-probability of each sampled token, 0 behind the end."""
    if model.config.is_encoder_decoder:
        start = torch.full_like(replies.ids[:, :1], int(model.config.decoder_start_token_id))
        before = torch.cat([start, replies.ids[:, :-1]], 1)
        logits = model(
            input_ids=replies.prompt_ids, attention_mask=replies.prompt_mask,
            decoder_input_ids=before,
        ).logits  # fmt: skip
    else:
        ids = torch.cat([replies.prompt_ids, replies.ids], 1)
        mask = torch.cat([replies.prompt_mask, replies.mask.long()], 1)
        positions = (mask.cumsum(1) - 1).clamp_min(0)
        told = model(input_ids=ids, attention_mask=mask, position_ids=positions)
        logits = told.logits[:, replies.prompt_ids.shape[1] - 1 : -1]
    scaled = logits.float() / (temperature if temperature > 0 else 1.0)
    each = scaled.log_softmax(-1).gather(-1, replies.ids.unsqueeze(-1)).squeeze(-1)
    kept: Tensor = each * replies.mask
    return kept


def leave_one_out(values: Tensor) -> Tensor:
    """Each value less the mean of the prompt's other samples, divided by the spread of all.

    Args:
        values: float32 [prompts, samples].

    Returns:
        The same shape; 0 where all values are equal.

    Reference: Kool, van Hoof & Welling (2019), Buy 4 REINFORCE Samples; Ahmadian et al. (2024),
    arXiv:2402.14740 (RLOO).
    """
    samples = values.shape[1]
    if samples > 1:
        centred = (values - values.mean(1, keepdim=True)) * samples / (samples - 1)
    else:
        centred = values - values.mean()
    spread = centred.pow(2).mean().sqrt()
    return centred / spread if float(spread) > _TINY else torch.zeros_like(values)


def combined_advantage(
    rewards: Tensor | None, costs: Mapping[str, Tensor], multipliers: Mapping[str, float]
) -> Tensor:
    """(reward - sum of lambda x cost) / (1 + sum of lambda), each normalised before the sum.

    Summing raw values first lets the one with the larger spread drown the other.

    Args:
        rewards: float32 [prompts, samples], or None when the task's own loss is the objective.
        costs: by constraint, float32 [prompts, samples], from 0 to 1.
        multipliers: lambda by constraint.
    """
    total = sum(multipliers[name] for name in costs)
    first = next(iter(costs.values()))
    found = torch.zeros_like(first) if rewards is None else leave_one_out(rewards)
    for name, cost in costs.items():
        found = found - multipliers[name] * leave_one_out(cost)
    return found / (1 + total)


def policy_loss(log_probs: Tensor, mask: Tensor, advantage: Tensor) -> Tensor:
    """Scalar whose gradient is the policy gradient: mean over tokens of -advantage x log p."""
    return -(log_probs * advantage.reshape(-1, 1)).sum() / mask.sum().clamp_min(1)


def overlap(reply: str, reference: str) -> float:
    """F1 of characters, 0 to 1: a plain reward for saying what the row's own reply says."""
    if not reply or not reference:
        return float(reply == reference)
    left: dict[str, int] = {}
    for character in reference:
        left[character] = left.get(character, 0) + 1
    shared = 0
    for character in reply:
        if left.get(character, 0):
            left[character] -= 1
            shared += 1
    return 2 * shared / (len(reply) + len(reference))
