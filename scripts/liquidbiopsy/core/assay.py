"""What an assay's folder declares: its title, its tables, its calls, its place on the timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from liquidbiopsy.core.errors import UserError, did_you_mean
from liquidbiopsy.core.settings import read_yaml

RESERVED = ("benchmarks", "cohort", "logs", "references", "reports", "run")
"""Other folders of the results."""

KEYS = ("title", "tables", "pictures", "calls", "check", "timeline", "charts")
CHARTS = {
    "genome": ("table", "segments", "title"),
    "lengths": ("table", "title"),
    "cells": ("table", "segments", "title"),
    "clones": ("table", "title"),
}
"""Kinds of charts that a report can draw of a table, and what a declaration says of each."""


@dataclass(frozen=True)
class Assay:
    """One assay, as its folder describes it."""

    name: str
    snakefile: Path
    title: str
    tables: tuple[str, ...]
    """Detail tables that a report collects."""
    pictures: bool
    """Whether its specimens have a `thumbnails.parquet`."""
    calls: tuple[str, ...]
    """Calls that a review may make."""
    check: str
    """Function that checks what the settings' schema cannot: `check(settings, schema)` gives a list
    of messages. Blank for none."""
    timeline: tuple[Mapping[str, Any], ...]
    """Analytes drawn on the patient's timeline: analyte, title, scale, and `targets: true` where
    each target, as a variant, is to have a line of its own."""
    charts: tuple[Mapping[str, Any], ...]
    """Charts of each library (`genome`, `lengths`) or of the patient (`cells`, `clones`): kind,
    table, title; of a genome and of cells also the table `segments`."""
    settings_schema: Mapping[str, Any]
    sheet_schema: Mapping[str, Any]

    @property
    def path_columns(self) -> tuple[str, ...]:
        """Columns of its sheet that hold paths."""
        columns = self.sheet_schema["properties"].items()
        return tuple(name for name, column in columns if column.get("format") == "path")


def check_choices(assay: Assay, settings: Mapping[str, Any]) -> list[str]:
    """Messages of the assay's own check of its settings."""
    if not assay.check:
        return []
    module, _, function = assay.check.rpartition(".")
    try:
        check = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        return [f"assay '{assay.name}': its `check` {assay.check} is not there ({error})"]
    return list(check(settings, assay.settings_schema))


def read_assay(name: str, folder: Path, snakefile: str | None = None) -> Assay:
    """Read an assay's declaration.

    Parameters
    ----------
    name : str
        The assay's key in the settings.
    folder : Path
        Folder that holds a folder for each assay that ships with the workflow.
    snakefile : str, optional
        Rule file of a laboratory's own assay; its folder holds the declaration.

    Raises
    ------
    UserError
        There is no such assay, or a file of its declaration is missing or wrong.
    """
    rules = Path(snakefile) if snakefile else folder / name / "assay.smk"
    if not rules.is_file():
        shipped = [p.parent.name for p in folder.glob("*/assay.smk")]
        hint = "check assays.*.snakefile" if snakefile else did_you_mean(name, shipped).lstrip("; ")
        raise UserError(f"assay '{name}': no rule file {rules.name}; {hint}")
    if name in RESERVED:
        raise UserError(f"assay '{name}': this is the name of a folder of the results; rename it")
    declared, settings_schema, sheet_schema = (
        _read_mapping(rules.with_name(file))
        for file in ("assay.yaml", "config.schema.yaml", "sheet.schema.yaml")
    )
    unknown = {str(key) for key in declared} - set(KEYS)
    if unknown or "title" not in declared:
        wrong = f"unknown key {', '.join(sorted(unknown))}" if unknown else "no title"
        raise UserError(f"{rules.with_name('assay.yaml')}: {wrong}")
    for wrong in _wrong_charts(declared):
        raise UserError(f"{rules.with_name('assay.yaml')}: charts: {wrong}")
    if "specimen_id" not in sheet_schema.get("properties", {}):
        raise UserError(f"{rules.with_name('sheet.schema.yaml')}: no property specimen_id")
    return Assay(
        name=name,
        snakefile=rules.resolve(),
        title=declared["title"],
        tables=tuple(declared.get("tables", [])),
        pictures=bool(declared.get("pictures", False)),
        calls=tuple(declared.get("calls", [])),
        check=str(declared.get("check", "")),
        timeline=tuple(declared.get("timeline", [])),
        charts=tuple(declared.get("charts", [])),
        settings_schema=settings_schema,
        sheet_schema=sheet_schema,
    )


def _wrong_charts(declared: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the charts that a folder declares."""
    for chart in declared.get("charts", []):
        kind = str(chart.get("kind"))
        if kind not in CHARTS:
            yield f"no kind of chart{did_you_mean(kind, CHARTS)}"
            continue
        said = {str(key) for key in chart} - {"kind"}
        if said != set(CHARTS[kind]):
            yield f"a chart of kind {kind} has {', '.join(CHARTS[kind])} and no other key"
            continue
        for key in sorted(said - {"title"}):
            if chart[key] not in declared.get("tables", []):
                yield f"{kind}: '{chart[key]}' is not among the assay's tables"


def _read_mapping(path: Path) -> dict[str, Any]:
    """A YAML file that holds names and values."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise UserError(f"{path}: holds no names with values")
    return content
