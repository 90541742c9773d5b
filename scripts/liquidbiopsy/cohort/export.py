"""Hand the cohort on: `python -m liquidbiopsy.cohort.export RESULTS DIR `.

Writes Phenopackets, cBioPortal's timeline and segments, and the tables in partitions.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from liquidbiopsy.cohort.cbioportal import meta, segments, timeline
from liquidbiopsy.cohort.dataset import KEY, SPECIMEN, is_of_patients, write_partitions
from liquidbiopsy.cohort.phenopackets import phenopacket
from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.errors import InputError, UserError
from liquidbiopsy.core.parquet import read_table


def export(
    results: Path, folder: Path, study: str = "liquidbiopsy", build: str = "hg38"
) -> list[Path]:
    """Write all that other systems read, and give the files.

    Parameters
    ----------
    results : Path
        Folder of the workflow's results.
    folder : Path
        Where the files go.
    study : str
        cBioPortal's identifier of the study.
    build : str
        cBioPortal's name of the genome that segments lie on: `hg19` or `hg38`.

    Raises
    ------
    InputError
        The cohort's report is not there, or a table cannot be partitioned.
    """
    cohort = results / "cohort"
    report = cohort / "report.parquet"
    if not report.is_file():
        raise InputError(str(report), "is not there", "run the workflow to its end first")
    rows = read_table(report).to_pylist()
    texts: dict[str, str] = {}
    for name, own in groupby(rows, key=lambda r: r[KEY]):
        message = phenopacket(name, own)
        texts[f"phenopackets/{name}.json"] = json.dumps(message, indent=1, ensure_ascii=False)
    files = {"data_timeline_lab_test.txt": timeline(rows)}
    table = cohort / "segments.parquet"
    if table.is_file():
        files[f"data_cna_{build}.seg"] = segments(read_table(table).to_pylist())
    for name, text in files.items():
        texts[f"cbioportal/{name}"] = text
        about = name.replace("data_", "meta_").replace(".seg", "_seg.txt")
        texts[f"cbioportal/{about}"] = meta(study, name, name.endswith(".seg"), build)
    written = []
    for name, text in texts.items():
        path = folder / name
        write_text(path, text if text.endswith("\n") else text + "\n")
        written.append(path)
    patients = {r[SPECIMEN]: r[KEY] for r in rows}
    for table in sorted(cohort.glob("*.parquet")):
        if is_of_patients(table):
            written += write_partitions(table, folder / "dataset" / table.stem, patients)
    return written


def main(arguments: Sequence[str]) -> int:
    """Export, and say how much; 1 where something a user can put right is amiss."""
    parser = argparse.ArgumentParser(prog="liquidbiopsy.cohort.export", description=__doc__)
    parser.add_argument("results", type=Path, help="folder of the workflow's results")
    parser.add_argument("folder", type=Path, help="where the files go")
    parser.add_argument("--study", default="liquidbiopsy", help="cBioPortal's name of the study")
    parser.add_argument("--build", default="hg38", choices=("hg19", "hg38"), help="genome's build")
    given = parser.parse_args(arguments)
    try:
        written = export(given.results, given.folder, given.study, given.build)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(written)} files in {given.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
