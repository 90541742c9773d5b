"""The report of one patient: `report.parquet`, decisions, the detail tables, `report.html`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.rules import Rule
from liquidbiopsy.core.tables import DECISIONS, OBSERVATIONS
from liquidbiopsy.report.decisions import decide
from liquidbiopsy.report.page import patient_page
from liquidbiopsy.report.unite import Part, unite

REPORT = "report.parquet"


def write_report(
    files: Sequence[str],
    folder: str | Path,
    sheets: Mapping[str, Any],
    assays: Mapping[str, Mapping[str, Any]],
    tables: Sequence[str],
    settings: Mapping[str, Any],
    code: str,
    rules: Sequence[Rule] = (),
) -> None:
    """Write all of a patient's report.

    Parameters
    ----------
    files : sequence of str
        `…/<assay>/<specimen>/<name>.parquet` of each of the patient's specimens: the observations,
        the tables that its assay declares, and the thumbnails where it has pictures.
    folder : path
        Where the report goes.
    sheets : mapping
        `patient` (its row), `specimens` and `events` (lists of rows).
    assays : mapping
        Assay -> what it declares: `title`, `tables`, `calls`, `timeline`.
    tables : sequence of str
        Detail tables to write, also those that no specimen of the patient has.
    settings : mapping
        The settings' `report`.
    code : str
        Digest of the code, for the provenance.
    rules : sequence of Rule
        Decision rules to apply.

    Raises
    ------
    UserError
        An assay's table does not keep to the contract.
    """
    folder, paths = Path(folder), sorted(Path(f) for f in files)
    named = {"/".join(p.parts[-3:]): p for p in paths}
    found = checksums(named)

    def provenance(name: str) -> Provenance:
        used = {k: v for k, v in found.items() if k.endswith(f"/{name}")}
        return Provenance(code, {"sheets": sheets, "report": settings}, used)

    observations = read_observations([p for p in paths if p.name == "observations.parquet"])
    write_table(observations, folder / REPORT, OBSERVATIONS, provenance("observations.parquet"))
    decided = _decisions(folder / REPORT, sheets, rules)
    made = provenance("observations.parquet")
    of_rules = {f"rules/{rule.body['id']}": rule.sha256 for rule in rules}
    made = Provenance(code, made.settings, {**made.inputs, **of_rules})
    write_table(decided, folder / f"{DECISIONS.name}.parquet", DECISIONS, made)
    for name in tables:
        file = f"{name}.parquet"
        parts = [Part(p, p.parts[-3]) for p in paths if p.name == file]
        declaring = [assay for assay, declared in assays.items() if name in declared["tables"]]
        unite(name, parts, folder / file, provenance(file), declaring)
    write_text(
        folder / "report.html", patient_page(paths, folder, sheets, assays, tables, settings, rules)
    )


def _decisions(report: Path, sheets: Mapping[str, Any], rules: Sequence[Rule]) -> pa.Table:
    """The rules applied to the patient, of the statements as they stand in the report."""
    statements = read_table(report).to_pylist()
    rows = decide(sheets["patient"], sheets["specimens"], sheets["events"], statements, rules)
    return table_of(rows, DECISIONS)


def read_observations(paths: Sequence[Path]) -> pa.Table:
    """The statements of all specimens, in no particular order.

    Raises
    ------
    UserError
        A file lacks a column of the contract.
    """
    found = [table_of([], OBSERVATIONS)]
    for path in paths:
        table = read_table(path)
        missing = [n for n in OBSERVATIONS.schema.names if n not in table.column_names]
        if missing:
            raise UserError(f"{path}: no column {', '.join(missing)}; see docs/tables.md")
        found.append(table.select(OBSERVATIONS.schema.names).cast(OBSERVATIONS.schema))
    return pa.concat_tables([t.replace_schema_metadata(None) for t in found])
