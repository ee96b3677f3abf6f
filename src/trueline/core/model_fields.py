"""Which fields a place of a file accepts, read from the model it is held against.

>>> from trueline.core.policy import Policy
>>> fields_at(Policy, ("streaming",))
['hold_back_characters']
"""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel


def fields_at(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """Names accepted below `place`; none where no part of the model has fields."""
    found: Any = model
    for part in place:
        if _is_model(found):
            field = next((f for n, f in found.model_fields.items() if part in (n, f.alias)), None)
            found = field.annotation if field else None
        else:
            found = _inner_model(found)
        if not _is_model(found) and _inner_model(found) is not None and _optional(found):
            found = _inner_model(found)
    found = found if _is_model(found) else _inner_model(found)
    if not _is_model(found):
        return []
    return [field.alias or name for name, field in found.model_fields.items()]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _optional(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


def _inner_model(annotation: Any) -> Any:
    for part in get_args(annotation):
        if _is_model(part):
            return part
        inner = _inner_model(part)
        if inner is not None:
            return inner
    return None
