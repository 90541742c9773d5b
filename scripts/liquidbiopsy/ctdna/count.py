"""Counting: variants and known mutations become a specimen's observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liquidbiopsy.core.observations import Observation, failed
from liquidbiopsy.core.tables import FAILED, INADEQUATE, MEASURED, NOT_DETECTED
from liquidbiopsy.core.words import number
from liquidbiopsy.ctdna.tables import CHIP, GERMLINE, PANEL, PASS, PLASMA

VAF, TUMOUR_FRACTION = "variant_allele_fraction", "mrd_tumour_fraction"
SHARE = "1"

Rows = Sequence[Mapping[str, Any]]


def observe(libraries: Rows, variants: Rows, mrd: Rows, coverage: Rows) -> list[Observation]:
    """What the plasma libraries of a specimen say.

    Parameters
    ----------
    libraries, variants, mrd, coverage : list of dict
        Rows of the tables of these names; `libraries` with `mutations`, whether known mutations
        were given.
    """
    found: list[Observation] = []
    plasma = [row for row in libraries if row["role"] == PLASMA]
    if not plasma:
        return [failed(VAF, "has no plasma library: only a normal is in ctdna.tsv")]
    for row in plasma:
        mine = [_of_library(table, row) for table in (variants, mrd, coverage)]
        found += _of_plasma(row, *mine)
    return found


def _of_library(table: Rows, library: Mapping[str, Any]) -> Rows:
    return [r for r in table if r["library_id"] == library["library_id"]]


def _of_plasma(
    library: Mapping[str, Any], variants: Rows, mrd: Rows, coverage: Rows
) -> list[Observation]:
    """Statements of one plasma library."""
    name = library["library_id"]
    tested = [TUMOUR_FRACTION] if library["mutations"] else []
    if library["status"] == FAILED:
        reason = f"{name}: {library['reason']}"
        return [failed(analyte, reason) for analyte in (VAF, *tested)]
    if library["library"] != PANEL:
        return [failed("tumour_fraction", f"{name}: whole genomes are not read by this version")]
    tests = [_tumour_fraction(row) for row in mrd if row["chrom"] is None]
    unread = [row["reason"] for row in coverage if row["reason"]]
    if unread:
        return [failed(VAF, f"{name}: {unread[0]}"), *tests]
    found = [_variant(row) for row in variants if _told(row)]
    called = [o for o in found if o.status == MEASURED]
    if coverage and not called:
        found.insert(0, _nothing(name, coverage))
    return [*found, *tests]


def _told(row: Mapping[str, Any]) -> bool:
    """Whether a row of the variants is a statement: a call, or a place that was looked at."""
    if row["filter"] == NOT_DETECTED:
        return True
    return row["filter"] == PASS and row["origin"] not in (GERMLINE, CHIP)


def name_of(row: Mapping[str, Any]) -> str:
    """Gene and change of a variant, else its place: `PIK3CA p.H1047R`, `chr3:179234297:A>G`."""
    if row["gene"] and row["change"]:
        return f"{row['gene']} {row['change']}"
    return f"{row['chrom']}:{row['pos']}:{row['ref']}>{row['alt']}"


def _variant(row: Mapping[str, Any]) -> Observation:
    there = row["filter"] == PASS
    key = f"{row['library_id']}:{row['chrom']}:{row['pos']}:{row['ref']}>{row['alt']}"
    common: dict[str, Any] = {
        "analyte": VAF,
        "target": name_of(row),
        "lod": row["lod"],
        "unit": SHARE,
        "count": float(row["alt_molecules"] or 0),
        "denominator": float(row["molecules"] or 0),
        "source_table": "variants",
        "source_id": key,
    }
    if there:
        return Observation(
            status=MEASURED,
            value=row["vaf"],
            ci_low=row["vaf_low"],
            ci_high=row["vaf_high"],
            ci_method="clopper_pearson",
            **common,
        )
    if row["lod"] is None:
        few = f"{number(common['denominator'])} molecules there are too few to detect anything"
        return Observation(status=INADEQUATE, reason=few, **common)
    return Observation(status=NOT_DETECTED, **common)


def _nothing(library: str, coverage: Rows) -> Observation:
    """That no variant of the tumour was found on the panel at all."""
    bases = sum(row["end"] - row["start"] for row in coverage)
    total = sum(row["mean"] * (row["end"] - row["start"]) for row in coverage)
    mean = total / bases if bases else 0.0
    if mean == 0:
        reason = f"{library}: no molecule lies on the panel"
        return Observation(VAF, INADEQUATE, unit=SHARE, denominator=0.0, reason=reason)
    words = f"{library}: no variant of the tumour on {number(float(bases))} bases, under "
    words += f"{number(round(mean, 1))} molecules in the mean"
    return Observation(
        VAF, NOT_DETECTED, unit=SHARE, reason=words, source_table="coverage", source_id=library
    )


def _tumour_fraction(row: Mapping[str, Any]) -> Observation:
    """What the test for known mutations says of a library."""
    if row["status"] == FAILED:
        return failed(TUMOUR_FRACTION, f"{row['library_id']}: {row['reason']}")
    detected, inadequate = row["status"] == MEASURED, row["status"] == INADEQUATE
    told = detected or inadequate
    return Observation(
        analyte=TUMOUR_FRACTION,
        status=row["status"],
        value=row["tumour_fraction"] if told else None,
        ci_low=row["low"] if told else None,
        ci_high=row["high"] if told else None,
        lod=row["lod95"],
        unit=SHARE,
        ci_method="profile_likelihood" if told else None,
        count=float(row["alt_molecules"] or 0),
        denominator=float(row["molecules"] or 0),
        reason=row["reason"],
        source_table="mrd",
        source_id=row["library_id"],
    )
