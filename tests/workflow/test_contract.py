"""One run in another folder: its tables by the contract, and the same bytes however it is run."""

import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from laboratory import PLATFORMS, Laboratory
from repository import ROOT

from liquidbiopsy.simulate.parameters import CYTOKERATIN, HER2, LEUKOCYTE, NUCLEUS

# Written out here and nowhere taken from the code: other programs rely on them.
OBSERVATIONS = {
    **dict.fromkeys(["patient_id", "specimen_id", "assay", "visit"], "string"),
    "day": "int32",
    **dict.fromkeys(["analyte", "target", "status"], "string"),
    **dict.fromkeys(["value", "ci_low", "ci_high", "lod"], "double"),
    **dict.fromkeys(["unit", "ci_method"], "string"),
    **dict.fromkeys(["count", "denominator"], "double"),
    **dict.fromkeys(["reason", "source_table", "source_id"], "string"),
}
NEVER_NULL = ["patient_id", "specimen_id", "assay", "day", "analyte", "status"]
CELLS = {
    **dict.fromkeys(["specimen_id", "cell_id", "image"], "string"),
    "frame": "int32",
    **dict.fromkeys(["x_px", "y_px", "x_um", "y_um"], "double"),
    **dict.fromkeys(["call", "auto_call"], "string"),
    "confidence": "double",
    "nuclei": "int32",
    "area_um2": "double",
    **{
        f"{channel}_{measure}": "double"
        for channel in ("nucleus", "cytokeratin", "leukocyte", "her2")
        for measure in ("mean", "max", "snr")
    },
    "her2_grade": "int32",
}
DECISIONS = {
    **dict.fromkeys(["patient_id", "rule_id", "rule_version", "rule_sha256", "outcome"], "string"),
    "inputs": "list<item: struct<specimen_id: string, analyte: string>>",
    **dict.fromkeys(["evidence", "citation", "caveat"], "string"),
}
TABLES = {f"{name}.parquet" for name in ("report", "decisions", "cells", "quality")}
QUALITY = {
    **dict.fromkeys(["specimen_id", "item", "metric"], "string"),
    "value": "double",
    "unit": "string",
    "limit": "double",
    "passed": "bool",
}
CALLS = {"ctc", "ctc_cluster", "leukocyte", "tdev", "bare_nucleus", "artefact", "uncertain"}
METADATA = {
    *{"schema_version", "workflow_version", "notice", "code_sha256"},
    *{"settings_sha256", "inputs_sha256", "packages"},
}
CLOCK = re.compile(rb"20\d\d-[01]\d-[0-3]\d[T ]|\b[0-2]\d:[0-5]\d:[0-5]\d\b")
MARKED = ["nucleus", "cytokeratin", "leukocyte", "her2"]


def new_laboratory(folder: Path) -> Laboratory:
    lab = Laboratory(folder)
    marked = {**PLATFORMS["folder"], "layout": "blocks", "channels": MARKED}
    lab.settings["assays"]["ctc"]["platforms"]["marked"] = marked
    channels = (NUCLEUS, CYTOKERATIN, LEUKOCYTE, HER2)
    frames = lab.slide("frames", layout="frames", seed=1)
    blocks = lab.slide("blocks", layout="blocks", seed=2, channels=channels, ctc=5, ctc_clusters=1)
    single = lab.slide("single", layout="channels", columns=1, rows=1, seed=3)
    lab.add("P1_base", frames.image, "folder", visit="baseline")
    lab.add("P1_next", blocks.image, "marked", day=21, visit="cycle1", volume_ml=None)
    lab.add("P2_base", lab.folder / single.image, "channels", day=-3)
    lab.add("P2_gone", lab.folder / "images" / "gone.tif", "stack", day=30)
    lab.add_patient("P3")
    return lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    made = new_laboratory(tmp_path_factory.mktemp("two_cores") / "lab")
    made.finish(cores=2)
    return made


