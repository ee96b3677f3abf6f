"""The steps a recipe may name: a plain list of their options, in the order they usually run."""

from __future__ import annotations

from trueline.curate.step import StepOptions
from trueline.curate.steps.anonymize import AnonymizeOptions
from trueline.curate.steps.augment import AugmentOptions
from trueline.curate.steps.counterfactual import CounterfactualOptions
from trueline.curate.steps.encoding_repair import EncodingRepairOptions
from trueline.curate.steps.exact_duplicates import ExactDuplicatesOptions
from trueline.curate.steps.groups import GroupsOptions
from trueline.curate.steps.html_to_text import HtmlToTextOptions
from trueline.curate.steps.language import LanguageOptions
from trueline.curate.steps.lowercase import LowercaseOptions
from trueline.curate.steps.near_duplicates import NearDuplicatesOptions
from trueline.curate.steps.pii import PiiOptions
from trueline.curate.steps.policy import PolicyOptions
from trueline.curate.steps.pos_tag import PosTagOptions
from trueline.curate.steps.quality import QualityOptions
from trueline.curate.steps.segment import SegmentOptions
from trueline.curate.steps.split import SplitOptions
from trueline.curate.steps.stem import StemOptions
from trueline.curate.steps.stop_words import StopWordsOptions
from trueline.curate.steps.unicode import UnicodeOptions

STEP_OPTIONS: tuple[type[StepOptions], ...] = (
    EncodingRepairOptions,
    HtmlToTextOptions,
    UnicodeOptions,
    GroupsOptions,
    LanguageOptions,
    QualityOptions,
    ExactDuplicatesOptions,
    NearDuplicatesOptions,
    PolicyOptions,
    PiiOptions,
    AnonymizeOptions,
    LowercaseOptions,
    StopWordsOptions,
    StemOptions,
    SegmentOptions,
    PosTagOptions,
    AugmentOptions,
    CounterfactualOptions,
    SplitOptions,
)


def step_names() -> dict[str, type[StepOptions]]:
    """Step name to its options, in the order of the list."""
    return {options.model_fields["step"].default: options for options in STEP_OPTIONS}
