"""What is wrong in a file, in English and in Chinese, and where.

    >>> fault = Fault(Message("missing", "is required and missing", "必填"), line=4, field="name")
    >>> str(fault), fault.told("zh"), fault.place
    ('line 4, name: is required and missing', '第 4 行，name：必填', 'line 4 name (missing)')

A fault is a string, its English line, so it prints and sorts as one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

#: Where a value stands: keys and indices from the root.
Place = tuple[str | int, ...]
#: A place, what is wrong there, and the value met; `[]` where a value would say nothing.
Finding = tuple[Place, str, Any]

# Names as the schema has them. Any other key was typed by someone and may be anything.
_NAME = re.compile(r"[A-Za-z][A-Za-z_]{0,63}(\[[0-9]+\])?")

# pydantic's kinds that a file can meet, with the values pydantic gives beside them.
_FIELD_MESSAGES: Mapping[str, str] = {
    "literal_error": "应为 {expected} 之一",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应大于或等于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应小于或等于 {le}",
    "finite_number": "应为有限的数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "整数过大",
    "int_from_float": "应为整数，不能有小数",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "string_type": "应为文本",
    "string_unicode": "应为有效的 Unicode 文本",
    "string_pattern_mismatch": "应符合格式 {pattern}",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "至多 {max_length} 个字符",
    "tuple_type": "应为列表",
    "too_short": "至少 {min_length} 项，现有 {actual_length} 项",
    "too_long": "至多 {max_length} 项，现有 {actual_length} 项",
    "dict_type": "应为字段与值的映射",
    "mapping_type": "应为字段与值的映射",
    "model_type": "应为字段与值的映射",
    "model_attributes_type": "应为字段与值的映射",
}

# Parts of what libyaml and PyYAML say most often.
_YAML_PROBLEMS: Mapping[str, str] = {
    "did not find expected ',' or ']'": "缺少 ',' 或 ']'",
    "did not find expected ',' or '}'": "缺少 ',' 或 '}'",
    "did not find expected key": "此处应有字段名，请检查缩进",
    "did not find expected '-' indicator": "此处应有 '-'，请检查缩进",
    "did not find expected node content": "此处应有值",
    "did not find expected <document start>": "顶层应是字段与值，请检查缩进",
    "did not find expected alphabetic or numeric character": "此处应有字母或数字",
    "mapping values are not allowed in this context": "此处不能有 ':'，请检查缩进或给文本加引号",
    "block sequence entries are not allowed in this context": "此处不能有 '-'，请检查缩进",
    "could not find expected ':'": "缺少 ':'",
    "found character that cannot start any token": "值不能以这个字符开头（是否用了制表符？）",
    "found unexpected end of stream": "引号没有闭合",
    "found unknown escape character": "无法识别的转义字符",
    "found undefined alias": "引用的别名没有定义",
    "found undefined tag handle": "标签前缀没有定义",
    "found duplicate anchor": "锚点重复",
    "found unhashable key": "字段名不能是列表或映射",
    "control characters are not allowed": "不能含有控制字符",
    "special characters are not allowed": "不能含有控制字符",
    "found a tab character": "请用空格缩进，不要用制表符",
    "but found another document": "一个文件只能有一份{kind}",
    "could not determine a constructor for the tag": "不接受类型标签（! 开头）",
    "does not fit its tag": "值与它的类型标签（!! 开头）不符",
    "expected a mapping": "此处应为字段与值的映射",
    "expected a sequence": "此处应为列表",
}

_UNREADABLE: Mapping[type[OSError], str] = {
    FileNotFoundError: "文件不存在",
    PermissionError: "没有读取权限",
    IsADirectoryError: "这是文件夹",
    NotADirectoryError: "路径中有一段不是文件夹",
}


class Message(str):
    """What is wrong, in English; `zh` says the same, `kind` is one word for logs."""

    __slots__ = ("kind", "zh")
    kind: str
    zh: str

    def __new__(cls, kind: str, english: str, chinese: str) -> Message:
        message = super().__new__(cls, english)
        message.kind = kind
        message.zh = chinese
        return message


class Fault(str):
    """One fault of a file, in English.

    Args:
        message: what is wrong; a plain text stands for both languages.
        line: counted from 1; 0 when the fault belongs to no line.
        column: counted from 1; 0 when only the line is known.
        field: dotted path, such as `categories.violence.action`; may be empty.
        got: the value met, as shown to the reader; empty when it need not be repeated.
    """

    __slots__ = ("column", "field", "got", "line", "message")
    message: str
    line: int
    column: int
    field: str
    got: str

    def __new__(
        cls, message: str, *, line: int = 0, column: int = 0, field: str = "", got: str = ""
    ) -> Fault:
        place = [f"line {line}"] if line else []
        place += [f"column {column}"] if column else []
        place += [field] if field else []
        shown = f" (got {got})" if got else ""
        fault = super().__new__(cls, ": ".join(filter(None, (", ".join(place), message))) + shown)
        fault.message, fault.got = message, got
        fault.line, fault.column, fault.field = line, column, field
        return fault

    def told(self, language: str) -> str:
        """The whole line in `zh`, else in English."""
        if language != "zh":
            return str(self)
        line = f"第 {self.line} 行" if self.line else ""
        line += f"第 {self.column} 列" if self.column else ""
        # The field and the message are joined by a colon; so is the line when there is no field.
        return ("，" if self.field else "：").join(filter(None, (line, self.detail("zh"))))

    def detail(self, language: str) -> str:
        """Field, message and value, without the line."""
        if language == "zh":
            message = self.message.zh if isinstance(self.message, Message) else self.message
            shown = f"（填写的是 {self.got}）" if self.got else ""
            return "：".join(filter(None, (self.field, message))) + shown
        shown = f" (got {self.got})" if self.got else ""
        return ": ".join(filter(None, (self.field, self.message))) + shown

    @property
    def place(self) -> str:
        """Line, field and kind alone: nothing of what the file says, so it may be logged.

        A key that could not be a name of the schema is left out with all below it.
        """
        kept: list[str] = []
        for part in self.field.split("."):
            if not _NAME.fullmatch(part):
                break
            kept.append(part)
        line = f"line {self.line}" if self.line else ""
        kind = f"({self.message.kind})" if isinstance(self.message, Message) else ""
        return " ".join(filter(None, (line, ".".join(kept), kind)))


def field_message(kind: str, english: str, values: Mapping[str, Any]) -> Message:
    """Pydantic's message on a field; in English where it is of a kind not met before.

    Args:
        kind: pydantic's `type`, such as `less_than_equal`.
        english: pydantic's `msg`.
        values: pydantic's `ctx`.
    """
    if kind == "literal_error":
        values = {"expected": str(values["expected"]).replace(" or ", "、").replace(", ", "、")}
    shown = {
        name: f"{value:g}" if isinstance(value, float) else value for name, value in values.items()
    }
    chinese = _FIELD_MESSAGES.get(kind)
    return Message(kind, english, chinese.format_map(shown) if chinese else english)


def did_you_mean(name: str, accepted: Sequence[str], cutoff: float = 0.6) -> Message:
    """`; did you mean 'x'? Accepted: x, y`, or `. Accepted: x, y` when nothing is near.

    Args:
        name: what was written.
        accepted: what may be written.
        cutoff: likeness, 0 to 1, from which a name is near.
    """
    near = difflib.get_close_matches(name, accepted, n=1, cutoff=cutoff)
    english, chinese = (
        (f"; did you mean {near[0]!r}?", f"，是不是 {near[0]!r}？") if near else (".", "。")
    )
    return Message(
        "hint",
        f"{english} Accepted: {', '.join(accepted)}",
        f"{chinese}可用：{'、'.join(accepted)}",
    )


def yaml_message(problem: str, kind: str = "文件") -> Message:
    """What the YAML reader says of a text that it cannot read; `kind` names it in Chinese."""
    chinese = next((said for part, said in _YAML_PROBLEMS.items() if part in problem), problem)
    chinese = chinese.replace("{kind}", kind)
    return Message("yaml", f"not valid YAML: {problem}", f"不是有效的 YAML：{chinese}")


def unreadable_message(shown: str, error: OSError | UnicodeDecodeError) -> Message:
    """Why a file that another one names cannot be read."""
    why = getattr(error, "strerror", None) or "not valid UTF-8"
    return Message("unreadable", f"cannot read {shown}: {why}", f"读不到 {shown}：{why_zh(error)}")


def why_zh(error: OSError | UnicodeDecodeError) -> str:
    """Why a file cannot be read, in Chinese."""
    if isinstance(error, UnicodeDecodeError):
        return "不是有效的 UTF-8"
    found = next((said for kind, said in _UNREADABLE.items() if isinstance(error, kind)), None)
    return found or error.strerror or type(error).__name__
