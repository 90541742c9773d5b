"""What an assay's folder declares: its title, its tables, its calls, its place on the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from liquidbiopsy.core.errors import UserError, did_you_mean
from liquidbiopsy.core.settings import read_yaml

KEYS = ("title", "tables", "pictures", "calls", "check", "timeline")


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
    """Analytes drawn on the patient's timeline: analyte, title, scale."""
    settings_schema: Mapping[str, Any]
    sheet_schema: Mapping[str, Any]


def check_choices(assay: Assay, settings: Mapping[str, Any]) -> list[str]:
    """Messages of the assay's own check of its settings."""
    if not assay.check:
        return []
    module, _, function = assay.check.rpartition(".")
    return list(getattr(import_module(module), function)(settings, assay.settings_schema))


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
    declared = read_yaml(rules.with_name("assay.yaml"))
    unknown = set(declared) - set(KEYS)
    if unknown or "title" not in declared:
        wrong = f"unknown key {', '.join(sorted(unknown))}" if unknown else "no title"
        raise UserError(f"{rules.with_name('assay.yaml')}: {wrong}")
    return Assay(
        name=name,
        snakefile=rules.resolve(),
        title=declared["title"],
        tables=tuple(declared.get("tables", [])),
        pictures=bool(declared.get("pictures", False)),
        calls=tuple(declared.get("calls", [])),
        check=str(declared.get("check", "")),
        timeline=tuple(declared.get("timeline", [])),
        settings_schema=read_yaml(rules.with_name("config.schema.yaml")),
        sheet_schema=read_yaml(rules.with_name("sheet.schema.yaml")),
    )
