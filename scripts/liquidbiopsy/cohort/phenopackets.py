"""Patients as Phenopackets v2, one JSON message each: measurements by day from the index date.

References
----------
.. [1] Jacobsen JOB et al. The GA4GH Phenopacket schema defines a computable representation of
       clinical data. Nat Biotechnol 2022;40:817-820. doi:10.1038/s41587-022-01357-4
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from liquidbiopsy import __version__
from liquidbiopsy.core.tables import MEASURED
from liquidbiopsy.core.words import plain

Row = Mapping[str, Any]

UNIT = {"id": "UCUM:1", "label": "no unit"}
WORDS = "urn:liquidbiopsy:"
RESOURCES = [
    {
        "id": "ucum",
        "name": "The Unified Code for Units of Measure",
        "url": "https://ucum.org",
        "version": "2.1",
        "namespacePrefix": "UCUM",
        "iriPrefix": "https://ucum.org/",
    },
    {
        "id": "liquidbiopsy",
        "name": "Analytes and assays of liquidbiopsy",
        "url": WORDS,
        "version": __version__,
        "namespacePrefix": "liquidbiopsy",
        "iriPrefix": WORDS,
    },
]
EPOCH = "1970-01-01T00:00:00Z"
"""`created` is asked for and a clock is not to be in what a run writes: a day that cannot be
mistaken for the true one."""


def phenopacket(patient_id: str, observations: Iterable[Row]) -> dict[str, Any]:
    """A patient's message [1]_, ready for JSON.

    Only what was measured or was looked for and not detected is in it. Days stand as text in
    `description`, since the index date is not known and the schema's times are dates or ages.

    Parameters
    ----------
    patient_id : str
        Pseudonym.
    observations : iterable of mapping
        The patient's rows of report.parquet, in order.
    """
    rows = [r for r in observations if r["status"] in (MEASURED, "not_detected")]
    samples = dict.fromkeys((r["specimen_id"], r["assay"]) for r in rows)
    return {
        "id": patient_id,
        "subject": {"id": patient_id},
        "biosamples": [
            {
                "id": specimen,
                "individualId": patient_id,
                "description": f"specimen of the assay {assay}",
            }
            for specimen, assay in samples
        ],
        "measurements": [_measurement(r) for r in rows],
        "metaData": {
            "created": EPOCH,
            "createdBy": f"liquidbiopsy {__version__}, research use only",
            "resources": RESOURCES,
            "phenopacketSchemaVersion": "2.0",
        },
    }


def _measurement(row: Row) -> dict[str, Any]:
    of = f", {row['target']}" if row["target"] else ""
    told: dict[str, Any] = {
        "description": f"{row['specimen_id']}, day {row['day']}{of}",
        "assay": {"id": f"liquidbiopsy:{row['analyte']}", "label": plain(row["analyte"])},
    }
    if row["status"] != MEASURED or row["value"] is None:
        absent = {"id": "liquidbiopsy:not_detected", "label": "Not detected"}
        limit = "" if row["lod"] is None else f", limit of detection {row['lod']:g}"
        told["description"] += limit
        return told | {"value": {"ontologyClass": absent}}
    unit = row["unit"] or "1"
    quantity: dict[str, Any] = {
        "unit": UNIT if unit == "1" else {"id": f"UCUM:{unit}", "label": unit},
        "value": row["value"],
    }
    if row["count"] is not None and row["denominator"] is not None:
        told["description"] += f", {row['count']:g} over {row['denominator']:g}"
    if row["ci_low"] is not None and row["ci_high"] is not None:
        told["description"] += f", 95 % CI {row['ci_low']:g} to {row['ci_high']:g}"
    return told | {"value": {"quantity": quantity}}
