"""Counting: variants and known mutations become a specimen's observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.observations import Observation, failed
from liquidbiopsy.core.tables import FAILED, INADEQUATE, MEASURED, NOT_DETECTED
from liquidbiopsy.core.words import number
from liquidbiopsy.ctdna.tables import CHIP, GERMLINE, NORMAL, PASS, PLASMA, UNKNOWN, WGS

VAF, MRD, TUMOUR_FRACTION = "variant_allele_fraction", "mrd_tumour_fraction", "tumour_fraction"
SHARE = "1"
WEAK = frozenset({"molecules", "q", "p", "normal"})
"""Reasons against a variant at a hotspot that leave it not detected, and not in doubt."""

Row = Mapping[str, Any]
Rows = Sequence[Row]


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
    normals = _normals(libraries, coverage)
    for row in plasma:
        mine = [_of_library(table, row) for table in (variants, mrd, coverage)]
        found += _of_genome(row) if row["library"] == WGS else _of_panel(row, normals, *mine)
    return found


@dataclass(frozen=True)
class Normals:
    """The matched normals of a specimen."""

    sound: tuple[str, ...]
    lost: str | None
    """Why one could not be read, where none could."""


def _normals(libraries: Rows, coverage: Rows) -> Normals:
    """Matched normals that can be told from, and why others cannot."""
    sound, lost = [], []
    unread = {row["library_id"]: row["reason"] for row in coverage if row["reason"]}
    for row in libraries:
        if row["role"] == NORMAL and row["library"] != WGS:
            name = row["library_id"]
            reason = row["reason"] if row["status"] == FAILED else unread.get(name)
            if row["status"] == FAILED or reason:
                lost.append(f"matched normal {name} could not be read: {reason}")
            else:
                sound.append(name)
    return Normals(tuple(sound), lost[0] if lost and not sound else None)


def _of_library(table: Rows, library: Row) -> Rows:
    return [r for r in table if r["library_id"] == library["library_id"]]


def _of_genome(library: Row) -> list[Observation]:
    """Statements of one plasma library of the whole genome."""
    why = library["reason"] if library["status"] == FAILED else None
    reason = why or "whole genomes are not read by this version"
    return [failed(TUMOUR_FRACTION, f"{library['library_id']}: {reason}")]


def _of_panel(
    library: Row, normals: Normals, variants: Rows, mrd: Rows, coverage: Rows
) -> list[Observation]:
    """Statements of one plasma library of a panel."""
    name = library["library_id"]
    if library["status"] == FAILED:
        tested = [MRD] if library["mutations"] else []
        return [failed(analyte, f"{name}: {library['reason']}") for analyte in (VAF, *tested)]
    tests = [_tumour_fraction(row) for row in mrd if row["chrom"] is None]
    unread = [row["reason"] for row in coverage if row["reason"]]
    if unread:
        return [failed(VAF, f"{name}: {unread[0]}"), *tests]
    called = [r for r in variants if r["filter"] == PASS and r["origin"] not in (GERMLINE, CHIP)]
    found = [_variant(row, normals) for row in called]
    if coverage and not called:
        found.append(_nothing(name, variants, normals, coverage))
    found += [_hotspot(row, variants) for row in variants if row["filter"] == NOT_DETECTED]
    return [*found, *tests]


def name_of(row: Row) -> str:
    """Gene and change of a variant, else its place: `PIK3CA p.H1047R`, `chr3:179234297:A>G`."""
    if row["gene"] and row["change"]:
        return f"{row['gene']} {row['change']}"
    return f"{row['chrom']}:{row['pos']}:{row['ref']}>{row['alt']}"


def _common(row: Row) -> dict[str, Any]:
    return {
        "analyte": VAF,
        "target": name_of(row),
        "lod": row["lod"],
        "unit": SHARE,
        "count": float(row["alt_molecules"] or 0),
        "denominator": float(row["molecules"] or 0),
        "source_table": "variants",
        "source_id": f"{row['library_id']}:{row['chrom']}:{row['pos']}:{row['ref']}>{row['alt']}",
    }


def _variant(row: Row, normals: Normals) -> Observation:
    """A variant of the tumour, or of origin unknown."""
    return Observation(
        status=MEASURED,
        value=row["vaf"],
        ci_low=row["vaf_low"],
        ci_high=row["vaf_high"],
        ci_method="clopper_pearson",
        reason=_of_origin(row, normals),
        **_common(row),
    )


def _of_origin(row: Row, normals: Normals) -> str | None:
    """Why the origin of a variant is unknown, or a normal that is missing for it."""
    if row["origin"] != UNKNOWN:
        return normals.lost
    why = "no matched normal"
    if row["normal_molecules"] is not None:
        why = f"{number(float(row['normal_molecules']))} molecules of the matched normal there are"
        why += " too few to tell"
    elif normals.lost:
        why = normals.lost
    elif normals.sound:
        why = f"matched normal {normals.sound[0]} is not of the same reference"
    return f"origin unknown: {why}"


def _hotspot(row: Row, variants: Rows) -> Observation:
    """A hotspot without a variant that passes; what was seen there is said."""
    seen = [r for r in variants if r["hotspot"] == row["hotspot"] and _filtered(r)]
    common = _common(row)
    told = [
        f"{name_of(r)} on {r['alt_molecules']} of {number(float(r['molecules']))} molecules, "
        f"origin {r['origin']}, but filtered: {r['filter']}"
        for r in seen
    ]
    if row["lod"] is None:
        few = f"{number(common['denominator'])} molecules there are too few to detect anything"
        return Observation(status=INADEQUATE, reason="; ".join([few, *told]), **common)
    doubtful = any(set(r["filter"].split(";")) - WEAK for r in seen)
    status = INADEQUATE if doubtful else NOT_DETECTED
    return Observation(status=status, reason="; ".join(told) or None, **common)


def _filtered(row: Row) -> bool:
    """Whether a row is a variant that changes the protein and did not pass."""
    if row["filter"] in (PASS, NOT_DETECTED) or not row["alt_molecules"]:
        return False
    return not (row["change"] or "").endswith("=")


def _nothing(library: str, variants: Rows, normals: Normals, coverage: Rows) -> Observation:
    """That no variant that passes was found on the panel at all, but for the blood's own."""
    bases = sum(row["end"] - row["start"] for row in coverage)
    total = sum(row["mean"] * (row["end"] - row["start"]) for row in coverage)
    mean = total / bases if bases else 0.0
    if mean == 0:
        reason = f"{library}: no molecule lies on the panel"
        return Observation(VAF, INADEQUATE, unit=SHARE, denominator=0.0, reason=reason)
    words = [
        f"{library}: no variant passes as the tumour's or of unknown origin, on "
        f"{number(float(bases))} bases under {number(round(mean, 1))} molecules in the mean"
    ]
    for origin, what in ((GERMLINE, "germline"), (CHIP, "clonal haematopoiesis")):
        of = [r for r in variants if r["origin"] == origin and r["filter"] in (PASS, "normal")]
        if of:
            words.append(f"{len(of)} taken for {what}")
    if normals.lost or not normals.sound:
        words.append(normals.lost or "no matched normal")
    return Observation(
        VAF, NOT_DETECTED, unit=SHARE, reason="; ".join(words), source_table="coverage",
        source_id=library,
    )  # fmt: skip


def _tumour_fraction(row: Row) -> Observation:
    """What the test for known mutations says of a library."""
    if row["status"] == FAILED:
        return failed(MRD, f"{row['library_id']}: {row['reason']}")
    detected, inadequate = row["status"] == MEASURED, row["status"] == INADEQUATE
    told = detected or inadequate
    return Observation(
        analyte=MRD,
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
