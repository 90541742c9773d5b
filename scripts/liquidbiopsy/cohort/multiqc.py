"""The quality of a run as MultiQC's custom content: a chart of what came out, a table an assay.

MultiQC, which is under the GPL, reads the files in an environment of its own; nothing of it is
needed to write them. Their form is of https://docs.seqera.io/multiqc/custom_content: JSON files
`*_mqc.json`, with `id`, `section_name`, `plot_type`, `pconfig`, `headers` and `data`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from liquidbiopsy.cohort.measured import Specimen
from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.tables import PROBLEMS
from liquidbiopsy.core.words import plain
from liquidbiopsy.report.quality import SIMULATED
from liquidbiopsy.report.statements import unit_words

PREFIX, SUFFIX = "liquidbiopsy_", "_mqc.json"
PARENT = {
    "parent_id": "liquidbiopsy",
    "parent_name": "Liquid biopsy",
    "parent_description": "Quality of the specimens of a run. Research use only.",
}
STATUS, ADEQUATE, OUTSIDE = "status", "adequate", "outside"
COLOURS = {PROBLEMS[0]: "#8a3b00", PROBLEMS[1]: "#d98b3a", ADEQUATE: "#14507a"}
FIRST, SECOND = {"placement": 1}, {"placement": 2}


def multiqc_files(assays: Sequence[str]) -> list[str]:
    """Names of the files that `write_multiqc` writes for these assays."""
    return [f"{PREFIX}{name}{SUFFIX}" for name in (STATUS, *assays)]


def write_multiqc(
    folder: Path,
    specimens: Sequence[Mapping[str, Any]],
    known: Mapping[str, Specimen],
    assays: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write a file for the run and one for each assay; those of former assays are removed.

    Parameters
    ----------
    folder : Path
        Where they go.
    specimens : sequence of mapping
        Rows of specimens.tsv.
    known : mapping
        specimen_id -> its quality.
    assays : mapping
        Assay -> what it declares: `title`.
    """
    names = {name: f"{PREFIX}{name}{SUFFIX}" for name in (STATUS, *assays)}
    for path in folder.glob(f"{PREFIX}*{SUFFIX}"):
        if path.name not in names.values():
            path.unlink()
    contents = {STATUS: _chart(specimens, known, assays)}
    for name, declared in assays.items():
        mine = sorted(s["specimen_id"] for s in specimens if s["assay"] == name)
        contents[name] = _table(name, declared["title"], {s: known[s] for s in mine})
    for name, content in contents.items():
        text = json.dumps(content, indent=1, ensure_ascii=False)
        write_text(folder / names[name], text + "\n")


def _chart(
    specimens: Sequence[Mapping[str, Any]],
    known: Mapping[str, Specimen],
    assays: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """How many specimens of each assay failed, are inadequate or adequate."""
    counts = {name: dict.fromkeys(COLOURS, 0) for name in assays}
    for row in specimens:
        counts[row["assay"]][known[row["specimen_id"]].status or ADEQUATE] += 1
    return {
        "id": f"{PREFIX}{STATUS}",
        **PARENT,
        "section_name": "What came of the specimens",
        "description": "Specimens of each assay by what came of them.",
        "plot_type": "bargraph",
        "pconfig": {
            "id": f"{PREFIX}{STATUS}_plot",
            "title": "Liquid biopsy: Specimens",
            "ylab": "Specimens",
        },
        "categories": {n: {"name": plain(n), "color": c} for n, c in COLOURS.items()},
        "data": {assays[name]["title"]: counts[name] for name in assays},
    }


def _table(name: str, title: str, known: Mapping[str, Specimen]) -> dict[str, Any]:
    """A row a specimen, a column a metric: the mean over its items."""
    headers: dict[str, dict[str, Any]] = {
        STATUS: {"title": "Status", "scale": False, **FIRST},
        OUTSIDE: {
            "title": "Outside a limit", "description": "Measurements outside their limit",
            "format": "{:,.0f}", "min": 0, "scale": "Oranges", **SECOND,
        },
    }  # fmt: skip
    data: dict[str, dict[str, Any]] = {}
    for specimen, of in known.items():
        outside = sum(m.outside for m in of.metrics.values())
        row: dict[str, Any] = {STATUS: plain(of.status or ADEQUATE)}
        row |= {OUTSIDE: outside} if of.metrics else {}
        for metric, m in of.metrics.items():
            if metric == SIMULATED or m.mean is None or m.mean != m.mean:
                continue
            row[metric] = m.mean
            described = f"{plain(metric)}; the mean, where a specimen has several"
            unit = unit_words(m.unit)
            headers.setdefault(
                metric,
                {
                    "title": plain(metric), "description": described,
                    "suffix": f" {unit}" if unit else "", "format": "{:,.4g}",
                    "hidden": not m.bounded, "placement": 10,
                },
            )  # fmt: skip
            if m.bounded:
                headers[metric]["hidden"] = False
        data[specimen] = row
    return {
        "id": f"{PREFIX}{name}",
        **PARENT,
        "section_name": title,
        "description": "Measurements of each specimen; those without a limit are hidden at first.",
        "plot_type": "table",
        "pconfig": {
            "id": f"{PREFIX}{name}_table",
            "title": f"Liquid biopsy: {title}",
            "col1_header": "Specimen",
        },
        "headers": dict(sorted(headers.items(), key=lambda h: (h[1]["placement"], h[0]))),
        "data": data,
    }