def tables(lab: Laboratory) -> dict[str, pa.Table]:
    folder = lab.folder / "results"
    found = {
        str(p.relative_to(folder)): pq.ParquetFile(p).read() for p in folder.rglob("*.parquet")
    }
    assert len(found) > 30
    return found


def test_results_stand_where_the_contract_says(lab: Laboratory) -> None:
    results = lab.folder / "results"
    for specimen in ("P1_base", "P1_next", "P2_base", "P2_gone"):
        names = {p.name for p in (results / "ctc" / specimen).iterdir()}
        assert {"observations.parquet", "cells.parquet", "quality.parquet", "gallery.html"} <= names
    for patient in ("P1", "P2", "P3"):
        names = {p.name for p in (results / "reports" / patient).iterdir()}
        assert names == {*TABLES, "report.html"}
    names = {p.name for p in (results / "cohort").iterdir()}
    assert names == {*TABLES, "statistics.parquet", "survival.parquet", "index.html"}
    assert {p.name for p in (results / "run").iterdir()} >= {"quality.html", "excluded.tsv"}
    assert not list(lab.folder.rglob("*.part"))


def test_observations_everywhere_have_these_columns(lab: Laboratory) -> None:
    checked = 0
    for name, table in tables(lab).items():
        if name.endswith(("observations.parquet", "report.parquet")):
            checked += 1
            assert {f.name: str(f.type) for f in table.schema} == OBSERVATIONS, name
            assert table.column_names == list(OBSERVATIONS)
            for column in NEVER_NULL:
                assert table[column].null_count == 0 and not table.schema.field(column).nullable
    assert checked == 4 + 3 + 1


@pytest.mark.parametrize(("table", "columns"), [("cells", CELLS), ("quality", QUALITY)])
def test_detail_tables_have_at_least_these_columns(lab, table: str, columns) -> None:
    for path in (f"ctc/P1_next/{table}.parquet", f"cohort/{table}.parquet"):
        schema = tables(lab)[path].schema
        assert {n: str(schema.field(n).type) for n in columns} == columns, path


def test_decisions_have_these_columns_and_every_rule(lab: Laboratory) -> None:
    found = {n: t for n, t in tables(lab).items() if n.endswith("decisions.parquet")}
    shipped = {path.stem for path in (ROOT / "resources" / "rules").glob("*.yaml")}
    for name, table in found.items():
        types = {n: str(table.schema.field(n).type) for n in DECISIONS}
        assert {n: t.replace("<element:", "<item:") for n, t in types.items()} == DECISIONS, name
        assert set(table["rule_id"].to_pylist()) == shipped
    rows = {r["rule_id"]: r for r in found["reports/P1/decisions.parquet"].to_pylist()}
    assert rows["ctc_status"]["inputs"] == [{"specimen_id": "P1_next", "analyte": "ctc_count"}]
    assert rows["ctc_status"]["outcome"] == "indeterminate", "its tube has no volume"
    assert found["cohort/decisions.parquet"].num_rows == 3 * len(shipped)


def test_contents_agree_from_specimen_to_cohort(lab: Laboratory) -> None:
    found = tables(lab)
    for table, whole in {"observations": "report", "cells": "cells", "quality": "quality"}.items():
        rows = sum(found[f"ctc/{s}/{table}.parquet"].num_rows for s in ("P1_base", "P1_next"))
        assert found[f"reports/P1/{whole}.parquet"].num_rows == rows > 0
        every = sum(
            t.num_rows for n, t in found.items() if n.endswith(f"/{table}.parquet") and "ctc/" in n
        )
        assert found[f"cohort/{whole}.parquet"].num_rows == every
    assert found["reports/P3/report.parquet"].num_rows == 0


