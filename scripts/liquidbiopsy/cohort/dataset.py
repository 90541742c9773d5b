"""The cohort's tables as hive partitions, a folder a patient: `report/patient_id=P01/…`.

The folder's name is the only place of `patient_id`, so that pyarrow, DuckDB and polars agree. Every
pseudonym begins with a letter, so none of them takes it for a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from liquidbiopsy.core.atomic import atomic_path
from liquidbiopsy.core.errors import InputError

KEY, SPECIMEN = "patient_id", "specimen_id"
SAFE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def is_of_patients(table: Path) -> bool:
    """Whether each row of a table is of one patient, by name or by specimen."""
    names = pq.read_schema(table).names
    return KEY in names or SPECIMEN in names


def write_partitions(table: Path, folder: Path, patients: Mapping[str, str]) -> list[Path]:
    """Write a table of the cohort as `folder/patient_id=…/part.parquet`, and give the files.

    Parameters
    ----------
    table : Path
        A table with `patient_id` or `specimen_id`.
    folder : Path
        Where the partitions go.
    patients : mapping
        specimen_id -> patient_id, for tables that do not name the patient.

    Raises
    ------
    InputError
        A specimen of unknown patient, or a pseudonym that partitions would not keep.
    """
    whole = pq.read_table(table, partitioning=None)
    if KEY in whole.column_names:
        owners = whole[KEY].to_pylist()
        whole = whole.drop_columns([KEY])
    else:
        owners = [patients.get(s, "") for s in whole[SPECIMEN].to_pylist()]
    names, codes = np.unique(np.array(owners, dtype=object).astype(str), return_inverse=True)
    odd = [n for n in names.tolist() if not SAFE.fullmatch(n)]
    if odd:
        problem = f"'{odd[0]}' is not a patient's name that partitions keep as text"
        raise InputError(str(table), problem, "make the cohort anew with the workflow")
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(len(names) + 1))
    whole = whole.take(pa.array(order))
    written = []
    for k, name in enumerate(names.tolist()):
        part = whole.slice(edges[k], edges[k + 1] - edges[k]).combine_chunks()
        path = folder / f"{KEY}={name}" / "part.parquet"
        with atomic_path(path) as partial:
            pq.write_table(part, partial, compression="zstd")
        written.append(path)
    return written
