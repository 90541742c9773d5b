"""Values of a sheet in their types; of one that is not allowed, what is wrong and the remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from liquidbiopsy.core.errors import did_you_mean

PARSERS = {"integer": int, "number": float, "string": str}
PLAIN = re.compile(r"[0-9.eE+-]+")  # what a number is written with: no 1_000 as in programs
WORDS = {"integer": "a whole number", "number": "a number"}
IDENTIFIER = "[A-Za-z][A-Za-z0-9_-]{0,63}"
MENDED = (
    (r"na|n/a|#n/a|nan|null|none|[-.?]+|unknown", "leave it blank where it is not known"),
    (r"\d{1,4}([-./])\d{1,2}\1\d{1,4}.*", "no date: days count from the patient's index date"),
    (r"[+-]?\d+\.0+", "leave the .0 out"),
    (r"[+-]?[\d.]*,\d+", "write a decimal point, and no mark between thousands"),
    (r"[\u2010-\u2015\u2212]\d.*", "write the minus as a hyphen"),
    (r"[+-]?\d+(\.\d+)? *[a-zµ]+", "leave the unit out"),
)
"""What people write in place of a number, and what to do about it."""


def convert(value: str, column: Mapping[str, Any]) -> tuple[Any, str]:
    """The value in its type and "", or None and what is wrong with it.

    Parameters
    ----------
    value : str
        Not blank.
    column : dict
        JSON Schema of the column: `type`, `enum`, `pattern` and bounds.
    """
    kind = column.get("type", "string")
    try:
        converted = PARSERS[kind](value)
        if kind != "string" and not (PLAIN.fullmatch(value) and abs(converted) < float("inf")):
            raise ValueError
    except ValueError:
        return None, f"'{value}' is not {WORDS[kind]}{_how_to_mend(value)}"
    if "enum" in column and converted not in column["enum"]:
        return None, f"'{value}' is not a choice{did_you_mean(value, column['enum'])}"
    if "pattern" in column and not re.fullmatch(column["pattern"], value):
        words = " (a letter, then letters, digits, _ and -; 64 characters at most)"
        more = words if column["pattern"] == IDENTIFIER else ""
        return None, f"{value!r} is not allowed; it must match {column['pattern']}{more}"
    for bound, name, wrong in (
        ("minimum", "minimum", lambda x, b: x < b),
        ("maximum", "maximum", lambda x, b: x > b),
        ("exclusiveMinimum", "above", lambda x, b: x <= b),
    ):
        if bound in column and wrong(converted, column[bound]):
            return None, f"{value} is out of range ({name} {column[bound]})"
    return converted, ""


def _how_to_mend(value: str) -> str:
    """A clause for what is often written in place of a number; blank where it is something else."""
    for pattern, words in MENDED:
        if re.fullmatch(pattern, value, re.I | re.A):
            return f"; {words}"
    return ""
