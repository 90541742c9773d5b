"""Hotspots: codons that tumours often have changed, and what a variant does to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liquidbiopsy.core.errors import UserError, did_you_mean
from liquidbiopsy.core.settings import read_yaml

HOTSPOTS = Path(__file__).resolve().parents[3] / "resources" / "hotspots"
COMPLEMENT = str.maketrans("ACGT", "TGCA")
ACIDS = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"
"""Amino acids of the 64 codons from AAA to TTT, the standard code."""
KINDS = ("substitution", "insertion", "frameshift")
FIELDS = {"gene", "chrom", "strand", "codons"}


@dataclass(frozen=True)
class Codon:
    """A hotspot: one codon, or several in a row."""

    gene: str
    residue: str
    """`H1047`, or of several `772-780`."""
    chrom: str
    start: int
    """First base, from 0."""
    end: int
    strand: str
    kind: str
    """What mostly happens there: `substitution`, `insertion` or `frameshift`."""
    build: str

    @property
    def name(self) -> str:
        """`PIK3CA H1047`."""
        return f"{self.gene} {self.residue}"

    @property
    def number(self) -> int:
        """Number of the (first) codon."""
        return int(self.residue.split("-")[0].lstrip("ACDEFGHIKLMNPQRSTVWY"))

    @property
    def single(self) -> bool:
        """Whether it is one codon."""
        return self.end - self.start == 3


def read_hotspots(chosen: str | Sequence[str], folder: Path = HOTSPOTS) -> list[dict[str, Any]]:
    """Files of hotspots as plain values, as a rule's parameters must be.

    Parameters
    ----------
    chosen : str or list of str
        Names of files in `resources/hotspots`, or paths of others.
    folder : Path
        Where the named ones are.

    Returns
    -------
    list of dict
        `title`, `version`, `build`, `citation` and `genes` of each.

    Raises
    ------
    UserError
        There is no such file, or it does not say what a hotspot file must.
    """
    found = []
    for name in [chosen] if isinstance(chosen, str) else chosen:
        shipped = {p.stem: p for p in folder.glob("*.yaml")}
        path = shipped.get(name, Path(name))
        if name not in shipped and not path.suffix:
            raise UserError(f"there are no hotspots '{name}'{did_you_mean(name, shipped)}")
        content = read_yaml(path)
        _check(content, name)
        found.append(content)
    return found


def _check(content: Any, name: str) -> None:
    if not isinstance(content, Mapping) or not {"build", "genes", "version"} <= set(content):
        raise UserError(f"hotspots '{name}': needs version, build and genes")
    for gene in content["genes"]:
        label = f"hotspots '{name}', gene {gene.get('gene', '?')}"
        missing = FIELDS - set(gene)
        if missing:
            raise UserError(f"{label}: {', '.join(sorted(missing))} is missing")
        if gene["strand"] not in ("+", "-"):
            raise UserError(f"{label}: strand is '{gene['strand']}', not + or -")
        for codon in gene["codons"]:
            sound = {"residue", "start"} <= set(codon) and codon.get("kind", KINDS[0]) in KINDS
            if not sound:
                raise UserError(f"{label}: {codon} needs residue, start and a kind of {KINDS}")


def codons_of(content: Mapping[str, Any], contigs: Mapping[str, Any]) -> list[Codon]:
    """Hotspots of a file on the contigs of a library, whether or not these are named `chr1`."""
    found = []
    for gene in content["genes"]:
        bare = gene["chrom"].removeprefix("chr")
        chrom = next((c for c in (gene["chrom"], bare, f"chr{bare}") if c in contigs), None)
        if chrom is None:
            continue
        for codon in gene["codons"]:
            found.append(
                Codon(
                    gene["gene"], str(codon["residue"]), chrom, codon["start"],
                    codon.get("end", codon["start"] + 3), gene["strand"],
                    codon.get("kind", KINDS[0]), content["build"],
                )
            )  # fmt: skip
    return sorted(found, key=lambda c: (c.chrom, c.start, c.end))


def translated(codon: str) -> str:
    """The amino acid of three bases of the transcript, by one letter; `?` where one is unknown.

    Examples
    --------
    >>> translated("CAT"), translated("TGA"), translated("NAT")
    ('H', '*', '?')
    """
    if len(codon) != 3 or set(codon) - set("ACGT"):
        return "?"
    a, b, c = ("ACGT".index(base) for base in codon)
    return ACIDS[a * 16 + b * 4 + c]


def on_strand(bases: str, strand: str) -> str:
    """Bases of the reference as the transcript has them."""
    return bases if strand == "+" else bases.translate(COMPLEMENT)[::-1]


def agrees(codon: Codon, bases: str) -> bool:
    """Whether the reference codes for the residue there: else it is of another build."""
    if not codon.single:
        return len(bases) == codon.end - codon.start
    return translated(on_strand(bases, codon.strand)) == codon.residue[0]


def lies_in(codon: Codon, chrom: str, pos: int, ref: str, alt: str) -> bool:
    """Whether a variant changes bases of a hotspot; `pos` from 0, indels anchored as in VCF."""
    if chrom != codon.chrom:
        return False
    if len(ref) == len(alt):
        changed = [pos + i for i, (r, a) in enumerate(zip(ref, alt, strict=True)) if r != a]
        return any(codon.start <= p < codon.end for p in changed)
    if len(alt) > len(ref):
        return codon.start <= pos + 1 < codon.end
    return pos + 1 < codon.end and pos + len(ref) > codon.start


def protein_change(codon: Codon, bases: str, pos: int, ref: str, alt: str) -> str:
    """What a variant does to a hotspot: `p.H1047R`, `p.H1047=`, `p.R364fs`, `p.772-780ins`.

    Of an insertion or deletion that keeps the frame only its kind is said, `ins` or `del`.

    Parameters
    ----------
    codon : Codon
    bases : str
        The hotspot's bases of the reference.
    pos, ref, alt
        The variant, `pos` from 0.
    """
    if len(ref) != len(alt):
        shift = len(alt) - len(ref)
        kind = "fs" if shift % 3 else "ins" if shift > 0 else "del"
        return f"p.{codon.residue}{kind}"
    changed = list(bases)
    for i, base in enumerate(alt):
        if codon.start <= pos + i < codon.end:
            changed[pos + i - codon.start] = base
    before, after = (on_strand(b, codon.strand) for b in (bases, "".join(changed)))
    for k in range(0, len(before), 3):
        old, new = translated(before[k : k + 3]), translated(after[k : k + 3])
        if before[k : k + 3] != after[k : k + 3]:
            residue = f"{old}{codon.number + k // 3}"
            return f"p.{residue}{'=' if old == new else new}"
    return f"p.{codon.residue}="
