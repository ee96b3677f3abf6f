"""Token embeddings from counts, as a start for pre-training: what stands near what.

Shifted positive pointwise mutual information of tokens within WINDOW places, factorised to the
model's width. A minute of counting gives what masked language modelling needs hours of one core
for: words that are used alike lie together.

Reference: Levy, Goldberg & Dagan (2015), Improving Distributional Similarity with Lessons
Learned from Word Embeddings (window weighing, context smoothing 0.75, root of the eigenvalues).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import coo_matrix, csr_matrix, diags  # type: ignore[import-untyped]

from trueline.train.artifact import save_artifact
from trueline.train.recipe import Recipe
from trueline.train.setup import Setup
from trueline.train.tokenizers import load_tokenizer, token_ids

WINDOW, SMOOTHING = 5, 0.75
#: Documents counted at once, and rounds of the randomised factorisation.
AT_ONCE, ROUNDS, SPARE = 1500, 4, 16
#: Root mean square of an embedding; BERT draws its own with 0.02.
SCALE = 0.03
Floats = npt.NDArray[np.float32]


def write_start(recipe: Recipe, text: Path, tokenizer_folder: Path, out: Path) -> None:
    """A fresh model of the recipe with these embeddings, as a folder that `model.start` takes.

    Args:
        recipe: of masked language modelling.
        text: folder of JSON-lines files with `text`.
        tokenizer_folder: a tokenizer's run.
        out: the folder to write.
    """
    tokenizer = load_tokenizer(tokenizer_folder)
    special = set(tokenizer.all_special_ids)
    vectors = factorised(_counts(text, tokenizer), recipe.model.width, recipe.seed)
    task = recipe.task.build(Setup(tokenizer, recipe.model, recipe.seed))
    model: Any = task.build_model()
    table = model.hf.get_input_embeddings().weight
    known = np.abs(vectors).sum(1) > 0
    known[list(special)] = False
    with torch.no_grad():
        table[torch.from_numpy(np.flatnonzero(known))] = torch.from_numpy(vectors[known])
    out.mkdir(parents=True, exist_ok=True)
    save_artifact(out, recipe, task, model, tokenizer)


def factorised(counts: csr_matrix, width: int, seed: int) -> Floats:
    """float32 [tokens, width]; a token that was never met is zero.

    Args:
        counts: symmetric, float32 [tokens, tokens].
        width: numbers of an embedding.
        seed: of the random start of the factorisation (Halko, Martinsson & Tropp 2011).
    """
    total = float(counts.sum())
    own = np.asarray(counts.sum(1)).ravel()
    context = own**SMOOTHING
    context = context / max(context.sum(), 1e-12)
    pairs = counts.tocoo()
    ratio = pairs.data / total / ((own[pairs.row] / total) * context[pairs.col])
    values = np.log(np.maximum(ratio, 1.0)).astype(np.float32)
    table = coo_matrix((values, (pairs.row, pairs.col)), shape=counts.shape).tocsr()
    random = np.random.default_rng(seed)
    basis = random.standard_normal((counts.shape[0], width + SPARE)).astype(np.float32)
    for _ in range(ROUNDS):
        basis, _ = np.linalg.qr(table @ basis)
        basis, _ = np.linalg.qr(table.T @ basis)
    left, sizes, _ = np.linalg.svd(table @ basis, full_matrices=False)
    vectors = left[:, :width] * np.sqrt(sizes[:width])
    # The first directions hold how frequent a token is: all embeddings would lie together.
    vectors = vectors - vectors[own > 0].mean(0)
    vectors[own == 0] = 0
    lengths = np.sqrt((vectors**2).mean(1, keepdims=True))
    found: Floats = (vectors / np.maximum(lengths, 1e-9) * SCALE * (lengths > 0)).astype(np.float32)
    return found


def _counts(text: Path, tokenizer: Any) -> csr_matrix:
    """How often two tokens stand within WINDOW places, near ones counting more."""
    size = len(tokenizer)
    total = csr_matrix((size, size), dtype=np.float32)
    for texts in _batches(text):
        runs = token_ids(tokenizer, texts)
        gap = [-1] * WINDOW
        ids = np.fromiter((i for run in runs for i in (*run, *gap)), np.int32)
        for distance in range(1, WINDOW + 1):
            first, second = ids[:-distance], ids[distance:]
            both = (first >= 0) & (second >= 0)
            weight = np.full(int(both.sum()), (WINDOW + 1 - distance) / WINDOW, np.float32)
            total = (
                total
                + coo_matrix((weight, (first[both], second[both])), shape=(size, size)).tocsr()
            )
    total = total + total.T
    # A pair met once says little and makes the table large.
    total.data[total.data < 1.0] = 0
    total.eliminate_zeros()
    return diags(np.ones(size, np.float32)) @ total


def _batches(text: Path) -> Iterator[list[str]]:
    batch: list[str] = []
    for path in sorted(text.glob("*.jsonl")):
        with path.open(encoding="utf-8") as handle:
            for line in handle:
                batch.append(str(json.loads(line)["text"]))
                if len(batch) == AT_ONCE:
                    yield batch
                    batch = []
    if batch:
        yield batch
