"""A Python function as a target: `module:function`, or the object itself.

>>> target = FunctionTarget(lambda messages: messages[-1]["content"].upper(), name="shout")
>>> target.ask([Question(item="a", sample=0, messages=[{"role": "user", "content": "hi"}], seed=1)])
[Answer(text='HI', fault='', model='', finish_reason='', blocked_by_guard='')]
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from trueline.assess.target import Answer, Question
from trueline.core.errors import InputError

#: Takes the messages, and `seed=` when it has such a parameter; gives the reply's text.
ReplyFunction = Callable[..., str]


class FunctionTarget:
    """Calls a function for every question.

    Args:
        function: `function(messages)` or `function(messages, seed=…)`, which returns a string.
            What it raises becomes a fault named after the exception.
        name: how the target is called in the case.
        concurrency: calls at a time; more than 1 needs a thread-safe function.
        model: what replies are marked with.
    """

    def __init__(
        self, function: ReplyFunction, name: str = "", concurrency: int = 1, model: str = ""
    ) -> None:
        self._function = function
        self.name = name or getattr(function, "__qualname__", type(function).__name__)
        self.concurrency = concurrency
        self.batch_size = 1
        self.seeded = _takes_seed(function)
        self._model = model

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"kind": "function"}

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """One answer for each question, in order."""
        return [self._answer(question) for question in questions]

    def close(self) -> None:
        """Nothing is held."""

    def _answer(self, question: Question) -> Answer:
        messages = [dict(message) for message in question.messages]
        try:
            if self.seeded:
                text: Any = self._function(messages, seed=question.seed)
            else:
                text = self._function(messages)
        except Exception as error:  # a user's code may raise anything
            return Answer(fault=f"raised_{type(error).__name__}", model=self._model)
        if not isinstance(text, str):
            return Answer(fault="not_text", model=self._model)
        return Answer(text=text, model=self._model)


def named_function(name: str) -> ReplyFunction:
    """The function that `module:function` names; the current folder is searched too.

    Raises:
        InputError: no such module or function; the message says which.
    """
    module_name, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:  # importing runs a user's code
        raise InputError(
            f"target {name!r}: cannot import {module_name} ({type(error).__name__}: {error}). "
            "Run from the folder that holds it, or install it"
        ) from None
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise InputError(
            f"target {name!r}: {module_name} has no function {attribute!r}. Give module:function, "
            "a function that takes a list of messages and returns a string"
        )
    return cast("ReplyFunction", found)


def _takes_seed(function: ReplyFunction) -> bool:
    try:
        return "seed" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
