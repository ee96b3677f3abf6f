"""The target a user names: a URL, a model folder, or `module:function`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from trueline.assess.target import Target
from trueline.assess.targets.function import FunctionTarget, ReplyFunction, named_function
from trueline.core.errors import InputError
from trueline.core.extras import require

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOptions:
    """How a target is asked; a kind of target reads what it understands.

    Args:
        model: name a URL is asked for.
        concurrency: questions under way at a time; None: 8 for a URL, 1 otherwise.
        batch_size: prompts a model folder generates together.
        timeout_seconds: for one attempt at a URL.
        attempts: tries of one question at a URL.
        max_tokens: of a reply.
        temperature: 0 takes the likeliest token.
        builtin: functions by name, such as `builtin:assistant`, that a caller brings.
    """

    model: str = ""
    concurrency: int | None = None
    batch_size: int = 8
    timeout_seconds: float = 120.0
    attempts: int = 5
    max_tokens: int = 512
    temperature: float = 0.0
    builtin: Mapping[str, ReplyFunction] = field(default_factory=dict[str, ReplyFunction])


def open_target(target: str | Path | ReplyFunction | Target, options: TargetOptions) -> Target:
    """The target behind a name, a function or a target itself.

    Raises:
        InputError: the name is none of the four forms.
        MissingExtraError: a model folder without the extra `train`.
    """
    if not isinstance(target, str | Path):
        if hasattr(target, "ask"):
            return cast("Target", target)
        function: Any = target
        return FunctionTarget(function, concurrency=options.concurrency or 1)
    name = str(target)
    if name.startswith(("http://", "https://")):
        return _url(name, options)
    if name in options.builtin:
        return FunctionTarget(
            options.builtin[name], name=name, concurrency=options.concurrency or 1, model=name
        )
    if Path(name).is_dir():
        require("torch", extra="train", feature="A model folder as target")
        require("transformers", extra="train", feature="A model folder as target")
        from trueline.assess.targets.model_folder import ModelFolderTarget

        return ModelFolderTarget(
            name, batch_size=options.batch_size, max_tokens=options.max_tokens,
            temperature=options.temperature,
        )  # fmt: skip
    if _FUNCTION.fullmatch(name) and not name.startswith("builtin:"):
        return FunctionTarget(named_function(name), name=name, concurrency=options.concurrency or 1)
    builtin = ", ".join(options.builtin) or "none"
    raise InputError(
        f"target {name!r} is no URL (http://host/v1), no folder of a model, no module:function "
        f"and no built-in one ({builtin})"
    )


def _url(name: str, options: TargetOptions) -> Target:
    from trueline.assess.targets.url import UrlTarget

    if not options.model:
        raise InputError(f"target {name!r} needs the name of a model: give --model NAME")
    return UrlTarget(
        name, options.model, concurrency=options.concurrency or 8,
        timeout_seconds=options.timeout_seconds, attempts=options.attempts,
        max_tokens=options.max_tokens, temperature=options.temperature,
    )  # fmt: skip
