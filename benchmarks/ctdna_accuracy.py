"""Simulated plasma through the whole assay: what is found, what is made up, how right bases are.

Libraries by `liquidbiopsy.simulate` on a panel of the real 10 Mb reference (of a generated genome
where `LIQUIDBIOPSY_SHARED_DATA` has none), with damage, PCR and barcode errors, index hops, unequal
strands; ends of fragments are blunt (overhang_bp 0, the simulator's default). The steps are the
package's own, with the default settings. 10 ng are 1,650 molecules: at 0.1 % some variants are not
in the tube, and the ceiling says how many could be seen.

`python -m benchmarks.ctdna_accuracy --output FOLDER` writes accuracy.md and accuracy.json, and
keeps consensus reads of each library in FOLDER/work: a run with `--only 2` makes the second one
alone, and a later run takes what is there and calls it. From two libraries on they are called once
more with the leukocytes of the other patients as a panel of normals.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import linregress, t

from benchmarks.ctdna_errors import depth_at, error_rates, grouping, piled
from benchmarks.ctdna_libraries import (
    LEVELS,
    REAL,
    Bench,
    Plan,
    Specimen,
    run_specimen,
    timed,
    variants_of,
)
from benchmarks.ctdna_tables import told
from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.ctdna.known import Key, is_known, known_keys, parts_of
from liquidbiopsy.ctdna.mutations import Mutation
from liquidbiopsy.ctdna.tables import PASS, TUMOUR, UNKNOWN
from liquidbiopsy.reads.reference import open_reference
from liquidbiopsy.simulate.plasma_parameters import Variant

LABELS = {"germline_het": "germline", "chip": "chip"}
NEAR_BP = 15


def keys_of(bench: Bench, variants: Iterable[Variant]) -> list[Key]:
    """Alleles as the step of variants writes them."""
    with open_reference(str(bench.fasta)) as reference:
        return [
            next(iter(known_keys([Mutation(v.chrom, v.pos, v.ref, v.alt)], reference)))
            for v in variants
        ]


def kind_of(ref: str, alt: str) -> str:
    """SNV, MNV or indel."""
    return "indel" if len(ref) != len(alt) else "SNV" if len(ref) == 1 else "MNV"


def key_of(call: Mapping[str, Any]) -> Key:
    """Allele of a row of the variants."""
    return call["chrom"], int(call["pos"]) - 1, call["ref"], call["alt"]


def passes(call: Mapping[str, Any]) -> bool:
    """Whether a row says that the tumour has the variant."""
    return call["filter"] == PASS and call["origin"] in (TUMOUR, UNKNOWN)


def truth_rows(
    truth: Sequence[Mapping[str, Any]], keys: Sequence[Key], calls: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Each variant that is there, with its row of the calls; an MNV may be found in its parts."""
    by_key = {key_of(call): call for call in calls}
    rows = []
    for true, key in zip(truth, keys, strict=True):
        whole = by_key.get(key)
        parts = [by_key.get(part) for part in sorted(parts_of([key]) - {key})]
        in_parts = bool(parts) and all(part is not None and passes(part) for part in parts)
        best = whole or (parts[0] if in_parts else None) or {}
        rows.append(
            {
                **{n: true[n] for n in ("chrom", "pos", "ref", "alt", "kind", "vaf")},
                **{n: int(true[n]) for n in ("mutant_molecules", "mutant_duplex", "molecules")},
                "type": kind_of(true["ref"], true["alt"]),
                "found": bool(whole and passes(whole)) or in_parts, "in_parts": in_parts,
                "filter": best.get("filter"), "origin": best.get("origin"),
                "called_vaf": best.get("vaf"), "alt_molecules": best.get("alt_molecules"),
                "molecules_seen": best.get("molecules"), "p_value": best.get("p_value"),
            }
        )  # fmt: skip
    return rows


