"""The patients, specimens and tables of two result folders, and what one of them lacks."""

from __future__ import annotations

import filecmp
from dataclasses import dataclass
from pathlib import Path

from liquidbiopsy.compare.causes import MISSING, TABLE, Cause
from liquidbiopsy.compare.made import rows_of
from liquidbiopsy.compare.values import ABSENT
from liquidbiopsy.core.assay import RESERVED
from liquidbiopsy.core.errors import InputError

OBSERVATIONS, REPORT, REPORTS, COHORT = "observations", "report", "reports", "cohort"
THERE = "there"
SAME = "the same values"


@dataclass(frozen=True)
class Difference:
    """One thing that differs."""

    patient: str
    """Blank of the cohort."""
    assay: str
    """Name of the assay; `report` or `cohort` of what is made from all assays."""
    specimen: str
    subject: str
    """The analyte with its target, `table <name>`, or blank of the whole."""
    a: str
    b: str
    causes: tuple[Cause, ...]

    @property
    def of_values(self) -> bool:
        """Whether results differ, and not only how they were made."""
        return self.a != SAME


@dataclass(frozen=True)
class Pair:
    """Two result folders."""

    a: Path
    b: Path

    def check(self) -> None:
        """Refuse a folder without results.

        Raises
        ------
        InputError
            It is no folder, or has neither a report nor a specimen's observations.
        """
        for root in (self.a, self.b):
            if not root.is_dir():
                raise InputError(str(root), "is not a folder", "name the folder of a run's results")
            if not Pair(root, root).patients() and not Pair(root, root).specimens():
                problem = "holds no results: neither a report nor a specimen's observations"
                raise InputError(
                    str(root), problem, "name the folder that the setting `results` has"
                )

    def patients(self) -> list[str]:
        """Patients with a report in either folder."""
        found = [
            self._found(f"{REPORTS}/*/{REPORT}{TABLE}"),
            self._found(f"{REPORTS}/*/report.html"),
        ]
        return sorted({path.split("/")[1] for paths in found for path in paths})

    def specimens(self) -> list[str]:
        """`<assay>/<specimen>` of every specimen with observations in either folder."""
        places = [path.rpartition("/")[0] for path in self._found(f"*/*/{OBSERVATIONS}{TABLE}")]
        return sorted(place for place in places if place.split("/")[0] not in RESERVED)

    def tables(self, place: str) -> tuple[list[str], list[str]]:
        """Tables in a folder, as paths within the results: those of both, those of one alone."""
        both = self._found(f"{place}/**/*{TABLE}")
        return sorted(n for n in both if self.shared(n)), sorted(
            n for n in both if not self.shared(n)
        )

    def shared(self, path: str) -> bool:
        """Whether both folders have it."""
        return (self.a / path).exists() and (self.b / path).exists()

    def changed(self, names: list[str]) -> list[str]:
        """Those of the files that both have whose bytes differ."""
        return [n for n in names if not filecmp.cmp(self.a / n, self.b / n, shallow=False)]

    def patient_of(self, place: str) -> str:
        """The patient that a specimen's observations name; blank where they name none."""
        for root in (self.b, self.a):
            path = root / place / f"{OBSERVATIONS}{TABLE}"
            if path.is_file():
                rows = rows_of(path)
                if rows.num_rows and "patient_id" in rows.column_names:
                    return str(rows["patient_id"][0].as_py())
        return ""

    def lacking(self, path: str, key: tuple[str, str, str], subject: str = "") -> Difference:
        """What one of the folders has and the other has not."""
        here = (self.a / path).exists()
        cause = Cause(MISSING, f"only in {'A' if here else 'B'}")
        sides = (THERE, ABSENT) if here else (ABSENT, THERE)
        return Difference(*key, subject, *sides, (cause,))

    def _found(self, pattern: str) -> set[str]:
        return {
            path.relative_to(root).as_posix()
            for root in {self.a, self.b}
            for path in root.glob(pattern)
        }


def subject_of(name: str, place: str) -> str:
    """How a table is named in a difference: `table cells`, `table libraries/L1/counted`."""
    return f"table {name.removeprefix(f'{place}/').removesuffix(TABLE)}"
