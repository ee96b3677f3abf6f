"""Let a causal language model go on with prompts: the likeliest way first, then sampled ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import GenerationConfig

from trueline.assess.inspected_model import InspectedModel

_BATCH = 16


def continuations(
    model: InspectedModel, prompts: Sequence[str], *, sample: int, max_tokens: int
) -> list[str]:
    """What the model says behind each prompt, without the prompt.

    Args:
        model: a causal language model.
        prompts: their beginnings are cut where they do not fit.
        sample: 0 takes the likeliest token each time; any other number is a seed.
        max_tokens: at most, behind each prompt.
    """
    network: Any = model.body
    tokenizer = model.tokenizer
    backend = tokenizer.backend_tokenizer
    room = max(model.longest - max_tokens - len(model.start), 1)
    pad: Any = tokenizer.pad_token_id
    settings: Any = GenerationConfig
    config = settings(
        max_new_tokens=min(max_tokens, max(model.longest - len(model.start) - 1, 1)),
        do_sample=sample != 0, num_beams=1, pad_token_id=int(pad or 0),
        eos_token_id=tokenizer.eos_token_id,
        **({"temperature": 1.0, "top_k": 0, "top_p": 1.0} if sample else {}),
    )  # fmt: skip
    found: list[str] = []
    for first in range(0, len(prompts), _BATCH):
        ids = [
            [*model.start, *encoding.ids[-room:]]
            for encoding in backend.encode_batch(
                list(prompts[first : first + _BATCH]), add_special_tokens=False
            )
        ]
        width = max(map(len, ids))
        table = torch.full((len(ids), width), int(pad or 0), dtype=torch.int64)
        mask = torch.zeros_like(table)
        for row, own in enumerate(ids):  # padded on the left, so that all end together
            if own:
                table[row, width - len(own) :] = torch.tensor(own)
                mask[row, width - len(own) :] = 1
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(sample * 1_000_003 + first)
            told = network.generate(input_ids=table, attention_mask=mask, generation_config=config)
        found += [
            str(tokenizer.decode(row, skip_special_tokens=True)) for row in told[:, width:].tolist()
        ]
    return found
