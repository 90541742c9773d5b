"""Accuracy of single cells: copies, ERBB2, clones and doublets of simulated patients.

`python -m benchmarks.scdna_accuracy --patients N --seed S --output FOLDER` writes accuracy.md,
accuracy.json and cells.tsv, a row a cell. Each patient's tumour (1 to 4 clones, by turns; the kind
of tumour and doubling drawn) is picked, amplified and read by each of the four kinds of
amplification: 0.05x in bins of 500 kb, 5-10 % normal cells as controls, 3 % leukocytes taken for
tumour cells, 5 % doublets, 6 % cells in which something went wrong.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from benchmarks.ctdna_tables import share
from benchmarks.scdna_cells import (
    BUILD,
    adjusted_rand,
    joined,
    profiled,
    specimen,
    table,
    tumour_of,
)
from liquidbiopsy.copynumber.genes import call_copies
from liquidbiopsy.scdna.rows import gene_rows
from liquidbiopsy.simulate.single_cells import WGA, CellParameters
from liquidbiopsy.simulate.single_cells_parameters import clone_name, genomes_of
from liquidbiopsy.simulate.whole_genome_builds import CONTIGS, gene

GENE, AMPLIFIED = "ERBB2", "amplified"
GOALS = {"bins": 0.95, "sensitivity": 0.99, "specificity": 0.995, "ari": 0.95, "doublets": 0.8}
CELLS, DEPTH = 60, 0.05
SAME_PLOIDY = 0.5  # copies a bin, to which a ploidy is right
SURE = 0.95  # confidence from which a ploidy is called sure
TOLD = 3.0  # nats by which levels alone tell it
Rows = Sequence[dict[str, Any]]


def parameters(
    patient: int, wga: str, seed: int, cells: int = CELLS, depth: float = DEPTH
) -> CellParameters:
    """What a patient's specimen is made from."""
    _, clones, shares = tumour_of(patient, seed)
    rng = np.random.default_rng((seed, patient, 92))
    return CellParameters(
        clones, shares, cells=cells, normal=float(rng.uniform(0.05, 0.10)), mispicked=0.03,
        doublets=0.05, failed=0.06, wga=wga, depth=depth, seed=int(rng.integers(2**31)),
        run=int(rng.integers(2**31)),
    )  # fmt: skip


def true_calls(p: CellParameters) -> list[str]:
    """What the gene is called in each genome, by its true copies and ploidy."""
    own = genomes_of(p, BUILD)
    contig, at = gene(BUILD, GENE)
    here = (own.contig == CONTIGS.index(contig)) & (own.start <= at) & (own.end > at)
    copies = own.total[:, here][:, 0].astype(float)
    return [
        str(call_copies(c, c, c, float(ploidy), np.array([2.0]))[0])
        for c, ploidy in zip(copies[:, None], own.ploidy, strict=True)
    ]


def odd_of(p: CellParameters) -> np.ndarray:
    """Whether each genome has an odd number of copies anywhere on the autosomes."""
    own = genomes_of(p, BUILD)
    autosomal = np.array([CONTIGS[k] not in ("X", "Y") for k in own.contig])
    found: np.ndarray = ((own.total % 2 == 1) & autosomal).any(axis=1)
    return found


def measured(patient: int, wga: str, seed: int, cells: int = CELLS) -> list[dict[str, Any]]:
    """A row a cell of one specimen."""
    p = parameters(patient, wga, seed, cells)
    made = specimen(p)
    matrix, _, profiles = profiled(made)
    copies, used = profiles.per_bin(), matrix.used
    genes, _ = gene_rows(profiles, BUILD)
    calls = {r["cell_id"]: r["call"] for r in genes.to_pylist() if r["gene"] == GENE}
    odd = odd_of(p)
    true, groups = true_calls(p), joined(profiles) if profiles.passed.any() else None
    found = []
    for k, cell in enumerate(made.cells):
        row: dict[str, Any] = {
            "patient": patient, "wga": wga, "cell_id": cell.cell_id, "role": cell.role,
            "clones": len(p.clones), "clone": clone_name(cell, p.clones), "failed": cell.failed,
            "passed": bool(profiles.passed[k]), "doublet": cell.doublet,
            "doublet_found": bool(profiles.doublet[k]), "bins": int(used.sum()), "right": None,
            "ploidy": None if cell.doublet else float(made.ploidy[made.genome[k]]),
            "ploidy_found": float(profiles.ploidy[k]),
            "confidence": float(profiles.confidence[k]),
            "ploidy_margin": float(profiles.margin[k]),
            "odd": None if cell.doublet else bool(odd[made.genome[k]]),
            "gene": None if cell.doublet else true[made.genome[k]],
            "gene_found": calls.get(cell.cell_id),
            "clone_found": int(groups.clones.clone[k]) if groups else -1,
            "clones_found": len(groups.clones.names) if groups else 0,
        }  # fmt: skip
        if row["passed"] and not cell.doublet:
            row["right"] = int(made.right(k, copies[k])[used].sum())
        found.append(row)
    return found


