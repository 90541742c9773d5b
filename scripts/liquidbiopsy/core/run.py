"""A run: its settings, its assays and its sheets, read once and checked as a whole."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from liquidbiopsy.core.assay import Assay, check_choices, read_assay
from liquidbiopsy.core.errors import CheckError, Problem, UserError
from liquidbiopsy.core.paths import existing, expand_path
from liquidbiopsy.core.rules import read_rules
from liquidbiopsy.core.settings import (
    check_files,
    check_settings,
    read_yaml,
    shown_file,
    with_defaults,
)
from liquidbiopsy.core.sheets import read_sheet, rows_that_stay
from liquidbiopsy.core.sheets_together import check_own, check_shared

SETTINGS = "config.yaml"
SHARED_SHEETS = ("patients", "specimens", "events", "reviews")


@dataclass(frozen=True)
class Specimen:
    """One specimen with the rows of its assay's sheet."""

    row: dict[str, Any]
    """Its row of specimens.tsv."""
    items: tuple[dict[str, Any], ...]
    """Its rows of the assay's sheet."""
    reviews: tuple[dict[str, Any], ...]
    """People's calls, in the order in which they were made."""
    path_columns: tuple[str, ...]
    """Columns of the assay's sheet that hold paths."""

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Raw files and folders that can be read; the rest is for its report.

        They are looked at when they are asked for: a job needs those of its own specimen alone.
        """
        named = [row[c] for row in self.items for c in self.path_columns if row[c] is not None]
        return tuple(existing(p for path in named for p in expand_path(path)))


@dataclass(frozen=True)
class Run:
    """All that the rules need to know of a run."""

    config: dict[str, Any]
    assays: dict[str, Assay]
    patients: dict[str, dict[str, Any]]
    events: dict[str, list[dict[str, Any]]]
    specimens: dict[str, dict[str, Specimen]]
    """Assay -> specimen_id -> specimen."""

    def specimens_of(self, patient_id: str) -> list[dict[str, Any]]:
        """A patient's rows of specimens.tsv, by day."""
        return list(self._by_patient.get(patient_id, []))

    @cached_property
    def _by_patient(self) -> dict[str, list[dict[str, Any]]]:
        """Rows of specimens.tsv of each patient, by day; each is looked up many times."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for of_assay in self.specimens.values():
            for specimen in of_assay.values():
                found[specimen.row["patient_id"]].append(specimen.row)
        for rows in found.values():
            rows.sort(key=lambda r: (r["day"], r["assay"], r["specimen_id"]))
        return dict(found)


_latest: list[Run] = []


def current_run() -> Run:
    """The run that the root Snakefile has read; assay modules, which cannot see it, ask here."""
    return _latest[-1]


def read_run(
    config: Mapping[str, Any],
    root: str | Path,
    *,
    look: bool = True,
    files: Sequence[str | Path] = (),
) -> Run:
    """Read and check the settings and all sheets.

    Parameters
    ----------
    config : dict
        Settings as Snakemake read them.
    root : path
        Folder of the root Snakefile.
    look : bool
        Whether files are looked at, to tell one under two names. The jobs of a cluster read all
        sheets again, and what was told before they were sent out they need not ask anew.
    files : sequence of path
        Files that the settings were read from, for the messages.

    Raises
    ------
    CheckError
        Anything in the settings or the sheets is wrong; all of it in one listing.
    """
    named = " and ".join(map(shown_file, files)) or SETTINGS
    problems = check_files(files) if look else []
    try:
        run = _read_run(config, root, look)
    except CheckError as error:
        problems += [replace(p, file=named) if p.file == SETTINGS else p for p in error.problems]
    if problems:
        raise CheckError(problems)
    _latest[:] = [run]
    return run


def _read_run(config: Mapping[str, Any], root: str | Path, look: bool) -> Run:
    """As `read_run`, with the settings' file under one name."""
    workflow = Path(root) / "workflow"
    schemas = {p.name.split(".")[0]: read_yaml(p) for p in (workflow / "schemas").glob("*.yaml")}
    filled = with_defaults(dict(config), schemas["config"])
    problems = check_settings(filled, schemas["config"], SETTINGS)
    if not _has_its_parts(filled):
        raise CheckError(problems)
    if not problems:
        problems = [*_check_results(filled["results"], look), *_check_rules(filled["rules"])]
    assays: dict[str, Assay] = {}
    for name, settings in filled["assays"].items():
        try:
            assays[name] = read_assay(name, workflow / "assays", settings.get("snakefile"))
        except UserError as error:
            problems.append(Problem(SETTINGS, 0, "", str(error)))
            continue
        schema = assays[name].settings_schema
        own = {k: v for k, v in settings.items() if k != "snakefile"}
        filled["assays"][name] = with_defaults(own, schema)
        found = check_settings(filled["assays"][name], schema, SETTINGS, f"assays.{name}")
        sheet = filled["assays"][name].get("sheet")
        if not found and not (isinstance(sheet, str) and sheet):
            found = [Problem(SETTINGS, 0, "", f"assays.{name}: sheet is missing")]
        if not found:
            words = check_choices(assays[name], filled["assays"][name])
            found = [Problem(SETTINGS, 0, "", message) for message in words]
        problems += found
        if found:  # its sheet hangs on its settings
            del assays[name]
    try:
        with rows_that_stay():
            run = _read_sheets(filled, assays, schemas, look)
    except CheckError as error:
        problems += error.problems
    if problems:
        raise CheckError(problems)
    filled["results"] = os.path.normpath(filled["results"])
    return run


