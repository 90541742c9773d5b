"""Calling on simulated counts: what is found, and what errors make up, over many megabases.

Counts of molecules are drawn with rates of errors as the simulated reads of `ctdna_accuracy` have
them: those of single-strand families are of damage, on one strand each. Kinds differ beyond that by
a factor, and sites by another, the same in all classes of molecules. The model that calls expects
sites that differ (a squared coefficient of variation of 1 where it cannot be told from the data);
here they are alike, differ so much, or more. Panels have 40,000 bases, and no panel of normals.

`python -m benchmarks.ctdna_counts --megabases 10 --output FOLDER` writes counts.md and counts.json.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.ctdna_tables import rate, share, table
from liquidbiopsy.core.settings import read_yaml, with_defaults
from liquidbiopsy.ctdna import contexts
from liquidbiopsy.ctdna.consensus_reads import CLASSES, DUPLEX, FAMILY
from liquidbiopsy.ctdna.filters import reasons
from liquidbiopsy.ctdna.library_variants import call_library
from liquidbiopsy.ctdna.pileup import Pile
from liquidbiopsy.ctdna.tables import PASS
from liquidbiopsy.reads.panel import Region

ROOT = Path(__file__).resolve().parents[1]
SITES = 40_000
DEPTH = (23, 20, 330, 965)
"""Molecules at a base, by class."""
RATES = (4e-5, 2e-6, 2e-7, 1.3e-7)
"""Errors of a base to each other one, by class; `DAMAGE` of C to T and of G to T in families."""
DAMAGE = 9e-6
NEAR_END, NEAR_SHARE = 5.0, 0.03  # how much more errors there, and share of the bases
KINDS = 2.0  # gamma shape of the factor of a kind
UNEVEN = {"alike": 0.0, "as expected": 1.0, "more": 3.2}
"""Squared coefficient of variation of the rates of sites of one kind."""
LEVELS = (0.001, 0.0025, 0.005, 0.01)
VARIANTS = 10  # of each level in a panel
FOUND_IN = 1.0  # megabases with variants

Reals = npt.NDArray[np.float64]


def rates_of_kinds() -> Reals:
    """Error rates of the 256 changes by class, by the strand that a molecule was read from."""
    number = np.arange(contexts.CHANGES)
    middle, read = number >> 4 & 3, number & 3
    rates = np.tile(RATES, (number.size, 1))
    rates[np.isin(middle, (1, 2)) & (read == 3), FAMILY] = DAMAGE
    rates *= np.random.default_rng(7).gamma(KINDS, 1 / KINDS, (number.size, 1))
    rates[:, DUPLEX] = (rates[:, DUPLEX] + rates[contexts.complement(number), DUPLEX]) / 2
    return rates


def factor_of(rng: np.random.Generator, uneven: float, log_normal: bool) -> Reals:
    """Factor of each site, of mean 1."""
    if not uneven:
        return np.ones(SITES)
    if log_normal:
        sigma = np.sqrt(np.log1p(uneven))
        return np.exp(rng.normal(-(sigma**2) / 2, sigma, SITES))
    return rng.gamma(1 / uneven, uneven, SITES)


def drawn(seed: int, uneven: float, variants: Mapping[int, float]) -> Pile:
    """A panel's counts; `variants` are shares of molecules by site, of one other base each."""
    rng, kinds = np.random.default_rng(seed), rates_of_kinds()
    codes = rng.integers(0, 4, SITES).astype(np.uint8)
    context = contexts.trinucleotides(codes)
    split = np.array([(1 - NEAR_SHARE) / 2, NEAR_SHARE / 2])
    mean = np.array(DEPTH)[:, None, None] * split
    depth = rng.poisson(np.broadcast_to(mean, (SITES, 4, 2, 2))).astype(np.int32)
    found = []
    for step in (1, 2, 3):
        other = ((codes + step) % 4).astype(np.uint8)
        change = np.maximum(contexts.change_of(context, other), 0)
        by_strand = np.stack([kinds[change], kinds[contexts.complement(change)]], axis=2)
        by_strand *= factor_of(rng, uneven, uneven > 1)[:, None, None]
        near = np.array([1, NEAR_END])
        seen = np.minimum(rng.poisson(depth * by_strand[..., None] * near), depth)
        if step == 1:
            for site, vaf in variants.items():
                seen[site] = np.minimum(seen[site] + rng.binomial(depth[site], vaf), depth[site])
        seen[context < 0] = 0
        at = np.flatnonzero(seen.sum(axis=(1, 2, 3)))
        found.append((at, other[at], seen[at].astype(np.int32)))
    site, base, count = (np.concatenate(v) for v in zip(*found, strict=True))
    order = np.lexsort((base, site))
    return Pile(
        (Region("chr1", 0, SITES, ""),), np.array([0, SITES]), codes, context,
        contexts.tracts(codes), depth, np.full(SITES, 60.0), site[order], base[order],
        count[order], np.full(site.size, 60.0), (),
    )  # fmt: skip


