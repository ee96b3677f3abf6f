"""Architectures by name: fresh from a recipe's sizes, or from a folder; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    BartConfig,
    BertConfig,
    BertForPreTraining,
    GPT2Config,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
)

from trueline.core.errors import InputError
from trueline.train.initializers import initialize
from trueline.train.model_options import ModelOptions
from trueline.train.setup import Setup
from trueline.train.weights import read_weights

#: Prefixes that models of `transformers` put before the names of their encoder's weights.
ENCODER_PREFIXES = ("hf.", "encoder.", "bert.", "roberta.", "distilbert.", "electra.", "model.")


def make_config(options: ModelOptions, tokenizer: PreTrainedTokenizerFast) -> PreTrainedConfig:
    """The configuration of a fresh model, in the words of `transformers`."""
    width, layers, heads = options.width, options.layers, options.heads
    inner = options.feed_forward or 4 * width
    dropout = options.dropout
    attention = dropout if options.attention_dropout is None else options.attention_dropout
    ids: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": first_id(tokenizer),
        "eos_token_id": last_id(tokenizer),
    }
    if options.kind in ("bert", "roberta"):
        roberta = options.kind == "roberta"
        # RoBERTa counts positions from behind the padding id.
        extra = id_or_zero(tokenizer.pad_token_id) + 1 if roberta else 0
        return (RobertaConfig if roberta else BertConfig)(
            hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
            intermediate_size=inner, max_position_embeddings=options.max_length + extra,
            hidden_dropout_prob=dropout, attention_probs_dropout_prob=attention,
            type_vocab_size=1 if roberta else 2, **ids,
        )  # fmt: skip
    if options.kind == "gpt2":
        return GPT2Config(
            n_embd=width, n_layer=layers, n_head=heads, n_inner=inner,
            n_positions=options.max_length, resid_pdrop=dropout, embd_pdrop=dropout,
            attn_pdrop=attention, **ids,
        )  # fmt: skip
    if options.kind == "llama":
        return LlamaConfig(
            hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
            num_key_value_heads=options.key_value_heads or heads, intermediate_size=inner,
            max_position_embeddings=options.max_length, attention_dropout=attention,
            tie_word_embeddings=True, **ids,
        )  # fmt: skip
    return BartConfig(
        d_model=width, encoder_layers=layers, decoder_layers=layers,
        encoder_attention_heads=heads, decoder_attention_heads=heads, encoder_ffn_dim=inner,
        decoder_ffn_dim=inner, max_position_embeddings=options.max_length, dropout=dropout,
        attention_dropout=attention, decoder_start_token_id=first_id(tokenizer),
        forced_eos_token_id=None, scale_embedding=True, **ids,
    )  # fmt: skip


def first_id(tokenizer: PreTrainedTokenizerFast) -> int:
    """The id a sequence begins with: [CLS], or the beginning of a text."""
    return _first_of(tokenizer, ("cls_token_id", "bos_token_id", "eos_token_id"))


def id_or_zero(value: object) -> int:
    """A special token's id; 0 for a tokenizer without that token."""
    return value if isinstance(value, int) else 0


def last_id(tokenizer: PreTrainedTokenizerFast) -> int:
    """The id a sequence ends with: [SEP], or the end of a text."""
    return _first_of(tokenizer, ("sep_token_id", "eos_token_id"))


def encoder(setup: Setup) -> PreTrainedModel:
    """An encoder without a head."""
    config = _config(setup)
    if config.is_encoder_decoder:
        raise InputError("model.kind: this task needs an encoder: bert or roberta")
    make: Any = AutoModel
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(setup.seed)
        if config.model_type in ("bert", "roberta"):
            model: PreTrainedModel = make.from_config(config, add_pooling_layer=False)
        else:
            model = make.from_config(config)
    if setup.weights is None:
        initialize(model, setup.model, setup.seed)
        return model
    if setup.config_only:
        return model
    stored = {_encoder_name(n): t for n, t in _stored(setup.weights).items()}
    _load(model, stored, setup.weights)
    return model


def masked_lm(setup: Setup, next_sentence: bool) -> PreTrainedModel:
    """An encoder with a head over the vocabulary, and one over sentence pairs if asked for."""
    return _headed(setup, BertForPreTraining if next_sentence else AutoModelForMaskedLM)