def figures(rows: Rows) -> dict[str, Any]:
    """Counts of one kind of amplification, or of all."""
    single = [r for r in rows if r["passed"] and not r["doublet"]]
    good = [r for r in single if not r["failed"]]
    sure = [r for r in single if not r["doublet_found"]]
    two = [r for r in rows if r["passed"] and r["doublet"]]
    of_gene = [r for r in sure if r["gene_found"] is not None]
    yes = [r for r in of_gene if r["gene"] == AMPLIFIED]
    no = [r for r in of_gene if r["gene"] != AMPLIFIED]
    near = [r for r in single if abs(r["ploidy"] - r["ploidy_found"]) < SAME_PLOIDY]
    wrong = [r for r in single if abs(r["ploidy"] - r["ploidy_found"]) >= SAME_PLOIDY]
    aris, same = [], 0
    keys = dict.fromkeys((r["patient"], r["wga"]) for r in rows)
    for patient, wga in keys:
        own = [r for r in sure if (r["patient"], r["wga"]) == (patient, wga)]
        own = [r for r in own if r["role"] == "tumour_cell"]
        # one without a clone is in a group of its own
        of = [r["clone_found"] if r["clone_found"] >= 0 else -2 - k for k, r in enumerate(own)]
        names = sorted({r["clone"] for r in own})
        aris.append(adjusted_rand([names.index(r["clone"]) for r in own], of))
        same += len({g for g in of if g >= 0}) == len(names)

    def right(some: Rows) -> float:
        return float(np.mean([r["right"] / r["bins"] for r in some])) if some else float("nan")

    return {
        "specimens": len(keys), "cells": len(rows), "single": len(single),
        "bins": right(single), "bins_good": right(good), "bins_near": right(near),
        "ploidy": [len(near), len(single)],
        "bins_can": right([r for r in single if r["odd"] or r["ploidy"] < 2.7]),
        "told_wrong": [sum(r["ploidy_margin"] >= TOLD for r in wrong),
                       sum(r["ploidy_margin"] >= TOLD for r in single)],
        "sure_wrong": [sum(r["confidence"] >= SURE for r in wrong),
                       sum(r["confidence"] >= SURE for r in single)],
        "sensitivity": [sum(r["gene_found"] == AMPLIFIED for r in yes), len(yes)],
        "specificity": [sum(r["gene_found"] != AMPLIFIED for r in no), len(no)],
        "ari": float(np.mean(aris or [np.nan])), "ari_median": float(np.median(aris or [np.nan])),
        "ari_goal": [sum(a >= GOALS["ari"] for a in aris), len(aris)],
        "clones_right": [same, len(aris)],
        "doublets": [sum(r["doublet_found"] for r in two), len(two)],
        "false_doublets": [sum(r["doublet_found"] for r in single), len(single)],
        "poor_passed": [
            sum(r["passed"] for r in rows if r["failed"]), sum(r["failed"] != "" for r in rows)
        ],
        "good_failed": [
            sum(not r["passed"] for r in rows if not r["failed"]),
            sum(r["failed"] == "" for r in rows),
        ],
    }  # fmt: skip


