"""Load a folder of `transformers` for inspection; nothing is downloaded, nothing is unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedTokenizerFast,
)

from trueline.assess.inspected_model import InspectedModel, Kind
from trueline.core.errors import InputError

#: How the name of an architecture ends, and what it is then.
_KINDS: tuple[tuple[str, Kind, Any], ...] = (
    ("ForSequenceClassification", "classify", AutoModelForSequenceClassification),
    ("ForMaskedLM", "mlm", AutoModelForMaskedLM),
    ("ForPreTraining", "mlm", AutoModelForMaskedLM),
    ("ForCausalLM", "causal", AutoModelForCausalLM),
    ("LMHeadModel", "causal", AutoModelForCausalLM),
)
#: Tokens of a text where the configuration does not limit them.
LONGEST = 512


def load_folder(folder: Path) -> InspectedModel:
    """A model of `transformers` with its tokenizer.

    Raises:
        InputError: files are missing or damaged, or the model does something else.
    """
    load: Any
    try:
        load = AutoConfig
        config = load.from_pretrained(str(folder), local_files_only=True)
        load = AutoTokenizer
        tokenizer = load.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{folder} cannot be read as a model of transformers ({type(error).__name__}): it "
            "needs config.json, model.safetensors and tokenizer.json"
        ) from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise InputError(f"the tokenizer in {folder} has no tokenizer.json; convert it first")
    named = (config.architectures or ["none"])[0]
    found = next((entry for entry in _KINDS if named.endswith(entry[0])), None)
    if found is None:
        raise InputError(
            f"{folder}: {named} is neither a classifier nor a language model. Give a folder whose "
            "config.json names an architecture that ends in "
            + ", ".join(entry[0] for entry in _KINDS)
        )
    _, kind, loader = found
    try:
        network = loader.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, attn_implementation="eager"
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise InputError(
            f"{folder}: the weights cannot be read ({type(error).__name__}). "
            "It needs model.safetensors that fits config.json"
        ) from error
    start, end = _framing(tokenizer)
    names = getattr(config, "id2label", None) or {}
    longest = min(getattr(config, "max_position_embeddings", LONGEST) or LONGEST, LONGEST)
    if config.model_type in ("roberta", "xlm-roberta", "camembert"):
        longest -= int(config.pad_token_id or 0) + 1  # positions count from behind padding
    return InspectedModel(
        name=folder.name,
        kind=kind,
        network=network,
        body=network,
        embedding=network.get_input_embeddings(),
        tokenizer=tokenizer,
        longest=longest,
        start=start,
        end=end,
        labels=tuple(str(names[number]) for number in sorted(names)) if kind == "classify" else (),
    )


def _framing(tokenizer: PreTrainedTokenizerFast) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The ids that the tokenizer puts before and behind a text."""
    encoding = tokenizer.backend_tokenizer.encode("a", add_special_tokens=True)
    special, ids = encoding.special_tokens_mask, encoding.ids
    own = [place for place, mark in enumerate(special) if not mark]
    if not own:
        return tuple(ids), ()
    return tuple(ids[: own[0]]), tuple(ids[own[-1] + 1 :])
