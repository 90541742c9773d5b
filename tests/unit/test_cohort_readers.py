"""What others read of the cohort: the cookbook's queries run, types agree, messages are valid.

DuckDB, polars and phenopackets are no part of the lock, being large or read by tests alone; what
needs one of them is skipped where it is not installed, and says so.
"""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from deciding import RULES, marrow, tube
from reporting import PROVENANCE
from repository import ROOT

from liquidbiopsy.cohort.cbioportal import SEGMENTS, TIMELINE
from liquidbiopsy.cohort.choices import Choices
from liquidbiopsy.cohort.export import export
from liquidbiopsy.cohort.statistics import write_statistics
from liquidbiopsy.core.observations import Observation
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.tables import DECISIONS, OBSERVATIONS, Table, column, real, text, whole
from liquidbiopsy.report.decisions import decide

BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "docs/cohort.md").read_text("utf-8"), re.S)
SQL = [q.strip() for kind, block in BLOCKS if kind == "sql" for q in block.split(";") if q.strip()]
SEGMENT = Table(
    name="segments",
    row="a segment",
    columns=(
        *(column(n, text, n, nullable=False) for n in ("specimen_id", "library_id", "chrom")),
        *(column(n, whole, n, nullable=False) for n in ("start", "end", "bins")),
        column("log2", real, "log2"),
    ),
)


def _specimens(name: str, count: int) -> list[tuple[dict[str, Any], list[Observation]]]:
    """Two tubes and a marrow, of which the second tube failed for one patient in three."""
    found = [tube(count), tube(count + 3, 21, "cycle1"), marrow(1)]
    for specimen, _ in found:
        specimen |= {"patient_id": name, "specimen_id": f"{name}_{specimen['specimen_id']}"}
    if count % 3 == 0:
        found[1][1].append(Observation("ctc_cluster_count", "failed", reason="frames lost"))
    lost = Observation("tumour_fraction", "not_detected", lod=0.03, unit="1")
    found[2][1].append(lost)
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the cohort of thirty patients of whom half have 5 CTC or more, and export it."""
    folder = tmp_path_factory.mktemp("results")
    patients, specimens, rows, decisions = [], [], [], []
    for k in range(30):
        row: dict[str, Any] = {"patient_id": f"P{k:02d}", "setting": "metastatic"}
        row |= {"pfs_days": 100 + 7 * k, "pfs_event": 1, "os_days": None, "os_event": None}
        row |= {"er": None, "her2": None, "grade": None}
        made = _specimens(row["patient_id"], k % 10)
        said = [one.row(specimen) for specimen, own in made for one in own]
        mine = [specimen for specimen, _ in made]
        decisions += decide(row, mine, [], said, [RULES["ctc_status"]])
        patients.append(row)
        specimens += mine
        rows += said
    cohort = folder / "cohort"
    cohort.mkdir()
    first = {"specimen_id": specimens[0]["specimen_id"], "library_id": "L1", "chrom": "chr8"}
    segment = {**first, "start": 0, "end": 1000, "bins": 4, "log2": 0.4}
    for name, listed, kind in (
        ("report", rows, OBSERVATIONS),
        ("decisions", decisions, DECISIONS),
        ("segments", [segment], SEGMENT),
    ):
        write_table(table_of(listed, kind), cohort / f"{name}.parquet", kind, PROVENANCE)
    write_statistics(patients, specimens, decisions, Choices(adjust=()), cohort, PROVENANCE)
    export(folder, folder / "export")
    return folder


def _placed(words: str, results: Path) -> str:
    words = words.replace("DIR/", f"{results}/export/")
    return words.replace("results/cohort/", f"{results}/cohort/")


def _run(library: str, results: Path) -> dict[str, Any]:
    """Run the cookbook's block of Python that imports a library."""
    (block,) = [b for kind, b in BLOCKS if kind == "python" and f"import {library}" in b]
    names: dict[str, Any] = {}
    exec(_placed(block, results), names)  # noqa: S102 (our own page)
    return names


def test_cookbook_of_pyarrow(results: Path) -> None:
    early = _run("pyarrow", results)["early"]
    assert early.num_rows > 2 and set(early["patient_id"].to_pylist()) == {"P01"}
    assert max(early["day"].to_pylist()) == 21


