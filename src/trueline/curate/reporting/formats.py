"""Numbers as the report and the card write them.

>>> whole(1234567), percent(0.00721), percent(0.99999)
('1,234,567', '0.72 %', '>99.99 %')
"""

from __future__ import annotations


def whole(number: float) -> str:
    """A count with its thousands apart."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,g}"


def percent(part: float) -> str:
    """Three figures at most, and never 0 % or 100 % for what is not."""
    value = 100 * part
    if 0 < value < 0.01:
        return "<0.01 %"
    if 99.99 < value < 100:
        return ">99.99 %"
    digits = 0 if value == round(value) else 2 if value < 1 or value > 99 else 1
    return f"{value:.{digits}f} %"
