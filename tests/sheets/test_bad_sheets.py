"""One bad sheet a failure: where the message points, and the gist of it."""

from pathlib import Path

import pytest
from sound_sheets import SHEETS, problems, put, read, settings, write_sheets

LONG = "P" * 65


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_sheets(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_sheets_are_sound_before_they_are_spoilt() -> None:
    run = read()
    assert list(run.patients) == ["P1", "P2"]
    specimen = run.specimens["ctc"]["S2"]
    assert specimen.row["day"] == -3 and specimen.row["volume_ml"] == 4.0
    assert specimen.row["note"] is None and specimen.items[0]["role"] is None
    assert run.specimens["ctc"]["S1"].reviews[0]["call"] == "ctc"
    assert run.config["assays"]["ctc"]["quality"]["max_lost_frames"] == 0.2


# sheet, line, column (from 1), value -> file, line and column named, words of the message
CELLS = {
    "id climbs out of its folder": ("patients", 2, 1, "../x", 2, "patient_id", "not allowed"),
    "id with a semicolon": ("specimens", 2, 1, "a;b", 2, "specimen_id", "not allowed"),
    "id of digits": ("patients", 3, 1, "007", 3, "patient_id", "must match"),
    "id with a space": ("specimens", 3, 1, "S 2", 3, "specimen_id", "not allowed"),
    "id of 65 characters": ("patients", 2, 1, LONG, 2, "patient_id", "not allowed"),
    "id that is not ASCII": ("patients", 2, 1, "Pä", 2, "patient_id", "not allowed"),
    "id with a Greek capital": ("patients", 2, 1, "Ρ1", 2, "patient_id", "not allowed"),
    "id with wildcard braces": ("specimens", 2, 1, "{S1}", 2, "specimen_id", "not allowed"),
    "cell id": ("reviews", 2, 2, "c/1", 2, "cell_id", "not allowed"),
    "blank id": ("patients", 2, 1, "", 2, "patient_id", "a value is needed"),
    "blank day": ("specimens", 2, 5, "  ", 2, "day", "a value is needed"),
    "blank image": ("ctc", 3, 2, "", 3, "image", "a value is needed"),
    "blank reviewer": ("reviews", 2, 4, "", 2, "reviewer", "a value is needed"),
    "patient twice": ("patients", 3, 1, "P1", 3, "patient_id", "already in row 1 (line 2)"),
    "specimen twice": ("specimens", 3, 1, "S1", 3, "specimen_id", "'S1' is already in row 1"),
    "ids of another case": ("patients", 3, 1, "p1", 3, "patient_id", "upper and lower case"),
    "specimen of no patient": ("specimens", 3, 2, "P3", 3, "patient_id", "'P3' is not in patients"),
    "event of no patient": ("events", 2, 1, "P7", 2, "patient_id", "'P7' is not in patients"),
    "review of no specimen": ("reviews", 2, 1, "S8", 2, "specimen_id", "is not in specimens"),
    "image of no specimen": ("ctc", 3, 1, "S8", 3, "specimen_id", "'S8' is not in specimens"),
    "specimen of no image": ("ctc", 3, 1, "S1", 3, "specimen_id", "'S2' has no row in ctc.tsv"),
    "unknown assay": ("specimens", 2, 3, "ctcs", 2, "assay", "did you mean 'ctc'?"),
    "unknown platform": ("ctc", 2, 3, "scaner", 2, "platform", "did you mean 'scanner'?"),
    "unknown role": ("ctc", 2, 4, "control-high", 2, "role", "did you mean 'control_high'?"),
    "unknown setting": ("patients", 2, 2, "metastasis", 2, "setting", "mean 'metastatic'?"),
    "unknown kind of event": ("events", 2, 3, "operation", 2, "kind", "is not a choice"),
    "unknown call": ("reviews", 2, 3, "leucocyte", 2, "call", "did you mean 'leukocyte'?"),
    "day that is no number": ("specimens", 2, 5, "monday", 2, "day", "is not a whole number"),
    "day that is not whole": ("specimens", 2, 5, "1.5", 2, "day", "is not a whole number"),
    "day as programs write it": ("specimens", 2, 5, "1_0", 2, "day", "is not a whole number"),
    "day in other digits": ("specimens", 2, 5, "٣", 2, "day", "is not a whole number"),
    "day out of range": ("specimens", 2, 5, "99999", 2, "day", "out of range (maximum 36500)"),
    "grade out of range": ("patients", 2, 3, "4", 2, "grade", "out of range (maximum 3)"),
    "volume with a comma": ("specimens", 2, 6, "7,5", 2, "volume_ml", "'7,5' is not a number"),
    "volume of zero": ("specimens", 2, 6, "0", 2, "volume_ml", "out of range"),
    "volume below zero": ("specimens", 2, 6, "-7.5", 2, "volume_ml", "out of range"),
    "volume without end": ("specimens", 2, 6, "inf", 2, "volume_ml", "is not a number"),
    "volume too large to be": ("specimens", 2, 6, "1e999", 2, "volume_ml", "is not a number"),
    "volume that is no number": ("specimens", 2, 6, "nan", 2, "volume_ml", "is not a number"),
    "volume with its unit": ("specimens", 2, 6, "7.5 ml", 2, "volume_ml", "leave the unit out"),
    "volume not known": ("specimens", 2, 6, "#N/A", 2, "volume_ml", "leave it blank where"),
    "volume's decimal comma": ("specimens", 2, 6, "7,5", 2, "volume_ml", "; write a decimal point"),
    "volume that must be above": ("specimens", 2, 6, "0", 2, "volume_ml", "(above 0)"),
    "day as a date": ("specimens", 2, 5, "2024-01-05", 2, "day", "days count from the patient's"),
    "day as a German date": ("specimens", 2, 5, "5.1.2024", 2, "day", "days count from the"),
    "day with a typeset minus": ("specimens", 2, 5, "−3", 2, "day", "write the minus as a hyphen"),
    "day of a spreadsheet": ("specimens", 2, 5, "21.0", 2, "day", "leave the .0 out"),
    "id in words": ("patients", 2, 1, "A.1", 2, "patient_id", "(a letter, then letters, digits, _"),
}  # fmt: skip


@pytest.mark.parametrize("case", CELLS)
def test_one_bad_cell(folder: Path, case: str) -> None:
    sheet, line, column, value, bad_line, name, gist = CELLS[case]
    put(folder, sheet, line, column, value)
    found = problems()
    where = "specimens" if case == "specimen of no image" else sheet
    (problem,) = [p for p in found if gist in p.message]
    assert (problem.file, problem.line, problem.column) == (f"{where}.tsv", bad_line, name)
    assert f"{where}.tsv, row {bad_line - 1} (line {bad_line}), column {name}: " in str(problem)


def test_specimen_of_another_assay_has_no_images_here(folder: Path) -> None:
    put(folder, "specimens", 3, 3, "ctcs")
    put(folder, "ctc", 3, 1, "S2")
    said = [str(p) for p in problems()]
    assert any("ctc.tsv, row 2 (line 3)" in s and "of another assay" in s for s in said)


def test_same_image_twice(folder: Path) -> None:
    put(folder, "ctc", 4, 1, "S2")
    (problem,) = problems()
    assert (problem.line, problem.column) == (4, "specimen_id, image")
    assert "already in row 2 (line 3)" in problem.message


def test_one_file_under_two_spellings(folder: Path) -> None:
    put(folder, "ctc", 4, 1, "S2")
    put(folder, "ctc", 4, 2, "./slides/../slides/S2.tif")
    (problem,) = problems()
    assert (problem.line, problem.column) == (4, "image")
    assert "is the file of row 2 (line 3)" in problem.message


def test_settings_and_sheets_are_told_together(folder: Path) -> None:
    put(folder, "patients", 2, 1, "007")
    found = [str(p) for p in problems({**settings(), "resluts": "here"})]
    assert any("unknown setting 'resluts'; did you mean 'results'?" in p for p in found)
    assert any("'007' is not allowed" in p for p in found)


@pytest.mark.parametrize(("pfs", "overall", "sound"), [(90, 89, False), (90, 90, True)])
def test_a_death_before_the_progression(folder: Path, pfs: int, overall: int, sound: bool) -> None:
    lines = ["patient_id\tpfs_days\tos_days", f"P1\t{pfs}\t{overall}", "P2\t\t5"]
    (folder / "patients.tsv").write_text("\n".join(lines) + "\n")
    if sound:
        assert read().patients["P1"]["os_days"] == overall
        return
    (problem,) = problems()
    assert (problem.line, problem.column) == (2, "os_days")
    assert problem.message == "89 is less than pfs_days, which is 90"


HEADER = {
    "commas": (lambda t: t.replace("\t", ","), "separated by commas; a sheet needs tabs"),
    "quoted commas": (lambda t: '"' + t.replace("\t", '","') + '"', "separated by commas"),
    "semicolons": (lambda t: t.replace("\t", ";"), "separated by semicolons"),
    "bars": (lambda t: t.replace("\t", "|"), "separated by bars"),
    "spaces": (lambda t: t.replace("\t", "  "), "separated by spaces"),
    "unknown column": (lambda t: t.replace("visit", "vist"), "did you mean 'visit'?"),
    "another case": (lambda t: t.replace("visit", "Visit"), "did you mean 'visit'?"),
    "missing column": (lambda t: t.replace("day", "note"), "column 'day' is missing"),
    "column twice": (lambda t: t.replace("visit", "day"), "column 'day' stands twice"),
}


@pytest.mark.parametrize("case", HEADER)
def test_bad_header(folder: Path, case: str) -> None:
    spoil, gist = HEADER[case]
    path = folder / "specimens.tsv"
    path.write_text(spoil(path.read_text()))
    found = problems()
    assert {(p.file, p.line) for p in found} == {("specimens.tsv", 1)}
    assert any(gist in str(p) for p in found), found
    assert str(found[0]).startswith("specimens.tsv, header (line 1): ")


FILES = {
    "empty": (b"", "the sheet is empty"),
    "blank lines alone": (b"\n \n\t\t\n", "the sheet is empty"),
    "UTF-16": ("patient_id\nP1\n".encode("utf-16"), "not a text file in UTF-8"),
    "Latin-1": ("patient_id\nP1\tä\n".encode("latin-1"), "not a text file in UTF-8"),
    "spreadsheet": (b"PK\x03\x04\x00\x00", "not a text file in UTF-8"),
    "too many fields": (b"patient_id\tsetting\nP1\tearly\t2\n", "3 fields where the header has 2"),
}


@pytest.mark.parametrize("case", FILES)
def test_bad_file(folder: Path, case: str) -> None:
    content, gist = FILES[case]
    (folder / "patients.tsv").write_bytes(content)
    found = [p for p in problems() if p.file == "patients.tsv"]
    assert [gist in p.message for p in found] == [True], found
    assert found[0].line == (2 if case == "too many fields" else 0)


def test_header_alone_leaves_orphans(folder: Path) -> None:
    (folder / "patients.tsv").write_text("patient_id\n")
    found = problems()
    assert {p.file for p in found} == {"specimens.tsv", "events.tsv"}
    assert all("is not in patients; there is none" in p.message for p in found)


def test_missing_sheet(folder: Path) -> None:
    (folder / "ctc.tsv").unlink()
    (problem,) = problems()
    assert problem.file == "ctc.tsv" and "cannot be read (No such file" in problem.message


def test_sheet_that_is_a_folder(folder: Path) -> None:
    (problem,) = problems(settings(sheets__patients="."))
    assert "cannot be read" in problem.message


GOOD = {
    "byte order mark": lambda b: b"\xef\xbb\xbf" + b,
    "Windows line ends": lambda b: b.replace(b"\n", b"\r\n"),
    "old Mac line ends": lambda b: b.replace(b"\n", b"\r"),
    "spaces round the values": lambda b: b.replace(b"P1\t", b" P1 \t"),
    "blank lines": lambda b: b"\n" + b.replace(b"\n", b"\n\n") + b"\n\t\t\n",
    "no end of the last line": lambda b: b.rstrip(b"\n"),
    "quotation marks round the values": lambda b: b.replace(b"\tP1\t", b'\t"P1"\t'),
    "quotation marks in the header": lambda b: b.replace(b"patient_id", b'"patient_id"'),
    "empty fields beyond the header": lambda b: b.replace(b"\t2\n", b"\t2\t\t\n"),
}


@pytest.mark.parametrize("case", GOOD)
def test_what_spreadsheets_do_is_read(folder: Path, case: str) -> None:
    for sheet in SHEETS:
        path = folder / f"{sheet}.tsv"
        path.write_bytes(GOOD[case](path.read_bytes()))
    assert list(read().patients) == ["P1", "P2"]


QUOTED = {
    '"baseline': '"baseline',
    'the "first"': 'the "first"',
    '"one" and "two"': '"one" and "two"',
    '"late, see protocol"': "late, see protocol",
    '"the ""first"""': 'the "first"',
    '""': None,
    '"': '"',
}


@pytest.mark.parametrize("written", QUOTED)
def test_quotation_marks_are_characters_but_round_a_whole_field(folder: Path, written: str) -> None:
    put(folder, "specimens", 2, 4, written)
    assert read().specimens["ctc"]["S1"].row["visit"] == QUOTED[written]


def test_a_very_long_field_is_read(folder: Path) -> None:
    put(folder, "events", 2, 4, "x" * 200_000)
    assert len(read().events["P1"][0]["label"]) == 200_000


def test_reviews_keep_their_order(folder: Path) -> None:
    put(folder, "reviews", 3, 3, "uncertain")
    assert [r["call"] for r in read().specimens["ctc"]["S1"].reviews] == ["ctc", "uncertain"]


def test_all_mistakes_come_in_one_listing(folder: Path) -> None:
    put(folder, "patients", 2, 2, "metastatc")
    put(folder, "specimens", 2, 5, "soon")
    put(folder, "specimens", 3, 6, "-1")
    put(folder, "reviews", 2, 3, "tumour")
    put(folder, "ctc", 2, 3, "scanner2")
    found = problems()
    assert [(p.file, p.line, p.column) for p in found] == [
        ("ctc.tsv", 2, "platform"),
        ("patients.tsv", 2, "setting"),
        ("reviews.tsv", 2, "call"),
        ("specimens.tsv", 2, "day"),
        ("specimens.tsv", 3, "volume_ml"),
    ]


def test_a_long_list_of_what_is_known_is_cut(folder: Path) -> None:
    many = "\n".join(f"A{n:03d}" for n in range(500))
    (folder / "patients.tsv").write_text(f"patient_id\n{many}\nP1\n")
    (problem,) = problems()
    assert len(problem.message) < 200 and "and 489 more" in problem.message
