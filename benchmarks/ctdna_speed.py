"""Speed of decode, grouping, simplex and duplex consensus on one core, beside what else there is.

`python -m benchmarks.ctdna_speed --output FOLDER` writes speed.md and speed.json. Seconds are of
the processor, so that other work on the machine does not count. `umi_tools group` is measured
where it is installed (`--umi-tools PATH`; it does no consensus); `--grow` goes from 1 to 10 million
reads; `--deep` to 200,000 molecules at one position.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pysam

from benchmarks.ctdna_reads import by_coordinate, write_reads
from liquidbiopsy.ctdna.consensus_stream import Tally, consensus_records
from liquidbiopsy.ctdna.group import grouped
from liquidbiopsy.ctdna.overlap import settle
from liquidbiopsy.reads.bam import BamReader
from liquidbiopsy.reads.bgzf import BgzfWriter
from liquidbiopsy.reads.chunks import chunk_of

REPEATS, PAIRS, FEW = 3, 500_000, 2_000
GROWTH = (500_000, 1_500_000, 5_000_000)  # pairs
DEEP = (50_000, 100_000, 200_000)  # molecules at one position
SETTINGS: dict[str, Any] = {
    "umi": {"strategy": "auto", "max_edits": 1},
    "align": {"min_mapq": 1},
    "consensus": {
        "pre_umi_q": 45, "post_umi_q": 40, "min_base_q": 10, "min_reads": 1, "min_strand_reads": 0,
        "max_read_error": 0.025, "max_base_error": 0.1, "min_consensus_q": 2, "max_no_calls": 0.2,
        "duplex": "auto",
    },
}  # fmt: skip


def decode(path: Path) -> int:
    """All records as arrays, and nothing else."""
    with BamReader(str(path)) as reader:
        return sum(len(chunk) for chunk in reader)


def group(path: Path) -> int:
    """Decoded and grouped; reads."""
    with BamReader(str(path)) as reader:
        return sum(int((f.templates.fate == 0).sum()) for _, f, _ in grouped(reader, SETTINGS))


def consensus(path: Path, write: bool = True) -> int:
    """Decoded, grouped, simplex and duplex; written too, with the overlap of mates settled."""
    tally = Tally()
    with BamReader(str(path)) as reader, tempfile.TemporaryDirectory() as folder:
        contigs = len(reader.header.names)
        with BgzfWriter(f"{folder}/out.bam") as out:
            for records in consensus_records(reader, SETTINGS, "x:", "x", tally):
                if write:
                    out.write(settle(chunk_of(records, contigs))[0].data)
    return int(tally.fates.sum())


def plain(path: Path) -> int:
    """A loop over pysam that loads bases and qualities and groups by position and exact UMI."""
    families: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    reads = 0
    with pysam.AlignmentFile(str(path), check_sq=False) as bam:
        for read in bam:
            reads += 1
            key = (
                read.reference_id, read.reference_start, read.next_reference_start,
                read.is_reverse, read.is_read1, read.get_tag("RX"),
            )  # fmt: skip
            families[key].append((read.query_sequence, read.query_qualities))
    return reads


def umi_tools(program: str, path: Path) -> float:
    """Seconds of the processor that `umi_tools group` takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [program, "group", "--paired", "--method=directional", "--extract-umi-method=tag",
             "--umi-tag=RX", "-I", str(path), f"--group-out={folder}/groups.tsv",
             "-L", f"{folder}/log"],
            check=True, capture_output=True,
        )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def timed(work: Callable[[], int]) -> tuple[int, float]:
    """What it gives, and the seconds of the processor that it takes."""
    start = process_time()
    found = work()
    return found, process_time() - start


def peak_mb() -> float:
    """Most memory that this process has had; of rusage it would be its parent's, too."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return int(next(x for x in lines if x.startswith("VmHWM")).split()[1]) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alone(path: Path) -> dict[str, float]:
    """Consensus in a process of its own: reads, seconds, and memory in MB; compiled before."""
    command = [sys.executable, "-m", "benchmarks.ctdna_speed", "--one", str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def side_by_side(folder: Path, pairs: int, program: str | None) -> dict[str, Any]:
    """Rates of each on the same reads, in turn and repeated."""
    reads = folder / "reads.bam"
    molecules = write_reads(reads, pairs)
    places = by_coordinate(reads)
    works: dict[str, Callable[[], int]] = {
        "decode": lambda: decode(reads),
        "decode + group": lambda: group(reads),
        "decode + group + simplex + duplex": lambda: consensus(reads, write=False),
        "the same, mates settled and written": lambda: consensus(reads),
        "plain pysam loop": lambda: plain(places),
    }
    times: dict[str, list[float]] = defaultdict(list)
    total = 0
    for _ in range(REPEATS):
        for name, work in works.items():
            total, seconds = timed(work)
            times[name].append(seconds)
        if program:
            times["umi_tools group"].append(umi_tools(program, places))
    return {"reads": total, "molecules": molecules, "seconds": dict(times)}


def series(folder: Path, sizes: tuple[int, ...], one_locus: bool) -> list[dict[str, float]]:
    """Consensus of files of several sizes, each in its own process."""
    rows = []
    for size in sizes:
        path = folder / "series.bam"
        molecules = write_reads(path, 4 * size if one_locus else size, one_locus=one_locus)
        rows.append({"molecules": molecules, **alone(path)})
        path.unlink()
    return rows


def told(result: dict[str, Any]) -> str:
    """The results as Markdown."""
    reads, times = result["reads"], result["seconds"]
    ours = times["the same, mates settled and written"]
    lines = [
        f"{reads:,} reads of 150 bases, {result['molecules']:,} molecules; one core, seconds of "
        "the processor, medians (ranges) of 3",
        "",
        "| what | reads/s | times as long as ours |",
        "|---|---|---|",
    ]
    for name, seconds in times.items():
        ratio = [s / o for s, o in zip(seconds, ours, strict=True)]
        lines.append(
            f"| {name} | {reads / np.median(seconds):,.0f} | {np.median(ratio):.2f} "
            f"({min(ratio):.2f}-{max(ratio):.2f}) |"
        )
    for name, title in (("growth", "More reads"), ("deep", "Molecules at one position")):
        if name in result:
            lines += [
                "",
                f"| {title}: reads | molecules | reads/s | memory, MB |",
                "|---|---|---|---|",
            ]
            for row in result[name]:
                rate = row["reads"] / row["seconds"]
                lines.append(
                    f"| {row['reads']:,} | {row['molecules']:,} | {rate:,.0f} | {row['mb']:,.0f} |"
                )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--umi-tools", default=shutil.which("umi_tools"))
    parser.add_argument("--grow", action="store_true", help="1 to 10 million reads")
    parser.add_argument("--deep", action="store_true", help="50,000 to 200,000 at one position")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_reads(folder / "few.bam", FEW)
        for work in (decode, group, consensus):  # compiles
            work(folder / "few.bam")
        if arguments.one:
            reads, seconds = timed(lambda: consensus(arguments.one))
            print(json.dumps({"reads": reads, "seconds": seconds, "mb": peak_mb()}))
            return
        if not arguments.output:
            parser.error("--output is needed")
        arguments.output.mkdir(parents=True, exist_ok=True)
        result = side_by_side(folder, arguments.pairs, arguments.umi_tools)
        if arguments.grow:
            result["growth"] = series(folder, GROWTH, one_locus=False)
        if arguments.deep:
            result["deep"] = series(folder, DEEP, one_locus=True)
    text = told(result)
    (arguments.output / "speed.md").write_text(text, encoding="utf-8")
    (arguments.output / "speed.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
