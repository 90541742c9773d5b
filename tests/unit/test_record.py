"""The record of a run: what it came from and what it left, as a Workflow Run RO-Crate."""

import base64
import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reporting import ASSAYS, SETTINGS, TABLES, patient, write_patient
from repository import ROOT

from liquidbiopsy.cohort.run import write_cohort
from liquidbiopsy.record.crate import code_version, write_record
from liquidbiopsy.report.patient import write_report

SLIDE = "f" * 64  # what reporting.py says its slide is
RUN = {
    "results": "results",
    "assays": {"blood": {"gates": "portable", "limit": 3, "none": None, "list": [1, 2]}},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("record") / "results"
    files, sheets = write_patient(results)
    reports, places = results / "reports", (results / "cohort", results / "run")
    write_report(files, reports / "P1", sheets, ASSAYS, TABLES, SETTINGS, "d" * 64)
    rows = sheets["specimens"]
    write_cohort(reports, *places, [patient("P1")], rows, ASSAYS, TABLES, SETTINGS, "d" * 64)
    for name, ended, seconds in (("detect/a", 1_700_000_100, 40.5), ("cohort", 1_700_000_900, 3)):
        benchmark = results / "benchmarks" / f"{name}.tsv"
        benchmark.parent.mkdir(parents=True, exist_ok=True)
        benchmark.write_text(f"s\th:m:s\n{seconds}\t0:00:40\n")
        os.utime(benchmark, (ended, ended))
    (results / "logs").mkdir()
    (results / "logs" / "cohort.log").write_text("said\n")
    write_record(results / "run" / "ro-crate-metadata.json", RUN, "9.20.0")
    return results


@pytest.fixture(scope="module")
def entities(results: Path) -> dict[str, dict[str, Any]]:
    crate = json.loads((results / "run" / "ro-crate-metadata.json").read_text("utf-8"))
    found = {e["@id"]: e for e in crate["@graph"]}
    assert len(found) == len(crate["@graph"])
    return found


def ids(value: Any) -> list[str]:
    return [each["@id"] for each in (value if isinstance(value, list) else [value])]


def test_every_result_is_named_with_its_checksum(results: Path, entities: Any) -> None:
    named = {i: e for i, e in entities.items() if i.startswith("../")}
    files = [p for p in results.rglob("*") if p.is_file()]
    kept = [p for p in files if p.relative_to(results).parts[0] not in ("logs", "benchmarks")]
    apart = {"run/ro-crate-metadata.json", "run/Snakefile"}
    assert {i[3:] for i in named} == {p.relative_to(results).as_posix() for p in kept} - apart
    for name, entity in named.items():
        content = (results / name[3:]).read_bytes()
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert entity["contentSize"] == str(len(content))
    assert set(ids(entities["#run"]["result"])) == set(named)


def test_the_version_of_snakemake_is_that_of_the_run(entities: Any) -> None:
    (language,) = (e for e in entities.values() if e["@type"] == "ComputerLanguage")
    assert language["version"] == "9.20.0"


def test_inputs_are_the_raw_ones_by_their_bytes(entities: Any) -> None:
    files = [entities[i] for i in ids(entities["#run"]["object"]) if i.startswith("ni:")]
    assert [(f["name"], f["sha256"]) for f in files] == [("slide.tif", SLIDE)]
    assert (
        files[0]["@id"] == "ni:///sha-256;" + base64.urlsafe_b64encode(b"\xff" * 32).decode()[:43]
    )


def test_settings_are_values(entities: Any) -> None:
    said = {i.partition("/")[2]: e["value"] for i, e in entities.items() if i[:9] == "#settings"}
    assert said == {
        "results": "results",
        "assays.blood.gates": "portable",
        "assays.blood.limit": 3,
        "assays.blood.none": "null",
        "assays.blood.list": "[1, 2]",
    }


def test_the_run_has_its_times_its_code_and_its_packages(entities: Any) -> None:
    run = entities["#run"]
    started, ended = (datetime.fromisoformat(run[k]) for k in ("startTime", "endTime"))
    assert started == datetime.fromtimestamp(1_700_000_059, UTC)
    assert ended == datetime.fromtimestamp(1_700_000_900, UTC)
    assert code_version() in run["description"]
    workflow = entities[run["instrument"]["@id"]]
    assert "ComputationalWorkflow" in workflow["@type"] and workflow["@id"] == "Snakefile"
    needed = [entities[i] for i in ids(workflow["softwareRequirements"])]
    assert {"Python", "numpy", "pyarrow", "envs/report.yaml"} <= {e["name"] for e in needed}
    assert all(e.get("version") or e.get("sha256") for e in needed)


def test_the_crate_keeps_to_its_form(results: Path, entities: Any) -> None:
    """What the profile requires, as far as it can be told without its validator."""
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    root = entities["./"]
    assert "https://w3id.org/ro/wfrun/workflow/0.5" in ids(root["conformsTo"])
    assert root["mainEntity"] == {"@id": "Snakefile"} and root["license"] and root["datePublished"]
    files = {i for i, e in entities.items() if "File" in e["@type"]}
    assert files == set(ids(root["hasPart"]))
    assert (results / "run" / "Snakefile").read_bytes() == (ROOT / "Snakefile").read_bytes()
    assert str(results.parent) not in json.dumps(entities) and str(ROOT) not in json.dumps(entities)


def test_results_without_benchmarks(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write_record(tmp_path / "run" / "ro-crate-metadata.json", {}, "9.20.0")
    crate = json.loads((tmp_path / "run" / "ro-crate-metadata.json").read_text("utf-8"))
    (run,) = [e for e in crate["@graph"] if e["@id"] == "#run"]
    assert run["startTime"] == run["endTime"]
