"""Step `detect` of one specimen: its slides in, objects, slides, quality and pictures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liquidbiopsy.core.names import shown_names
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED, QUALITY
from liquidbiopsy.dtc.controls import with_colours_of, with_controls
from liquidbiopsy.dtc.detect import Detected, detect_slide
from liquidbiopsy.dtc.tables import CROPS, OBJECTS, SLIDES, STAINED
from liquidbiopsy.imaging.copies import copies


def detect_specimen(
    items: Sequence[Mapping[str, Any]],
    colours: Mapping[str, Any],
    settings: Mapping[str, Any],
    code: str,
    outputs: Mapping[str, str],
    threads: int,
) -> None:
    """Count the nuclei and find the stained objects on all slides of a specimen.

    Parameters
    ----------
    items : list of dict
        Its rows of dtc.tsv.
    colours : dict
        As `Choice.colours_of` gives them.
    settings : dict
        `pixel_size_um` and the sections `detection`, `quality` and `gallery`.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `objects`, `slides`, `tiles` and `crops`.
    threads : int
        Tiles that are worked on at a time.
    """
    names = shown_names([item["image"] for item in items])
    seen = with_controls(colours)
    stained = [i for i in items if (i["role"] or STAINED) == STAINED]
    controls = [i for i in items if i not in stained]
    files = {names[item["image"]]: item["image"] for item in items}
    sums = checksums(files)
    ordered = [*stained, *controls]
    roles = [i["role"] or STAINED for i in ordered]
    same = copies(roles, [[sums[names[i["image"]]]] for i in ordered])

    def detect(number: int, seen: Mapping[str, Any]) -> Detected:
        item = ordered[number]
        twin = ordered[same[number]]["slide_id"] if number in same else ""
        name = names[item["image"]]
        return detect_slide(item, seen, settings, name, threads=threads, copy_of=twin)

    found = [detect(n, seen) for n in range(len(stained))]
    settled = with_colours_of(seen, [f.row for f in found])
    found += [detect(n, settled) for n in range(len(stained), len(ordered))]
    of_controls = {
        f"control of {name}": chromogen["control"]
        for name, chromogen in colours["chromogens"].items()
        if chromogen["control"]
    }
    plain = {
        **colours,
        "chromogens": {n: {"vector": c["vector"]} for n, c in colours["chromogens"].items()},
    }
    made = Provenance(code, {"colours": plain, **settings}, sums | checksums(of_controls))
    for name, table, rows in (
        ("objects", OBJECTS, [row for f in found for row in f.objects]),
        ("slides", SLIDES, [f.row for f in found]),
        ("tiles", QUALITY, [row for f in found for row in _quality(f)]),
        ("crops", CROPS, [row for f in found for row in f.crops]),
    ):
        write_table(table_of(rows, table), outputs[name], table, made)


def _quality(found: Detected) -> list[dict[str, Any]]:
    """Quality rows of a slide, of one that could not be read too."""
    read = found.row["status"] != FAILED
    readable = {
        "item": found.row["slide_id"],
        "metric": "readable",
        "value": float(read),
        "unit": "1",
        "passed": read,
    }
    own = {"specimen_id": found.row["specimen_id"]}
    return [{**own, **row} for row in (readable, *found.quality)]
