"""Memory and time of calling over panels of many megabases.

`python -m benchmarks.ctdna_panels --megabases 5 50 --output FOLDER` writes panels.md and
panels.json. A genome, a BED of regions of 250 bases and a library of molecules over all of it are
made, and called in a process of its own. `--one-region` has the BED as one region, as a whole
chromosome given by mistake; with `--normals N` the library is N times its own panel of normals.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt
import pysam

from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.core.settings import read_yaml, with_defaults
from liquidbiopsy.ctdna.step_consensus import header_bytes
from liquidbiopsy.ctdna.step_variants import variants_specimen
from liquidbiopsy.ctdna.tables import LIBRARIES, PANEL, PLASMA
from liquidbiopsy.reads.bgzf import BgzfWriter

ROOT = Path(__file__).resolve().parents[1]
REGION, BETWEEN, READ = 250, 125, 120  # bases
DEPTH, ERRORS = 10, 0.005  # molecules at a base; share of their bases that differ
BATCH = 200_000
CONTIG = "chr1"
RECORD = np.dtype(
    [
        *(("size", "<i4"), ("tid", "<i4"), ("pos", "<i4"), ("name_size", "u1"), ("mapq", "u1")),
        *(("bin", "<u2"), ("cigar_size", "<u2"), ("flag", "<u2"), ("length", "<i4")),
        *(("mate_tid", "<i4"), ("mate_pos", "<i4"), ("tlen", "<i4"), ("name", "S10")),
        *(("cigar", "<u4"), ("bases", "u1", READ // 2), ("quals", "u1", READ), ("tag", "S4")),
    ]
)


def records(genome: npt.NDArray[np.uint8], start: npt.NDArray[np.int64], first: int, seed: int):
    """Molecules as BAM records, each one read of `READ` bases with its own errors."""
    rng = np.random.default_rng(seed)
    bases = genome[start[:, None] + np.arange(READ)]
    wrong = rng.random(bases.shape, np.float32) < ERRORS
    bases[wrong] = (bases[wrong] + rng.integers(1, 4, int(wrong.sum()), np.uint8)) % 4
    made = np.zeros(start.size, RECORD)
    made["size"], made["pos"], made["name_size"], made["mapq"] = RECORD.itemsize - 4, start, 10, 60
    for shift, first in ((26, 1), (23, 9), (20, 73), (17, 585), (14, 4681)):
        within = start >> shift == start + READ - 1 >> shift
        made["bin"][within] = first + (start[within] >> shift)
    made["cigar_size"], made["flag"], made["length"] = 1, 16 * (np.arange(start.size) % 2), READ
    made["mate_tid"] = made["mate_pos"] = -1
    made["name"] = np.char.mod("m%08d", first + np.arange(start.size))
    made["cigar"], made["quals"], made["tag"] = READ << 4, 40, b"cDC\3"
    letters = (1 << bases).astype(np.uint8)
    made["bases"] = letters[:, ::2] << 4 | letters[:, 1::2]
    return made


def write_all(folder: Path, megabases: float, one_region: bool, depth: float) -> None:
    """Write the genome, the panel and the library, in a folder."""
    rng = np.random.default_rng(1)
    bases = round(megabases * 1e6)
    step = REGION if one_region else REGION + BETWEEN
    length = bases // REGION * step + 2 * READ
    genome = rng.integers(0, 4, length, np.uint8)
    with open(folder / "genome.fa", "wb") as out:
        out.write(f">{CONTIG}\n".encode() + np.frombuffer(b"ACGT", np.uint8)[genome].tobytes())
        out.write(b"\n")
    pysam.faidx(str(folder / "genome.fa"))
    starts = range(READ, READ + bases // REGION * step, step)
    regions = [(READ, READ + bases)] if one_region else [(s, s + REGION) for s in starts]
    text = "".join(f"{CONTIG}\t{a}\t{b}\tr{k}\n" for k, (a, b) in enumerate(regions))
    (folder / "panel.bed").write_text(text)
    place = np.sort(rng.integers(0, length - READ, round(length * depth / READ)))
    with BgzfWriter(str(folder / "consensus.bam")) as out:
        head = f"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:{CONTIG}\tLN:{length}\n"
        out.write(header_bytes(head, {CONTIG: length}))
        for k in range(0, place.size, BATCH):
            out.write(records(genome, place[k : k + BATCH], k, k).tobytes())
    pysam.index(str(folder / "consensus.bam"))


def call(folder: Path, normals: int) -> dict[str, Any]:
    """Call the library; seconds and megabytes of this process."""
    named = {"specimen_id": "B1", "library_id": "B1", "role": PLASMA, "library": PANEL}
    row = {**named, "panel": "big", "reference": "made", "mutations": None, "bam": "b.bam"}
    row |= {"fq1": None, "fq2": None}
    read = {**named, "status": "measured", "mutations": False, "kind": "ready"}
    table = folder / "library.parquet"
    write_table(table_of([read], LIBRARIES), str(table), LIBRARIES, Provenance("b", {}, {}))
    bam = str(folder / "consensus.bam")
    schema = read_yaml(ROOT / "workflow/assays/ctdna/config.schema.yaml")
    settings = with_defaults({"variants": {"normals": [bam] * normals}}, schema)
    names = ("variants", "background", "coverage", "quality")
    outputs = {name: str(folder / f"{name}.parquet") for name in names}
    begun = process_time()
    variants_specimen(
        [{"row": row, "consensus": bam, "library": str(table)}],
        {"big": {"bed": str(folder / "panel.bed")}},
        {"made": {"fasta": str(folder / "genome.fa"), "build": "made"}},
        settings["hotspots"], settings["variants"], "benchmark",
        {**outputs, "vcf": str(folder / "variants.vcf")},
    )  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return {"seconds": process_time() - begun, "mb": peak}


def told(rows: list[dict[str, Any]]) -> str:
    """The figures as a table in Markdown."""
    lines = ["| megabases | memory (MB) | seconds |", "|---|---|---|"]
    for row in rows:
        lines.append(f"| {row['megabases']:g} | {row['mb']:.0f} | {row['seconds']:.0f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--megabases", type=float, nargs="+", default=[5, 50])
    parser.add_argument("--depth", type=float, default=DEPTH)
    parser.add_argument("--one-region", action="store_true")
    parser.add_argument("--normals", type=int, default=0)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)  # of the child
    asked = parser.parse_args()
    if asked.folder:
        print(json.dumps(call(asked.folder, asked.normals)))
        return
    rows = []
    for megabases in asked.megabases:
        with tempfile.TemporaryDirectory() as folder:
            # both in processes of their own: memory of the one would count with the other
            making = (Path(folder), megabases, asked.one_region, asked.depth)
            maker = multiprocessing.get_context("spawn").Process(target=write_all, args=making)
            maker.start()
            maker.join()
            words = [*("--folder", folder), *("--normals", str(asked.normals))]
            command = [sys.executable, "-m", "benchmarks.ctdna_panels", "--output", "-", *words]
            found = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
            rows.append({"megabases": megabases, **json.loads(found)})
    asked.output.mkdir(parents=True, exist_ok=True)
    (asked.output / "panels.json").write_text(json.dumps(rows, indent=1) + "\n")
    (asked.output / "panels.md").write_text(told(rows))
    print(told(rows))


if __name__ == "__main__":
    main()
