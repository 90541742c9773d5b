"""Counting: cells become a specimen's observations and quality rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from liquidbiopsy.core.intervals import clopper_pearson
from liquidbiopsy.core.observations import Observation, count_over_volume, failed
from liquidbiopsy.core.reviews import review_quality
from liquidbiopsy.core.tables import FAILED, INADEQUATE, MEASURED
from liquidbiopsy.ctc.classify import COUNTED
from liquidbiopsy.ctc.markers import MarkerStatus, marker_status

SAMPLE = "sample"
COUNTS = {
    "ctc_count": COUNTED,
    "ctc_cluster_count": ("ctc_cluster",),
    "tdev_count": ("tdev",),
}


def observe(
    cells: pa.Table,
    images: Sequence[Mapping[str, Any]],
    specimen: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> list[Observation]:
    """What a specimen's cells say.

    Parameters
    ----------
    cells : Table
        The cells table.
    images : list of dict
        Rows of the images table.
    specimen : dict
        Its row of specimens.tsv.
    settings : dict
        `max_lost_frames`, `controls` and `markers` (as `marker_settings` gives them).
    """
    found: list[Observation] = []
    controls = sorted({i["role"] for i in images} - {SAMPLE})
    verdicts = {role: judge_control(cells, images, role, settings) for role in controls}
    for role, (count, status, reason) in verdicts.items():
        volume = None if count is None else specimen["volume_ml"]
        if count is None:
            found.append(failed("ctc_count", reason or "", role))
        else:
            found.append(
                count_over_volume(
                    "ctc_count", count, volume, status=status, reason=reason, target=role
                )
            )
    sample = [i for i in images if i["role"] == SAMPLE]
    if sample:
        bad = [f"{role}: {reason}" for role, (_, s, reason) in verdicts.items() if s != MEASURED]
        found += _observe_sample(cells, sample, specimen["volume_ml"], settings, bad)
    return found


def _observe_sample(
    cells: pa.Table,
    images: Sequence[Mapping[str, Any]],
    volume_ml: float | None,
    settings: Mapping[str, Any],
    bad_controls: list[str],
) -> list[Observation]:
    """Counts and marker status of the images of the patient's own blood."""
    status, reason = adequacy(images, settings["max_lost_frames"])
    planned = _markers_of(images, settings)
    if status == FAILED:
        graded = [f"ctc_{m}_{what}" for m in planned for what in ("positive_count", "status")]
        return [failed(analyte, reason or "") for analyte in [*COUNTS, *graded]]
    if bad_controls:
        status, reason = INADEQUATE, "; ".join(filter(None, [reason, *bad_controls]))
    mine = cells.filter(pc.equal(cells["role"], SAMPLE))
    found = [
        count_over_volume(
            analyte, _of_calls(mine, calls).num_rows, volume_ml, status=status, reason=reason
        )
        for analyte, calls in COUNTS.items()
    ]
    counted = _of_calls(mine, COUNTED)
    read = [i for i in images if i["status"] != FAILED]
    for marker in _markers_of(read, settings):
        unstained = sum(marker not in (i["markers"] or []) for i in read)
        partly = (
            f"{unstained} of {len(read)} images have no {marker} channel" if unstained else None
        )
        remark = "; ".join(filter(None, [reason, partly])) or None
        rules = settings["markers"][marker]
        result = marker_status(counted[f"{marker}_grade"].to_pylist(), rules)
        found.append(
            count_over_volume(
                f"ctc_{marker}_positive_count",
                result.positive,
                None if unstained else volume_ml,
                status=status,
                reason=remark,
            )
        )
        found.append(_status_row(marker, result, status, remark))
    return found