def test_cookbook_of_duckdb(results: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    assert len(SQL) == 3
    newest, beside, hazards = (duckdb.sql(_placed(q, results)).fetchall() for q in SQL)
    assert sorted(newest)[4] == ("P04", 7.0, 21) and len(newest) == 30
    assert len(beside) == 60 and ("P04", "positive", 7.0) in {row[:3] for row in beside}
    assert {row[:2] for row in hazards} == {("ctc_status", "pfs")}


def test_cookbook_of_polars(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("polars")
    names = _run("polars", results)
    lost = names["lost"].collect()
    assert len(lost) == 12 and set(lost["reason"]) == {"frames lost"}
    assert "frames lost" in capsys.readouterr().out


PLAIN = {"VARCHAR": "string", "INTEGER": "int32", "DOUBLE": "double"}


def test_three_readers_agree_on_types(results: Path) -> None:
    """No reader takes a pseudonym for a number, or a whole number for another width."""
    schema = _dataset(results, "report").schema
    arrow = {field.name: str(field.type) for field in schema}
    assert arrow["patient_id"] == "string" and arrow["day"] == "int32"
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    where = f"{results}/export/dataset/report/*/*.parquet"
    query = f"DESCRIBE SELECT * FROM read_parquet('{where}', hive_partitioning = true)"  # noqa: S608
    described = {r[0]: PLAIN[str(r[1])] for r in duckdb.sql(query).fetchall()}
    assert described == arrow
    found = polars.scan_parquet(where, hive_partitioning=True).collect_schema()
    kinds = {polars.String: "string", polars.Int32: "int32", polars.Float64: "double"}
    assert {name: kinds[type(kind)] for name, kind in found.items()} == arrow


@pytest.mark.parametrize("name", ["decisions", "segments"])
def test_every_table_is_partitioned_with_its_types(results: Path, name: str) -> None:
    found = _dataset(results, name).schema
    whole_table = pa.parquet.read_schema(results / f"cohort/{name}.parquet")
    kept = [f for f in whole_table if f.name != "patient_id"]
    assert {f.name: f.type for f in kept} == {
        f.name: f.type for f in found if f.name != "patient_id"
    }
    assert found.field("patient_id").type == pa.string()


def _dataset(results: Path, name: str) -> ds.Dataset:
    return ds.dataset(results / "export/dataset" / name, partitioning="hive")


def test_phenopackets_are_of_the_schema(results: Path) -> None:
    """The schema's own protobuf classes refuse unknown fields and values of another kind."""
    phenopackets = pytest.importorskip("phenopackets")
    json_format = pytest.importorskip("google.protobuf.json_format")
    files = sorted((results / "export/phenopackets").glob("*.json"))
    assert len(files) == 30
    for file in files:
        message = json.loads(file.read_text("utf-8"))
        parsed = json_format.ParseDict(message, phenopackets.Phenopacket())
        assert parsed.subject.id == message["id"] == file.stem
        assert len(parsed.measurements) == len(message["measurements"]) > 2
        assert parsed.meta_data.phenopacket_schema_version == "2.0"
    with pytest.raises(json_format.ParseError):
        json_format.ParseDict({**message, "visits": []}, phenopackets.Phenopacket())


def test_phenopackets_have_what_the_schema_asks_for(results: Path) -> None:
    """Required by Phenopackets 2: ids, creator, resources, and of a measurement assay and value."""
    for file in (results / "export/phenopackets").glob("*.json"):
        message = json.loads(file.read_text("utf-8"))
        assert message["id"] and message["subject"]["id"]
        about = message["metaData"]
        assert about["createdBy"] and re.fullmatch(
            r"\d{4}(-\d\d){2}T(\d\d:){2}\d\dZ", about["created"]
        )
        for resource in about["resources"]:
            assert all(
                resource[key]
                for key in ("id", "name", "url", "version", "namespacePrefix", "iriPrefix")
            )
        prefixes = {r["namespacePrefix"] for r in about["resources"]}
        terms = [m["assay"] for m in message["measurements"]]
        for m in message["measurements"]:
            (kind,) = m["value"]
            terms.append(m["value"][kind].get("unit", m["value"][kind]))
        for term in terms:
            assert term["label"] and term["id"].split(":")[0] in prefixes
        assert all(s["id"] and s["individualId"] == message["id"] for s in message["biosamples"])


def _portal(results: Path, about: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """A meta file of cBioPortal and the rows of the file that it names."""
    folder = results / "export/cbioportal"
    meta = dict(line.split(": ", 1) for line in (folder / about).read_text().splitlines())
    head, *lines = (folder / meta["data_filename"]).read_text().splitlines()
    cells = [line.split("\t") for line in lines]
    return meta, [dict(zip(head.split("\t"), row, strict=True)) for row in cells]


def test_timeline_keeps_to_the_portals_rules(results: Path) -> None:
    """Whole days, one kind of event a file, no blank in what must be there."""
    meta, rows = _portal(results, "meta_timeline_lab_test.txt")
    wanted = {"genetic_alteration_type": "CLINICAL", "datatype": "TIMELINE"}
    assert wanted.items() <= meta.items() and meta["cancer_study_identifier"] == "liquidbiopsy"
    assert len(set(TIMELINE)) == len(TIMELINE) and list(rows[0]) == list(TIMELINE)
    assert {"PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE", "TEST", "RESULT"} <= set(
        TIMELINE
    )
    assert {r["EVENT_TYPE"] for r in rows} == {"LAB_TEST"} and len(rows) > 90
    for row in rows:
        assert row["PATIENT_ID"] and row["TEST"] and re.fullmatch(r"-?\d+", row["START_DATE"])
        assert not row["STOP_DATE"] and '"' not in "".join(row.values())


def test_segments_keep_to_the_portals_rules(results: Path) -> None:
    """Names of columns as the portal has them, contigs without `chr`, 1-based, at least a bin."""
    meta, rows = _portal(results, "meta_cna_hg38_seg.txt")
    wanted = {"genetic_alteration_type": "COPY_NUMBER_ALTERATION", "datatype": "SEG"}
    assert wanted.items() <= meta.items()
    assert meta["reference_genome_id"] == "hg38" and meta["description"]
    assert tuple(rows[0]) == SEGMENTS
    assert SEGMENTS == ("ID", "chrom", "loc.start", "loc.end", "num.mark", "seg.mean")
    for row in rows:
        assert row["ID"] and re.fullmatch(r"[1-9]|1\d|2[0-2]|X|Y", row["chrom"])
        assert 1 <= int(row["loc.start"]) < int(row["loc.end"])
        assert int(row["num.mark"]) >= 1 and float(row["seg.mean"]) == 0.4
