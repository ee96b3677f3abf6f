"""The operations on words by the name recipes use, in the order documents get them."""

from __future__ import annotations

from trueline.curate.augmentation.case import case
from trueline.curate.augmentation.delete import delete
from trueline.curate.augmentation.draft import Operation
from trueline.curate.augmentation.insert import insert
from trueline.curate.augmentation.mask import mask
from trueline.curate.augmentation.swap import swap
from trueline.curate.augmentation.synonym import synonym
from trueline.curate.augmentation.word_order import word_order

OPERATIONS: dict[str, Operation] = {
    "mask": mask,
    "synonym": synonym,
    "insert": insert,
    "delete": delete,
    "swap": swap,
    "case": case,
    "word_order": word_order,
}
