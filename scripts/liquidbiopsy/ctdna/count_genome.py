"""What whole genomes and fragments of a plasma library say, as observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liquidbiopsy.core.observations import Observation, failed
from liquidbiopsy.core.tables import FAILED, INADEQUATE, MEASURED

FRACTION, PLOIDY, COPIES = "tumour_fraction", "ploidy", "gene_copies"
MODE, RATIO = "fragment_mode", "fragment_short_long_ratio"
SHARE, COPY, BASE = "1", "{copies}", "{bases}"

Rows = Sequence[Mapping[str, Any]]


def of_genome(library: str, genome: Mapping[str, Any], genes: Rows) -> list[Observation]:
    """Tumour fraction, and ploidy and copies of genes where tumour DNA is detected.

    A gene over which no bin tells anything is in the table `genes` alone.

    Parameters
    ----------
    library : str
        Name of the library.
    genome : dict
        Its row of the table `genomes`.
    genes : list of dict
        Its rows of the table `genes`.
    """
    status, reason = genome["status"], genome["reason"]
    if status == FAILED:
        return [failed(FRACTION, f"{library}: {reason}")]
    found = status == MEASURED
    told = [
        Observation(
            analyte=FRACTION,
            status=status,
            value=genome["tumour_fraction"] if found else None,
            ci_low=genome["low"] if found else None,
            ci_high=genome["high"] if found else None,
            lod=genome["lod"],
            unit=SHARE,
            ci_method="profile_likelihood" if found else None,
            reason=f"{library}: {reason}" if reason and status == INADEQUATE else reason,
            source_table="genomes",
            source_id=library,
        )
    ]
    if not found:
        return told
    ploidy = Observation(
        analyte=PLOIDY,
        value=genome["ploidy"],
        ci_low=genome["ploidy_low"],
        ci_high=genome["ploidy_high"],
        unit=COPY,
        ci_method="profile_likelihood",
        source_table="genomes",
        source_id=library,
    )
    return [*told, ploidy, *(_gene(library, g) for g in genes if g["copies"] is not None)]


def _gene(library: str, gene: Mapping[str, Any]) -> Observation:
    return Observation(
        analyte=COPIES,
        target=gene["gene"],
        value=gene["copies"],
        ci_low=gene["copies_low"],
        ci_high=gene["copies_high"],
        unit=COPY,
        ci_method="normal_segment",
        count=float(gene["bins"]),
        reason=gene["call"],
        source_table="genes",
        source_id=f"{library}:{gene['gene']}",
    )


def of_fragments(library: str, sizes: Mapping[str, Any]) -> list[Observation]:
    """Mode and short-to-long ratio of a library's fragments; nothing where it has none."""
    if sizes["mode"] is None:
        return []
    common: dict[str, Any] = {"source_table": "fragment_sizes", "source_id": library}
    mode = Observation(
        analyte=MODE,
        value=float(sizes["mode"]),
        unit=BASE,
        count=float(sizes["fragments"]),
        **common,
    )
    if sizes["ratio"] is None:
        return [mode]
    ratio = Observation(
        analyte=RATIO,
        value=sizes["ratio"],
        ci_low=sizes["ratio_low"],
        ci_high=sizes["ratio_high"],
        unit=SHARE,
        ci_method="clopper_pearson",
        count=float(sizes["short"]),
        denominator=float(sizes["long"]),
        **common,
    )
    return [mode, ratio]
