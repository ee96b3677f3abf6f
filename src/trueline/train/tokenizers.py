"""Train a tokenizer (BPE, WordPiece, Unigram) for Chinese and English, or load one.

Every trained tokenizer has [PAD] [UNK] [CLS] [SEP] [MASK]; generation starts at [CLS] and ends at
[SEP]. No step relies on spaces between words: the pieces are found in running Chinese text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from trueline.core.errors import InputError
from trueline.train.tokenizer_options import TokenizerOptions

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# Unified ideographs with extension A and the compatibility block.
_HAN = Regex(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def train_tokenizer(texts: Iterable[str], options: TokenizerOptions) -> PreTrainedTokenizerFast:
    """Train on texts; the same texts give the same tokenizer.

    Raises:
        InputError: there is no text to train on.
    """
    taken = [text for text in islice(texts, options.rows) if text]
    if not taken:
        raise InputError("tokenizer: the rows hold no text to train on. Name the field in the task")
    tokenizer, trainer = _untrained(options)
    tokenizer.train_from_iterator(taken, trainer, length=len(taken))
    return wrapped(tokenizer)


def wrapped(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """As `transformers` takes it, with the names of the special tokens."""
    names = dict(
        zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL,
            strict=True)
    )  # fmt: skip
    make: Any = PreTrainedTokenizerFast
    found: PreTrainedTokenizerFast = make(
        tokenizer_object=tokenizer, bos_token="[CLS]", eos_token="[SEP]",  # noqa: S106
        clean_up_tokenization_spaces=False, **names,
    )  # fmt: skip
    return found


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerFast:
    """The tokenizer of a run or of a Hugging Face folder; nothing is downloaded.

    Raises:
        InputError: the folder has none that can be used.
    """
    place = Path(folder)
    if (place / "model" / "tokenizer.json").is_file():
        place = place / "model"
    name = str(place) if place.is_dir() else str(folder)
    try:
        found: Any = AutoTokenizer.from_pretrained(name, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"no tokenizer in {folder}: it needs tokenizer.json. Give the folder of a finished run "
            "or of a Hugging Face model"
        ) from error
    if not isinstance(found, PreTrainedTokenizerFast):
        raise InputError(f"the tokenizer in {folder} has no tokenizer.json; convert it first")
    if found.pad_token_id is None:
        found.pad_token = found.eos_token or found.unk_token
    return found


def token_ids(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> list[list[int]]:
    """Ids of texts, without special tokens."""
    backend = tokenizer.backend_tokenizer
    return [
        encoding.ids
        for encoding in backend.encode_batch(list(texts), add_special_tokens=False)
    ]  # fmt: skip


def _untrained(options: TokenizerOptions) -> tuple[Tokenizer, Any]:
    steps: list[Any] = [normalizers.NFC()]
    if options.lowercase:
        steps.append(normalizers.Lowercase())
    han: list[Any] = [pre_tokenizers.Split(_HAN, "isolated")] if options.split_han else []
    common: dict[str, Any] = {
        "vocab_size": options.vocab_size, "special_tokens": list(SPECIAL), "show_progress": False
    }  # fmt: skip
    if options.kind == "bpe":
        tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))  # noqa: S106
        last: Any = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer: Any = trainers.BpeTrainer(
            min_frequency=options.min_count,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            **common,
        )
    elif options.kind == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106
        last = pre_tokenizers.BertPreTokenizer()
        han = [pre_tokenizers.Split(_HAN, "isolated")]
        tokenizer.decoder = decoders.WordPiece()
        trainer = trainers.WordPieceTrainer(min_frequency=options.min_count, **common)
    else:
        tokenizer = Tokenizer(models.Unigram())
        last = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(unk_token="[UNK]", **common)  # noqa: S106
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*han, last])
    return tokenizer, trainer