def told(rows: Rows) -> str:
    """The tables."""
    kinds = [name for name in WGA if any(r["wga"] == name for r in rows)]
    own = {name: figures([r for r in rows if r["wga"] == name]) for name in kinds}
    own["all"] = figures(rows)
    patients = len({r["patient"] for r in rows})

    def line(what: str, goal: str, of: Callable[[dict[str, Any]], str]) -> list[str]:
        return [what, goal, *(of(f) for f in own.values())]

    def counted(name: str) -> Callable[[dict[str, Any]], str]:
        return lambda f: f"{share(*f[name])} of {f[name][1]:,}" if f[name][1] else "-"

    def percent(name: str) -> Callable[[dict[str, Any]], str]:
        return lambda f: f"{100 * f[name]:.1f}"

    lines = [
        line("cells (single and passed)", "", lambda f: f"{f['cells']:,} ({f['single']:,})"),
        line("bins with the right copies, %", ">= 95", percent("bins")),
        line("- of cells in which nothing went wrong", "", percent("bins_good")),
        line("- of cells whose ploidy is right", "", percent("bins_near")),
        line("- of cells that are not doubled without an odd number", "", percent("bins_can")),
        line("cells whose ploidy is right, %", "", counted("ploidy")),
        line("- wrong although the levels tell it (margin >= 3), %", "", counted("told_wrong")),
        line("- wrong with a confidence of 0.95 or more, %", "", counted("sure_wrong")),
        line(f"{GENE} amplified: sensitivity, %", ">= 99", counted("sensitivity")),
        line(f"{GENE} amplified: specificity, %", ">= 99.5", counted("specificity")),
        line("clones: adjusted Rand index, mean", ">= 0.95", lambda f: f"{f['ari']:.3f}"),
        line("- median", "", lambda f: f"{f['ari_median']:.3f}"),
        line("- specimens at 0.95 or more", "", lambda f: "{} of {}".format(*f["ari_goal"])),
        line("- with as many groups as there are", "",
             lambda f: "{} of {}".format(*f["clones_right"])),
        line("doublets caught, %", ">= 80", counted("doublets")),
        line("single cells taken for two, %", "", counted("false_doublets")),
        line("poor cells that passed", "", lambda f: "{} of {}".format(*f["poor_passed"])),
        line("good cells that failed", "", lambda f: "{} of {}".format(*f["good_failed"])),
    ]  # fmt: skip
    by_clones, by_kind = [], []
    for many in sorted({r["clones"] for r in rows}):
        f = figures([r for r in rows if r["clones"] == many])
        by_clones.append([
            many, f["specimens"], f"{100 * f['bins']:.1f}", f"{f['ari']:.3f}",
            "{} of {}".format(*f["clones_right"]), "{} of {}".format(*f["doublets"]),
        ])  # fmt: skip
    for name, low, high in (("under 2.7", 0, 2.7), ("2.7 and more", 2.7, 99)):
        part = [r for r in rows if r["ploidy"] is not None and low <= r["ploidy"] < high]
        if not part:
            continue
        f = figures(part)
        by_kind.append([name, f["single"], f"{100 * f['bins']:.1f}", counted("ploidy")(f)])
    return "\n\n".join([
        f"{patients} patients, {own['all']['specimens']} specimens, {DEPTH}x, bins of 500 kb "
        "(exact 95 % intervals)",
        table(["", "goal", *own], lines),
        table(["clones", "specimens", "bins right, %", "ARI", "groups right", "doublets"],
              by_clones),
        table(["true ploidy of the cell", "cells", "bins right, %", "ploidy right, %"], by_kind),
    ]) + "\n"  # fmt: skip


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--patients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cells", type=int, default=CELLS)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    start = process_time()
    for patient in range(options.patients):
        for wga in WGA:
            rows += measured(patient, wga, options.seed, options.cells)
    text = told(rows) + f"\nSeconds of the processor: {process_time() - start:.0f}\n"
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "accuracy.md").write_text(text, encoding="utf-8")
    kinds = {name: figures([r for r in rows if r["wga"] == name]) for name in WGA}
    result = {"seed": options.seed, "all": figures(rows), "kinds": kinds}
    (options.output / "accuracy.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    with (options.output / "cells.tsv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(text)


if __name__ == "__main__":
    main()