def _markers_of(images: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> list[str]:
    """Markers that any of the images has, and that the settings grade."""
    return sorted({m for i in images for m in i["markers"] or []} & set(settings["markers"]))


def _of_calls(cells: pa.Table, calls: Sequence[str]) -> pa.Table:
    """Cells of some calls."""
    return cells.filter(pc.is_in(cells["call"], pa.array(calls, pa.string())))


def _status_row(marker: str, result: MarkerStatus, status: str, reason: str | None) -> Observation:
    """The marker's status by its rule, beside the share of cells that it rests on."""
    analyte = f"ctc_{marker}_status"
    if result.status is None:
        return Observation(
            analyte, INADEQUATE, result.rule, reason=reason or "no tumour cell to grade"
        )
    low, high = clopper_pearson(result.positive, result.cells)
    share = f"{100 * low:.0f} to {100 * high:.0f} % of the tumour cells are positive (95 % CI)"
    return Observation(
        analyte=analyte,
        status=status,
        target=result.rule,
        value=float(result.status),
        unit="1",
        count=float(result.positive),
        denominator=float(result.cells),
        reason=reason or share,
        source_table="cells",
    )


def adequacy(images: Sequence[Mapping[str, Any]], max_lost: float) -> tuple[str, str | None]:
    """Status of a specimen by its images, and the reason where it is not `measured`."""
    broken = [i for i in images if i["status"] == FAILED]
    if len(broken) == len(images):
        return FAILED, "; ".join(i["reason"] for i in broken)
    reasons = [i["reason"] for i in broken]
    whole = [i for i in images if i["status"] != FAILED]
    frames = sum(i["frames"] for i in whole)
    lost = sum(i["frames_lost"] for i in whole)
    if lost and (lost == frames or lost / frames > max_lost):
        causes = "; ".join(i["reason"] for i in whole if i["reason"])
        bound = f", more than {100 * max_lost:g} %" if lost < frames else ""
        share = f"{lost} of {frames} frames lost{bound}"
        reasons.append(f"{share} ({causes})")
    return (INADEQUATE, "; ".join(reasons)) if reasons else (MEASURED, None)


def judge_control(
    cells: pa.Table, images: Sequence[Mapping[str, Any]], role: str, settings: Mapping[str, Any]
) -> tuple[int | None, str, str | None]:
    """Count of control cells, its status, and why it does not pass.

    Returns
    -------
    count : int or None
        None where no image could be read.
    status : str
    reason : str or None
        What was found and expected, or why it could not be judged.
    """
    mine = [i for i in images if i["role"] == role]
    status, reason = adequacy(mine, settings["max_lost_frames"])
    if status == FAILED:
        return None, FAILED, reason
    count = _of_calls(cells.filter(pc.equal(cells["role"], role)), COUNTED).num_rows
    bounds = settings["controls"].get(role.removeprefix("control_"))
    if not bounds:
        return count, status, reason
    lot = settings["controls"].get("lot")
    wanted = f"{bounds['min']} to {bounds['max']}"
    words = f"{count} control cells found where {wanted} are expected"
    words += f" of lot {lot}" if lot else ""
    in_range = bounds["min"] <= count <= bounds["max"]
    status = status if in_range else INADEQUATE
    return count, status, "; ".join(filter(None, [reason, words]))


def quality_rows(
    cells: pa.Table,
    images: Sequence[Mapping[str, Any]],
    reviews: Sequence[Mapping[str, Any]],
    specimen_id: str,
    settings: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Quality of a specimen beside that of its frames: images, controls, reviews."""
    rows: list[dict[str, Any]] = []

    def add(item: str, metric: str, value: float | None, unit: str = "1", **more: Any) -> None:
        row = {"specimen_id": specimen_id, "item": item, "metric": metric}
        rows.append({**row, "value": value, "unit": unit, **more})

    for image in images:
        name, read = image["image"], image["status"] != FAILED
        of_image = cells.filter(pc.equal(cells["image"], name))
        add(name, "readable", float(read), passed=read)
        if read:
            add(name, "frames", float(image["frames"]), "{frames}")
            allowed = settings["max_lost_frames"] * image["frames"]
            add(
                name,
                "frames_lost",
                float(image["frames_lost"]),
                "{frames}",
                limit=allowed,
                passed=image["frames_lost"] <= allowed,
            )
            for analyte, calls in (*COUNTS.items(), ("leukocyte_count", ("leukocyte",))):
                add(name, analyte, float(_of_calls(of_image, calls).num_rows), "{cells}")
        else:
            add(name, "frames", None, "{frames}")
            add(name, "frames_lost", None, "{frames}")
        if image["simulated"]:
            add(name, "simulated", 1.0)
    for role in sorted({i["role"] for i in images} - {SAMPLE}):
        count, status, _ = judge_control(cells, images, role, settings)
        passed = status == MEASURED
        add(
            role, "control_cells", None if count is None else float(count), "{cells}", passed=passed
        )
    rows += [{"specimen_id": specimen_id, **row} for row in review_quality(cells, reviews)]
    return rows
