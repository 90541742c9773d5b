"""Sample sheets: tab-separated, UTF-8, a header line; read and checked against a schema.

A schema is JSON Schema for one row, with words of our own: `unique` (lists of columns that no two
rows share), `one_of` (lists of columns of which a row fills exactly one), `together` (lists of
columns that a row fills all or none of), `different` (lists of columns that hold different values,
or files, in each row), `ordered` (pairs of columns of which the second holds at least what the
first does), `references` (a column of another sheet that must hold the value), `key_of`
(a setting of the assay, or else of the run, whose keys the value must be one of) and
`format: path`.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from liquidbiopsy.core.errors import Problem, did_you_mean
from liquidbiopsy.core.paths import real_paths
from liquidbiopsy.core.sheet_values import convert

DELIMITERS = {",": "commas", ";": "semicolons", "|": "bars", " ": "spaces"}


@dataclass
class Sheet:
    """The rows of one sheet, and what is wrong with it."""

    file: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    """One dictionary a row, a key for each column of the schema; None where blank."""
    lines: list[int] = field(default_factory=list)
    """Line number in the file of each row."""
    problems: list[Problem] = field(default_factory=list)

    def report(self, index: int, column: str, message: str) -> None:
        """Note a problem with one row."""
        self.problems.append(Problem(self.file, self.lines[index], column, message))

    def values(self, column: str) -> set[Any]:
        """The distinct values of a column that are not blank."""
        return {row[column] for row in self.rows if row[column] is not None}


@contextmanager
def rows_that_stay() -> Iterator[None]:
    """Look for no garbage among very many rows, now or later: a fifth of reading them is that."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if enabled:
            gc.enable()


def read_sheet(path: str, schema: Mapping[str, Any], *, look: bool = True) -> Sheet:
    """Read a sheet and check it against its schema; problems are collected, not raised.

    Parameters
    ----------
    path : str
        Tab-separated file.
    schema : dict
        JSON Schema of a row: `properties`, `required`, and `unique`, `one_of`, `together`,
        `different`, `ordered`.
    look : bool
        Whether files are looked at, to tell one under two names.
    """
    sheet = Sheet(path)
    content = _decode(sheet)
    if content is None:
        return sheet
    records = [
        (number, cells)
        for number, cells in enumerate(_cells(content), start=1)
        if any(map(str.strip, cells))
    ]
    if not records:
        sheet.problems.append(Problem(path, 0, "", "the sheet is empty; it needs a header line"))
        return sheet
    header = [h.strip() for h in records[0][1]]
    if _header_is_sound(sheet, header, schema):
        _fill(sheet, header, records[1:], schema)
        for name, column in schema["properties"].items():
            _check_column(sheet, name, column, name in schema.get("required", []))
        for columns in schema.get("unique", []):
            _check_unique(sheet, columns)
        for columns in schema.get("one_of", []):
            _check_one_of(sheet, columns)
        for columns in schema.get("together", []):
            _check_together(sheet, columns)
        for columns in schema.get("different", []):
            _check_different(sheet, columns, schema, look)
        for first, second in schema.get("ordered", []):
            _check_ordered(sheet, first, second)
    return sheet


def _cells(content: str) -> list[list[str]]:
    """The fields of each line.

    Spreadsheets put a field with a comma or a quotation mark in it between quotation marks; these
    are taken off. All others are characters, so that an inch in a note swallows no line.
    """
    lines = [line.split("\t") for line in content.split("\n")]
    if '"' not in content:
        return lines
    return [[_unquoted(cell) for cell in cells] for cells in lines]


def _unquoted(cell: str) -> str:
    """The field without the quotation marks round it, if they are a spreadsheet's."""
    inner = cell.strip()[1:-1].replace('""', "")
    if len(cell.strip()) < 2 or cell.strip()[0] + cell.strip()[-1] != '""' or '"' in inner:
        return cell
    return cell.strip()[1:-1].replace('""', '"')


def _decode(sheet: Sheet) -> str | None:
    """The file as text; None, with a problem noted, where it is not a text file in UTF-8."""
    try:
        with open(sheet.file, "rb") as handle:
            raw = handle.read()
        content = raw.decode("utf-8-sig")
        if "\0" in content:
            raise UnicodeDecodeError("utf-8", raw, 0, 1, "NUL")
    except OSError as error:
        message = f"cannot be read ({error.strerror}); check its path in the settings"
    except UnicodeDecodeError:
        message = "not a text file in UTF-8; save it as 'tab-separated text, UTF-8'"
    else:
        return content.replace("\r\n", "\n").replace("\r", "\n")
    sheet.problems.append(Problem(sheet.file, 0, "", message))
    return None


def _header_is_sound(sheet: Sheet, header: list[str], schema: Mapping[str, Any]) -> bool:
    """Whether the header can be read on; problems are noted."""
    known, found = schema["properties"], []
    if len(header) == 1 and header[0] not in known:
        for character, name in DELIMITERS.items():
            if any(part.strip(' "') in known for part in header[0].split(character)):
                found.append(f"the columns are separated by {name}; a sheet needs tabs")
                break
    if not found:
        for name in header:
            if name not in known:
                found.append(f"unknown column '{name}'{did_you_mean(name, known)}")
        for name in sorted({h for h in header if header.count(h) > 1}):
            found.append(f"column '{name}' stands twice")
        for name in schema.get("required", []):
            if name not in header:
                found.append(f"column '{name}' is missing")
    sheet.problems += [Problem(sheet.file, 1, "", message) for message in found]
    return not found


