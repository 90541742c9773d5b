"""The cohort for other systems: messages, timelines, segments, partitions."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from reporting import ASSAYS, SETTINGS, TABLES, patient, write_patient

from liquidbiopsy.cohort.cbioportal import segments, timeline
from liquidbiopsy.cohort.dataset import write_partitions
from liquidbiopsy.cohort.export import main
from liquidbiopsy.cohort.run import write_cohort
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.report.patient import write_report

CODE = "d" * 64


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Export a small cohort; give the results and the export."""
    results = tmp_path_factory.mktemp("results")
    files, sheets = write_patient(results)
    reports = results / "reports"
    write_report(files, reports / "P1", sheets, ASSAYS, TABLES, SETTINGS, CODE)
    places = (reports, results / "cohort", results / "run")
    write_cohort(*places, [patient("P1")], sheets["specimens"], ASSAYS, TABLES, SETTINGS, CODE)
    folder = results / "export"
    assert main([str(results), str(folder), "--study", "brca_lb"]) == 0
    return results, folder


def test_partitions_give_the_table_back(handed: tuple[Path, Path]) -> None:
    results, folder = handed
    for name in ("report", "cells"):
        whole = pq.ParquetFile(results / f"cohort/{name}.parquet").read()
        found = ds.dataset(folder / "dataset" / name, partitioning="hive").to_table()
        assert found.schema.field("patient_id").type == pa.string()
        assert set(found["patient_id"].to_pylist()) == {"P1"}
        columns = [c for c in whole.column_names if c != "patient_id"]
        assert found.select(columns).to_pylist() == whole.select(columns).to_pylist()
        assert [found.schema.field(c).type for c in columns] == [
            whole.schema.field(c).type for c in columns
        ]


def test_a_name_that_partitions_would_change_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "t.parquet"
    pq.write_table(pa.table({"patient_id": ["007"], "x": [1]}), table)
    with pytest.raises(InputError, match="'007'"):
        write_partitions(table, tmp_path / "out", {})
    assert not (tmp_path / "out").exists()
    pq.write_table(pa.table({"specimen_id": ["B1", "A1", "B1"], "x": [1, 2, 3]}), table)
    with pytest.raises(InputError):
        write_partitions(table, tmp_path / "out", {"B1": "P1"})
    written = write_partitions(table, tmp_path / "out", {"B1": "P1", "A1": "P2"})
    rows = [pq.ParquetFile(p).read()["x"].to_pylist() for p in written]
    assert rows == [[1, 3], [2]]


def test_phenopacket(handed: tuple[Path, Path]) -> None:
    message = json.loads((handed[1] / "phenopackets/P1.json").read_text())
    assert message["id"] == message["subject"]["id"] == "P1"
    assert message["metaData"]["phenopacketSchemaVersion"] == "2.0"
    prefixes = {r["namespacePrefix"] for r in message["metaData"]["resources"]}
    found = message["measurements"]
    for m in found:
        assert m["assay"]["id"].split(":")[0] in prefixes
        assert len(m["value"]) == 1
    counts = [m for m in found if m["assay"]["id"] == "liquidbiopsy:blood_count"]
    told = {m["description"].split(",")[0]: m for m in counts if "control" not in m["description"]}
    assert told["B1"]["value"]["quantity"]["value"] == 5
    assert "5 over 7.5, 95 % CI" in told["B1"]["description"]
    told = " ".join(m["description"] for m in found)
    assert "B4" not in told and "B3" not in told, "what failed is not a measurement"
    samples = [b["id"] for b in message["biosamples"]]
    assert samples == ["B1", "B2", "D1"]


def test_timeline(handed: tuple[Path, Path]) -> None:
    lines = (handed[1] / "cbioportal/data_timeline_lab_test.txt").read_text().splitlines()
    head = lines[0].split("\t")
    assert head[:4] == ["PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE"]
    rows = [dict(zip(head, line.split("\t"), strict=True)) for line in lines[1:]]
    first = next(r for r in rows if r["SPECIMEN_ID"] == "B2")
    assert (first["START_DATE"], first["RESULT"], first["TEST"]) == ("21", "0.0", "Blood count")
    failed = next(r for r in rows if r["SPECIMEN_ID"] == "B4")
    assert failed["STATUS"] == "failed" and failed["RESULT"] == ""
    meta = (handed[1] / "cbioportal/meta_timeline_lab_test.txt").read_text()
    assert "cancer_study_identifier: brca_lb\n" in meta and "datatype: TIMELINE\n" in meta


def test_segments_are_one_based_and_have_a_ratio() -> None:
    base = {"specimen_id": "D1", "library_id": "L1", "chrom": "chr8", "start": 0, "end": 1000}
    text = segments([{**base, "bins": 7, "log2": 0.5}, {**base, "bins": 1, "log2": None}])
    assert text == "ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\nD1.L1\t8\t1\t1000\t7\t0.5\n"


def test_tabs_and_line_ends_do_not_break_a_line() -> None:
    keys = ("value", "unit", "ci_low", "ci_high", "status", "specimen_id", "day")
    row = dict.fromkeys(keys) | {"patient_id": "P1", "analyte": "a", "target": "x\ty\nz"}
    assert timeline([row]).count("\n") == 2 and "A x y z" in timeline([row])


def test_without_a_cohort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), str(tmp_path / "out")]) == 1
    assert "run the workflow to its end first" in capsys.readouterr().err
