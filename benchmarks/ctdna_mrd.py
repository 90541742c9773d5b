"""The tumour-informed test on simulated counts: specificity, limit of detection, intervals.

Only counts are simulated, no reads: molecules of three classes over mutations, mutated by a tumour
or by errors whose rates differ from site to site; the rates that the test works with are counted
anew for each sample, from as many other sites as it would look at.

`python -m benchmarks.ctdna_mrd --output FOLDER` writes mrd.md and mrd.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from scipy.optimize import brentq
from scipy.stats import poisson

from liquidbiopsy.core.intervals import clopper_pearson
from liquidbiopsy.ctdna.mrd import Evidence, Null, interval, weights_of
from liquidbiopsy.ctdna.mrd_background import from_sites
from liquidbiopsy.ctdna.mrd_sites import MAX_BASES, REACH, Sites

MAX_P, LEVEL, MAX_OUTLIER_P, MAX_VAF = 0.01, 0.95, 0.05, 0.05
NULLS, POSITIVES = 500, 200
SHARES = (0.3, 0.0, 0.5, 0.2)  # of molecules by class: single, pair, family, duplex
RATES = (1e-4, 0.0, 2e-5, 1e-6)  # errors of one kind at a base, by class
FEW = (1e-7, 0.0, 1e-7, 1e-7)
UNEVEN = 2.0  # gamma shape of the rates of sites
CHIP_VAF, GERMLINE_VAF = 0.02, 0.5
FRACTIONS = (0.0, 0.5, 1.0, 3.0, 100.0)  # of the LOD95, at which intervals are tried
ALPHAS = (0.001, 0.01, 0.05, 0.1, 0.25)


@dataclass(frozen=True)
class Panel:
    """What is simulated."""

    mutations: int
    depth: int
    rates: tuple[float, ...] = RATES
    uneven: float = UNEVEN
    outliers: tuple[float, ...] = ()
    """VAF of loci that have mutated molecules not of the tumour."""

    @property
    def name(self) -> str:
        """As the table has it."""
        words = f"{self.mutations} x {self.depth}"
        words += ", hardly an error" if self.rates == FEW else ""
        return words + (", sites very uneven" if self.uneven < 1 else "")


PANELS = [
    *(Panel(n, depth) for n in (10, 50, 200) for depth in (1000, 5000)),
    Panel(10, 3000, FEW), Panel(50, 1000, FEW), Panel(50, 1000, uneven=0.3),
]  # fmt: skip


def background(panel: Panel, rng: np.random.Generator) -> Sites:
    """Molecules by base at the sites around a panel's mutations."""
    sites = min(panel.mutations * 2 * REACH, MAX_BASES)
    bases = np.zeros((sites, 4, 4), np.int64)
    site = rng.gamma(panel.uneven, 1 / panel.uneven, sites)
    true = np.arange(sites) % 4
    for cls, (share, rate) in enumerate(zip(SHARES, panel.rates, strict=True)):
        molecules = round(panel.depth * share)
        for other in range(1, 4):
            wrong = rng.poisson(molecules * rate * site)
            bases[np.arange(sites), cls, (true + other) % 4] = wrong
        bases[np.arange(sites), cls, true] = molecules - bases[:, cls].sum(axis=1)
    none = np.zeros(4, np.int64)
    return Sites(bases, none, none)


def sample(panel: Panel, fraction: float, rng: np.random.Generator) -> Evidence:
    """One sample as the test sees it."""
    known = from_sites(background(panel, rng), MAX_VAF)
    used = [cls for cls, share in enumerate(SHARES) if share]
    locus = np.repeat(np.arange(panel.mutations), len(used))
    molecules = rng.poisson(np.tile([panel.depth * SHARES[c] for c in used], panel.mutations))
    site = rng.gamma(panel.uneven, 1 / panel.uneven, panel.mutations)[locus]
    true = np.tile([panel.rates[c] for c in used], panel.mutations) * site
    share = np.full(len(locus), fraction)
    for at, vaf in enumerate(panel.outliers):
        share[locus == at] = vaf
    mutated = rng.binomial(molecules, share + (1 - share) * true)
    classes = [known.classes[c] for c in used]
    return Evidence(
        locus=locus, molecules=molecules, mutated=mutated,
        errors=np.tile([max(c.rate, 1e-7) for c in classes], panel.mutations),
        stratum=np.tile(np.arange(len(used)), panel.mutations),
        certainty=np.array([c.errors + 0.5 for c in classes]),
        evenness=np.full(panel.mutations, classes[0].evenness),
    )  # fmt: skip


def samples(panel: Panel, fraction: float, n: int, seed: int) -> Iterator[Evidence]:
    """Independent samples, each with a background of its own."""
    for one in range(n):
        yield sample(panel, fraction, np.random.default_rng([seed, one]))


