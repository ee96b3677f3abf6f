"""Trueline (准绳): keep a language model inside a written policy, and prove it with numbers.

    >>> import trueline
    >>> judge = trueline.Judge.from_policy(trueline.policy_from_template("default"))
    >>> judge.judge("我的手机号是13800138000").redacted_text
    '我的手机号是[CN_MOBILE]'

The public names load when they are first used, so that `import trueline` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trueline.core.errors import TruelineError
    from trueline.core.policy import Policy
    from trueline.core.policy_file import load_policy, policy_from_template
    from trueline.core.records import Action, Context, Score, Span, Verdict
    from trueline.curate.run import curate
    from trueline.guard.guard import Guard
    from trueline.judge import Judge

__version__ = "0.1.0"
__all__ = [
    "Action",
    "Context",
    "Guard",
    "Judge",
    "Policy",
    "Score",
    "Span",
    "TruelineError",
    "Verdict",
    "curate",
    "load_policy",
    "policy_from_template",
]
_HOMES = {
    "Action": "trueline.core.records",
    "Context": "trueline.core.records",
    "Guard": "trueline.guard.guard",
    "Judge": "trueline.judge",
    "Policy": "trueline.core.policy",
    "Score": "trueline.core.records",
    "Span": "trueline.core.records",
    "TruelineError": "trueline.core.errors",
    "Verdict": "trueline.core.records",
    "load_policy": "trueline.core.policy_file",
    "policy_from_template": "trueline.core.policy_file",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES and name != "curate":
        raise AttributeError(f"module 'trueline' has no attribute {name!r}")
    if name == "curate":  # a package that can be called
        return importlib.import_module("trueline.curate")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
