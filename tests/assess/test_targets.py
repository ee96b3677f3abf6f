"""Naming a target: functions, folders, and what is told about names that are none."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from trueline.assess.target import Answer, Question
from trueline.assess.targets.function import FunctionTarget
from trueline.assess.targets.open_target import TargetOptions, open_target
from trueline.core.errors import InputError

HAS_TRAIN = bool(find_spec("torch") and find_spec("transformers"))
needs_train = pytest.mark.skipif(not HAS_TRAIN, reason="needs the extra train")


def question(text: str, seed: int = 1, item: str = "a") -> Question:
    return Question(item=item, sample=0, messages=[{"role": "user", "content": text}], seed=seed)


def test_a_function_is_named_by_module_and_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_bot_for_tests.py").write_text(
        "def reply(messages, seed):\n    return f'{messages[-1][\"content\"]} {seed}'\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)

    target = open_target("my_bot_for_tests:reply", TargetOptions())

    assert target.ask([question("hi", seed=9)]) == [Answer(text="hi 9")]
    assert target.seeded
    assert target.name == "my_bot_for_tests:reply"


def test_a_function_that_returns_no_text_is_a_fault() -> None:
    target = FunctionTarget(lambda messages: 5)  # type: ignore[arg-type,return-value]

    assert target.ask([question("x")])[0].fault == "not_text"


def test_a_built_in_function_is_brought_by_the_caller() -> None:
    options = TargetOptions(builtin={"builtin:echo": lambda messages: messages[-1]["content"]})

    (answer,) = open_target("builtin:echo", options).ask([question("hi")])

    assert answer == Answer(text="hi", model="builtin:echo")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nowhere",
         "target 'nowhere' is no URL (http://host/v1), no folder of a model, no module:function "
         "and no built-in one (none)"),
        ("builtin:other",
         "target 'builtin:other' is no URL (http://host/v1), no folder of a model, no "
         "module:function and no built-in one (none)"),
        ("json:nothing",
         "target 'json:nothing': json has no function 'nothing'. Give module:function, a function "
         "that takes a list of messages and returns a string"),
        ("no_such_module_here:f",
         "target 'no_such_module_here:f': cannot import no_such_module_here (ModuleNotFoundError: "
         "No module named 'no_such_module_here'). Run from the folder that holds it, or install "
         "it"),
        ("http://127.0.0.1:1/v1",
         "target 'http://127.0.0.1:1/v1' needs the name of a model: give --model NAME"),
    ],
)  # fmt: skip
def test_a_name_that_is_no_target_says_what_is_one(name: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        open_target(name, TargetOptions())

    assert str(caught.value) == told


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real, tiny, untrained causal model with a tokenizer."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast, set_seed

    set_seed(0)
    words = ["<pad>", "<end>", "<unk>", *(f"w{number}" for number in range(29))]
    inner = Tokenizer(WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = Whitespace()
    fast: Any = PreTrainedTokenizerFast
    tokenizer = fast(
        tokenizer_object=inner,
        pad_token="<pad>",
        eos_token="<end>",
        unk_token="<unk>",
    )
    config = GPT2Config(vocab_size=32, n_positions=64, n_embd=16, n_layer=1, n_head=2,
                        bos_token_id=1, eos_token_id=1, pad_token_id=0)  # fmt: skip
    folder = tmp_path_factory.mktemp("model")
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@needs_train
def test_a_model_folder_answers_alike_alone_and_in_a_batch(model_folder: Path) -> None:
    target = open_target(str(model_folder), TargetOptions(max_tokens=6))
    questions = [question("w1 w2 w3"), question("w4"), question("w5 " * 200)]

    together = target.ask(questions)
    alone = [target.ask([one])[0] for one in questions]

    assert together == alone
    assert together[0].text
    assert {answer.fault for answer in together} == {""}
    assert not target.seeded


@needs_train
def test_a_sampled_reply_follows_its_seed(model_folder: Path) -> None:
    target = open_target(model_folder, TargetOptions(max_tokens=12, temperature=1.0))

    first, again, other = (target.ask([question("w1", seed=s)])[0].text for s in (1, 1, 2))

    assert target.seeded
    assert first == again
    assert first != other


@needs_train
def test_a_chat_template_is_used_when_there_is_one(model_folder: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    from trueline.assess.targets.model_folder import ModelFolderTarget

    for path in model_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    tokenizer.chat_template = "{% for m in messages %}w9 {{ m['content'] }} {% endfor %}w8"
    tokenizer.save_pretrained(tmp_path)

    target = ModelFolderTarget(tmp_path)

    assert target._prompt([{"role": "user", "content": "w1"}]) == "w9 w1 w8"


@needs_train
def test_a_folder_without_a_model_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(InputError) as empty:
        open_target(tmp_path, TargetOptions())
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError) as broken:
        open_target(tmp_path, TargetOptions())

    assert str(empty.value) == (
        f"target {str(tmp_path)!r} holds no model (no config.json). Give a folder that "
        "`trueline train` wrote, or one that transformers reads"
    )
    assert str(broken.value).startswith(
        f"target {str(tmp_path)!r} cannot be loaded as a model that writes text ("
    )


@needs_train
def test_other_weights_in_the_same_folder_are_another_target(
    model_folder: Path, tmp_path: Path
) -> None:
    from trueline.assess.targets.model_folder import ModelFolderTarget

    for path in model_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    first = ModelFolderTarget(tmp_path).settings
    (tmp_path / "notes.md").write_text("no part of the model", "utf-8")
    same = ModelFolderTarget(tmp_path).settings
    weights = bytearray((tmp_path / "model.safetensors").read_bytes())
    weights[-1] ^= 1

    (tmp_path / "model.safetensors").write_bytes(weights)
    other = ModelFolderTarget(tmp_path).settings

    assert first["files_sha256"].startswith("sha256:")
    assert first == same
    assert first != other
