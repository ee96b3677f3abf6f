r"""Change single thresholds in the text of a policy and leave all else as people wrote it.

>>> text = "name: p\ncategories:\n  violence:  # serious\n    action: block\n"
>>> print(with_thresholds(text, {"violence": 0.42}))
name: p
categories:
  violence:  # serious
    threshold: 0.42
    action: block
<BLANKLINE>
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from trueline.core.errors import InputError


def with_thresholds(text: str, thresholds: Mapping[str, float]) -> str:
    """The text with the threshold of some categories or topics set; comments stay.

    Args:
        text: a valid policy.
        thresholds: by category or topic.

    Raises:
        InputError: a category that the policy does not name, or a rule that shares its text with
            another one.
    """
    for name, value in thresholds.items():
        changed = _with_threshold(text, name, f"{value:.6g}")
        wanted = _rules(text)
        place = next(key for key in wanted if key[1] == name)
        wanted[place] = {**wanted[place], "threshold": float(f"{value:.6g}")}
        if _rules(changed) != wanted:
            raise InputError(_SHARED.format(name))
        text = changed
    return text


_SHARED = (
    "the rule for {} shares its text with another one (a YAML anchor and alias); write both out "
    "before a threshold is set"
)


def _rules(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Every rule's fields by section and name, categories first; empty for text that is no YAML."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return {
        (section, name): dict(rule)
        for section in ("categories", "topics")
        for name, rule in (data.get(section) or {}).items()
        if isinstance(rule, dict)
    }


def _with_threshold(text: str, name: str, value: str) -> str:
    rule = _rule_node(text, name)
    for key, node in rule.value:
        if key.value == "threshold":
            if node.start_mark.index < key.end_mark.index:
                raise InputError(_SHARED.format(name))
            start, end = node.start_mark.index, node.end_mark.index
            return text[:start] + value + text[end:]
    if not rule.value:
        raise InputError(f"the policy's rule for {name} is empty")
    first = rule.value[0][0].start_mark
    if rule.flow_style:
        return text[: first.index] + f"threshold: {value}, " + text[first.index :]
    line = first.index - first.column
    indent = text[line : first.index]
    if indent.strip():  # the rule stands on the line of its name, as in `? a : b`
        raise InputError(f"write the rule for {name} on lines of its own, one field a line")
    return text[:line] + f"{indent}threshold: {value}\n" + text[line:]


def _rule_node(text: str, name: str) -> yaml.MappingNode:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for section in ("categories", "topics"):
        for key, node in root.value if isinstance(root, yaml.MappingNode) else ():
            if key.value != section or not isinstance(node, yaml.MappingNode):
                continue
            for category, rule in node.value:
                if category.value == name and isinstance(rule, yaml.MappingNode):
                    if rule.start_mark.index < category.end_mark.index:  # an alias
                        raise InputError(_SHARED.format(name))
                    return rule
    raise InputError(f"the policy has no rule for {name}; add one before calibrating it")
