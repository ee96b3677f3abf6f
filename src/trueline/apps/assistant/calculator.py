"""Sums and unit conversions in words or signs, exact, with bounds on their size.

>>> calculate("what is 12 times 7?")
'84'
>>> calculate("3加5乘以2等于几")
'13'
>>> calculate("150的20%是多少")
'30'
>>> convert("10 km in miles")
'6.2137 mi'
"""

from __future__ import annotations

import re
from fractions import Fraction

MAX_CHARACTERS = 200
MAX_DEPTH = 20
MAX_EXPONENT = 64
# Results beyond this many digits are refused, so no sum can take long.
MAX_BITS = 512

_WORDS = {
    "multiplied by": "*", "divided by": "/", "to the power of": "^", "plus": "+", "minus": "-",
    "times": "*", "over": "/", "乘以": "*", "除以": "/", "加上": "+", "减去": "-", "加": "+",
    "减": "-", "乘": "*", "的平方": "^2", "次方": "", "×": "*", "x": "*", "÷": "/", "−": "-",
    "（": "(", "）": ")", "**": "^", "％": "%", "，": ",",
}  # fmt: skip
_WORD = re.compile("|".join(re.escape(word) for word in sorted(_WORDS, key=len, reverse=True)))
_OPENING = re.compile(
    r"^(?:what is|what's|how much is|calculate|compute|please|请|帮我|算一下|计算一下|计算|算算|算)\s*"
)
_CLOSING = re.compile(r"\s*(?:等于多少|等于几|是多少|得多少|得几|等于|equals|=|\?|？|。|\.)+\s*$")
_PERCENT_OF = re.compile(r"^([0-9.]+)\s*%\s*of\s*([0-9.]+)$|^([0-9.]+)\s*的\s*([0-9.]+)\s*%$")
_TOKEN = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?|[-+*/^()%])")

# Units by dimension, each worth so many of the first; international yard and pound (1959).
_UNITS: dict[str, tuple[str, Fraction, str]] = {}
for _names, _dimension, _worth, _symbol in (
    ("km kilometer kilometers kilometre kilometres 公里 千米", "length", Fraction(1), "km"),
    ("m meter meters metre metres 米", "length", Fraction(1, 1000), "m"),
    ("cm centimeter centimeters centimetre centimetres 厘米", "length", Fraction(1, 100_000), "cm"),
    ("mi mile miles 英里", "length", Fraction("1.609344"), "mi"),
    ("ft foot feet 英尺", "length", Fraction("0.0003048"), "ft"),
    ("inch inches 英寸", "length", Fraction("0.0000254"), "in"),
    ("kg kilogram kilograms 公斤 千克", "mass", Fraction(1), "kg"),
    ("g gram grams 克", "mass", Fraction(1, 1000), "g"),
    ("lb lbs pound pounds 磅", "mass", Fraction("0.45359237"), "lb"),
    ("oz ounce ounces 盎司", "mass", Fraction("0.028349523125"), "oz"),
    ("斤", "mass", Fraction(1, 2), "斤"),
):
    for _name in _names.split():
        _UNITS[_name] = (_dimension, _worth, _symbol)
_CELSIUS = frozenset(["c", "celsius", "摄氏度", "摄氏"])
_FAHRENHEIT = frozenset(["f", "fahrenheit", "华氏度", "华氏"])
_UNIT = "|".join(
    re.escape(name) for name in sorted({*_UNITS, *_CELSIUS, *_FAHRENHEIT}, key=len, reverse=True)
)
_CONVERSION = re.compile(
    rf"^(-?[0-9]{{1,12}}(?:\.[0-9]{{1,9}})?)\s*°?({_UNIT})"
    rf"\s*(?:is how many|in|to|into|as|是多少|等于多少|合多少|换算成|转换成|转成|等于几|=)\s*°?({_UNIT})$"
)


