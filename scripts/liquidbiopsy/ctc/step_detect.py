"""Step `detect` of one specimen: its images in; events, frame quality and pictures out."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy.core.names import shown_names
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.paths import expand_path
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import QUALITY
from liquidbiopsy.ctc.detect import Detected, detect_image
from liquidbiopsy.ctc.features import STANDARD
from liquidbiopsy.ctc.tables import CROPS, IMAGES, OBJECTS, channel_columns
from liquidbiopsy.imaging.copies import copies

Paths = Mapping[str, str]


def detect_specimen(
    items: Sequence[Mapping[str, Any]],
    platforms: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
    code: str,
    outputs: Paths,
    threads: int,
) -> None:
    """Find the events of all images of a specimen.

    Parameters
    ----------
    items : list of dict
        Its rows of ctc.tsv.
    platforms : dict
        Name -> settings of the platforms.
    settings : dict
        The sections `detection`, `quality` and `gallery`.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `objects`, `images`, `frames` and `crops`.
    threads : int
        Frames that are worked on at a time.
    """
    masks = Path(outputs["objects"]).parent / "masks" if settings["detection"]["masks"] else None
    if masks is not None:
        shutil.rmtree(masks, ignore_errors=True)
    names = shown_names([item["image"] for item in items])
    of_item = [expand_path(item["image"]) for item in items]
    shown = shown_names([f for files in of_item for f in files])
    sums = checksums({name: file for file, name in shown.items()})
    roles = [item["role"] or "" for item in items]
    same = copies(roles, [[sums[shown[f]] for f in files] for files in of_item])
    found = [
        detect_image(
            item,
            platforms[item["platform"]],
            settings,
            names[item["image"]],
            threads=threads,
            masks=masks,
            copy_of=names[items[same[n]]["image"]] if n in same else "",
        )
        for n, item in enumerate(items)
    ]
    used = {name: platforms[name] for name in {item["platform"] for item in items}}
    made = Provenance(code, {"platforms": used, **settings}, sums)
    channels = list(dict.fromkeys([*STANDARD, *(c for f in found for c in f.channels)]))
    objects = OBJECTS.with_columns(channel_columns(channels))
    write_table(_objects(found, objects.schema), outputs["objects"], objects, made)
    images = table_of([f.row for f in found], IMAGES)
    write_table(images, outputs["images"], IMAGES, made)
    specimen = items[0]["specimen_id"]
    quality = [
        {"item": _frame_item(f, row, len(found) > 1), **row, "specimen_id": specimen}
        for f in found
        for row in f.quality
    ]
    write_table(table_of(quality, QUALITY), outputs["frames"], QUALITY, made)
    crops = [row for f in found for row in _crop_rows(f, settings["gallery"]["most"])]
    write_table(table_of(crops, CROPS), outputs["crops"], CROPS, made)


def _frame_item(image: Detected, row: Mapping[str, Any], several: bool) -> str:
    """How the quality table names a frame: by its number, and its image where there are several."""
    number = str(row.get("frame", ""))
    return f"{image.row['image']}:{number}" if several else number


def _objects(found: Sequence[Detected], schema: pa.Schema) -> pa.Table:
    """The events of all images in one table; a channel that an image lacks is null there."""
    parts = []
    for image in found:
        n = len(image.columns.get("x_um", ()))
        arrays = []
        for f in schema:
            if f.name in ("specimen_id", "image", "role"):
                values = pa.array([image.row[f.name]] * n, f.type)
            elif f.name in image.columns:
                column = image.columns[f.name]
                nan = np.isnan(column) if column.dtype.kind == "f" else None
                values = pa.array(column, f.type, mask=nan)
            else:
                values = pa.nulls(n, f.type)
            arrays.append(values)
        parts.append(pa.table(arrays, schema=schema))
    return pa.concat_tables(parts)


def _crop_rows(image: Detected, most: int) -> list[dict[str, Any]]:
    """Rows of the crops table: one a picture and channel."""
    best = sorted(image.crops, key=lambda c: (c["rank"], c["place"]), reverse=True)[:most]
    return [
        {
            "specimen_id": image.row["specimen_id"],
            "cell_id": crop["cell_id"],
            "channel": channel,
            "place": place,
            "height": picture.shape[0],
            "width": picture.shape[1],
            "pixel_size_um": image.row["pixel_size_um"],
            "pixels": picture.astype("<u2").tobytes(),
        }
        for crop in best
        for place, (channel, picture) in enumerate(crop["pictures"].items())
    ]
