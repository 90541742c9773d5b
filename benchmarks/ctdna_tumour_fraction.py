"""Tumour fraction of simulated mixtures: errors, detection, specificity.

Real donors' bins, each against a panel of the others, carry a real patient's copies, and those of
simulated genomes, at fractions of 0 to 50 %. `LIQUIDBIOPSY_SHARED_DATA` names the folder that has
the donors and the patient.

`python -m benchmarks.ctdna_tumour_fraction --output FOLDER` writes tumour_fraction.md and .json.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from liquidbiopsy.copynumber.bins import Profile, Values
from liquidbiopsy.copynumber.normals import Normals, read_normals
from liquidbiopsy.copynumber.profile import profile_of
from liquidbiopsy.copynumber.tracks import track_on
from liquidbiopsy.copynumber.wig import as_bins, read_wig
from liquidbiopsy.core.intervals import clopper_pearson
from liquidbiopsy.core.settings import with_defaults
from liquidbiopsy.ctdna.tumour_fraction import MEASURED, estimate
from liquidbiopsy.simulate.karyotypes import draw_clones
from liquidbiopsy.simulate.whole_genome_builds import CONTIGS
from liquidbiopsy.simulate.whole_genome_builds import Bins as Places
from liquidbiopsy.simulate.whole_genome_segments import copies_in, segments_of

ROOT = Path(__file__).resolve().parents[1]
FRACTIONS = (0.0, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5)
KINDS = ("luminal", "her2", "basal", "quiet")
SEED = 5100  # of the simulated genomes


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--donors", type=int, default=14, help="donors for each genome")
    parser.add_argument("--genomes", type=int, default=1, help="simulated genomes of each kind")
    asked = parser.parse_args()
    folder = Path(os.environ["LIQUIDBIOPSY_SHARED_DATA"]) / "tumour_fraction"
    schema = ROOT / "workflow" / "assays" / "ctdna" / "config.schema.yaml"
    own = with_defaults({}, yaml.safe_load(schema.read_text("utf-8")))["wgs"]
    panel = read_normals(str(folder / "healthy_donors_1Mb.log2.tsv"))
    rows = []
    for name, copies in _genomes(folder, panel, own, asked.genomes):
        for donor in panel.names[: asked.donors]:
            for fraction in FRACTIONS if name != "patient" else FRACTIONS[1:]:
                rows.append(_row(name, donor, fraction, panel, copies, own["copies"]))
    for donor in panel.names:
        rows.append(_row("none", donor, 0.0, panel, np.full(len(panel.bins), 2.0), own["copies"]))
    asked.output.mkdir(parents=True, exist_ok=True)
    (asked.output / "tumour_fraction.json").write_text(json.dumps(rows, indent=1))
    told = _told(rows)
    (asked.output / "tumour_fraction.md").write_text(told)
    print(told)


def _genomes(
    folder: Path, panel: Normals, own: dict[str, Any], number: int
) -> Iterator[tuple[str, Values]]:
    """Names of genomes and their copies in the panel's bins; NaN where not known."""
    yield "patient", _patient(folder, panel, own)
    bins = panel.bins
    contig = np.array([CONTIGS.index(name) for name in bins.chrom()])
    places = Places(contig, bins.start, bins.end)
    for kind in KINDS:
        for k in range(number):
            clones = draw_clones(kind, SEED + k, "GRCh37", doubled=False)
            yield f"{kind} {k + 1}", copies_in(segments_of(clones, "GRCh37", "female"), places)[0]


def _patient(folder: Path, panel: Normals, own: dict[str, Any]) -> Values:
    """The patient's copies as they are estimated, in the panel's bins."""
    bins, count = as_bins(read_wig(str(folder / "MBC_315.ctDNA.reads.wig")))
    gc = track_on(bins, read_wig(str(folder / "gc_hg19_1000kb.wig")))
    mappability = track_on(bins, read_wig(str(folder / "map_hg19_1000kb.wig")))
    profile = profile_of(bins, count, gc, mappability, "hg19", panel, own["correction"])
    average = estimate(profile, own["copies"]).genome.average
    there = dict(zip(zip(bins.chrom(), bins.start.tolist(), strict=True), average, strict=True))
    keys = zip(panel.bins.chrom(), panel.bins.start.tolist(), strict=True)
    return np.array([there.get(key, np.nan) for key in keys])


def _row(
    name: str, donor: str, fraction: float, panel: Normals, copies: Values, settings: dict[str, Any]
) -> dict[str, Any]:
    """One mixture and what is made of it."""
    others, autosomal = panel.leave_out(donor), panel.bins.autosomal
    residual = panel.log2[:, panel.names.index(donor)] - others.median
    ploidy = float(np.nanmean(copies[autosomal]))
    level = (1 - fraction) * 2 + fraction * copies
    log2 = np.log2(level / ((1 - fraction) * 2 + fraction * ploidy)) + residual
    log2 = log2 - np.nanmedian(log2[autosomal])
    used, unknown = np.isfinite(log2), np.full(len(panel.bins), np.nan)
    noise = np.full(used.size, 0.02)
    profile = Profile(panel.bins, unknown, unknown, unknown, np.exp2(log2), log2, noise, used)
    found = estimate(profile, settings)
    return {
        "genome": name, "donor": donor, "fraction": fraction, "ploidy": ploidy,
        "detected": found.status == MEASURED, "estimate": found.fraction,
        "ploidy_found": found.ploidy, "limit": found.limit,
    }  # fmt: skip


def _told(rows: list[dict[str, Any]]) -> str:
    """Tables in Markdown."""
    lines = [
        "| genome | fraction | detected (95 %) | median error, points | within 5 points "
        "| ploidy within 0.3 |",
        "|---|---|---|---|---|---|",
    ]
    groups = sorted({(r["genome"].split()[0], r["fraction"]) for r in rows})
    for kind, fraction in groups:
        own = [r for r in rows if (r["genome"].split()[0], r["fraction"]) == (kind, fraction)]
        seen = [r for r in own if r["detected"]]
        low, high = clopper_pearson(len(seen), len(own))
        words = f"{len(seen)} of {len(own)} ({100 * low:.0f}–{100 * high:.0f} %)"
        errors = np.array([100 * abs(r["estimate"] - fraction) for r in seen])
        right = sum(abs(r["ploidy_found"] - r["ploidy"]) <= 0.3 for r in seen)
        parts = (
            (f"{np.median(errors):.1f}", f"{(errors <= 5).sum()} of {len(seen)}",
             f"{right} of {len(seen)}") if seen else ("–", "–", "–")
        )  # fmt: skip
        lines.append(f"| {kind} | {100 * fraction:g} % | {words} | {' | '.join(parts)} |")
    limits = [r["limit"] for r in rows if r["genome"] == "none"]
    lines.append("")
    lines.append(f"Median limit of detection that donors are told: {100 * np.median(limits):.1f} %")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
