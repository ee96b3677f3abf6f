"""Which fields a place of a policy file accepts, read from the schema.

>>> fields_at(("streaming",))
['hold_back_characters']
"""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel

from trueline.core.policy import Policy


def fields_at(path: tuple[str | int, ...]) -> list[str]:
    """Names accepted below `path`; none where no part of the schema has fields."""
    model: Any = Policy
    for part in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            found = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
            model = found.annotation if found else None
        else:
            model = _inner_model(model)
        if not _is_model(model) and _inner_model(model) is not None and _optional(model):
            model = _inner_model(model)
    model = model if _is_model(model) else _inner_model(model)
    if not _is_model(model):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


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
