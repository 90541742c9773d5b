"""Speed of counting reads in bins and measuring fragments on one core, beside a pysam loop.

`python -m benchmarks.ctdna_counting --output FOLDER` writes counting.md and counting.json. Seconds
are of the processor. The plain loop does the same work, duplicates by their flags, and must give
the same numbers; the bare one counts reads in bins and nothing else. `--grow` counts longer and
longer files, each in a process of its own, with its memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pysam

from benchmarks.ctdna_speed import decode, peak_mb, timed
from benchmarks.low_pass_reads import write_low_pass
from liquidbiopsy.copynumber.bins import grid
from liquidbiopsy.copynumber.counting import Counted, count_reads
from liquidbiopsy.copynumber.own_contigs import BUILDS

REPEATS, PAIRS, FEW = 3, 1_000_000, 2_000
GROWTH = (500_000, 2_000_000, 5_000_000)  # pairs
BIN, WINDOW = 500_000, 100_000
BINS = grid({str(k + 1): size for k, size in enumerate(BUILDS["GRCh38"][:22])}, BIN)
SETTINGS: dict[str, Any] = {
    "min_mapq": 20, "duplicates": "auto",
    "fragments": {
        "min_mapq": 30, "max_length": 1000, "short": [100, 150], "long": [151, 220],
        "window_bp": WINDOW,
    },
}  # fmt: skip


def ours(path: Path) -> Counted:
    """Bins, duplicates and fragments in one pass."""
    return count_reads(str(path), path.name, BINS, None, SETTINGS)


def plain(path: Path) -> tuple[Counter[Any], ...]:
    """The same by a loop over pysam: reads by bin, lengths, motifs, windows."""
    counts, lengths, motifs, windows = Counter(), Counter(), Counter(), Counter()
    with pysam.AlignmentFile(str(path), check_sq=False) as bam:
        for read in bam:
            if read.is_unmapped or read.is_secondary or read.is_supplementary:
                continue
            if read.is_duplicate or read.is_qcfail or read.mapping_quality < 20:
                continue
            start, tid = read.reference_start, read.reference_id
            counts[tid, start // BIN] += 1
            if not read.is_proper_pair or read.mapping_quality < 30:
                continue
            size = abs(read.template_length)
            if size <= 1000:
                bases = read.get_forward_sequence()[:4]
                clipped = read.cigartuples[-1 if read.is_reverse else 0][0] in (4, 5)
                if not clipped and "N" not in bases:
                    motifs[bases] += 1
            if read.is_read1 and size <= 1000:
                lengths[size] += 1
                low = read.reference_end - size if read.is_reverse else start
                if 100 <= size <= 220:
                    windows[tid, (2 * low + size) // 2 // WINDOW, size > 150] += 1
    return counts, lengths, motifs, windows


def bare(path: Path) -> Counter[Any]:
    """Reads by bin alone, by a loop over pysam."""
    counts: Counter[Any] = Counter()
    with pysam.AlignmentFile(str(path), check_sq=False) as bam:
        for read in bam:
            if not read.flag & 0xF04 and read.mapping_quality >= 20:
                counts[read.reference_id, read.reference_start // BIN] += 1
    return counts


def check(found: Counted, told: tuple[Counter[Any], ...]) -> None:
    """Stop where the two do not say the same."""
    counts, lengths, motifs, windows = told
    fragments = found.fragments
    assert fragments is not None
    where = {(int(c), int(s) // BIN): n for c, s, n in zip(
        found.bins.contig, found.bins.start, found.count, strict=True)}  # fmt: skip
    same = {key: n for key, n in where.items() if n} == dict(counts)
    same &= {k: n for k, n in enumerate(fragments.lengths) if n} == dict(lengths)
    same &= sorted(fragments.motifs[fragments.motifs > 0]) == sorted(motifs.values())
    long = sum(n for (*_, is_long), n in windows.items() if is_long)
    same &= (fragments.long.sum(), fragments.short.sum() + long) == (long, windows.total())
    if not same:
        raise RuntimeError("the plain loop gives other numbers")


def side_by_side(folder: Path, pairs: int) -> dict[str, Any]:
    """Rates of each on the same reads, in turn and repeated."""
    flagged, bare_ends = folder / "flagged.bam", folder / "ends.bam"
    reads = write_low_pass(flagged, pairs, flagged=True)
    write_low_pass(bare_ends, pairs, flagged=False)
    works = {
        "bins and fragments": lambda: ours(flagged),
        "the same, duplicates by their ends": lambda: ours(bare_ends),
        "decoding alone": lambda: decode(flagged),
        "plain pysam loop, the same work": lambda: plain(flagged),
        "bare pysam loop, bins alone": lambda: bare(flagged),
    }
    times: dict[str, list[float]] = defaultdict(list)
    found: dict[str, Any] = {}
    for _ in range(REPEATS):
        for name, work in works.items():
            found[name], seconds = timed(work)
            times[name].append(seconds)
    names = list(works)
    check(found[names[0]], found[names[3]])
    size = flagged.stat().st_size / reads
    return {"reads": reads, "bytes": size, "seconds": dict(times)}


def series(folder: Path) -> list[dict[str, float]]:
    """Longer and longer files without flags, each counted in a process of its own."""
    rows = []
    for pairs in GROWTH:
        path = folder / "series.bam"
        reads = write_low_pass(path, pairs, flagged=False)
        command = [sys.executable, "-m", "benchmarks.ctdna_counting", "--one", str(path)]
        done = subprocess.run(command, check=True, capture_output=True)
        rows.append({"reads": reads, **json.loads(done.stdout)})
        path.unlink()
    return rows


def told(result: dict[str, Any]) -> str:
    """The results as Markdown."""
    reads, times = result["reads"], result["seconds"]
    own = next(iter(times.values()))
    lines = [
        f"{reads:,} reads of 100 bases at low coverage, {result['bytes']:.0f} bytes each on disk; "
        "one core, seconds of the processor, medians (ranges) of 3",
        "",
        "| what | reads/s | times as long as ours |",
        "|---|---|---|",
    ]
    for name, seconds in times.items():
        ratio = [s / o for s, o in zip(seconds, own, strict=True)]
        lines.append(
            f"| {name} | {reads / np.median(seconds):,.0f} | {np.median(ratio):.2f} "
            f"({min(ratio):.2f}-{max(ratio):.2f}) |"
        )
    if "growth" in result:
        lines += ["", "| reads, duplicates by their ends | reads/s | memory, MB |", "|---|---|---|"]
        for row in result["growth"]:
            rate = row["reads"] / row["seconds"]
            lines.append(f"| {row['reads']:,} | {rate:,.0f} | {row['mb']:,.0f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--grow", action="store_true", help="1 to 10 million reads")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_low_pass(folder / "few.bam", FEW, flagged=False)
        ours(folder / "few.bam")  # compiles
        if arguments.one:
            _, seconds = timed(lambda: ours(arguments.one))
            print(json.dumps({"seconds": seconds, "mb": peak_mb()}))
            return
        if not arguments.output:
            parser.error("--output is needed")
        arguments.output.mkdir(parents=True, exist_ok=True)
        result = side_by_side(folder, arguments.pairs)
        if arguments.grow:
            result["growth"] = series(folder)
    text = told(result)
    (arguments.output / "counting.md").write_text(text, encoding="utf-8")
    (arguments.output / "counting.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