def passing(pile: Pile, settings: Mapping[str, Any]) -> dict[int, Any]:
    """Evidence of what passes, by site."""
    found = call_library(pile, (), frozenset(), None, settings).evaluated.evidence
    return {e.pos: e for e in found if reasons(e, 1, None, settings) == PASS}


def false_calls(name: str, megabases: float, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Calls where there is no variant at all; `max_q` is off, as it is where there are many."""
    settings = {**settings, "max_q": 1.0}
    panels, patterns = round(megabases * 1e6 / SITES), Counter[str]()
    for number in range(panels):
        for evidence in passing(drawn(170_000 + number, UNEVEN[name], {}), settings).values():
            seen = evidence.having.sum(axis=(1, 2)).tolist()
            patterns[" + ".join(f"{n} {c}" for n, c in zip(seen, CLASSES, strict=True) if n)] += 1
    return {"sites": name, "bases": panels * SITES, "false": patterns}


def sensitivity(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Variants that pass, and those on two molecules or more, by share."""
    rng, levels = np.random.default_rng(5), np.repeat(LEVELS, VARIANTS)
    counts = {vaf: [0, 0, 0] for vaf in LEVELS}
    for number in range(round(FOUND_IN * 1e6 / SITES)):
        where = rng.choice(np.arange(1, SITES - 1), levels.size, replace=False).tolist()
        variants = dict(zip(where, levels.tolist(), strict=True))
        pile = drawn(180_000 + number, UNEVEN[name], variants)
        found = passing(pile, settings)
        for site, vaf in variants.items():
            having = pile.count(site, int(pile.reference[site] + 1) % 4).sum()
            counts[vaf][0] += 1
            counts[vaf][1] += int(having >= settings["min_molecules"])
            counts[vaf][2] += int(site in found)
    return {"sites": name, "counts": {str(vaf): numbers for vaf, numbers in counts.items()}}


def told(false: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> str:
    """Both tables."""
    heads = ["sites", "bases", "false calls", "in a megabase (95 %)", "what they are"]
    lines = [
        [
            row["sites"], f"{row['bases']:,}", sum(row["false"].values()),
            rate(sum(row["false"].values()), row["bases"], 1e6, ".2f"),
            ", ".join(f"{n} of {what}" for what, n in Counter(row["false"]).most_common()),
        ]
        for row in false
    ]  # fmt: skip
    parts = [table(heads, lines)]
    heads = ["sites", "share", "variants", "found, %", "on two molecules or more, %"]
    lines = [
        [row["sites"], f"{float(vaf):.2%}", n, share(got, n), share(two, n)]
        for row in found
        for vaf, (n, two, got) in row["counts"].items()
    ]
    return "\n\n".join([*parts, table(heads, lines)]) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--megabases", type=float, default=10)
    parser.add_argument("--sites", nargs="*", choices=tuple(UNEVEN), default=tuple(UNEVEN))
    a = parser.parse_args()
    a.output.mkdir(parents=True, exist_ok=True)
    schema = read_yaml(ROOT / "workflow/assays/ctdna/config.schema.yaml")
    settings = with_defaults({}, schema)["variants"]
    false, found, start = [], [], process_time()
    for name in a.sites:
        found.append(sensitivity(name, settings))
        false.append(false_calls(name, a.megabases, settings))
        text = told(false, found)
        (a.output / "counts.md").write_text(text, encoding="utf-8")
        result = {"false": false, "found": found, "seconds": process_time() - start}
        (a.output / "counts.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
