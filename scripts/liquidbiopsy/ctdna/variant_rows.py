"""Rows of the tables of variants and coverage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from liquidbiopsy.core.intervals import clopper_pearson
from liquidbiopsy.core.tables import NOT_DETECTED
from liquidbiopsy.ctdna.call import Evidence, limit_of_detection
from liquidbiopsy.ctdna.consensus_reads import DUPLEX, SINGLE
from liquidbiopsy.ctdna.contexts import BASES, spelled
from liquidbiopsy.ctdna.filters import origin_of, reasons
from liquidbiopsy.ctdna.known import Key, is_known
from liquidbiopsy.ctdna.library_variants import Called, in_normal
from liquidbiopsy.ctdna.pileup import Pile
from liquidbiopsy.ctdna.pileup_reads import FORWARD, REVERSE
from liquidbiopsy.ctdna.tables import PASS, UNKNOWN
from liquidbiopsy.reads.hotspots import Codon, agrees, lies_in, protein_change

NO_ALLELE = "."
REGIONAL_INSERTION = 3  # bases of the insertion that the limit of an insertion hotspot is found for

Row = dict[str, Any]


def on_the_panel(
    codons: Sequence[Codon], pile: Pile, tell: Callable[[str], None]
) -> list[tuple[Codon, str]]:
    """Hotspots wholly within the regions, with their bases; what is of another build is told."""
    found = []
    for codon in codons:
        first = pile.site(codon.chrom, codon.start)
        last = pile.site(codon.chrom, codon.end - 1)
        if first is None or last is None or last - first != codon.end - 1 - codon.start:
            continue
        bases = spelled(pile.reference[first : last + 1])
        if "N" in bases or agrees(codon, bases):
            found.append((codon, bases))
        else:
            tell(f"hotspot {codon.name} is passed by: the reference has {bases} there")
    return found


def variant_rows(
    found: Called,
    library: Mapping[str, Any],
    hotspots: Sequence[tuple[Codon, str]],
    known: frozenset[Key],
    normal: Called | None,
    settings: Mapping[str, Any],
) -> list[Row]:
    """Rows of a library's variants, and of its hotspots without one.

    Parameters
    ----------
    found : Called
    library : dict
        With `specimen_id` and `library_id`.
    hotspots : list of (Codon, str)
        As `on_the_panel` gives them.
    known : frozenset
        Known mutations.
    normal : Called or None
        The matched normal over the same regions.
    settings : dict
        The section `variants`.
    """
    own = {"specimen_id": library["specimen_id"], "library_id": library["library_id"]}
    there = found.alleles_at()
    rows, taken = [], set()
    for evidence in found.evaluated.evidence:
        of = in_normal(normal, evidence.key) if normal else None
        marked, name = _annotated(evidence, hotspots, found.pile)
        is_of_tumour = is_known(evidence.key, known)
        row = {
            **own,
            **_numbers(evidence, found, settings),
            **marked,
            "filter": reasons(evidence, there[evidence.chrom, evidence.pos], of, settings),
            "origin": origin_of(evidence, of, is_of_tumour, name is not None, settings),
            "normal_vaf": of.vaf if of else None,
            "normal_molecules": of.spanning if of else None,
            "known": is_of_tumour,
        }
        rows.append(row)
        if row["filter"] == PASS and name is not None and not marked["change"].endswith("="):
            taken.add(name)
    for codon, bases in hotspots:
        if codon.name not in taken:
            rows.append({**own, **_not_detected(codon, bases, found, settings)})
    return rows


def _numbers(evidence: Evidence, found: Called, settings: Mapping[str, Any]) -> Row:
    """A variant's place and counts."""
    having, spanning = evidence.having, evidence.spanning
    count, total = int(having.sum()), int(spanning.sum())
    low, high = clopper_pearson(count, total) if total else (None, None)
    lod = limit_of_detection(
        spanning, evidence.a, evidence.b, evidence.shared, evidence.threshold,
        settings["min_molecules"],
    )  # fmt: skip
    return {
        "chrom": evidence.chrom,
        "pos": evidence.pos + 1,
        "ref": evidence.ref,
        "alt": evidence.alt,
        "vaf": count / total if total else None,
        "vaf_low": low,
        "vaf_high": high,
        "lod": lod,
        "alt_molecules": count,
        "molecules": total,
        "alt_duplex": int(having[DUPLEX].sum()),
        "duplex": int(spanning[DUPLEX].sum()),
        "alt_families": count - int(having[SINGLE].sum()),
        "alt_forward": int(having[:, FORWARD].sum()),
        "alt_reverse": int(having[:, REVERSE].sum()),
        "error_rate": evidence.error_rate,
        "p_value": evidence.p,
        "p_limit": evidence.limit,
        "q_value": evidence.q,
    }


