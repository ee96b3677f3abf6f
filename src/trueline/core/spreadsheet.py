"""Cells of a CSV file that a spreadsheet can open without running anything, and back.

>>> safe_cell("=HYPERLINK(1)"), safe_cell("fine"), plain_cell("'=HYPERLINK(1)")
("'=HYPERLINK(1)", 'fine', '=HYPERLINK(1)')
"""

from __future__ import annotations

# What spreadsheets read as the start of a formula (OWASP, "CSV Injection"), full-width forms
# included; a cell that begins so gets an apostrophe in front.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
_BLANKS = " \u00a0\u3000\ufeff"  # a spreadsheet may drop them first
#: Without it, Excel reads UTF-8 as the local code page.
BYTE_ORDER_MARK = "\ufeff"
#: Characters that Excel takes in a cell.
MAX_CELL = 32_767


def safe_cell(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    if value.lstrip(_BLANKS).startswith(_FORMULA_STARTS):
        value = "'" + value
    return value.replace("\0", "\ufffd")


def plain_cell(value: str) -> str:
    """The text behind the apostrophe that `safe_cell` put in front."""
    if value.startswith("'") and value[1:].lstrip(_BLANKS).startswith(_FORMULA_STARTS):
        return value[1:]
    return value