def _check_results(folder: str, look: bool) -> list[Problem]:
    """Refuse a place for the results in which they could not be, or not by themselves."""
    if set(folder) & set("{}"):
        wrong = "has a brace in it, which stands for a wildcard; choose another name"
    elif os.path.realpath(folder) == os.getcwd():
        wrong = "is the working directory; give the results a folder of their own"
    elif look and os.path.lexists(folder) and not os.path.isdir(folder):
        wrong = "is there and is not a folder; move it away, or choose another name"
    else:
        return []
    return [Problem(SETTINGS, 0, "", f"results: '{folder}' {wrong}")]


def _check_rules(listed: Sequence[str]) -> list[Problem]:
    """What is wrong with the decision rules that the settings list."""
    try:
        read_rules(listed)
    except CheckError as error:
        return error.problems
    return []


def _has_its_parts(config: Mapping[str, Any]) -> bool:
    """Whether settings, sound or not, name sheets and assays that can be looked at."""
    sheets, assays = config.get("sheets"), config.get("assays")
    return (
        isinstance(sheets, Mapping)
        and {"patients", "specimens"} <= set(sheets)
        and all(isinstance(path, str) and path for path in sheets.values())
        and isinstance(assays, Mapping)
        and len(assays) > 0
        and all(isinstance(settings, Mapping) for settings in assays.values())
        and all(isinstance(settings.get("snakefile", ""), str) for settings in assays.values())
    )


def _read_sheets(
    config: dict[str, Any], assays: dict[str, Assay], schemas: Mapping[str, Any], look: bool
) -> Run:
    """Read every sheet of a run whose settings are sound, and check one against another."""
    sheets = {
        name: read_sheet(config["sheets"][name], schemas[name], look=look)
        for name in SHARED_SHEETS
        if config["sheets"].get(name)
    }
    own = {
        name: read_sheet(config["assays"][name]["sheet"], assay.sheet_schema, look=look)
        for name, assay in assays.items()
    }
    unread = [s for s in (*sheets.values(), *own.values()) if s.problems and not s.rows]
    if not unread:  # a sheet that could not be read would make every reference to it a problem
        check_shared(sheets, assays, set(config["assays"]))
        for name, assay in assays.items():
            check_own(own[name], sheets["specimens"], assay, config, look)
    problems = [p for s in (*sheets.values(), *own.values()) for p in s.problems]
    if problems:
        raise CheckError(problems)
    reviews = _by_specimen(sheets["reviews"].rows if "reviews" in sheets else [])
    events = defaultdict(list)
    for row in sheets["events"].rows if "events" in sheets else []:
        events[row["patient_id"]].append(row)
    specimens: dict[str, dict[str, Specimen]] = {name: {} for name in assays}
    items = {name: _by_specimen(own[name].rows) for name in assays}
    paths = {name: assay.path_columns for name, assay in assays.items()}
    for row in sheets["specimens"].rows:
        key, name = row["specimen_id"], row["assay"]
        if name not in assays:  # its settings are wrong, which is told
            continue
        specimens[name][key] = Specimen(
            row, tuple(items[name][key]), tuple(reviews.get(key, ())), paths[name]
        )
    patients = {row["patient_id"]: row for row in sheets["patients"].rows}
    return Run(config, assays, patients, dict(events), specimens)


def _by_specimen(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Rows of a sheet by the specimen that they are of, in their order."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["specimen_id"]].append(row)
    return found
