"""The `groups` step: write which groups of people each document mentions.

    >>> from trueline.core.policy_file import policy_from_template
    >>> step = GroupsOptions().build(RunSettings(policy_from_template("default")))
    >>> step.measure(Batch(["a", "b"], ["她很好", "rain"])).columns["groups"]
    [['gender:female'], []]

It stands before the steps that drop documents, so that the representation report can say what
each of them drops of every group. It ends a phase for that reason, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from trueline.curate.batch import Batch, Column, Result
from trueline.curate.group_terms import mentioned
from trueline.curate.step import Decisions, RunSettings, StepOptions


class GroupsOptions(StepOptions):
    """Write the column `groups`: the groups of people that a document mentions."""

    step: Literal["groups"] = "groups"

    def build(self, run: RunSettings) -> GroupsStep:
        """The step."""
        return GroupsStep()


@dataclass(frozen=True, slots=True)
class GroupsStep:
    """Looks for the words of `trueline.curate.group_terms`."""

    @property
    def name(self) -> str:
        return "groups"

    @property
    def reads(self) -> tuple[str, ...]:
        return ()

    def measure(self, batch: Batch) -> Result:
        """The column `groups`."""
        return Result(columns={"groups": [mentioned(text) for text in batch.texts]})

    def decide(self, ids: Sequence[str], columns: Mapping[str, Column]) -> Decisions:
        """Nothing: the column alone is wanted."""
        return Decisions()