def _annotated(
    evidence: Evidence, hotspots: Sequence[tuple[Codon, str]], pile: Pile
) -> tuple[Row, str | None]:
    """Gene, change and hotspot of a variant; a single codon goes before several in a row."""
    chrom, pos, ref, alt = evidence.key
    site = pile.site(chrom, pos)
    region = pile.region_of(site) if site is not None else None
    hit = [(c, b) for c, b in hotspots if lies_in(c, chrom, pos, ref, alt)]
    if not hit:
        name = (region.name if region else "") or None
        return {"gene": name, "change": None, "hotspot": None}, None
    codon, bases = min(hit, key=lambda h: h[0].end - h[0].start)
    change = protein_change(codon, bases, pos, ref, alt)
    return {"gene": codon.gene, "change": change, "hotspot": codon.name}, codon.name


def _not_detected(codon: Codon, bases: str, found: Called, settings: Mapping[str, Any]) -> Row:
    """A hotspot without a variant: REF are its bases, ALT is `.`.

    Molecules and limit are those of the worst of its bases: of the nine substitutions, or of the
    insertion or deletion that mostly happens there.
    """
    pile = found.pile
    first = pile.site(codon.chrom, codon.start)
    assert first is not None
    sites = np.arange(first, first + codon.end - codon.start)
    depth = pile.depth[sites].sum(axis=(1, 2, 3))
    worst = int(sites[depth.argmin()])
    threshold = settings["prior_weight"] * found.evaluated.threshold
    shared = found.model.shared(codon.kind != "substitution")
    limits = [
        limit_of_detection(
            pile.depth[site].astype(np.int64), a, b, shared, threshold, settings["min_molecules"]
        )
        for site, a, b in _alternatives(codon, sites, found)
    ]  # fmt: skip
    some = bool(limits) and None not in limits and depth.min() >= settings["min_depth"]
    residue = codon.residue
    return {
        "chrom": codon.chrom,
        "pos": codon.start + 1,
        "ref": bases,
        "alt": NO_ALLELE,
        "filter": NOT_DETECTED,
        "lod": max(limit for limit in limits if limit is not None) if some else None,
        "alt_molecules": 0,
        "molecules": int(depth.min()),
        "alt_duplex": 0,
        "duplex": int(pile.depth[worst, DUPLEX].sum()),
        "origin": UNKNOWN,
        "gene": codon.gene,
        "change": f"p.{residue}",
        "hotspot": codon.name,
        "known": False,
    }


def _alternatives(codon: Codon, sites: Any, found: Called) -> Iterator[tuple[int, Any, Any]]:
    """Sites and error rates of what may be found at a hotspot."""
    pile, model = found.pile, found.model
    for site in sites.tolist():
        if codon.kind == "substitution":
            others = [b for b in range(len(BASES)) if b != pile.reference[site]]
            keys = np.array([site * 4 + b for b in others], np.int64)
            if pile.trinucleotide[site] >= 0:
                for a, b in zip(*model.substitutions(pile, keys), strict=True):
                    yield site, a, b
        else:
            inserted = REGIONAL_INSERTION if codon.kind == "insertion" else 1
            yield site, *model.gap(inserted, 0, int(pile.tract[site]))


def coverage_rows(pile: Pile, library: Mapping[str, Any]) -> Iterator[Row]:
    """Rows of how deep each region is."""
    for k, region in enumerate(pile.regions):
        own = slice(int(pile.first[k]), int(pile.first[k + 1]))
        depth = pile.depth[own].sum(axis=(1, 2, 3))
        yield {
            "specimen_id": library["specimen_id"],
            "library_id": library["library_id"],
            "chrom": region.chrom,
            "start": region.start,
            "end": region.end,
            "name": region.name or None,
            "mean": float(depth.mean()),
            "least": int(depth.min()),
            "duplex_mean": float(pile.depth[own, DUPLEX].sum(axis=(1, 2)).mean()),
        }