def test_what_the_tables_say(lab: Laboratory) -> None:
    base, gone = lab.count("P1_base"), lab.count("P2_gone")
    assert (base["value"], base["denominator"], base["visit"]) == (4.0, 7.5, "baseline")
    assert (base["unit"], base["ci_method"]) == ("{cells}", "exact_poisson")
    assert lab.count("P1_next")["value"] == 6.0 and lab.count("P1_next")["denominator"] is None
    assert lab.count("P1_next", "ctc_cluster_count")["value"] == 1.0
    assert lab.count("P1_next", "ctc_her2_positive_count")["status"] == "measured"
    assert (gone["status"], gone["day"]) == ("failed", 30) and "gone.tif" in gone["reason"]
    cells = tables(lab)["cohort/cells.parquet"]
    assert set(cells["call"].to_pylist()) <= CALLS
    assert len(set(cells["cell_id"].to_pylist())) == cells.num_rows
    assert set(cells["frame"].to_pylist()) == {0, 1, 2, 3}
    days = tables(lab)["cohort/report.parquet"]["day"].to_pylist()
    assert -3 in days and 21 in days


def test_metadata_and_descriptions(lab: Laboratory) -> None:
    for name, table in tables(lab).items():
        found = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
        assert set(found) >= METADATA, name
        assert found["notice"] == "research use only"
        for key in ("code_sha256", "settings_sha256"):
            assert re.fullmatch("[0-9a-f]{64}", found[key]), name
        inputs = json.loads(found["inputs_sha256"])
        assert inputs or "reports/P3" in name, name
        assert all(not file.startswith("/") for file in inputs)
        for field in table.schema:
            assert field.metadata and field.metadata[b"description"], f"{name}: {field.name}"
            assert field.metadata[b"unit"], f"{name}: {field.name}"


def test_no_path_and_no_clock_is_in_a_table(lab: Laboratory) -> None:
    places = [str(lab.folder.parent).encode(), str(lab.root).encode(), b"/tmp/"]
    for name, table in tables(lab).items():
        said = repr(table.schema.metadata).encode()
        said += b"".join(repr(f.metadata).encode() for f in table.schema)
        for field in table.schema:
            if pa.types.is_string(field.type):
                said += " ".join(filter(None, table[field.name].to_pylist())).encode()
            assert not pa.types.is_temporal(field.type)
        assert not [place for place in places if place in said], name
        assert not CLOCK.search(said), name
        raw = (lab.folder / "results" / name).read_bytes()
        assert not [place for place in places[:2] if place in raw], name


def test_pages_name_no_folder_of_this_machine(lab: Laboratory) -> None:
    for name, raw in lab.results(".html").items():
        assert str(lab.folder).encode() not in raw and str(lab.root).encode() not in raw, name


def test_one_core_gives_the_same_bytes_in_another_folder(lab, tmp_path: Path) -> None:
    other = new_laboratory(tmp_path / "elsewhere")
    other.finish_at_once()
    assert_alike(
        lab.results(".parquet", ".html", ".tsv"), other.results(".parquet", ".html", ".tsv")
    )


def test_a_killed_run_is_taken_up_and_gives_the_same_bytes(lab, tmp_path: Path) -> None:
    other = new_laboratory(tmp_path / "killed")
    shutil.rmtree(other.folder / "images")
    shutil.copytree(lab.folder / "images", other.folder / "images")
    results = other.folder / "results"
    other.kill_midway(results / "ctc" / "P1_next" / "objects.parquet")
    assert not (results / "cohort" / "index.html").exists()
    left = results / "cohort" / ".report.parquet.part"  # what a kill in writing leaves
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half")
    other.run("--unlock")
    other.finish_at_once(cores=2)
    assert_alike(lab.results(".parquet", ".html"), other.results(".parquet", ".html"))
    assert not list(other.folder.rglob("*.part"))


def assert_alike(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    """Compare all results but the clocks that Snakemake itself writes."""
    names = {n for n in one if not n.startswith("benchmarks")}
    assert names == {n for n in other if not n.startswith("benchmarks")}
    assert len(names) > 30
    assert [n for n in sorted(names) if one[n] != other[n]] == []
