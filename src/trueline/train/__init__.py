"""Train a model that keeps its constraint: runs, tasks, one loop, modifiers, artifacts.

from trueline.train.run import train

run = train("recipe.yaml", changes=["loop.epochs=1"])
print(run.metrics["dev"])
"""

from __future__ import annotations

from importlib.util import find_spec

from trueline.core.errors import MissingExtraError

NEEDED = ("torch", "transformers", "accelerate", "safetensors", "tokenizers")


def require_train() -> None:
    """Say which package is missing, and what brings it.

    Raises:
        MissingExtraError: the extra `train` is not installed.
    """
    for package in NEEDED:
        if find_spec(package) is None:
            raise MissingExtraError("trueline train", package, "train")
