"""The settings and the sheets' columns as Markdown, from the YAML schemas that check them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from liquidbiopsy.core.markdown import safe, table, tidy
from liquidbiopsy.core.settings import read_yaml

INTRODUCTION = """\
# Settings

*Made by `make docs` from `workflow/**/*.schema.yaml`; edit those.*

The settings of a run are `config/config.yaml`, or the file given with `--configfile`. A setting
that is left out has its default. `<name>` stands for a name of your choice, `[]` for each item of a
list. A key that is not listed here is an error, and the message names the nearest one that is.
Relative paths count from the working directory.
"""
BEGIN = "<!-- sheets: made by `make docs` from the schemas -->\n"
END = "<!-- end of sheets -->\n"
SHARED = ("patients", "specimens", "events", "reviews")


def settings_page(workflow: Path) -> str:
    """The page docs/settings.md as text; `workflow` is the folder with the schemas."""
    parts = [INTRODUCTION, "\n## The run\n"]
    parts.append(_settings_table(read_yaml(workflow / "schemas" / "config.schema.yaml"), ""))
    for file in sorted(workflow.glob("assays/*/config.schema.yaml")):
        schema, assay = read_yaml(file), file.parent.name
        parts.append(f"\n## The assay `{assay}`\n\n{schema['description']}\n")
        parts.append(_settings_table(schema, f"assays.{assay}"))
    return tidy(parts)


def _settings_table(schema: Mapping[str, Any], prefix: str) -> str:
    header = ("setting", "type", "default", "allowed", "what it is")
    return table(header, _settings(schema, prefix))


def _settings(schema: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, ...]]:
    """A row for each setting, those inside a mapping after it."""
    for name, setting in schema.get("properties", {}).items():
        path = f"{prefix}.{name}".lstrip(".")
        needed = name in schema.get("required", [])
        default = "**needed**" if needed else _shown(setting.get("default"))
        words = safe(setting.get("description", ""))
        yield f"`{path}`", _kind(setting), default, _allowed(setting), words
        yield from _settings(setting, path)
    others = schema.get("additionalProperties")
    if isinstance(others, Mapping) and "properties" in others:
        yield from _settings(others, f"{prefix}.<name>")
    for branch in schema.get("oneOf", []):
        if "properties" in branch.get("items", {}):
            yield from _settings(branch["items"], f"{prefix}[]")


def _kind(setting: Mapping[str, Any]) -> str:
    """The type of a setting in a word or two."""
    if "oneOf" in setting:
        return " or ".join(_kind(branch) for branch in setting["oneOf"])
    kind = setting.get("type", "string")
    if isinstance(kind, list):  # a value, or none
        kind = next(k for k in kind if k != "null")
    if kind == "array":
        return f"list of {_kind(setting['items'])}s"
    plain = {"object": "mapping", "string": "text", "boolean": "true or false"}
    return plain.get(kind, "whole number" if kind == "integer" else kind)


def _shown(value: Any) -> str:
    """A default as YAML writes it; blank for none and for a mapping's own settings."""
    if value is None or value == {}:
        return ""
    if value == "":
        return "blank"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def _allowed(setting: Mapping[str, Any]) -> str:
    """What a value may be: the choices, the range, the form."""
    if "enum" in setting:
        return ", ".join(f"`{choice}`" for choice in setting["enum"])
    low, above, high = (setting.get(k) for k in ("minimum", "exclusiveMinimum", "maximum"))
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return f"at least {low}"
    if above is not None:
        return f"above {above}"
    return f"`{setting['pattern']}`" if "pattern" in setting else ""


def with_sheets(page: str, workflow: Path) -> str:
    """The page with every sheet's columns between the two marks that it has for them.

    Raises
    ------
    ValueError
        The page does not have the marks.
    """
    if not re.search(f"{re.escape(BEGIN)}.*{re.escape(END)}", page, re.DOTALL):
        raise ValueError(f"no place for the sheets: {BEGIN.strip()} … {END.strip()}")
    files = [workflow / "schemas" / f"{name}.schema.yaml" for name in SHARED]
    files += sorted(workflow.glob("assays/*/sheet.schema.yaml"))
    before, _, rest = page.partition(BEGIN)
    made = "\n".join(map(_sheet, map(read_yaml, files)))
    return f"{before}{BEGIN}\n{made}\n{END}{rest.partition(END)[2]}"


def _sheet(schema: Mapping[str, Any]) -> str:
    """A sheet's columns, and what no two of its rows may share."""
    rows = [
        (
            f"`{name}`",
            "needed" if name in schema["required"] else "",
            _kind(column),
            _allowed(column),
            safe(column["description"]),
        )
        for name, column in schema["properties"].items()
    ]
    lines = [f"### {schema['title']}\n", schema["description"] + "\n"]
    lines.append(table(("column", "", "type", "allowed", "what it is"), rows))
    rules = [f"No two rows have the same {_names(c, 'and')}." for c in schema["unique"]]
    rules += [f"A row fills one of {_names(c, 'or')}." for c in schema.get("one_of", [])]
    rules += [f"{_names(c, 'and')} go together." for c in schema.get("together", [])]
    rules += [f"`{b}` is not less than `{a}`." for a, b in schema.get("ordered", [])]
    rules += [f"{_names(c, 'and')} are different." for c in schema.get("different", [])]
    lines += [f"{rule}\n" for rule in rules]
    return "\n".join(lines)


def _names(columns: list[str], word: str) -> str:
    """`a`, `b` and `c`."""
    shown = [f"`{c}`" for c in columns]
    return f" {word} ".join([", ".join(shown[:-1]), shown[-1]] if shown[1:] else shown)
