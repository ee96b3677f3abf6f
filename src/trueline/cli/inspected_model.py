"""Find the model a user means by MODEL_DIR, ready to be looked into."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from trueline.assess.inspected_model import InspectedModel


def load_inspected(folder: str) -> InspectedModel:
    """A finished run, its `model` folder, or a folder of `transformers`.

    Raises:
        InputError: there is no such model, or it cannot be looked into.
        MissingExtraError: the extra `train` is not installed.
    """
    from trueline.core.errors import InputError
    from trueline.train import require_train

    require_train()
    import torch

    torch.set_num_threads(1)  # two busy threads run slower than one on small machines
    place = Path(folder)
    if (place / "model" / "trueline.json").is_file() or (place / "trueline.json").is_file():
        return _trained(place)
    if (place / "config.json").is_file():
        from trueline.assess.hugging_face import load_folder

        return load_folder(place)
    raise InputError(
        f"{folder} holds no model: there is neither trueline.json nor config.json. Give a folder "
        "that `trueline train` wrote, or one of transformers"
    )


def _trained(folder: Path) -> InspectedModel:
    from trueline.assess.inspected_model import InspectedModel
    from trueline.core.errors import InputError
    from trueline.train.artifact import load_artifact
    from trueline.train.models import first_id, last_id
    from trueline.train.weights import bare

    artifact = load_artifact(folder)
    task: Any = artifact.task
    network: Any = bare(artifact.model)
    kinds = {"classify": "encoder", "causal": "", "mlm": "hf"}
    if task.name not in kinds:
        raise InputError(
            f"{folder} was trained for the task {task.name}; looking inside works for "
            f"{', '.join(kinds)}. Give another model"
        )
    if task.name == "classify" and (task.options.multi_label or task.options.pair):
        what = "several labels a text" if task.options.multi_label else "two texts at once"
        raise InputError(
            f"{folder} reads {what}; looking inside works for one label of one text. "
            "Give another model"
        )
    body = getattr(network, kinds[task.name]) if kinds[task.name] else network
    return InspectedModel(
        name=artifact.folder.parent.name if artifact.folder.name == "model" else folder.name,
        kind=task.name,
        network=body if task.name == "mlm" else network,
        body=body,
        embedding=body.get_input_embeddings(),
        tokenizer=artifact.tokenizer,
        longest=task.longest,
        start=(first_id(artifact.tokenizer),),
        end=(last_id(artifact.tokenizer),),
        labels=getattr(task, "labels", ()),
        text_field=task.input_field,
        label_field=getattr(task.options, "label", "label"),
    )


def folder_name(model: str) -> str:
    """What a model's folder is called; the run's name for the `model` folder inside it."""
    place = Path(model).resolve()
    return place.parent.name if place.name == "model" else place.name


def input_hashes(model: str, *files: Path) -> dict[str, str]:
    """sha256 by file name: the files, and the model's weights where they are one file."""
    from trueline.assess.evidence import file_sha256

    weights = [Path(model, part, "model.safetensors") for part in ("model", ".")]
    found = [path for path in (*files, *weights[:1]) if path.is_file()]
    if weights[0] not in found and weights[1].is_file():
        found.append(weights[1])
    return {path.name: file_sha256(path) for path in found}


def versions() -> dict[str, str]:
    """Of the packages that the numbers depend on."""
    import torch
    import transformers

    return {"torch": torch.__version__, "transformers": transformers.__version__}


@contextmanager
def bar_of_texts() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal's stderr, told (done, total); nothing elsewhere."""
    drawn = False

    def tell(done: int, total: int) -> None:
        nonlocal drawn
        if sys.stderr.isatty():
            drawn = True
            click.echo(f"\r\x1b[K{done:,} / {total:,}", nl=False, err=True)

    yield tell
    if drawn:
        click.echo("\r\x1b[K", nl=False, err=True)
