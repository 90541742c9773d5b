"""Variants as VCF 4.2: one sample a library, no date and no path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from liquidbiopsy import __version__
from liquidbiopsy.core.provenance import NOTICE
from liquidbiopsy.ctdna.filters import FILTERS
from liquidbiopsy.ctdna.tables import PASS

HEADER = """\
##fileformat=VCFv4.2
##source=liquidbiopsy {version}, {notice}
{filters}
{contigs}
##INFO=<ID=ORIGIN,Number=1,Type=String,Description="tumour, germline, chip or unknown">
##INFO=<ID=GENE,Number=1,Type=String,Description="Gene of the hotspot, or name of the region">
##INFO=<ID=CHANGE,Number=1,Type=String,Description="Change of the protein at a hotspot">
##INFO=<ID=HOTSPOT,Number=1,Type=String,Description="Hotspot that it lies in">
##INFO=<ID=KNOWN,Number=0,Type=Flag,Description="Among the known mutations of the patient">
##FORMAT=<ID=GT,Number=1,Type=String,Description="0/1 where the library has it, 0/0 where not">
##FORMAT=<ID=FT,Number=1,Type=String,Description="Filter of this library">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Molecules">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Molecules that lack it, and that have it">
##FORMAT=<ID=AF,Number=A,Type=Float,Description="Share of the molecules that have it">
##FORMAT=<ID=DX,Number=1,Type=Integer,Description="Duplex molecules that have it">
##FORMAT=<ID=QV,Number=1,Type=Float,Description="False discovery rate">
"""
COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")
FORMAT = "GT:FT:DP:AD:AF:DX:QV"
ABSENT = "./.:.:.:.:.:.:."

Row = Mapping[str, Any]


def vcf_text(rows: Iterable[Row], libraries: Sequence[str], contigs: Mapping[str, int]) -> str:
    """Variants of a specimen as a VCF.

    Parameters
    ----------
    rows : list of dict
        Of the table `variants`; those without another allele are left out.
    libraries : list of str
        The samples, in order.
    contigs : dict
        Contigs and their lengths in bases, in the order of the reference.
    """
    filters = "\n".join(
        f'##FILTER=<ID={name},Description="{words}">' for name, words in FILTERS.items()
    )
    lengths = "\n".join(f"##contig=<ID={name},length={n}>" for name, n in contigs.items())
    head = HEADER.format(version=__version__, notice=NOTICE, filters=filters, contigs=lengths)
    lines = [line for line in head.splitlines() if line]
    columns = COLUMNS if libraries else COLUMNS[:-1]  # FORMAT stands there with a sample alone
    lines.append("\t".join([*columns, *libraries]))
    order = {name: k for k, name in enumerate(contigs)}

    def place(row: Row) -> tuple[int, int, str, str]:
        return order[row["chrom"]], row["pos"], row["ref"], row["alt"]

    told = sorted((r for r in rows if r["alt"] != "."), key=place)
    lines += [_record(list(same), libraries) for _, same in groupby(told, key=place)]
    return "\n".join(lines) + "\n"


def _record(rows: Sequence[Row], libraries: Sequence[str]) -> str:
    """One variant, in all the libraries that have it."""
    first = rows[0]
    against = [row["filter"] for row in rows]
    reasons = PASS if PASS in against else ";".join(dict.fromkeys(";".join(against).split(";")))
    samples = {row["library_id"]: _sample(row) for row in rows}
    info = [f"ORIGIN={_one_origin(rows)}"]
    info += [
        f"{name.upper()}={_plain(first[name])}" for name in ("gene", "change", "hotspot")
        if first[name]
    ]  # fmt: skip
    info += ["KNOWN"] * bool(first["known"])
    fields = [first["chrom"], first["pos"], ".", first["ref"], first["alt"], ".", reasons]
    fields += [";".join(info), FORMAT, *(samples.get(name, ABSENT) for name in libraries)]
    return "\t".join(str(field) for field in fields)


def _one_origin(rows: Sequence[Row]) -> str:
    """Origin that the libraries agree on; what is unknown in one may be known from another."""
    origins = {row["origin"] for row in rows} - {"unknown"}
    return origins.pop() if len(origins) == 1 else "unknown"


def _sample(row: Row) -> str:
    count, every = row["alt_molecules"], row["molecules"]
    genotype = "0/1" if count else "0/0"
    share = row["vaf"] or 0.0
    return (
        f"{genotype}:{row['filter']}:{every}:{every - count},{count}:{share:.6g}:"
        f"{row['alt_duplex']}:{row['q_value']:.4g}"
    )


def _plain(words: str) -> str:
    """Words with what would end a value in INFO written by its number, as VCF does."""
    kept = words.replace("%", "%25").replace("=", "%3D").replace(";", "%3B")
    return kept.replace(",", "%2C").replace(" ", "_")