def _fill(
    sheet: Sheet,
    header: list[str],
    records: list[tuple[int, list[str]]],
    schema: Mapping[str, Any],
) -> None:
    """Put the records into the sheet, with every column that the schema knows."""
    names, width = list(schema["properties"]), len(header)
    # Where in a record each column stands; one past all its fields where it stands nowhere.
    chosen = itemgetter(*(header.index(name) if name in header else width for name in names), width)
    sheet.lines = [number for number, _ in records]
    for index, (_, cells) in enumerate(records):
        values = [cell.strip() or None for cell in cells[:width]]
        values += [None] * (width + 1 - len(values))
        sheet.rows.append(dict(zip(names, chosen(values), strict=False)))
        if len(cells) > width and any(map(str.strip, cells[width:])):
            sheet.report(index, "", f"{len(cells)} fields where the header has {width}")


def _check_column(sheet: Sheet, name: str, column: Mapping[str, Any], required: bool) -> None:
    """Check and convert one column in place; equal values are looked at once."""
    values = [row[name] for row in sheet.rows]
    distinct = set(values)
    if not (required and None in distinct) and _is_sound_text(distinct - {None}, column):
        return  # as most columns are
    verdicts = {value: convert(value, column) for value in distinct if value is not None}
    verdicts[None] = None, "blank; a value is needed" if required else ""
    for index, (row, value) in enumerate(zip(sheet.rows, values, strict=True)):
        row[name], message = verdicts[value]
        if message:
            sheet.report(index, name, message)


def _is_sound_text(values: set[str], column: Mapping[str, Any]) -> bool:
    """Whether `convert` would leave all values as they are."""
    if column.get("type", "string") != "string":
        return not values
    if "enum" in column and not values <= set(column["enum"]):
        return False
    return "pattern" not in column or all(map(re.compile(column["pattern"]).fullmatch, values))


def _check_unique(sheet: Sheet, columns: list[str]) -> None:
    """Note every row that repeats an earlier one in `columns`."""
    keys = list(zip(*([row[c] for row in sheet.rows] for c in columns), strict=True))
    if len(set(keys)) == len(keys):
        return
    first: dict[tuple[Any, ...], int] = {}
    for index, key in enumerate(keys):
        if None in key:
            continue
        if key in first:
            where = f"row {first[key] - 1} (line {first[key]})"
            shown = ", ".join(str(k) for k in key)
            sheet.report(index, ", ".join(columns), f"'{shown}' is already in {where}")
        else:
            first[key] = sheet.lines[index]


def _check_one_of(sheet: Sheet, columns: list[str]) -> None:
    """Note every row that fills none of `columns`, or several."""
    for index, row in enumerate(sheet.rows):
        filled = [c for c in columns if row[c] is not None]
        if len(filled) != 1:
            has = f"has {' and '.join(filled)}" if filled else "has none of them"
            sheet.report(index, "", f"a row fills one of {', '.join(columns)}; this one {has}")


def _check_together(sheet: Sheet, columns: list[str]) -> None:
    """Note every row that fills some of `columns` and not the others."""
    for index, row in enumerate(sheet.rows):
        blank = [c for c in columns if row[c] is None]
        if blank and len(blank) < len(columns):
            filled = ", ".join(c for c in columns if c not in blank)
            sheet.report(index, blank[0], f"blank, but {filled} is given; they go together")


def _check_different(
    sheet: Sheet, columns: list[str], schema: Mapping[str, Any], look: bool
) -> None:
    """Note every row that has the same in two of `columns`: of paths, the same file."""
    paths = {c for c in columns if schema["properties"][c].get("format") == "path"}
    real = real_paths(row[c] for row in sheet.rows for c in paths if row[c] and look)
    for index, row in enumerate(sheet.rows):
        first: dict[str, str] = {}
        for column in (c for c in columns if row[c] is not None):
            is_path = column in paths
            key = real.get(row[column], row[column]) if is_path else str(row[column])
            other = first.setdefault(key, column)
            if other != column:
                what = "the file" if is_path else "the value"
                sheet.report(index, column, f"'{row[column]}' is {what} of {other} too")


def _check_ordered(sheet: Sheet, first: str, second: str) -> None:
    """Note every row in which the second of two numbers is below the first."""
    for index, row in enumerate(sheet.rows):
        low, high = row[first], row[second]
        if low is not None and high is not None and high < low:
            sheet.report(index, second, f"{high} is less than {first}, which is {low}")


def check_references(
    sheet: Sheet, column: str, known: set[Any], owner: str, *, only: set[Any] | None = None
) -> None:
    """Note every value of `column` that `known` (the values of `owner`) does not hold."""
    for index, row in enumerate(sheet.rows):
        value = row[column]
        if value is None or value in known or (only is not None and value not in only):
            continue
        sheet.report(index, column, f"'{value}' is not in {owner}{did_you_mean(value, known)}")
