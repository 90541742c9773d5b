"""The golden run: one small patient with a specimen of each assay, and digests of what comes of it.

`python -m golden_run` writes the digests anew: `make golden`.
"""

import gzip
import hashlib
import io
import json
import math
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tifffile
from cells_laboratory import CellsLaboratory
from genome_laboratory import GenomeLaboratory
from laboratory import Laboratory
from marrow_laboratory import MarrowLaboratory
from PIL import Image
from plasma_laboratory import PlasmaLaboratory
from repository import ROOT

from liquidbiopsy.simulate.single_cells_parameters import LEUKOCYTE

DIGESTS = ROOT / "tests/golden/digests.tsv"
CHANGELOG = ROOT / "CHANGELOG.md"
DIGITS = 7
"""Significant digits of a number in a digest: the last bits of a sum or of an exponential are not
the same on every processor."""
NOTHING = 1e-12
"""What is nearer to zero than this is the rest of a difference, and counts as zero."""
KINDS = {"ctc1": (0,), "ctc2": (0,), "ctc3": (1,), "ctc4": (1,), "wbc1": (LEUKOCYTE,)}
INPUTS = (".tif", ".fastq.gz", ".wig", ".fa", ".bed", "mutations.tsv")
RENEW = "if that is meant: `make golden`, and say why in CHANGELOG.md"


def laboratory(folder: Path) -> Laboratory:
    """Simulate the data, and join sheets and settings of the four assays."""
    ctc, dtc = Laboratory(folder), MarrowLaboratory(folder)
    ctc.slide("blood", columns=1, rows=2, ctc=3)
    ctc.add("G_blood", "images/blood/images", "folder")
    dtc.marrow("marrow.tif", width_px=600, height_px=600, nuclei=300, stained=6)
    dtc.add_slide("G_marrow", "slide", "marrow.tif")
    dtc.settings["assays"]["dtc"]["quality"]["min_mnc"] = 100
    panel, genome = PlasmaLaboratory(folder), GenomeLaboratory(folder, donors=2)
    panel.plasma("panel", input_ng=0.8, read_pairs=2500)
    panel.add_library("G_plasma", "panel", role="plasma", mutations="reads/mutations.tsv")
    genome.add_genome("G_plasma", "genome", wig=genome.genome("genome", 0.3, seed=1))
    cells = CellsLaboratory(folder)
    cells.add_cells("G_cells", KINDS)
    parts = (ctc, dtc, panel, genome, cells)
    joined = Laboratory(folder)
    joined.settings["references"] = panel.settings["references"]
    joined.sheets = {name: columns for part in parts for name, columns in part.sheets.items()}
    joined.sheets["ctdna"] = panel.sheets["ctdna"]  # the genomes' has less columns
    joined.rows = {name: [] for name in joined.sheets}
    for part in parts:
        for name, rows in part.rows.items():
            joined.rows[name] += [row for row in rows if row not in joined.rows[name]]
        for assay, settings in part.settings["assays"].items():
            joined.settings["assays"].setdefault(assay, {}).update(settings)
    _once(joined.rows, "patients", "patient_id")
    _once(joined.rows, "specimens", "specimen_id")
    return joined


def _once(rows: dict[str, list[dict[str, Any]]], sheet: str, key: str) -> None:
    rows[sheet] = list({row[key]: row for row in rows[sheet]}.values())


def digests(folder: Path) -> dict[str, str]:
    """What identifies each simulated input and each table of the results, by its path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.startswith("results/"):
            if path.suffix == ".parquet":
                found[name] = table_digest(pq.ParquetFile(path).read())
        elif name.endswith(INPUTS):
            found[name] = _sha(_content(path))
    return found


def _content(path: Path) -> bytes:
    """What an input says, without how it is compressed."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix in (".tif", ".tiff"):
        with tifffile.TiffFile(path) as tif:
            return b"".join(np.ascontiguousarray(page.asarray()).tobytes() for page in tif.pages)
    return path.read_bytes()


def table_digest(table: pa.Table) -> str:
    """Checksum of a table's columns, their types and values: not of its metadata.

    Numbers count to `DIGITS` significant digits, pictures by their pixels.
    """
    digest = hashlib.sha256()
    for field in table.schema:
        digest.update(f"{field.name}\t{field.type}\t{field.nullable}\n".encode())
        for value in table[field.name].to_pylist():
            digest.update(json.dumps(_said(value)).encode())
    return digest.hexdigest()


def _said(value: Any) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return f"{value:.{DIGITS}g}" if abs(value) > NOTHING else "0"
        return str(value)
    if isinstance(value, bytes):
        if value.startswith(b"\x89PNG"):
            with Image.open(io.BytesIO(value)) as picture:
                return f"{picture.mode}{picture.size}" + _sha(picture.tobytes())
        return _sha(value)
    if isinstance(value, dict):
        return {name: _said(of) for name, of in value.items()}
    if isinstance(value, list):
        return [_said(of) for of in value]
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def written(path: Path = DIGESTS) -> dict[str, str]:
    """The digests that the repository holds."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return dict(line.split("\t") for line in lines if line and not line.startswith("#"))


def name_of(path: Path = DIGESTS) -> str:
    """Short name of a state of the digests, by which CHANGELOG.md speaks of it."""
    return _sha(path.read_bytes())[:10]


def changes(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    """What differs in words, the inputs first: what is made from them differs with them."""
    names = sorted({*before, *after}, key=lambda name: (name.startswith("results/"), name))
    for name in names:
        if before.get(name) != after.get(name):
            kind = "table" if name.startswith("results/") else "simulated input"
            how = "gone" if name not in after else "new" if name not in before else "changed"
            yield f"{kind} {how}: {name}"


def reason_of(name: str, changelog: str) -> str:
    """What the changelog says of a state of the digests; blank where it says nothing."""
    found = re.search(rf"^- Golden run `{name}`: (.+)$", changelog, re.M)
    return found[1].strip() if found else ""


def main() -> int:
    """Run, write the digests, and say what is to be written down."""
    with tempfile.TemporaryDirectory() as temporary:
        made = laboratory(Path(temporary) / "golden")
        made.finish_at_once()
        found = digests(made.folder)
    told = list(changes(written(), found))
    print("\n".join(told) or "nothing has changed")
    if told:
        head = "# Made by `make golden`: each input and table of the golden run, and its digest.\n"
        lines = [f"{name}\t{digest}\n" for name, digest in found.items()]
        DIGESTS.parent.mkdir(exist_ok=True)
        DIGESTS.write_text(head + "".join(lines), encoding="utf-8")
    if not reason_of(name_of(), CHANGELOG.read_text("utf-8")):
        print(f"write into CHANGELOG.md, with the reason:\n- Golden run `{name_of()}`: …")
    return 0


if __name__ == "__main__":
    sys.exit(main())
