"""Run the attacks on a model: membership with or without references, canaries, extraction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trueline.assess.inspected_model import InspectedModel
from trueline.assess.leakage.canaries import Canary, CanaryRank, rank_canaries
from trueline.assess.leakage.generation import continuations
from trueline.assess.leakage.losses import text_losses
from trueline.assess.leakage.membership import Membership, calibrated, membership
from trueline.assess.text_rows import TextRow
from trueline.core.errors import InputError

Progress = Callable[[int, int], None]


def measure_membership(
    model: InspectedModel,
    members: Sequence[TextRow],
    others: Sequence[TextRow],
    references: Sequence[InspectedModel] = (),
    progress: Progress = lambda done, total: None,
) -> list[Membership]:
    """Attack by the loss alone, and calibrated by the references where there are any.

    Args:
        model: any kind.
        members: rows it was trained on.
        others: rows of the same source that it was not trained on.
        references: models of the same kind that saw neither.
        progress: told texts done and in all, over all models.

    Raises:
        InputError: rows are missing, or stand on both sides.
    """
    both = {row.text for row in members} & {row.text for row in others}
    if both:
        place = next(row.place for row in others if row.text in both)
        raise InputError(
            f"{len(both)} texts stand among the members and among the others (first: {place}); "
            "an unseen text must be unseen. Take them out of the others"
        )
    if not members or not others:
        raise InputError(
            f"need members and others, got {len(members)} and {len(others)}. Give --members and "
            "--others"
        )
    for reference in references:
        reference.need("calibrating this attack", model.kind)
    rows = [*members, *others]
    total = len(rows) * (1 + len(references))
    losses: list[list[float]] = []
    for number, one in enumerate((model, *references)):

        def tell(done: int, _: int, before: int = number * len(rows)) -> None:
            progress(before + done, total)

        labels = None
        if one.kind == "classify":
            labels = [one.label_number(row.label, row.place) for row in rows]
        found = text_losses(one, [row.text for row in rows], labels, tell)
        losses.append([loss.per_character for loss in found])
    split = len(members)
    results = [membership(losses[0][:split], losses[0][split:], "loss")]
    if references:
        left = calibrated(losses[0], losses[1:])
        results.append(membership(left[:split], left[split:], "calibrated"))
    return results


def measure_canaries(
    model: InspectedModel,
    canaries: Sequence[Canary],
    *,
    candidates: int,
    seed: int,
    progress: Progress = lambda done, total: None,
) -> list[CanaryRank]:
    """Rank canaries by the nats of their whole lines under a language model.

    Raises:
        InputError: the model is a classifier, or a line does not fit into it.
    """
    model.need("ranking canaries", "causal", "mlm")
    for canary, text in zip(canaries, model.tokenize([c.text for c in canaries]), strict=True):
        if text.cut:
            raise InputError(
                f"canary {canary.id} has {len(text.ids) + text.cut} tokens, more than the "
                f"{model.longest} that {model.name} reads. Shorten its format"
            )
    return rank_canaries(
        canaries, lambda texts: [loss.nats for loss in text_losses(model, texts)],
        candidates=candidates, seed=seed, progress=progress,
    )  # fmt: skip


def asking(
    model: InspectedModel, max_tokens: int, seed: int
) -> Callable[[Sequence[str], int], list[str]]:
    """Ask a causal model: the first replies take the likeliest tokens, the others are sampled.

    Raises:
        InputError: the model writes no text.
    """
    model.need("drawing out personal information", "causal")

    def ask(prompts: Sequence[str], sample: int) -> list[str]:
        own = sample and seed * 1000 + sample
        return continuations(model, prompts, sample=own, max_tokens=max_tokens)

    return ask