def p_values(panel: Panel, fraction: float, n: int, seed: int) -> list[float]:
    """P-value of each of many samples."""
    found = []
    for evidence in samples(panel, fraction, n, seed):
        weights = weights_of(evidence, MAX_OUTLIER_P)
        best, _, _ = interval(evidence, weights, LEVEL)
        found.append(Null(evidence, MAX_OUTLIER_P).p_value(evidence.mutated, best))
    return found


def limit(panel: Panel, seed: int) -> tuple[float, float]:
    """The limit of detection and the molecules of one sample of a panel."""
    (evidence,) = samples(panel, 0.0, 1, seed)
    return Null(evidence, MAX_OUTLIER_P).lod(MAX_P) or 1.0, float(evidence.molecules.sum())


def plain_limit(expected: float) -> float:
    """Mutated molecules of the tumour that a Poisson test of the total, rates known, would need."""
    bound = poisson.isf(MAX_P, expected)
    return float(brentq(lambda extra: poisson.sf(bound, expected + extra) - 0.95, 1e-3, 1e4))


def coverage(panel: Panel, fraction: float, n: int, seed: int) -> float:
    """Share of samples whose interval holds the true fraction."""
    inside = 0
    for evidence in samples(panel, fraction, n, seed):
        _, low, high = interval(evidence, weights_of(evidence, MAX_OUTLIER_P), LEVEL)
        inside += low <= fraction <= high
    return inside / n


def measure(panel: Panel, nulls: int, positives: int) -> dict[str, object]:
    """All figures of one panel."""
    start = perf_counter()
    null = np.array(p_values(panel, 0.0, nulls, seed=1))
    wrong = int((null <= MAX_P).sum())
    chip = replace(panel, outliers=(CHIP_VAF, GERMLINE_VAF))
    struck = int((np.array(p_values(chip, 0.0, positives, seed=2)) <= MAX_P).sum())
    lod, molecules = limit(panel, seed=3)
    expected = molecules * float(np.dot(SHARES, panel.rates))
    hits = int((np.array(p_values(panel, lod, positives, seed=4)) <= MAX_P).sum())
    return {
        "name": panel.name, "panel": asdict(panel),
        "nulls": nulls, "positives": positives, "false": wrong,
        "specificity": 1 - wrong / nulls,
        "specificity_interval": clopper_pearson(nulls - wrong, nulls),
        "null_share_at_or_under": {str(a): float((null <= a).mean()) for a in ALPHAS},
        "false_with_outliers": struck, "lod95": lod, "molecules": molecules,
        "lod95_x_molecules": lod * molecules, "expected_by_error": expected,
        "plain_lod95_x_molecules": plain_limit(expected),
        "detected_at_lod95": hits / positives,
        "detected_interval": clopper_pearson(hits, positives),
        "coverage": {str(k): coverage(panel, k * lod, positives, seed=5) for k in FRACTIONS},
        "seconds": perf_counter() - start,
    }  # fmt: skip


def table(rows: list[dict[str, object]]) -> str:
    """The figures in Markdown."""
    lines = [
        "Simulated counts. Specificity at p <= 0.01; LOD95 in fractions and in units of 1 / "
        "informative molecules; coverage of the 95 % interval at 0, 0.5, 1, 3 and 100 times LOD95.",
        "",
        "| mutations x molecules | specificity (95 % interval) | null p <= 0.001, 0.01, 0.05, 0.1, "
        "0.25 | false with a CHIP and a germline locus | errors expected | LOD95 | x molecules "
        "(Poisson test of the total, rates known) | detected there | coverage |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, high = row["specificity_interval"]  # type: ignore[misc]
        shares = row["null_share_at_or_under"].values()  # type: ignore[attr-defined]
        covered = row["coverage"].values()  # type: ignore[attr-defined]
        cells = [
            str(row["name"]),
            f"{row['specificity']:.4f} ({low:.3f}-{high:.3f})",
            ", ".join(f"{share:.3f}" for share in shares),
            f"{row['false_with_outliers']} of {row['positives']}",
            f"{row['expected_by_error']:.2f}", f"{row['lod95']:.2e}",
            f"{row['lod95_x_molecules']:.1f} ({row['plain_lod95_x_molecules']:.1f})",
            f"{row['detected_at_lod95']:.3f}",
            ", ".join(f"{share:.3f}" for share in covered),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    false = sum(int(row["false"]) for row in rows)  # type: ignore[call-overload]
    nulls = sum(int(row["nulls"]) for row in rows)  # type: ignore[call-overload]
    low, high = clopper_pearson(nulls - false, nulls)
    lines += ["", f"All: specificity {1 - false / nulls:.4f} ({low:.4f}-{high:.4f}) over {nulls}."]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--nulls", type=int, default=NULLS, help="null samples a panel")
    parser.add_argument("--positives", type=int, default=POSITIVES)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    rows = []
    for panel in PANELS:
        rows.append(measure(panel, arguments.nulls, arguments.positives))
        print(table(rows[-1:]).splitlines()[4], flush=True)
    text = table(rows)
    (arguments.output / "mrd.md").write_text(text, encoding="utf-8")
    (arguments.output / "mrd.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