def calculate(text: str) -> str | None:
    """The value of a sum, or None when the text is none (or divides by zero, or is huge)."""
    sum_ = _bare(text)
    percent = _PERCENT_OF.match(sum_)
    if percent:
        groups = [group for group in percent.groups() if group is not None]
        sum_ = f"{groups[0]}*{groups[1]}/100"
    sum_ = _WORD.sub(lambda match: _WORDS[match.group()], sum_)
    sum_ = sum_.replace(" ", "").replace(",", "")
    if not any(sign in sum_[1:] for sign in "+-*/^%"):
        return None
    tokens = _tokens(sum_)
    if tokens is None:
        return None
    try:
        value, rest = _sum(tokens, 0, 0)
    except (ValueError, ZeroDivisionError, IndexError):
        return None
    return show(value) if rest == len(tokens) else None


def convert(text: str) -> str | None:
    """A quantity in another unit, or None when the text does not ask for that."""
    match = _CONVERSION.match(_bare(text).replace("degrees ", ""))
    if not match:
        return None
    value, source, target = Fraction(match[1]), match[2], match[3]
    if source in _CELSIUS and target in _FAHRENHEIT:
        return f"{show(value * 9 / 5 + 32)} °F"
    if source in _FAHRENHEIT and target in _CELSIUS:
        return f"{show((value - 32) * 5 / 9)} °C"
    if source not in _UNITS or target not in _UNITS:
        return None
    (dimension, worth, _), (wanted, target_worth, symbol) = _UNITS[source], _UNITS[target]
    return f"{show(value * worth / target_worth)} {symbol}" if dimension == wanted else None


def show(value: Fraction) -> str:
    """A number with at most four decimals; a whole one without."""
    if value.denominator == 1:
        return str(value.numerator)
    rounded = round(value, 4)
    return f"{float(rounded):.4f}".rstrip("0").rstrip(".")


def _bare(text: str) -> str:
    text = text[:MAX_CHARACTERS].strip().lower()
    previous = None
    while previous != text:
        previous = text
        text = _CLOSING.sub("", _OPENING.sub("", text))
    return text


def _tokens(text: str) -> list[str] | None:
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            return None
        tokens.append(match[1])
        at = match.end()
    return tokens


def _sum(tokens: list[str], at: int, depth: int) -> tuple[Fraction, int]:
    value, at = _product(tokens, at, depth)
    while at < len(tokens) and tokens[at] in "+-":
        sign = tokens[at]
        right, at = _product(tokens, at + 1, depth)
        value = value + right if sign == "+" else value - right
    return _bounded(value), at


def _product(tokens: list[str], at: int, depth: int) -> tuple[Fraction, int]:
    value, at = _power(tokens, at, depth)
    while at < len(tokens) and tokens[at] in "*/%":
        sign = tokens[at]
        right, at = _power(tokens, at + 1, depth)
        value = value * right if sign == "*" else value / right if sign == "/" else value % right
        value = _bounded(value)
    return value, at


def _power(tokens: list[str], at: int, depth: int) -> tuple[Fraction, int]:
    if tokens[at] in "+-":
        if depth > MAX_DEPTH:
            raise ValueError(depth)
        value, rest = _power(tokens, at + 1, depth + 1)
        return (-value if tokens[at] == "-" else value), rest
    value, at = _atom(tokens, at, depth)
    if at < len(tokens) and tokens[at] == "^":
        exponent, at = _power(tokens, at + 1, depth + 1)
        if exponent.denominator != 1 or abs(exponent) > MAX_EXPONENT:
            raise ValueError(exponent)
        return _bounded(value ** int(exponent)), at
    return value, at


def _atom(tokens: list[str], at: int, depth: int) -> tuple[Fraction, int]:
    if tokens[at] == "(":
        if depth > MAX_DEPTH:
            raise ValueError(depth)
        value, at = _sum(tokens, at + 1, depth + 1)
        if tokens[at] != ")":
            raise ValueError(tokens[at])
        return value, at + 1
    return _bounded(Fraction(tokens[at])), at + 1


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise ValueError(MAX_BITS)
    return value
