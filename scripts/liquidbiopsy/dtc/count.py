"""Counting: cells and slides become a specimen's observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from liquidbiopsy.core.intervals import exact_poisson
from liquidbiopsy.core.observations import Observation, failed
from liquidbiopsy.core.tables import FAILED, INADEQUATE, MEASURED
from liquidbiopsy.core.words import number
from liquidbiopsy.dtc.tables import (
    ARTEFACT,
    CALLS,
    ISOTYPE,
    PER_MILLION,
    PROBABLE,
    STAINED,
    TUMOUR_CELL,
    UNCERTAIN,
)

MILLION = 1e6
STAINED_CELLS = tuple(c for c in CALLS if c not in (ARTEFACT, UNCERTAIN))
"""Calls that make an isotype control not clear. Borgen 1999 asks for no stained cell, of whichever
class: a haematopoietic cell that takes the stain shows that the stain alone is no evidence. What
is no cell, or cannot be told to be one, does not; nor does what is fainter than a reader sees."""

Slides = Sequence[Mapping[str, Any]]
"""Rows of the slides table."""


@dataclass(frozen=True)
class Isotype:
    """What the isotype control says."""

    clear: bool | None
    """Whether it has no stained cell; None where there is no control that can tell."""
    words: str
    cells: int = 0
    mnc: float = 0.0


def observe(cells: pa.Table, slides: Slides, settings: Mapping[str, Any]) -> list[Observation]:
    """What a specimen's slides say.

    Parameters
    ----------
    cells : Table
        The cells table.
    slides : list of dict
        Rows of the slides table.
    settings : dict
        `min_mnc`, the evaluated cells that make a specimen adequate, and the section `isotype`.
    """
    controls = [s for s in slides if s["role"] == ISOTYPE]
    stained = [s for s in slides if s["role"] == STAINED]
    isotype = judge_isotype(cells, controls, settings["isotype"])
    found = _of_controls(controls, isotype)
    if not stained:
        alone = "has only an isotype control: its stained slide is missing from dtc.tsv"
        return [*found, *(failed(a, alone) for a in _ANALYTES)]
    status, reason = adequacy(stained)
    if status == FAILED:
        return [*found, *(failed(a, reason or "") for a in _ANALYTES)]
    scored = [s for s in stained if s["scored"]]
    mnc = mnc_evaluated(scored or stained)
    total = (mnc.count or 0.0) if scored else 0.0
    if scored and total < settings["min_mnc"]:
        least = number(float(settings["min_mnc"]))
        short = f"{number(total)} mononuclear cells evaluated, fewer than {least}"
        status, reason = INADEQUATE, "; ".join(filter(None, [reason, short]))
    mnc = replace(mnc, status=status, reason=reason)
    mine = cells.filter(pc.and_(pc.equal(cells["role"], STAINED), cells["evaluated"]))
    sure = _of_calls(mine, (TUMOUR_CELL,))
    probable = _of_calls(mine, (PROBABLE,))
    counted = sure + probable if isotype.clear else sure
    left_out = _left_out(probable, isotype)
    return [
        *found,
        mnc,
        _per_million("dtc_count", counted, total, status, reason, left_out),
        _per_million("dtc_probable_count", probable, total, status, reason, _told(isotype)),
    ]


_ANALYTES = ("dtc_count", "dtc_probable_count", "mnc_evaluated")


def judge_isotype(cells: pa.Table, controls: Slides, settings: Mapping[str, Any]) -> Isotype:
    """Whether the isotype controls of a specimen clear its probable cells.

    Parameters
    ----------
    cells : Table
    controls : list of dict
        Rows of the slides table of the specimen's isotype controls.
    settings : dict
        `min_mnc`, mononuclear cells that must be evaluated on them together, and `min_od`, stain
        from which a cell counts as stained.

    References
    ----------
    Borgen E et al. Standardization of the immunocytochemical detection of cancer cells in BM and
    blood: I. Cytotherapy 1999;1:377-388.
    """
    if not controls:
        return Isotype(None, "there is no isotype control")
    mine = cells.filter(pc.and_(pc.equal(cells["role"], ISOTYPE), cells["evaluated"]))
    seen = pc.fill_null(pc.greater_equal(mine["stain_mean_od"], settings["min_od"]), False)
    n = _of_calls(mine.filter(pc.or_(seen, pc.is_valid(mine["reviewer"]))), STAINED_CELLS)
    mnc = float(sum(c["mnc"] or 0.0 for c in controls if c["scored"]))
    ground = f"{number(mnc)} mononuclear cells of the isotype control"
    if n:
        words = f"{number(n)} stained cell{'s' if n > 1 else ''} among {ground}"
        return Isotype(False, words, n, mnc)
    bad = [f"{c['slide_id']}: {c['reason']}" for c in controls if c["status"] != MEASURED]
    if bad:
        words = f"the isotype control cannot be judged ({'; '.join(bad)})"
        return Isotype(None, words, n, mnc)
    if mnc < settings["min_mnc"]:
        return Isotype(None, f"only {ground} could be evaluated", n, mnc)
    return Isotype(True, f"no stained cell among {ground}", n, mnc)


def adequacy(slides: Slides) -> tuple[str, str | None]:
    """Status of a specimen by its stained slides, and the reason where it is not `measured`."""
    bad = [f"{s['slide_id']}: {s['reason']}" for s in slides if s["status"] != MEASURED]
    if all(s["status"] == FAILED for s in slides):
        return FAILED, "; ".join(bad)
    return (INADEQUATE, "; ".join(bad)) if bad else (MEASURED, None)


def mnc_evaluated(slides: Slides, target: str | None = None) -> Observation:
    """Mononuclear cells evaluated on some slides.

    The limits of the slides add up: what makes one slide's count too high makes the others' so.
    """
    read = [s for s in slides if s["mnc"] is not None]
    total = float(sum(s["mnc"] for s in read))
    return Observation(
        analyte="mnc_evaluated",
        target=target,
        value=total,
        ci_low=float(sum(s["mnc_low"] for s in read)),
        ci_high=float(sum(s["mnc_high"] for s in read)),
        unit="{cells}",
        ci_method="repeat_tiling",
        count=total,
        source_table="quality",
    )


def _of_controls(controls: Slides, isotype: Isotype) -> list[Observation]:
    """Statements about the isotype controls themselves."""
    if not controls:
        return []
    status, reason = adequacy(controls)
    if status == FAILED:
        return [
            failed("mnc_evaluated", reason or "", ISOTYPE),
            failed("isotype_stained_count", reason or "", ISOTYPE),
        ]
    if isotype.clear is None:
        status, reason = INADEQUATE, reason or isotype.words
    low, high = exact_poisson(isotype.cells)
    mnc = replace(mnc_evaluated(controls, ISOTYPE), status=status, reason=reason)
    return [
        mnc,
        Observation(
            analyte="isotype_stained_count",
            target=ISOTYPE,
            status=status,
            value=float(isotype.cells),
            ci_low=low,
            ci_high=high,
            unit="{cells}",
            ci_method="exact_poisson",
            count=float(isotype.cells),
            denominator=isotype.mnc,
            reason=reason or isotype.words,
            source_table="cells",
        ),
    ]


def _per_million(
    analyte: str, count: int, mnc: float, status: str, reason: str | None, remark: str
) -> Observation:
    """A count over a million mononuclear cells; of zero the remark says what it excludes."""
    if mnc == 0:
        return Observation(
            analyte, INADEQUATE, unit=PER_MILLION, count=float(count), denominator=0.0,
            reason=reason or "no mononuclear cell was evaluated",
        )  # fmt: skip
    low, high = exact_poisson(count)
    scale = MILLION / mnc
    excludes = f"excludes more than {_three(high * scale)} per million (95 %)"
    return Observation(
        analyte=analyte,
        status=status,
        value=count * scale,
        ci_low=low * scale,
        ci_high=high * scale,
        unit=PER_MILLION,
        ci_method="exact_poisson",
        count=float(count),
        denominator=mnc,
        reason="; ".join(filter(None, [reason, "" if count else excludes, remark])) or None,
        source_table="cells",
    )


def _three(value: float) -> str:
    """A number to three figures; large ones whole."""
    return number(round(value)) if value >= 100 else f"{value:.3g}"


def _left_out(probable: int, isotype: Isotype) -> str:
    """What `dtc_count` says of probable cells that are not in it; blank where there are none."""
    if isotype.clear or not probable:
        return ""
    cells = "1 probable cell is" if probable == 1 else f"{probable} probable cells are"
    return f"{cells} not counted: {isotype.words}"


def _told(isotype: Isotype) -> str:
    """What `dtc_probable_count` says of itself."""
    if isotype.clear:
        return f"in dtc_count: {isotype.words}"
    return f"not in dtc_count: {isotype.words}"


def _of_calls(cells: pa.Table, calls: Sequence[str]) -> int:
    return int(pc.sum(pc.is_in(cells["call"], pa.array(calls))).as_py() or 0)
