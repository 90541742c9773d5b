"""Small patients for the tests of decisions."""

from dataclasses import replace
from typing import Any

from liquidbiopsy.core.observations import Observation, count_over_volume, failed
from liquidbiopsy.core.rules import read_rules
from liquidbiopsy.report.decisions import decide

RULES = {rule.body["id"]: rule for rule in read_rules(["shipped"])}
UNKNOWN = {"er": "unknown", "pr": "unknown", "her2": "unknown", "clinical_risk": "unknown"}
Made = tuple[dict[str, Any], list[Observation]]


def tube(
    count: int, day: int = 0, visit: str | None = "baseline", ml: float | None = 7.5, **more: Any
) -> Made:
    """Give a tube of blood with its count of CTC."""
    return _made("ctc", day, visit, ml, [count_over_volume("ctc_count", count, ml, **more)])


def broken(day: int = 0, visit: str = "baseline", ml: float | None = 7.5) -> Made:
    """Give a tube of blood that could not be read."""
    return _made("ctc", day, visit, ml, [failed("ctc_count", "slide.tif is not there")])


def stained(count: int, her2: int | None, day: int = 0, visit: str = "baseline") -> Made:
    """Give a tube of blood whose CTC were stained for HER2."""
    specimen, said = tube(count, day, visit)
    status = "inadequate" if her2 is None else "measured"
    value = None if her2 is None else float(her2)
    why = "no tumour cell to grade" if her2 is None else None
    said.append(Observation("ctc_her2_status", status, "detect", value, reason=why))
    return specimen, said


def marrow(count: int, day: int = 0, visit: str = "diagnosis", status: str = "measured") -> Made:
    """Give a marrow with its count of DTC over two million cells."""
    counted = count_over_volume("dtc_count", count, 2e6, status=status, reason="thin")
    low, high = (counted.ci_low or 0) / 2, (counted.ci_high or 0) / 2
    said = replace(counted, value=count / 2, unit="10*-6", ci_low=low, ci_high=high)
    return _made("dtc", day, visit, None, [said])


def plasma(status: str, day: int = 30, visit: str = "postop", name: str = "") -> Made:
    """Give plasma with its test for known mutations."""
    value = 0.001 if status == "measured" else None
    said = Observation("mrd_tumour_fraction", status, value=value, lod=0.0002, reason="few")
    return _made("ctdna", day, visit, 4.0, [said], name)


def copies(analyte: str, copies: float, call: str, amplified: int = 0, day: int = 0) -> Made:
    """Give the copies of ERBB2 in plasma or in single cells."""
    said = Observation(
        analyte, "measured", "ERBB2", copies, copies - 1, copies + 1, count=float(amplified),
        reason=call,
    )  # fmt: skip
    return _made(analyte[:4], day, "baseline", None, [said])


def _made(
    assay: str,
    day: int,
    visit: str | None,
    ml: float | None,
    said: list[Observation],
    name: str = "",
) -> Made:
    row = {"patient_id": "P1", "specimen_id": name or f"{assay}_{visit}_{day}", "assay": assay}
    return {**row, "visit": visit, "day": day, "volume_ml": ml, "note": None}, said


def decided(
    rule: str, *made: Made, events: tuple[tuple[int, str], ...] = (), **patient: Any
) -> dict[str, Any]:
    """Apply one shipped rule to a patient of some specimens."""
    row = {"patient_id": "P1", "setting": "unknown", "grade": None, **UNKNOWN, **patient}
    listed = [{"patient_id": "P1", "day": d, "kind": kind, "label": None} for d, kind in events]
    observations = [said.row(specimen) for specimen, of in made for said in of]
    specimens = [specimen for specimen, _ in made]
    (found,) = decide(row, specimens, listed, observations, [RULES[rule]])
    return found
