"""The modifiers a recipe may name, and the stacks of them that cannot work."""

from __future__ import annotations

from collections.abc import Sequence

from trueline.train.modifiers.constraint import ConstraintOptions
from trueline.train.modifiers.distil import DistilOptions
from trueline.train.modifiers.lora import LoraOptions
from trueline.train.modifiers.lowrank import LowrankOptions
from trueline.train.modifiers.options import ModifierOptions
from trueline.train.modifiers.prune import PruneOptions

MODIFIER_OPTIONS: tuple[type[ModifierOptions], ...] = (
    ConstraintOptions,
    DistilOptions,
    PruneOptions,
    LowrankOptions,
    LoraOptions,
)

#: (earlier, later): why the second may not come behind the first, and what to do.
REFUSED: dict[tuple[str, str], str] = {
    ("constraint", "prune"): "the safety test would be of other weights; put constraint last",
    ("constraint", "lora"): "the safety test would be of other weights; put constraint last",
    ("constraint", "lowrank"): "the safety test would be of another model; put constraint last",
    ("constraint", "distil"): "the safety test is the last word; put constraint last",
    ("prune", "lowrank"): "factors of a pruned matrix have no zeros; leave one of them out",
    ("lowrank", "prune"): "the zeros would be counted in thin factors; leave one of them out",
    ("prune", "lora"): "merging the change would undo the zeros; leave one of them out",
    ("lora", "prune"): "merging the change would undo the zeros; leave one of them out",
    ("lora", "lowrank"): "the frozen matrices are not to be replaced; leave one of them out",
    ("lowrank", "lora"): "the factors are small already; leave one of them out",
}


def modifier_names() -> dict[str, type[ModifierOptions]]:
    """Modifier name to its options, in the order of the list."""
    return {options.model_fields["modifier"].default: options for options in MODIFIER_OPTIONS}


def stack_faults(names: Sequence[str]) -> list[tuple[int, str]]:
    """Why modifiers in this order cannot work: the number of the later one, and the reason.

    >>> stack_faults(["lora", "constraint"]), stack_faults(["lora", "lora"])
    ([], [(1, 'lora is given twice; leave one of them out')])
    """
    found: list[tuple[int, str]] = []
    for number, later in enumerate(names):
        if later in names[:number]:
            found.append((number, f"{later} is given twice; leave one of them out"))
            continue
        for earlier in dict.fromkeys(names[:number]):
            reason = REFUSED.get((earlier, later))
            if reason is not None:
                found.append((number, f"{later} cannot stand behind {earlier}: {reason}"))
    return found