def false_rows(
    calls: Sequence[Mapping[str, Any]], own: Mapping[Key, str], stranger: Sequence[Key]
) -> list[dict[str, Any]]:
    """Calls of a tumour variant that is not there, and what they come from.

    A part of a true MNV, or a run of true variants, is none.
    """
    tumour = parts_of([key for key, kind in own.items() if kind == "tumour"])
    others = {key: LABELS[kind] for key, kind in own.items() if kind != "tumour"}
    rows = []
    for call in calls:
        key = key_of(call)
        if not passes(call) or is_known(key, tumour):
            continue
        near = any(c == key[0] and abs(p - key[1]) <= NEAR_BP for c, p, _, _ in own)
        why = others.get(key) or ("hop" if key in stranger else "near" if near else "error")
        names = ("chrom", "pos", "ref", "alt", "vaf", "alt_molecules", "molecules", "alt_duplex")
        rows.append({"why": why, **{n: call[n] for n in names}, "p_value": call["p_value"]})
    return rows


def calls_of(variants: pd.DataFrame, library: str) -> list[dict[str, Any]]:
    """Rows of a library."""
    named = variants[variants["library_id"] == library]
    rows: list[dict[str, Any]] = named.astype(object).where(named.notna(), None).to_dict("records")
    return rows


def figures(bench: Bench, one: Specimen) -> dict[str, Any]:
    """All that one library shows."""
    own, library = one.plasma.parameters.variants, one.plasma.parameters.library_id
    keys, strange = keys_of(bench, own), keys_of(bench, one.stranger)
    calls = calls_of(one.variants, library)
    kinds = dict(zip(keys, [v.kind for v in own], strict=True))
    consensus = one.files["bams"][0]
    with timed("errors", one.seconds):
        called = piled(bench, consensus)
        rates = error_rates(bench, one.reads, consensus, called, (*own, *one.stranger))
    truth = truth_rows(one.plasma.variants.to_dict("records"), keys, calls)
    for row, depth in zip(truth, depth_at(called, own), strict=True):
        row["depth"] = depth
    return {
        "library": library, "files": one.files,
        "pairs": one.plasma.read_pairs, "normal_pairs": one.normal.read_pairs,
        "truth": truth, "false": false_rows(calls, kinds, strange),
        "filtered": dict(Counter(str(c["filter"]) for c in calls if c["filter"] != PASS)),
        **rates, "seconds": one.seconds,
    }  # fmt: skip


def called_again(
    bench: Bench, number: int, library: Mapping[str, Any], folder: Path, others: Sequence[str] = ()
) -> dict[str, Any]:
    """A library that was kept, called as the program is now; `others` are a panel of normals."""
    folder.mkdir(exist_ok=True)
    made = bench.variants(library["files"], folder, others)
    calls = calls_of(read_table(made["variants"]).to_pandas(), library["library"])
    own, stranger = variants_of(bench, number)
    keys = keys_of(bench, own)
    truth = truth_rows(library["truth"], keys, calls)
    for row, before in zip(truth, library["truth"], strict=True):
        row["depth"] = before["depth"]
    kinds = dict(zip(keys, [v.kind for v in own], strict=True))
    false = false_rows(calls, kinds, keys_of(bench, stranger))
    return {**library, "truth": truth, "false": false}


def with_normals(bench: Bench, found: Mapping[int, Any], work: Path) -> list[dict[str, Any]]:
    """Each library called again, the leukocytes of the other patients being a panel of normals."""
    libraries = []
    for number, library in found.items():
        others = [one["files"]["bams"][1] for k, one in found.items() if k != number]
        again = called_again(bench, number, library, work / f"normals{number}", others)
        libraries.append({name: again[name] for name in ("truth", "false", "bases")})
    return libraries


def slope(x: Sequence[float], y: Sequence[float]) -> dict[str, Any] | None:
    """Least-squares line of y on x, with the 95 % interval of its slope."""
    if len(x) < 3 or len(set(x)) < 2:
        return None
    line = linregress(x, y)
    half = float(t.ppf(0.975, len(x) - 2)) * line.stderr
    return {
        "n": len(x), "slope": float(line.slope),
        "interval": [float(line.slope - half), float(line.slope + half)],
        "intercept": float(line.intercept), "r2": float(line.rvalue**2),
    }  # fmt: skip


def true_share(row: Mapping[str, Any]) -> float:
    """Mutant share of the molecules that were sequenced."""
    return row["mutant_molecules"] / max(row["molecules"], 1)


