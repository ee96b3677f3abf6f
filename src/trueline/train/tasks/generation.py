"""Let a model write: greedy or by beams, through `transformers`."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import GenerationConfig, PreTrainedTokenizerFast

from trueline.train.models import first_id, last_id
from trueline.train.task import Batch
from trueline.train.weights import bare


def continued(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerFast,
    batch: Batch,
    new_tokens: int,
    longest: int,
) -> list[str]:
    """What a decoder adds to each row of `input_ids`, greedily; texts without special tokens."""
    writer: Any = bare(model)
    seen = batch.get("attention_mask", torch.ones_like(batch["input_ids"]))
    found: list[str] = []
    # Row by row: rows are padded at their end, and a decoder goes on from the last token.
    for row, mask in zip(batch["input_ids"], seen, strict=True):
        prompt = row[mask.bool()][None]
        room = max(min(new_tokens, longest - prompt.shape[1]), 1)
        told = writer.generate(
            prompt, attention_mask=torch.ones_like(prompt),
            generation_config=_settings(tokenizer, room, 1),
        )  # fmt: skip
        found.append(str(tokenizer.decode(told[0, prompt.shape[1] :], skip_special_tokens=True)))
    return found


def written(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerFast,
    batch: Batch,
    new_tokens: int,
    beams: int,
) -> list[str]:
    """What an encoder-decoder writes for each row of `input_ids`."""
    writer: Any = bare(model)
    settings = _settings(tokenizer, new_tokens, beams)
    settings.decoder_start_token_id = writer.config.decoder_start_token_id
    seen = batch.get("attention_mask", torch.ones_like(batch["input_ids"]))
    told = writer.generate(batch["input_ids"], attention_mask=seen, generation_config=settings)
    texts: list[str] = tokenizer.batch_decode(told, skip_special_tokens=True)
    return [text.strip() for text in texts]


def _settings(tokenizer: PreTrainedTokenizerFast, new_tokens: int, beams: int) -> GenerationConfig:
    make: Any = GenerationConfig
    settings: GenerationConfig = make(
        max_new_tokens=new_tokens,
        num_beams=beams,
        do_sample=False,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=first_id(tokenizer),
        eos_token_id=last_id(tokenizer),
    )
    return settings
