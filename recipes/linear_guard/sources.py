"""What each data file means to each head: targets, negatives, weight, split group, stratum.

Three facts of the data shape these rules (see the data's own manifest):

* an absent label was not annotated: it is neither positive nor negative;
* prompt collections carry positive labels only, so negatives come from rows known to be
  harmless (`flagged` 0), and each rule says for which heads such a row is a negative;
* template-made sets hold the same sentence many times over: they are split by template and
  weigh little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Stratum = Literal["ordinary", "hard", ""]

HEADS: tuple[str, ...] = (
    "toxicity",
    "hate",
    "harassment",
    "bias_stereotype",
    "sexual",
    "violence",
    "self_harm",
    "illicit",
    "fraud_misinfo",
    "harmful_request",
    "privacy_request",
    "jailbreak",
    "prompt_injection",
)

# Where a head's finding goes in the taxonomy: (category, label).
OUTPUTS: Mapping[str, tuple[str, str]] = {
    "toxicity": ("hate_discrimination", "toxicity"),
    "hate": ("hate_discrimination", "hate"),
    "harassment": ("hate_discrimination", "harassment"),
    "bias_stereotype": ("hate_discrimination", "bias_stereotype"),
    "sexual": ("sexual", "sexual"),
    "violence": ("violence", "violence"),
    "self_harm": ("self_harm", "self_harm"),
    "illicit": ("crime_fraud", "illicit"),
    "fraud_misinfo": ("crime_fraud", "fraud_misinfo"),
    "harmful_request": ("crime_fraud", "harmful_request"),
    "privacy_request": ("privacy", "privacy_request"),
    "jailbreak": ("prompt_injection", "jailbreak"),
    "prompt_injection": ("prompt_injection", "prompt_injection"),
}

ALL = frozenset(HEADS)
REQUESTS = frozenset({"harmful_request", "privacy_request", "jailbreak", "prompt_injection"})
# A post its annotators found inoffensive is no request for harm and no attack either.
CALM_POST = ALL - {"bias_stereotype", "self_harm"}
# A post without one kind of hatred may hold another; it is still no request and no attack.
OTHER_POST = REQUESTS | {"illicit", "fraud_misinfo"}


@dataclass(frozen=True)
class Source:
    """How to read one labelled file.

    Args:
        file: path below the data folder, without `.jsonl.gz`.
        weight: trust in a row, beside the balancing by size.
        rename: label of the file -> head, where they differ; "" drops the label.
        calm: heads for which a row with `flagged` 0 is a negative though not annotated.
        harmless: rows are negatives for `calm` whatever `flagged` says.
        flagged_head: head for which a prompt with `flagged` 1 is a positive (collections of
            harmful requests).
        templates: (field of `raw`, value) of rows that are mostly an attack template: only
            their attack labels are read.
        group: what stays together in the split: fields of `raw`, or `opening` for the first
            characters of the text. Empty: nothing but equal texts.
        stratum: what the harmless rows count as when false positives are measured.
    """

    file: str
    weight: float = 1.0
    rename: Mapping[str, str] = field(default_factory=dict[str, str])
    calm: frozenset[str] = frozenset()
    harmless: bool = False
    flagged_head: str = ""
    templates: tuple[str, str] = ("", "")
    group: tuple[str, ...] = ()
    stratum: Stratum = ""

    @property
    def name(self) -> str:
        return self.file.rsplit("/", 1)[-1]


ATTACKS = frozenset({"jailbreak", "prompt_injection"})
_PRIVACY = {"privacy": "privacy_request", "political_zh": ""}
_NO_PII = {"privacy": ""}  # rows that *hold* personal data are the pii scorer's work
_ASKS = "harmful_request"

SOURCES: tuple[Source, ...] = (
    # posts
    Source("safety/train/cold_zh", calm=CALM_POST),
    Source("safety/train/swsr_sexism_zh", calm=OTHER_POST),
    Source("safety/train/davidson_tweets_en", weight=0.7, calm=CALM_POST),
    Source("safety/train/edos_sexism_en", calm=OTHER_POST),
    Source("safety/train/hatemoji_build_en", calm=OTHER_POST),
    Source("safety/train/stormfront_en", calm=OTHER_POST),
    Source("safety/train/surge_toxicity_en", calm=CALM_POST),
    Source("safety/train/civil_comments_spans_en", calm=CALM_POST),
    Source("safety/train/wikipedia_talk_toxicity_en", calm=CALM_POST),
    Source("safety/train/realtoxicityprompts_subset_en", weight=0.5, calm=OTHER_POST),
    Source("safety/train/redditbias_en", weight=0.3, calm=OTHER_POST),
    Source("safety/train/diasafety_en", weight=0.2, calm=OTHER_POST),  # unsafe given a context
    # harmful requests
    Source("safety/train/jade_prompts", rename=_PRIVACY, flagged_head=_ASKS),
    Source(
        "safety/train/jailbench_zh",
        rename=_PRIVACY,
        flagged_head=_ASKS,
        templates=("kind", "attack"),
        group=("kind", "opening"),
    ),
    # Labelled by scenario, not by row: reported, not calibrated on.
    Source("safety/train/safety_prompts_sample_zh_en", weight=0.5, calm=ALL),
    Source("safety/train/catqa_en_zh", rename=_PRIVACY, flagged_head=_ASKS, group=("sub",)),
    Source("safety/train/harmfulqa_dangerousqa_en", flagged_head=_ASKS),
    Source("safety/train/harmbench_behaviors_en", flagged_head=_ASKS),
    Source("safety/train/advbench_en", flagged_head=_ASKS),
    Source("safety/train/ailuminate_demo_en", rename=_PRIVACY, flagged_head=_ASKS),
    Source("safety/extra/multijail_zh_en", rename=_PRIVACY, flagged_head=_ASKS, group=("n",)),
    # Its harmless rows are twins of harmful ones, some unanswerable: reported, not calibrated on.
    Source("safety/extra/coconot_en", rename=_PRIVACY, calm=ALL, flagged_head=_ASKS),
    Source(
        "safety/extra/nanochat_safety_dialogues_en",
        weight=0.5,
        calm=ALL,
        flagged_head=_ASKS,
        stratum="hard",
    ),
    Source("safety/extra/aisafetylab_zh", flagged_head=_ASKS),
    # attacks on the model
    Source("safety/extra/sap_attack_prompts_en", weight=0.3),
    Source("safety/train/gptfuzz_templates_en", group=("template",)),
    Source("safety/train/inthewild_jailbreaks_en"),
    Source("safety/extra/codeattack_sample_en", weight=0.3, group=("form",)),
    Source("safety/train/giskard_injections", rename=_NO_PII),
    Source("safety/train/cyberseceval_injection"),
    Source("safety/extra/deepset_injections_en_de", weight=0.7, calm=ALL),
    # Any task at all, put into one of few tables: what can be learned of its attacks is the
    # table. Its clean tables are harmless texts.
    Source(
        "safety/train/bipia_train_built",
        rename={"prompt_injection": ""},
        calm=ALL,
        stratum="hard",
    ),
    Source(
        "safety/extra/agentdojo_llmail_indirect_en",
        weight=0.5,
        calm=ALL,
        group=("goal",),
        stratum="hard",
    ),
    Source(
        "safety/extra/zh_injection_synthetic",
        weight=0.3,
        calm=ALL,
        group=("template",),
        stratum="hard",
    ),
    # fraud, distress
    Source("safety/extra/teleantifraud_zh", calm=ALL, stratum="ordinary"),
    # Messages that are no spam, but nobody annotated their tone.
    Source("safety/extra/sms_spam_en", weight=0.5, calm=REQUESTS | {"illicit", "self_harm"}),
    Source("safety/extra/smilechat_selfharm_zh", weight=0.5, calm=ALL),
    # replies
    Source("safety/train/gptfuzz_responses_en", weight=0.2, calm=ALL),
    Source("safety/extra/aisafetylab_demo_responses_en", weight=0.3, calm=ALL),
    Source("safety/extra/safedecoding_refusals_en", weight=0.3, calm=ALL),
    Source("safety/extra/zh_refusals_synthetic", weight=0.2, calm=ALL, stratum="hard"),
    # harmless talk
    Source("safety/train/benign_en_banking77", calm=ALL, stratum="ordinary"),
    Source("safety/train/benign_en_clinc150", calm=ALL, stratum="ordinary"),
    Source("safety/train/benign_en_instructions", weight=3.0, calm=ALL, stratum="ordinary"),
    Source("safety/train/benign_zh_crosswoz", calm=ALL, stratum="ordinary"),
    Source("safety/train/benign_zh_instructions", weight=3.0, calm=ALL, stratum="ordinary"),
    Source("safety/train/benign_zh_kdconv", calm=ALL, stratum="ordinary"),
    Source("safety/train/pii_presidio_en", weight=0.3, rename=_NO_PII, calm=ALL, harmless=True),
    Source(
        "safety/train/pii_secrets_synthetic_zh_en",
        weight=0.1,
        rename=_NO_PII,
        calm=ALL,
        harmless=True,
        group=("template",),
    ),
    # alarming words, no harm
    Source("safety/train/cvalues_responsibility_zh", weight=2.0, calm=ALL, stratum="hard"),
    Source("safety/train/cyberseceval_frr_benign", weight=2.0, calm=ALL, stratum="hard"),
    Source("safety/extra/chinese_safetyqa_benign_zh", weight=2.0, calm=ALL, stratum="hard"),
    Source(
        "safety/extra/zh_hard_benign_synthetic",
        weight=2.0,
        calm=ALL,
        group=("template",),
        stratum="hard",
    ),
    Source("safety/extra/refusalbench_bio_benign_en", weight=2.0, calm=ALL, stratum="hard"),
    Source("safety/extra/injection_talk_benign_en", weight=2.0, calm=ATTACKS, stratum="hard"),
)


@dataclass(frozen=True)
class RunningText:
    """Ordinary text, cut into windows; all of it is negative for every head.

    Args:
        file: path below the data folder, without `.jsonl.gz`.
        windows: how many windows to take, chosen by hash.
        shape: where the text of a line is: `text`, `turns`, `tokens_en`, `tokens_zh`, `zh`, `en`.
    """

    file: str
    windows: int
    shape: Literal["text", "turns", "tokens_en", "tokens_zh", "zh", "en"] = "text"

    @property
    def name(self) -> str:
        leaf = self.file.rsplit("/", 1)[-1]
        return f"{leaf}.{self.shape}" if self.shape in ("zh", "en") else leaf


_TASKS = "general/tasks"
# Openly licensed files only (tier A of the manifest). Files of posts whose tone nobody
# annotated (GoEmotions, tweets) are left out: they may be rude.
RUNNING_TEXT: tuple[RunningText, ...] = (
    RunningText("general/pretrain/zh_docs", 3000),
    RunningText("general/pretrain/zh_wiki_paragraphs", 5000),
    RunningText("general/pretrain/zh_laws", 3500),
    RunningText("general/pretrain/zh_counsel_dialogues", 2500),
    RunningText("general/pretrain/zh_classics", 500),
    RunningText("general/pretrain/zh_poetry", 500),
    RunningText("general/pretrain/en_docs", 3500),
    RunningText("general/pretrain/en_gov_articles", 3000),
    RunningText("general/pretrain/en_wiki_paragraphs", 4000),
    RunningText("general/pretrain/en_novels", 2500),
    RunningText(f"{_TASKS}/dialogue/cpsycoun_zh.train", 1500, "turns"),
    RunningText(f"{_TASKS}/dialogue/smile_counsel_zh.train", 1000, "turns"),
    RunningText(f"{_TASKS}/dialogue/sgd_en.train", 2500, "turns"),
    RunningText(f"{_TASKS}/dialogue/taskmaster4_en.train", 1500, "turns"),
    RunningText(f"{_TASKS}/dialogue/topical_chat_en.dev", 1000, "turns"),
    RunningText(f"{_TASKS}/classification/multidogo_intents_en.train", 4000),
    RunningText(f"{_TASKS}/classification/sentfin_en.train", 3000),
    RunningText(f"{_TASKS}/ner/sec_filings_en.train", 1000, "tokens_en"),
    RunningText(f"{_TASKS}/ner/uner_gsdsimp_zh.train", 2500, "tokens_zh"),
    RunningText(f"{_TASKS}/relation/fewrel_val_en.train", 2500, "tokens_en"),
    RunningText(f"{_TASKS}/translation/tatoeba.train", 4000, "zh"),
    RunningText(f"{_TASKS}/translation/tatoeba.train", 3000, "en"),
    RunningText(f"{_TASKS}/translation/tico19.test", 2500, "zh"),
    RunningText(f"{_TASKS}/translation/tico19.test", 2500, "en"),
    RunningText(f"{_TASKS}/translation/mlqe_pe.train", 4000, "zh"),
    RunningText(f"{_TASKS}/translation/opendocs.train", 3500, "zh"),
    RunningText(f"{_TASKS}/translation/opendocs.train", 2500, "en"),
    RunningText(f"{_TASKS}/translation/python_docs.train", 3000, "zh"),
    RunningText(f"{_TASKS}/translation/python_docs.train", 2000, "en"),
    RunningText(f"{_TASKS}/translation/bible.train", 1000, "zh"),
    RunningText(f"{_TASKS}/translation/bible.train", 1000, "en"),
)

# Leave-source-out: each group is taken out of training, thresholds are set on what is left,
# and the group is scored. Every head keeps sources in each round.
LEAVE_OUT: tuple[tuple[str, ...], ...] = (
    (
        *("cold_zh", "davidson_tweets_en", "harmfulqa_dangerousqa_en", "gptfuzz_templates_en"),
        *("deepset_injections_en_de", "teleantifraud_zh", "multijail_zh_en"),
        *("cvalues_responsibility_zh", "benign_en_banking77"),
    ),
    (
        *("swsr_sexism_zh", "civil_comments_spans_en", "edos_sexism_en", "jade_prompts"),
        *("ailuminate_demo_en", "inthewild_jailbreaks_en", "agentdojo_llmail_indirect_en"),
        *("sms_spam_en", "chinese_safetyqa_benign_zh", "benign_zh_kdconv"),
    ),
    (
        *("stormfront_en", "redditbias_en", "realtoxicityprompts_subset_en", "catqa_en_zh"),
        *("advbench_en", "sap_attack_prompts_en", "bipia_train_built", "zh_injection_synthetic"),
        *("smilechat_selfharm_zh", "cyberseceval_frr_benign", "zh_hard_benign_synthetic"),
    ),
)
