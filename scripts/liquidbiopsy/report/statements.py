"""An observation in words: `5 in 7.5 ml (95 % CI 1.6–11.7)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.tables import FAILED, INADEQUATE, NOT_DETECTED
from liquidbiopsy.core.words import number, plain

UNITS = {"1": "", "%": "%", "um": "µm", "um2": "µm²", "[px]": "px", "{counts}": "counts"}
UNITS |= {"10*-6": "per million", "deg": "°", "mm2": "mm²"}


@dataclass(frozen=True)
class Statement:
    """One observation and how it reads."""

    row: Mapping[str, Any]
    """Its row of report.parquet."""
    title: str
    """What was looked for."""
    assay_title: str
    result: str
    """Value with what it stands over: `5 in 7.5 ml`."""
    interval: str
    """`1.6–11.7`, or blank."""
    in_volume: bool = False
    """Whether it stands over the volume of its specimen."""

    @property
    def usable(self) -> bool:
        """Whether a reader may take the result as one."""
        return self.row["status"] not in (INADEQUATE, FAILED)

    @property
    def sentence(self) -> str:
        """The result with its interval, and with what keeps it from being one."""
        level = f"95 % CI {self.interval}" if self.interval else ""
        if self.row["status"] == FAILED or not self.result:
            return plain(self.row["status"])
        if self.row["status"] == INADEQUATE:
            return f"Inadequate (counted {self.result})"
        return f"{self.result} ({level})" if level else self.result


def state(row: Mapping[str, Any], volume_ml: float | None, assay: Mapping[str, Any]) -> Statement:
    """Put an observation into words.

    Parameters
    ----------
    row : mapping
        A row of observations.
    volume_ml : float or None
        Volume of its specimen, so that a count over it can be told from a count over cells.
    assay : mapping
        What its assay declares: `title`, and `timeline` with the titles of its analytes.
    """
    titles = {line["analyte"]: line["title"] for line in assay["timeline"]}
    interval = ""
    if row["ci_low"] is not None and row["ci_high"] is not None:
        interval = f"{number(row['ci_low'])}–{number(row['ci_high'])}"
    return Statement(
        row=row,
        title=titles.get(row["analyte"], plain(row["analyte"])),
        assay_title=assay["title"],
        result=_result(row, volume_ml),
        interval=interval,
        in_volume=_in_volume(row, volume_ml),
    )


def unit_words(unit: str | None) -> str:
    """A UCUM unit for people; annotations such as `{cells}` go without saying."""
    if not unit or (unit.startswith("{") and unit not in UNITS):
        return ""
    return UNITS.get(unit, unit)


def _result(row: Mapping[str, Any], volume_ml: float | None) -> str:
    if row["status"] == NOT_DETECTED:
        lod = row["lod"]
        limit = with_unit(lod, row["unit"])
        return "Not detected" + (f" (limit of detection {limit})" if lod is not None else "")
    if row["value"] is None:
        return ""
    result, under = with_unit(row["value"], row["unit"]), row["denominator"]
    if under is None or (_is_concentration(row) and row["count"] is None):
        return result
    if _in_volume(row, volume_ml):
        return f"{result} in {number(under)} ml"
    scaled = row["count"] != row["value"] or bool(unit_words(row["unit"]))
    if row["count"] is not None and scaled:
        return f"{result} ({number(row['count'])} of {number(under)})"
    return f"{result} of {number(under)}"


def _in_volume(row: Mapping[str, Any], volume_ml: float | None) -> bool:
    stands = volume_ml is not None and row["denominator"] == volume_ml
    return stands and not _is_concentration(row)


def _is_concentration(row: Mapping[str, Any]) -> bool:
    """Whether the value is given for one unit of volume, and not for all of the specimen's."""
    return "/" in (row["unit"] or "")


def with_unit(value: float | None, unit: str | None) -> str:
    """A value with its unit for people."""
    return f"{number(value)} {unit_words(unit)}".rstrip()
