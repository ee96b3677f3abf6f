"""A model folder as a target: `transformers`, local files only, several prompts at a time."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from trueline.assess.evidence import file_sha256
from trueline.assess.suite_item import Message
from trueline.assess.target import Answer, Question
from trueline.core.errors import InputError

#: Files that decide what a model replies; another one of them is another target.
_DECIDING = (
    "*.safetensors", "config.json", "generation_config.json", "tokenizer*", "chat_template*",
    "special_tokens_map.json", "added_tokens.json", "vocab*", "merges.txt", "*.model",
)  # fmt: skip


class ModelFolderTarget:
    """Generates replies with a model on disk; nothing is downloaded and no code of it is run.

    Args:
        folder: a finished run of `trueline train`, or a folder that `transformers` reads.
        batch_size: prompts generated together.
        max_tokens: of a reply.
        temperature: 0 takes the likeliest token each time, so replies repeat exactly.
        device: `cpu`, `cuda`, …; empty takes a GPU when there is one.

    Raises:
        InputError: there is no model, or it writes no text.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        batch_size: int = 8,
        max_tokens: int = 128,
        temperature: float = 0.0,
        device: str = "",
    ) -> None:
        place = Path(folder)
        place = place / "model" if (place / "model" / "config.json").is_file() else place
        self.name = str(folder)
        self.concurrency = 1
        self.batch_size = batch_size
        self.seeded = temperature > 0
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._tokenizer, self._model = _loaded(place)
        self._files_sha256 = _files_sha256(place)
        self._model.to(self._device).eval()

    @property
    def settings(self) -> Mapping[str, Any]:
        return {
            "kind": "model_folder",
            "files_sha256": self._files_sha256,
            "max_tokens": self._max_tokens,
            "temperature": self._temperature,
        }

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """One answer for each question, in order."""
        texts = [self._prompt(question.messages) for question in questions]
        if self.seeded:  # samples of a batch share a generator: seed it by all of them
            seeds = random.Random(str([q.seed for q in questions]))  # noqa: S311
            torch.manual_seed(seeds.getrandbits(31))
        try:
            replies = self._generate(texts)
        except torch.OutOfMemoryError:
            return [Answer(fault="out_of_memory") for _ in questions]
        return [Answer(text=text, finish_reason=finish) for text, finish in replies]

    def close(self) -> None:
        """Nothing waits."""

    def _prompt(self, messages: Sequence[Message]) -> str:
        if getattr(self._tokenizer, "chat_template", None):
            plain = [dict(message) for message in messages]
            with contextlib.suppress(Exception):  # templates may refuse roles; they are Jinja
                text: str = self._tokenizer.apply_chat_template(
                    plain, tokenize=False, add_generation_prompt=True
                )
                return text
        return "\n".join(message["content"] for message in messages)

    def _generate(self, texts: Sequence[str]) -> list[tuple[str, str]]:
        templated = bool(getattr(self._tokenizer, "chat_template", None))
        room = _room(self._model.config, self._max_tokens)
        inputs = self._tokenizer(
            list(texts), return_tensors="pt", padding=True, truncation=room is not None,
            max_length=room, add_special_tokens=not templated,
        )  # fmt: skip
        inputs = {name: inputs[name].to(self._device) for name in ("input_ids", "attention_mask")}
        options: dict[str, Any] = {"do_sample": False}
        if self._temperature > 0:
            options = {"do_sample": True, "temperature": self._temperature}
        end = self._tokenizer.eos_token_id
        with torch.no_grad():
            sequences = self._model.generate(
                **inputs, max_new_tokens=self._max_tokens, num_beams=1, eos_token_id=end,
                pad_token_id=self._tokenizer.pad_token_id, **options,
            )  # fmt: skip
        start = 0 if self._model.config.is_encoder_decoder else inputs["input_ids"].shape[1]
        replies: list[tuple[str, str]] = []
        for row in sequences[:, start:]:
            ended = end is not None and bool((row == end).any())
            text = self._tokenizer.decode(row, skip_special_tokens=True).strip()
            replies.append((text, "stop" if ended else "length"))
        return replies


def _loaded(place: Path) -> tuple[Any, Any]:
    if not (place / "config.json").is_file():
        raise InputError(
            f"target {str(place)!r} holds no model (no config.json). Give a folder that "
            "`trueline train` wrote, or one that transformers reads"
        )
    auto: Any
    try:
        config = AutoConfig.from_pretrained(place, local_files_only=True, trust_remote_code=False)
        auto = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        model: Any = auto.from_pretrained(
            place, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
        tokenizer: Any = AutoTokenizer.from_pretrained(
            place, local_files_only=True, trust_remote_code=False, padding_side="left",
            truncation_side="left",
        )  # fmt: skip
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise InputError(
            f"target {str(place)!r} cannot be loaded as a model that writes text "
            f"({type(error).__name__}). It needs config.json, safetensors weights and a tokenizer "
            "of a causal or seq2seq model; no code from the folder is run"
        ) from None
    if not model.can_generate():
        raise InputError(
            f"target {str(place)!r} writes no text; assess questions causal and seq2seq models"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer, model


def _files_sha256(place: Path) -> str:
    """One hash over names and contents of the files that decide the replies."""
    names = sorted({path.name for shape in _DECIDING for path in place.glob(shape)})
    digest = hashlib.sha256()
    for name in names:
        if (place / name).is_file():
            digest.update(f"{name} {file_sha256(place / name)}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def _room(config: Any, max_tokens: int) -> int | None:
    """Tokens a prompt may have; None when the model knows no limit."""
    longest = getattr(config, "max_position_embeddings", None)
    if not isinstance(longest, int):
        return None
    return longest if config.is_encoder_decoder else max(1, longest - max_tokens)