def causal_lm(setup: Setup) -> PreTrainedModel:
    """A decoder that predicts the next token."""
    return _headed(setup, AutoModelForCausalLM)


def encoder_decoder(setup: Setup) -> PreTrainedModel:
    """A model that reads one text and writes another."""
    if not _config(setup).is_encoder_decoder:
        raise InputError("model.kind: this task needs encoder_decoder")
    return _headed(setup, AutoModelForSeq2SeqLM)


def weights_folder(start: str) -> Path:
    """The folder with config.json that `model.start` means.

    Raises:
        InputError: there is none.
    """
    for folder in (Path(start) / "model", Path(start)):
        if (folder / "config.json").is_file():
            return folder
    if not Path(start).exists():
        try:
            from huggingface_hub import snapshot_download

            return Path(snapshot_download(start, local_files_only=True))
        except Exception as error:
            raise InputError(
                f"model.start: no folder and no model in the local cache is called {start!r}. "
                "Give the folder of a finished run or of a Hugging Face model"
            ) from error
    raise InputError(f"model.start: {start} has no config.json. Give the folder of a finished run")


def _headed(setup: Setup, kind: Any) -> PreTrainedModel:
    config = _config(setup)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(setup.seed)
        try:
            model: PreTrainedModel = (
                kind.from_config(config) if hasattr(kind, "from_config") else kind(config)
            )
        except (ValueError, KeyError) as error:
            raise InputError(
                f"model.kind: a {config.model_type} model cannot do this task"
            ) from error
    if setup.weights is None:
        initialize(model, setup.model, setup.seed)
        model.tie_weights()
        return model
    if setup.config_only:
        model.tie_weights()
        return model
    _load(model, _stored(setup.weights), setup.weights)
    model.tie_weights()
    return model


def _config(setup: Setup) -> PreTrainedConfig:
    if setup.weights is None:
        return make_config(setup.model, setup.tokenizer)
    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(setup.weights, local_files_only=True)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {setup.weights}/config.json: {error}") from error
    for name in ("hidden_dropout_prob", "dropout", "resid_pdrop", "embd_pdrop"):
        if hasattr(config, name):
            setattr(config, name, setup.model.dropout)
    attention = setup.model.attention_dropout
    for name in ("attention_probs_dropout_prob", "attention_dropout", "attn_pdrop"):
        if hasattr(config, name):
            setattr(config, name, setup.model.dropout if attention is None else attention)
    if config.vocab_size < len(setup.tokenizer):
        raise InputError(
            f"the tokenizer has {len(setup.tokenizer)} entries and the model in {setup.weights} "
            f"{config.vocab_size}: take the model's own tokenizer (leave out `tokenizer`)"
        )
    return config


def _stored(folder: Path) -> Mapping[str, Tensor]:
    whole = folder / "model.safetensors"
    if whole.is_file():
        return read_weights(whole)
    parts = sorted(folder.glob("model-*.safetensors"))
    if not parts:
        raise InputError(f"{folder} has no model.safetensors. Give the folder of a finished run")
    found: dict[str, Tensor] = {}
    for part in parts:
        found |= read_weights(part)
    return found


def _load(model: nn.Module, stored: Mapping[str, Tensor], folder: Path) -> None:
    own = model.state_dict()
    fitting = {
        name: tensor for name, tensor in stored.items()
        if name in own and own[name].shape == tensor.shape
    }  # fmt: skip
    if sum(tensor.numel() for tensor in fitting.values()) * 2 < sum(
        tensor.numel() for tensor in own.values()
    ):
        raise InputError(
            f"model.start: the weights in {folder} belong to another architecture: "
            f"{len(fitting)} of {len(own)} fit. Give a model of the kind this task needs"
        )
    model.load_state_dict(fitting, strict=False)


def _encoder_name(name: str) -> str:
    for prefix in ENCODER_PREFIXES:
        # "encoder." also starts BERT's own layers, which keep it behind the first one.
        if name.startswith(prefix) and not name.startswith("encoder.layer."):
            name = name.removeprefix(prefix)
    return name


def _first_of(tokenizer: PreTrainedTokenizerFast, names: tuple[str, ...]) -> int:
    for name in names:
        found = getattr(tokenizer, name, None)
        if found is not None:
            return int(found)
    raise InputError(f"the tokenizer has none of: {', '.join(names)}. Train one with a recipe")
