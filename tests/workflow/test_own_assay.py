"""A laboratory's own assay: a folder outside the repository that `assays.mine.snakefile` names."""

from pathlib import Path

import pytest
from laboratory import Laboratory

RULES = """
from liquidbiopsy.core.run import current_run

specimens = current_run().specimens["mine"]


rule _weigh:
    input:
        lambda wildcards: specimens[wildcards.specimen].inputs,
    output:
        observations="<results>/{specimen}/observations.parquet",
        weights="<results>/{specimen}/weights.parquet",
    log:
        "<logs>/weigh/{specimen}.log",
    params:
        specimen=lambda wildcards: specimens[wildcards.specimen].row,
        factor=config["factor"],
    script:
        "weigh.py"
"""
SCRIPT = """
import sys
from pathlib import Path

sys.path.insert(0, str(PACKAGE))
from liquidbiopsy.core.observations import Observation, failed
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.core.tables import OBSERVATIONS, Table, column, real, text

WEIGHTS = Table(
    "weights",
    "one weighing",
    (
        column("specimen_id", text, "Specimen", nullable=False),
        column("grams", real, "What the balance says", "g"),
    ),
)
specimen, made = snakemake.params.specimen, Provenance("0" * 64)
files = list(snakemake.input)
grams = [float(Path(f).read_text()) * snakemake.params.factor for f in files]
said = Observation("weight", value=sum(grams), unit="g") if files else failed("weight", "no file")
rows = [{"specimen_id": specimen["specimen_id"], "grams": g} for g in grams]
observations = table_of([said.row(specimen)], OBSERVATIONS)
write_table(observations, snakemake.output.observations, OBSERVATIONS, made)
write_table(table_of(rows, WEIGHTS), snakemake.output.weights, WEIGHTS, made)
"""
FILES = {
    "assay.smk": RULES,
    "assay.yaml": "title: Weights\ntables: [weights]\n"
    "timeline:\n  - {analyte: weight, title: Weight, scale: linear}\n",
    "config.schema.yaml": "type: object\nadditionalProperties: false\nproperties:\n"
    "  sheet: {type: string, default: sheets/mine.tsv}\n  factor: {type: number, default: 2}\n",
    "sheet.schema.yaml": "type: object\nrequired: [specimen_id, file]\nproperties:\n"
    "  specimen_id: {type: string}\n  file: {type: string, format: path}\n",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    folder = tmp_path_factory.mktemp("own")
    made = Laboratory(folder / "lab")
    own = folder / "elsewhere" / "mine"
    own.mkdir(parents=True)
    for name, text in FILES.items():
        (own / name).write_text(text)
    package = f"PACKAGE = {str(made.root / 'scripts')!r}\n"
    (own / "weigh.py").write_text(package + SCRIPT)
    made.settings["assays"]["mine"] = {"snakefile": str(own / "assay.smk"), "factor": 3}
    made.add("P1_cells", made.slide("a", layout="stack", columns=1, rows=1).image, "stack")
    for name, patient, day in (("W1", "P1", 5), ("W2", "P2", 0)):
        row = {"specimen_id": name, "patient_id": patient, "assay": "mine", "day": day}
        made.rows["specimens"].append(row)
    made.add_patient("P2")
    made.write()
    made.sheet("mine").write_text("specimen_id\tfile\nW1\tw1.txt\nW2\tgone.txt\n")
    (made.folder / "w1.txt").write_text("4.5\n")
    made.finish_at_once()
    return made


def weights(lab: Laboratory, *path: str) -> list[tuple[str, str, float | None]]:
    rows = lab.read(*path, "report.parquet").to_pylist()
    return [(r["specimen_id"], r["status"], r["value"]) for r in rows if r["analyte"] == "weight"]


def test_its_observations_reach_report_and_cohort(lab: Laboratory) -> None:
    assert weights(lab, "reports", "P1") == [("W1", "measured", 13.5)]
    assert weights(lab, "cohort") == [("W1", "measured", 13.5), ("W2", "failed", None)]
    assays = lab.read("reports", "P1", "report.parquet")["assay"].to_pylist()
    assert set(assays) == {"ctc", "mine"}


def test_its_detail_table_reaches_report_and_cohort(lab: Laboratory) -> None:
    rows = lab.read("cohort", "weights.parquet").to_pylist()
    assert [(r["specimen_id"], r["grams"]) for r in rows] == [("W1", 13.5)]
    assert lab.read("reports", "P1", "weights.parquet").num_rows == 1


def test_its_title_is_on_the_page(lab: Laboratory) -> None:
    page = (lab.folder / "results/reports/P1/report.html").read_text(encoding="utf-8")
    assert "Weight" in page and "Circulating tumour cells" in page


def test_its_settings_are_checked_like_the_others(lab: Laboratory) -> None:
    lab.settings["assays"]["mine"]["fctor"] = 1
    done = lab.run("--dry-run")
    del lab.settings["assays"]["mine"]["fctor"]
    assert done.returncode == 1
    assert "unknown setting 'assays.mine.fctor'; did you mean 'factor'?" in done.stdout


def test_its_missing_file_is_in_the_list_of_what_was_left_out(lab: Laboratory) -> None:
    excluded = Path(lab.folder, "results/run/excluded.tsv").read_text()
    assert "W2\tP2\tmine\tweight\tfailed\tno file" in excluded
