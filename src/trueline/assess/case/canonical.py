r"""One spelling for the content of a case, so that its digest and its page can be compared.

>>> canonical({"b": math.inf, "a": "x\\udc80"})
'{"a":"x?","b":"Infinity"}'
>>> digest('{"a":1}')[:14]
'sha256:015abd7'
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from pydantic import BaseModel

# Numbers computed on another machine may differ in the last digits of a logarithm.
TOLERANCE = 1e-9
_NAMED = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}


def plain(value: Any) -> Any:
    """`value` as JSON has it: records as objects, infinities by name, no lone surrogate."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json"))
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(entry) for key, entry in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        entries = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(entry) for entry in entries]
    return plain(str(value))


def number(value: Any) -> float:
    """A number of a case, infinities by name included.

    Raises:
        ValueError: something else.
    """
    if isinstance(value, str):
        return _NAMED[value] if value in _NAMED else float(value)
    return float(value)


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys in order, no spaces, UTF-8."""
    return json.dumps(
        plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def digest(text: str) -> str:
    """`sha256:` and 64 hexadecimal digits over a text in UTF-8."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def first_difference(stated: Any, computed: Any, place: str = "") -> str | None:
    """Where two contents first differ, and how; None when they agree.

    Numbers agree within a billionth of themselves.

    >>> first_difference({"a": [1, 2.0]}, {"a": [1, 2.5]})
    'a[1] is 2.0, computed again it is 2.5'
    """
    if isinstance(stated, dict) and isinstance(computed, dict):
        for name in sorted(set(stated) | set(computed)):
            inner = f"{place}.{name}" if place else name
            if name not in stated or name not in computed:
                told = ("not there", "there") if name in computed else ("there", "not")
                return f"{inner} is {told[0]}, computed again it is {told[1]}"
            if found := first_difference(stated[name], computed[name], inner):
                return found
        return None
    if isinstance(stated, list) and isinstance(computed, list):
        if len(stated) != len(computed):
            return f"{place} has {len(stated)} entries, computed again {len(computed)}"
        for at, (one, other) in enumerate(zip(stated, computed, strict=True)):
            if found := first_difference(one, other, f"{place}[{at}]"):
                return found
        return None
    if _same(stated, computed):
        return None
    return f"{place} is {_short(stated)}, computed again it is {_short(computed)}"


def _same(stated: Any, computed: Any) -> bool:
    numbers = (int, float)
    if isinstance(stated, bool) or isinstance(computed, bool):
        return stated is computed
    if isinstance(stated, numbers) and isinstance(computed, numbers):
        return math.isclose(stated, computed, rel_tol=TOLERANCE, abs_tol=1e-15)
    return type(stated) is type(computed) and bool(stated == computed)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