def vaf_lines(truth: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Called VAF on what was asked, and on the mutant share of the molecules that were sequenced.

    Of rare variants those are called that chance has made more frequent, which bends the lines on
    what was asked: the two upper levels are shown alone, too.
    """
    found = [r for r in truth if r["kind"] == "tumour" and r["found"]]
    often = [r for r in found if r["vaf"] >= LEVELS[-2]]
    lines = {}
    for name, rows in (("all called", found), (f"asked {LEVELS[-2]:.1%} and more", often)):
        called = [r["called_vaf"] for r in rows]
        lines[f"{name}, on asked"] = slope([r["vaf"] for r in rows], called)
        lines[f"{name}, on true share"] = slope([true_share(r) for r in rows], called)
    ratios = {}
    for vaf in LEVELS:
        rows = [r for r in found if r["vaf"] == vaf and r["mutant_molecules"]]
        if rows:
            called = float(np.mean([r["called_vaf"] for r in rows]))
            true = float(np.mean([true_share(r) for r in rows]))
            ratios[str(vaf)] = {"n": len(rows), "asked": called / vaf, "true": called / true}
    return {"lines": lines, "ratios": ratios}


def library_of(bench: Bench, number: int, folder: Path) -> dict[str, Any]:
    """Figures of a library, from its consensus reads where it was made before."""
    kept, place = folder / f"patient{number}.json", folder / f"patient{number}"
    if kept.exists():
        before = json.loads(kept.read_text(encoding="utf-8"))
        return called_again(bench, number, before, place)
    place.mkdir(exist_ok=True)
    one = run_specimen(bench, number, place)
    made = figures(bench, one)
    kept.write_text(json.dumps(made), encoding="utf-8")
    for reads in (one.reads, *map(str, place.glob("*.fastq.gz"))):
        Path(reads).unlink()
    return made


def measure(
    plan: Plan, fasta: Path | None, numbers: Sequence[int], threads: int, work: Path
) -> Iterator[dict[str, Any]]:
    """Figures of the libraries, as they come; the last time with the grouping."""
    start = perf_counter()
    seconds: dict[str, float] = {}
    with timed("index", seconds):
        bench = Bench(plan, work, fasta, threads)
    result: dict[str, Any] = {
        "plan": asdict(plan), "reference": fasta.name if fasta else "a generated genome",
        "goals": {"points": 5, "false_per_mb": 1, "duplex": 1e-6}, "libraries": [],
    }  # fmt: skip
    found: dict[int, Any] = {}
    for number in numbers:
        found[number] = library_of(bench, number, work)
        result["libraries"] = list(found.values())
        result["vaf"] = vaf_lines([row for one in found.values() for row in one["truth"]])
        yield result
    if len(found) > 1:
        with timed("variants with normals", seconds):
            result["normals"] = with_normals(bench, found, work)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        result["grouping"] = grouping(bench, Path(folder), seconds)
    result["seconds"] = {**seconds, "all": perf_counter() - start}
    yield result


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--reference", type=Path, help="FASTA; without it the shared data's")
    parser.add_argument("--regions", type=int, default=Plan.regions, help="of 200 bp")
    parser.add_argument("--raw-depth", type=float, default=Plan.raw_depth)
    parser.add_argument("--ng", type=float, default=Plan.ng)
    parser.add_argument("--libraries", type=int, default=1)
    parser.add_argument("--only", type=int, help="number of the one library to make in this run")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args()
    work = a.output / "work"
    work.mkdir(parents=True, exist_ok=True)
    plan = Plan(regions=a.regions, raw_depth=a.raw_depth, ng=a.ng, seed=a.seed)
    fasta = a.reference or (REAL if REAL.exists() else None)
    if a.only is not None:
        library_of(Bench(plan, work, fasta, a.threads), a.only, work)
        return
    text = ""
    for result in measure(plan, fasta, range(1, a.libraries + 1), a.threads, work):
        text = told(result)
        (a.output / "accuracy.md").write_text(text, encoding="utf-8")
        (a.output / "accuracy.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
