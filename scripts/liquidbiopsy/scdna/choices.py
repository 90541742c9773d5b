"""What the settings and the sheet choose by name, looked up and checked before a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.paths import existing, readable
from liquidbiopsy.core.run import Run, Specimen
from liquidbiopsy.reads.hotspots import read_hotspots
from liquidbiopsy.scdna.roles import TUMOUR_CELL

VARIABLE = "variable"
FILES = ("fq1", "fq2", "bam", "wig", "bins", "amplicons", "snps")
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Choice:
    """What a run's settings choose, as plain values for the rules' parameters."""

    settings: Mapping[str, Any]
    """The assay's settings."""
    run: Run
    name: str
    """The assay's."""

    def cells_of(self, specimen: Specimen) -> list[dict[str, Any]]:
        """Rows of a specimen's cells, blanks filled in, in the order of their names."""
        rows = [{**row, "role": row["role"] or TUMOUR_CELL} for row in specimen.items]
        return sorted(rows, key=lambda row: str(row["cell_id"]))

    def files_of(self, cells: Rows) -> list[str]:
        """Files that exist of those that cells are read from."""
        named = [row[name] for row in cells for name in FILES]
        named += [own["fasta"] for own in self._references(cells).values()]
        named += [self.settings["counts"][name] for name in ("gc", "mappability")]
        return existing(named)

    def references_of(self, cells: Rows) -> dict[str, dict[str, Any]]:
        """References that cells name, with what the run makes of each."""
        return {
            name: {
                "fasta": own["fasta"],
                "build": own.get("build"),
                "index": self._index(name, cells),
                "bins": next(iter(self.bins_of(name, cells)), None),
                "gc": next(iter(self.gc_of(name, cells)), None),
            }
            for name, own in self._references(cells).items()
        }

    def made_of(self, cells: Rows) -> list[str]:
        """Files and folders that the run makes of references before cells are read."""
        found: list[str] = []
        for name in self._references(cells):
            folder = f"{self._results}/references/{name}"
            index = self._index(name, cells)
            found += [folder] if index and index.startswith(f"{folder}/") else []
            found += self.bins_of(name, cells) + self.gc_of(name, cells)
        return found

    def bins_of(self, reference: str, cells: Rows) -> list[str]:
        """Table of the bins of variable width that reads on a reference are counted in."""
        own, counts = self._of(reference, cells), self.settings["counts"]
        if counts["bins"] != VARIABLE or not any(row["fq1"] or row["bam"] for row in own):
            return []
        size = f"{counts['bin_size']}.{counts['read_length']}"
        return [f"{self._results}/run/bins/{reference}.{size}.parquet"]

    def gc_of(self, reference: str, cells: Rows) -> list[str]:
        """Table of G and C in a reference's bins of one size, where cells lie in such."""
        fixed = self.settings["counts"]["bins"] != VARIABLE
        own = [row for row in self._of(reference, cells) if row["wig"] or (fixed and _reads(row))]
        if not own or self.settings["counts"]["gc"]:
            return []
        size = self.settings["counts"]["bin_size"]
        return [f"{self._results}/run/gc/{reference}.{size}.parquet"]

    def build_of(self, cells: Rows) -> str | None:
        """Build of the genome, where a reference says it; its FASTA need not be there."""
        names = sorted({str(row["reference"]) for row in cells if row["reference"]})
        builds = [self.run.config["references"][name].get("build") for name in names]
        return next(filter(None, builds), None)

    def specimens_of(self, patient: str) -> list[dict[str, Any]]:
        """The patient's rows of specimens.tsv, of this assay."""
        return [s for s in self.run.specimens_of(patient) if s["assay"] == self.name]

    def of_patient(self, patient: str, file: str) -> list[str]:
        """A file of each of the patient's specimens, as the rules name it."""
        return [f"<results>/{s['specimen_id']}/{file}" for s in self.specimens_of(patient)]

    def clones_of(self, specimen: str, file: str) -> str:
        """A file of the specimen's patient, as the rules name it."""
        row = self.run.specimens[self.name][specimen].row
        return f"<results>/_clones/{row['patient_id']}/{file}"

    def plasma_of(self, patient: str) -> list[str]:
        """Tables of the patient's bins of the assay whose copy number clones are held against."""
        other = self.settings["clones_in"]
        if other not in self.run.specimens:
            return []
        own = [s for s in self.run.specimens_of(patient) if s["assay"] == other]
        return [f"{self._results}/{other}/{s['specimen_id']}/bins.parquet" for s in own]

    @property
    def _results(self) -> str:
        return str(self.run.config["results"])

    def _references(self, cells: Rows) -> dict[str, dict[str, Any]]:
        """References that cells name and whose files can be read."""
        names = sorted({str(row["reference"]) for row in cells if row["reference"]})
        known = {name: dict(self.run.config["references"][name]) for name in names}
        return {name: own for name, own in known.items() if readable(own["fasta"])}

    def _of(self, reference: str, cells: Rows) -> list[Mapping[str, Any]]:
        return [row for row in cells if row["reference"] == reference]

    def _index(self, reference: str, cells: Rows) -> str | None:
        """Prefix of the BWA index, where there are reads to align."""
        if not any(row["fq1"] for row in self._of(reference, cells)):
            return None
        own = self.run.config["references"][reference].get("bwa")
        return own or f"{self._results}/references/{reference}/genome"


def _reads(row: Mapping[str, Any]) -> bool:
    return bool(row["fq1"] or row["bam"])


def check(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with the choices in the assay's settings; asked before the run begins."""
    own = settings["profiles"]
    found = []
    if own["ploidy_min"] >= own["ploidy_max"]:
        words = f"{own['ploidy_min']} to {own['ploidy_max']} is no range"
        found.append(f"assays.scdna.profiles: ploidy_min, ploidy_max: {words}")
    try:
        read_hotspots(settings["hotspots"])
    except UserError as error:
        found.append(f"assays.scdna.hotspots: {error}")
    return found
