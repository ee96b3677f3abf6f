"""Show real examples as the model sees them, before any time is spent on training."""

from __future__ import annotations

from trueline.train.batching import generator
from trueline.train.data import read_data
from trueline.train.devices import make_accelerator
from trueline.train.progress import Progress
from trueline.train.recipe import Recipe
from trueline.train.run import Prepared, prepare, tokenizer_of


def preview(recipe: Recipe, count: int = 3, progress: Progress | None = None) -> str:
    """The first `count` training examples with tokens, labels and masks, and lengths of all.

    Raises:
        InputError: the rows do not fit the recipe.
    """
    make_accelerator(recipe)
    data = read_data(recipe.data, recipe.seed)
    tokenizer = tokenizer_of(recipe, data.train)
    ready = prepare(recipe, data, tokenizer, progress or Progress(None))
    parts = [
        f"{name} {number + 1} of {len(examples):,}\n"
        + _indented(ready.task.preview(example, generator(recipe.seed, number)))
        for name, examples in (("train", ready.train), ("dev", ready.dev))
        for number, example in enumerate(examples[: count if name == "train" else 1])
    ]
    return "\n\n".join([*parts, _lengths(ready)])


def _lengths(ready: Prepared) -> str:
    lengths = sorted(ready.task.length(example) for example in ready.train)
    middle, most = lengths[len(lengths) // 2], lengths[-1]
    told = f"{len(lengths):,} examples, {sum(lengths):,} tokens; median {middle}, longest {most}"
    return f"{told}; vocabulary {len(ready.tokenizer):,}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
