"""The built-in scorers in running order, cheapest first, and the installed plug-ins after."""

from __future__ import annotations

from trueline.core.policy import Policy
from trueline.scorers.base import Scorer


def builtin_scorers(policy: Policy) -> list[Scorer]:
    """Every scorer the policy can use; imports happen here so that start-up stays quick."""
    from trueline.scorers.injection import InjectionScorer
    from trueline.scorers.lexicon import LexiconScorer
    from trueline.scorers.linear import LinearScorer
    from trueline.scorers.pii import PiiScorer
    from trueline.scorers.plugins import plugin_scorers
    from trueline.scorers.secrets import SecretScorer

    scorers: list[Scorer] = [
        PiiScorer(),
        SecretScorer(),
        LexiconScorer(policy),
        InjectionScorer(),
        LinearScorer(),
    ]
    if policy.topics:
        from trueline.scorers.topic import TopicScorer

        scorers.append(TopicScorer(policy))
    scorers.extend(plugin_scorers())
    if policy.remote_judge:
        from trueline.scorers.remote import RemoteScorer

        scorers.append(RemoteScorer(policy.remote_judge))
    return scorers
