"""A patient's page: what each section shows, put into the templates beside this file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from liquidbiopsy import __version__
from liquidbiopsy.core.pages import render
from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.core.rules import Rule
from liquidbiopsy.report import sections
from liquidbiopsy.report.charts import drawn_charts
from liquidbiopsy.report.decided import cutoffs, decision_rows
from liquidbiopsy.report.overview import overview
from liquidbiopsy.report.pictures import pictured_cells
from liquidbiopsy.report.quality import Summary, simulated_words, summarise
from liquidbiopsy.report.statements import state
from liquidbiopsy.report.timeline import Panel, timeline_svgs

TEMPLATES = Path(__file__).with_name("templates")
QUALITY = "quality"


def patient_page(
    files: Sequence[Path],
    folder: Path,
    sheets: Mapping[str, Any],
    assays: Mapping[str, Mapping[str, Any]],
    tables: Sequence[str],
    settings: Mapping[str, Any],
    rules: Sequence[Rule] = (),
) -> str:
    """The HTML page of a patient whose tables stand in `folder`; see `write_report`."""
    specimens = sorted(sheets["specimens"], key=lambda s: (s["day"], s["assay"], s["specimen_id"]))
    events = sorted(sheets["events"], key=lambda e: (e["day"], e["kind"], e["label"] or ""))
    volumes = {s["specimen_id"]: s["volume_ml"] for s in specimens}
    statements = [
        state(row, volumes.get(row["specimen_id"]), assays[row["assay"]])
        for row in read_table(folder / "report.parquet").to_pylist()
    ]
    quality = _quality(folder, specimens, tables)
    days = [s["day"] for s in specimens] + [e["day"] for e in events]
    patient = sheets["patient"]
    panels = [
        Panel(line["title"], own, line["scale"], cutoffs(rules, patient, line["analyte"], own))
        for name, assay in assays.items()
        for line in assay["timeline"]
        if (own := sections.timeline_of(statements, name, line["analyte"], _targets(line)))
    ]
    found = sections.markers(statements)
    shown = [s for panel in panels for s in panel.statements]
    shown += [s for m in found for s in (m.statement, m.positive) if s]
    problems = sections.problems(statements)
    rows = read_table(folder / "decisions.parquet").to_pylist()
    decided = decision_rows(rows, statements, rules)
    return render(
        TEMPLATES,
        "report.html.j2",
        version=__version__,
        simulated=simulated_words(quality),
        facility=settings["facility"],
        patient_id=patient["patient_id"],
        facts=sections.facts(patient),
        problems=problems,
        specimens=sections.specimen_rows(specimens, statements, assays),
        volumes=any(v is not None for v in volumes.values()),
        overview=overview(panels, found, decided, problems, specimens, assays, quality),
        panels=panels,
        timeline=timeline_svgs(panels, events, days, "timeline") if panels else {},
        events=events,
        markers=found,
        charts=drawn_charts(folder, specimens, assays),
        decisions=decided,
        further=sections.further(statements, shown, assays),
        targeted=sections.targeted(statements, shown),
        galleries=_galleries(files, specimens, assays, settings["thumbnails"]),
        quality=quality,
        provenance=_provenance(files),
        packages=_packages(files),
    )


def _targets(line: Mapping[str, Any]) -> bool:
    """Whether the timeline draws a line for each target, as of variants."""
    return bool(line.get("targets", False))


def _quality(
    folder: Path, specimens: Sequence[Mapping[str, Any]], tables: Sequence[str]
) -> list[Summary]:
    """A summary for each specimen, also for one that has no row of quality."""
    found = summarise(folder / f"{QUALITY}.parquet") if QUALITY in tables else {}
    return [found.get(s["specimen_id"], Summary(s["specimen_id"], s["assay"])) for s in specimens]


def _galleries(
    files: Sequence[Path],
    specimens: Sequence[Mapping[str, Any]],
    assays: Mapping[str, Mapping[str, Any]],
    most: int,
) -> list[dict[str, Any]]:
    """For each specimen with pictures, the cells shown and how many there are."""
    galleries = []
    for specimen in specimens if most else []:
        mine = [p for p in files if p.parts[-3:-1] == (specimen["assay"], specimen["specimen_id"])]
        assay = assays[specimen["assay"]]
        tables = [p for p in mine if p.stem in assay["tables"]]
        for thumbnails in (p for p in mine if p.name == "thumbnails.parquet"):
            cells, available = pictured_cells(thumbnails, tables, assay["calls"], most)
            galleries.append({**specimen, "cells": cells, "available": available})
    return galleries


def _provenance(files: Sequence[Path]) -> list[dict[str, Any]]:
    """What the observations of each specimen say of where they came from."""
    rows = []
    for path in files:
        if path.name == "observations.parquet":
            said = _metadata(path)
            rows.append({
                "assay": path.parts[-3],
                "specimen_id": path.parts[-2],
                "workflow": said.get("workflow_version", ""),
                "schema": said.get("schema_version", ""),
                "code": said.get("code_sha256", ""),
                "settings": said.get("settings_sha256", ""),
                "inputs": json.loads(said.get("inputs_sha256", "{}")),
            })  # fmt: skip
    return rows


def _packages(files: Sequence[Path]) -> dict[str, str]:
    """Versions of the packages that any of the files names; where they differ, all of them."""
    found: dict[str, set[str]] = {}
    for path in files:
        for name, version in json.loads(_metadata(path).get("packages", "{}")).items():
            found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(versions)) for name, versions in sorted(found.items())}


def _metadata(path: Path) -> dict[str, str]:
    return {k.decode(): v.decode() for k, v in (pq.read_schema(path).metadata or {}).items()}
