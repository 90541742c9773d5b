"""One bad setting a failure: its full name, and the nearest one where it is mistyped."""

import copy
import subprocess
from pathlib import Path
from typing import Any

import forks
import pytest
from repository import ROOT
from sound_sheets import SETTINGS, as_yaml, problems, put, read, settings, write_sheets

from liquidbiopsy.core.errors import CheckError
from liquidbiopsy.core.run import read_run

CTC = "assays__ctc__"
SCANNER = "assays__ctc__platforms__scanner__"
GATE = {"call": "ctc", "when": "cytokeratin.snr > 5"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_sheets(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# setting, value -> words that the message has
MISTYPED = {
    "top": ("result", "out", "unknown setting 'result'; did you mean 'results'?"),
    "sheets": ("sheets__patient", "p.tsv", "'sheets.patient'; did you mean 'patients'?"),
    "report": ("report__facilty", "x", "'report.facilty'; did you mean 'facility'?"),
    "reference": ("references__hg38", {"fata": "x", "fasta": "y"}, "did you mean 'fasta'?"),
    "assay": ("assays__cct", {"platforms": {}}, "assay 'cct': no rule file assay.smk; did you"),
    "in an assay": (CTC + "gate", "portable", "'assays.ctc.gate'; did you mean 'gates'?"),
    "in a platform": (SCANNER + "pixelsize_um", 1, "did you mean 'pixel_size_um'?"),
    "in detection": (CTC + "detection__treshold", 4, "did you mean 'threshold'?"),
    "in quality": (CTC + "quality__min_focs", 0.1, "did you mean 'min_focus'?"),
    "in a marker": (CTC + "markers__her2__grade", [1, 2, 3], "did you mean 'grades'?"),
    "marker": (CTC + "markers__her", {}, "no platform has a channel 'her'; did you mean 'her2'?"),
    "in controls": (CTC + "controls__hihg", {"min": 1, "max": 2}, "did you mean 'high'?"),
    "in a control": (CTC + "controls__low", {"mn": 1, "min": 1, "max": 2}, "mean 'min'?"),
    "in the gallery": (CTC + "gallery__sise_um", 40, "did you mean 'size_um'?"),
    "in a gate": (CTC + "gates", [{**GATE, "cal": "ctc"}], "'assays.ctc.gates.0.cal'; did you"),
    "gate's call": (CTC + "gates", [{**GATE, "call": "cct"}], "gates.0.call: 'cct' is not a"),
    "preset": (CTC + "gates", "portble", "no preset 'portble'; did you mean 'portable'?"),
    "preset elsewhere": (CTC + "gates", "../markers", "there is no preset '../markers'"),
    "layout": (SCANNER + "layout", "stak", "'stak' is not a choice; did you mean 'stack'?"),
    "order": (SCANNER + "order", "serpent", "did you mean 'serpentine'?"),
    "rule of a marker": (CTC + "markers__her2__rule", "detct", "did you mean 'detect'?"),
}
WRONG = {
    "text for a number": (SCANNER + "pixel_size_um", "0.5", "pixel_size_um: '0.5' is not of type"),
    "number for text": ("sheets__patients", 3, "sheets.patients: 3 is not of type 'string'"),
    "list for names": ("assays", [], "assays: [] is not of type 'object'"),
    "nothing": ("assays__ctc", {}, "assays.ctc: platforms is missing"),
    "no assay": ("assays", {}, "assays: "),
    "assay's name": ("assays__CTC", {"platforms": {}}, "'CTC' does not match"),
    "assay like a folder": ("assays__run", {"snakefile": __file__}, "a folder of the results"),
    "rule file": (CTC + "snakefile", "nowhere/assay.smk", "no rule file assay.smk; check assays.*"),
    "share": (CTC + "quality__max_lost_frames", 1.5, "1.5 is greater than the maximum of 1"),
    "size of zero": (SCANNER + "pixel_size_um", 0, "pixel_size_um: 0 is less than or equal"),
    "not a number": (CTC + "detection__threshold", float("nan"), "nan is not a number that can"),
    "endless": (CTC + "markers__her2__grades", [3, 6, float("inf")], "grades.2: inf is not"),
    "key of a number": (CTC + "platforms__scanner__files", {1: "d1"}, "files.1: a name must be"),
    "no nucleus": (SCANNER + "channels", ["cytokeratin"], "channels: 'nucleus' is not among them"),
    "no channel": (SCANNER + "channels", [], "channels: [] should be non-empty"),
    "channel twice": (SCANNER + "channels", ["nucleus", "her2", "her2"], "'her2' stands twice"),
    "channel's name": (SCANNER + "channels", ["nucleus", "HER2"], "'HER2' does not match"),
    "grades fall": (CTC + "markers__her2__grades", [6, 3, 12], "her2.grades: a bound is below"),
    "two grades": (CTC + "markers__her2__grades", [6, 3], "markers.her2.grades"),
    "range": (CTC + "controls__high", {"min": 9, "max": 8}, "controls.high: its min is above"),
    "sheet of no name": ("sheets__patients", "", "sheets.patients: '' should be non-empty"),
    "assay's sheet of no name": (CTC + "sheet", "", "assays.ctc: sheet is missing"),
    "blank section": ("report", {"facility": None}, "report.facility: is blank; give a value"),
    "results of no name": ("results", "", "results: '' should be non-empty"),
    "results among the sheets": ("results", ".", "results: '.' is the working directory"),
    "results like a wildcard": ("results", "r{x}", "results: 'r{x}' has a brace in it"),
    "results in a file": ("results", "ctc.tsv", "results: 'ctc.tsv' is there and is not a folder"),
    "half a range": (
        CTC + "controls__high",
        {"min": 9},
        "assays.ctc.controls.high: max is missing",
    ),
    "gates of a number": (CTC + "gates", 3, "assays.ctc.gates: '3' is not of type string or array"),
    "no gate": (CTC + "gates", [], "assays.ctc.gates"),
    "gate without condition": (CTC + "gates", [{"call": "ctc"}], "gates.0: when is missing"),
}


@pytest.mark.parametrize("case", [*MISTYPED, *WRONG])
def test_one_bad_setting(case: str) -> None:
    name, value, gist = {**MISTYPED, **WRONG}[case]
    found = problems(settings(**{name: value}))
    assert {(p.file, p.line) for p in found} == {("config.yaml", 0)}
    assert [gist in p.message for p in found].count(True) == 1, [str(p) for p in found]


NOT_GATES = {
    "code": ("__import__('os').system('true') > 0", "is not allowed"),
    "code that compares nothing": ("__import__('os')", "compares nothing"),
    "attribute of an attribute": ("nucleus.snr.__class__ == 1", "is not allowed"),
    "private name": ("__builtins__ == 1", "unknown feature '__builtins__'"),
    "text": ("call == 'ctc'", "is not allowed"),
    "truth": ("nuclei == True", "is not allowed"),
    "list": ("nuclei in [1, 2]", "compares nothing"),
    "power": ("2 ** 999999999 > nuclei", "is not allowed"),
    "huge": (f"nuclei < 1{'0' * 400}", "is not allowed"),
    "lambda": ("(lambda: 1)() == 1", "is not allowed"),
    "choice": ("(1 if nuclei > 1 else 2) == 2", "is not allowed"),
    "another function": ("pow(nuclei, 2) > 1", "is not allowed"),
    "two statements": ("nuclei > 1; nuclei", "is not a condition"),
    "assignment": ("nuclei = 1", "is not a condition"),
    "walrus": ("(n := nuclei) > 1", "is not allowed"),
    "nothing": ("", "is not a condition"),
    "nesting": ("(" * 5000 + "nuclei" + ")" * 5000 + " > 1", "is not a condition"),
    "unknown feature": ("cytokeratin.srn > 5", "'cytokeratin.srn'; did you mean 'cytokeratin_snr'"),
    "unknown channel": ("her3.snr > 5", "unknown feature 'her3.snr'; did you mean 'her2_snr'?"),
    "unknown shape": ("diametr_um > 5", "did you mean 'diameter_um'?"),
}


@pytest.mark.parametrize("case", NOT_GATES)
def test_what_is_no_gate(case: str) -> None:
    when, gist = NOT_GATES[case]
    (problem,) = problems(settings(assays__ctc__gates=[{**GATE, "when": when}]))
    assert problem.message.startswith("assays.ctc.gates: ") and gist in problem.message


def test_the_gate_with_an_unknown_feature_is_named() -> None:
    (problem,) = problems(settings(assays__ctc__gates=[{**GATE, "when": "diameter > 5"}]))
    assert "the gate for 'ctc' names an unknown feature 'diameter'" in problem.message


def test_settings_are_told_all_at_once() -> None:
    config = settings(assays__ctc__gate="x", assays__ctc__quality__min_focus=2)
    assert len(problems(config)) == 2
    config = settings(**{CTC + "markers__her": {}, CTC + "controls__high": {"min": 2, "max": 1}})
    assert len(problems(config)) == 2


def test_a_missing_section_is_named() -> None:
    assert ["sheets is missing" in p.message for p in problems(settings(sheets=None))] == [True]
    messages = [p.message for p in problems(settings(assays__ctc__platforms=None))]
    assert messages == ["assays.ctc: platforms is missing"]


def test_settings_are_left_as_they_were() -> None:
    before = copy.deepcopy(SETTINGS)
    assert read().config["results"] == "results"
    assert before == SETTINGS


def test_results_folder_is_written_in_one_way() -> None:
    assert read(settings(results="out/./here/")).config["results"] == "out/here"


OWN = {
    "assay.yaml": "title: Mine",
    "config.schema.yaml": "properties: {sheet: {type: string}}",
    "sheet.schema.yaml": "properties: {specimen_id: {type: string}}",
    "assay.smk": "",
}
BAD_OWN: dict[str, tuple[dict[str, str], str]] = {
    "no declaration": ({"assay.yaml": ""}, "assay.yaml: holds no names with values"),
    "a list": ({"sheet.schema.yaml": "- a"}, "sheet.schema.yaml: holds no names with values"),
    "not YAML": ({"assay.yaml": "title: [a"}, "assay.yaml: not valid YAML"),
    "no title": ({"assay.yaml": "calls: []"}, "assay.yaml: no title"),
    "unknown key": ({"assay.yaml": "title: a\nrules: b"}, "assay.yaml: unknown key rules"),
    "no specimen_id": ({"sheet.schema.yaml": "properties: {}"}, "no property specimen_id"),
    "no sheet": ({}, "assays.mine: sheet is missing"),
    "no check": (
        {"assay.yaml": "title: a\ncheck: mine.check", "config.schema.yaml": "{properties: {sheet: "
         "{type: string, default: ctc.tsv}}}"}, "its `check` mine.check is not there"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_OWN)
def test_an_assay_of_ones_own_that_is_not_one(folder: Path, case: str) -> None:
    changed, gist = BAD_OWN[case]
    for name, text in {**OWN, **changed}.items():
        (folder / name).write_text(text)
    found = problems(settings(assays__mine={"snakefile": "assay.smk"}))
    assert [gist in p.message for p in found] == [True], [str(p) for p in found]


def snakemake(folder: Path, config: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    arguments = ["-s", str(ROOT / "Snakefile"), "--directory", str(folder), "--cores", "1"]
    arguments += ["--configfile", str(as_yaml(folder, config))]
    return forks.snakemake(arguments, folder.parent)


def test_the_workflow_stops_with_the_listing_alone(folder: Path) -> None:
    put(folder, "specimens", 2, 1, "../x")
    put(folder, "specimens", 3, 5, "soon")
    done = snakemake(folder, SETTINGS)
    assert done.returncode == 1
    said = done.stdout
    assert "problems in the settings and sheets; nothing was run:" in said
    assert "specimens.tsv, row 1 (line 2), column specimen_id: '../x' is not allowed" in said
    assert "specimens.tsv, row 2 (line 3), column day: 'soon' is not a whole number" in said
    assert "Traceback" not in said
    assert not (folder / "results").exists()


def test_the_workflow_stops_at_a_mistyped_setting(folder: Path) -> None:
    done = snakemake(folder, settings(assays__ctc__gates="portble"))
    assert done.returncode == 1 and "Traceback" not in done.stdout
    assert "did you mean 'portable'?" in done.stdout
    assert not (folder / "results").exists()


def test_a_key_that_stands_twice_is_told_with_its_file_and_line(folder: Path) -> None:
    path = as_yaml(folder, settings(report__facility="one"))
    path.write_text(path.read_text() + "report: {facility: two, facility: three}\n")
    with pytest.raises(CheckError) as caught:
        read_run(settings(assays__ctc__gate=1), ROOT, files=[path])
    said = [str(p) for p in caught.value.problems]
    last = len(path.read_text().splitlines())
    for key in ("report", "facility"):
        words = f"run.yaml: '{key}' stands twice in one place, again in line {last}; leave one"
        assert words in said
    assert [s for s in said if s.startswith("run.yaml: unknown setting 'assays.ctc.gate'")]


@pytest.mark.parametrize("path", ["sheets__events", "assays__ctc__snakefile"])
def test_a_path_that_is_a_number_is_told_and_not_opened(folder: Path, path: str) -> None:
    (problem,) = problems(settings(**{path: 5}))
    assert path.replace("__", ".") in problem.message and "5 is not of type" in problem.message
