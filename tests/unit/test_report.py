"""A patient's report: its tables, its page, and what a terminal shows of it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet  # noqa: F401  (pa.parquet)
import pytest
from reporting import ASSAYS, MARKUP, SETTINGS, TABLES, patient, read, specimen, write_patient

from liquidbiopsy.core import pages
from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.observations import Observation
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.core.tables import OBSERVATIONS, QUALITY
from liquidbiopsy.core.words import number, plain
from liquidbiopsy.report.patient import write_report
from liquidbiopsy.report.quality import Summary, _add, simulated_words
from liquidbiopsy.report.statements import state
from liquidbiopsy.report.summary import aligned, headlines, lines
from liquidbiopsy.report.timeline_axes import event_words, log_ticks, place_labels
from liquidbiopsy.report.unite import Part, known_schema, unite

CODE = "d" * 64


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of the invented patient, once."""
    results = tmp_path_factory.mktemp("results")
    files, sheets = write_patient(results)
    folder = results / "reports" / "P1"
    write_report(files, folder, sheets, ASSAYS, TABLES, SETTINGS, CODE)
    return folder


@pytest.fixture(scope="module")
def page(report: Path) -> str:
    return (report / "report.html").read_text(encoding="utf-8")


def text_of(page: str) -> str:
    """Give the page's text as a reader sees it, in one line."""

    class Reader(HTMLParser):
        words: list[str]
        hidden = False

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            self.hidden = tag == "style"

        def handle_endtag(self, tag: str) -> None:
            self.hidden = False

        def handle_data(self, data: str) -> None:
            if not self.hidden:
                self.words.append(data)

    reader = Reader()
    reader.words = []
    reader.feed(page)
    return re.sub(r"\s+", " ", " ".join(reader.words))


def section(page: str, name: str) -> str:
    """Give the text of one section."""
    return text_of(re.search(rf'<section[^>]*aria-labelledby="{name}".*?</section>', page, re.S)[0])


# Tables


def test_report_has_all_statements_sorted(report: Path) -> None:
    table = read(report / "report.parquet")
    assert table.schema.equals(OBSERVATIONS.schema)
    assert table.schema.field("day").metadata == OBSERVATIONS.schema.field("day").metadata
    keys = [(r["day"], r["assay"], r["specimen_id"]) for r in table.to_pylist()]
    assert keys == sorted(keys) and len(keys) == 10


def test_report_says_what_it_came_from(report: Path) -> None:
    said = read(report / "report.parquet").schema.metadata
    assert said[b"code_sha256"].decode() == CODE and b"research use only" in said.values()
    inputs = json.loads(said[b"inputs_sha256"])
    specimens = ("blood/B1", "blood/B2", "blood/B3", "blood/B4", "plasma/D1")
    assert set(inputs) == {f"{name}/observations.parquet" for name in specimens}


def test_tables_are_united(report: Path) -> None:
    quality = read(report / "quality.parquet")
    assert quality.schema.names == ["assay", *QUALITY.schema.names]
    assert set(quality["assay"].to_pylist()) == {"blood"}
    assert quality.schema.field("value").metadata[b"description"] == b"Its value, in `unit`"
    assert read(report / "cells.parquet")["cell_id"].to_pylist() == ["B1-c3", "B1-c2", "B1-c1"]
    assert read(report / "variants.parquet").to_pylist() == [
        {"assay": "plasma", "specimen_id": "D1"}
    ]


def test_patient_without_specimens(tmp_path: Path) -> None:
    sheets = {"patient": patient("P2"), "specimens": [], "events": []}
    write_report([], tmp_path, sheets, ASSAYS, TABLES, SETTINGS, CODE)
    for name in ("report", *TABLES):
        assert read(tmp_path / f"{name}.parquet").num_rows == 0
    assert read(tmp_path / "quality.parquet").schema.names == ["assay", *QUALITY.schema.names]
    assert "There is no specimen of this patient" in (tmp_path / "report.html").read_text()


def test_columns_known_from_the_assays_own_tables() -> None:
    assert {"assay", "specimen_id", "cell_id", "nuclei"} <= set(
        known_schema("cells", ["ctc"]).names
    )
    assert known_schema("unheard_of", ["ctc"]).names == ["assay", "specimen_id"]


def write_parts(folder: Path, *tables: pa.Table) -> list[Part]:
    """Write tables as those of assays a, b, …"""
    parts = [Part(folder / f"{i}.parquet", "abc"[i]) for i in range(len(tables))]
    for part, table in zip(parts, tables, strict=True):
        pa.parquet.write_table(table, part.path)
    return parts


def test_union_keeps_columns_types_and_descriptions(tmp_path: Path) -> None:
    described = pa.field("x", pa.int32(), nullable=False, metadata={"description": "place"})
    first = pa.table([pa.array([1], pa.int32())], schema=pa.schema([described]))
    second = pa.table({"x": pa.array([2.5]), "y": ["new"]})
    parts = write_parts(tmp_path, first, second)
    unite("t", parts, tmp_path / "t.parquet", Provenance(CODE), [])
    table = read(tmp_path / "t.parquet")
    assert table.to_pylist() == [
        {"assay": "a", "x": 1.0, "y": None},
        {"assay": "b", "x": 2.5, "y": "new"},
    ]
    assert table.schema.field("x").metadata == {b"description": b"place"}


def test_union_of_columns_that_do_not_go_together(tmp_path: Path) -> None:
    parts = write_parts(tmp_path, pa.table({"x": [1]}), pa.table({"x": [[True]]}))
    with pytest.raises(UserError, match="column 'x'"):
        unite("t", parts, tmp_path / "t.parquet", Provenance(CODE), [])
    assert not (tmp_path / "t.parquet").exists()


def test_observations_off_the_contract_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "own" / "S1"
    folder.mkdir(parents=True)
    pa.parquet.write_table(pa.table({"patient_id": ["P1"]}), folder / "observations.parquet")
    sheets = {"patient": patient("P1"), "specimens": [], "events": []}
    files = [str(folder / "observations.parquet")]
    with pytest.raises(UserError, match="observations.parquet: no column specimen_id, assay"):
        write_report(files, tmp_path / "out", sheets, ASSAYS, TABLES, SETTINGS, CODE)


def test_same_bytes_again(report: Path, tmp_path: Path) -> None:
    files, sheets = write_patient(tmp_path)
    again = tmp_path / "reports" / "P1"
    write_report(files[::-1], again, sheets, ASSAYS, TABLES, SETTINGS, CODE)
    assert (again / "report.parquet").read_bytes() == (report / "report.parquet").read_bytes()
    assert (again / "report.html").read_bytes() == (report / "report.html").read_bytes()


# The page


def test_page_keeps_to_its_policy(page: str) -> None:
    assert "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"" in page
    assert not re.search(r"<script|<link|<iframe|<object|<base|@import|javascript:", page)
    assert not re.search(r"(?:https?:)?//\w", re.sub(r"data:image/png;base64,[\w+/=]+", "", page))
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sources and all(s.startswith(("data:image/png;base64,", "#")) for s in sources)


def test_markup_in_the_sheets_stays_text(page: str) -> None:
    assert text_of(page).count(MARKUP) >= 3, "note, reason and label of an event"
    assert "<script" not in page and "<img src=x" not in page


def test_identifiers_are_used_once(page: str) -> None:
    names = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(set(names)) == sorted(names)
    assert {"main", "who", "latest", "timeline", "provenance"} <= set(names)


def test_page_can_be_read_by_all(page: str) -> None:
    assert '<html lang="en">' in page and page.count("<h1>") == 1
    assert page.count("<table>") == page.count("<caption>") == page.count('class="box"')
    assert not re.search(r"<th(?![^>]*scope=)[ >]", page)
    assert not re.search(r"<img(?![^>]*alt=)", page)
    assert '<main id="main">' in page and "<header>" in page and "<footer>" in page


def test_who(page: str) -> None:
    shown = section(page, "who")
    assert "Pseudonym P1" in shown and "Oestrogen receptor Positive" in shown
    assert "HER2, primary Negative" in shown and "90 days, progression" in shown
    assert "Clinical risk" not in shown, "blank in the sheet"


def test_failures_stand_before_the_results(page: str) -> None:
    shown = section(page, "problems")
    assert "Inadequate : B3 , day 42, day 42. 8 of 12 frames out of focus" in shown
    assert "Failed : B4 , day 63, day 63. b4.tif is not there. Affected: Tumour cells" in shown
    assert page.index('id="problems"') < page.index('id="specimens"')
    summary = section(page, "summary")
    assert "Failed : B4, day 63. b4.tif is not there" in summary
    assert "Inadequate : B3, day 42. 8 of 12 frames out of focus" in summary


def test_latest_usable_result_and_what_came_after(page: str) -> None:
    shown = section(page, "summary")
    assert "Tumour cells 0 in 7.5 ml (0–3.7) day 21 5 in 7.5 ml (1.6–11.7) day 0 Lower" in shown
    assert "Ratio 0 (0–1.1), does not exclude no change" in shown
    assert "Failed since: B4, day 63" in shown


def test_timeline_draws_and_tells(page: str) -> None:
    assert page.count("<svg") == 2, "both analytes in one, wide and narrow"
    shown = section(page, "timeline")
    assert "0 in 7.5 ml (95 % CI 0–3.7)" in shown and "Inadequate (counted 3 in 7.5 ml)" in shown
    assert "1 Treatment start Paclitaxel" in shown and "60 Progression –" in shown
    assert "control_high" not in shown


def test_markers_name_their_rule(page: str) -> None:
    shown = section(page, "markers")
    assert "B1 HER2 Positive 2 of 5 cells 2 in 7.5 ml (95 % CI 0.24–7.2) detect@1" in shown
    assert "HER2 of the cells Positive , 2 of 5 cells day 0 – First result" in section(
        page, "summary"
    )


def test_statements_about_a_target(page: str) -> None:
    shown = section(page, "further")
    assert "Variant allele fraction PIK3CA p.H1047R 0.02 (14 of 700) (95 % CI 0.01–0.03)" in shown
    assert "Tumour cells control_high 950" in shown and "Failed" not in shown


def test_each_assay_has_a_table_of_its_further_results(page: str) -> None:
    captions = re.findall(r"<caption>(.*?) by specimen, with 95 % intervals</caption>", page)
    assert captions and len(captions) == len(set(captions))
    for title in captions:
        table = page.split(f"{title} by specimen, with")[1].split("</table>")[0]
        specimens = re.findall(r'<th scope="row" class="id">(\w+)</th>', table)
        assert specimens and len(specimens) == len(set(specimens))


def test_cells_are_pictured_by_call_and_confidence(page: str) -> None:
    assert re.findall(r"<code>(B1-c\d)</code>", page) == ["B1-c1", "B1-c2"]
    assert "2 of 3 cells" in section(page, "galleries")
    assert 'alt="Cell B1-c1, Overlay"' in page
    assert "confidence 0.90; SNR: Green 31.0" in section(page, "galleries")


def test_quality_is_summarised(page: str) -> None:
    shown = section(page, "quality")
    assert "Focus: 4 of 12 out of bounds (bound 0.12)" in shown and "Kappa 0.81" in shown
    assert "B2 – – – Not measured" in shown
    assert "Simulated data: B1 of 5 specimens" in text_of(page)


def test_provenance_is_shown(page: str) -> None:
    shown = section(page, "provenance")
    assert "c" * 64 in shown and "slide.tif " + "f" * 64 in shown and "numpy" in shown


def test_no_banner_where_nothing_is_simulated() -> None:
    summaries = [Summary("A", "blood"), Summary("B", "blood")]
    assert simulated_words(summaries) == ""
    for summary in summaries:
        _add(summary, summary.specimen_id, "simulated", 1.0, None, None, None)
    assert "none is from a person" in simulated_words(summaries)


def test_facts_are_those_of_images_not_of_frames() -> None:
    summary = Summary("S1", "blood")
    rows = [
        ("s.tif", "frames", 3.0, None, None), ("s.tif", "frames_lost", 1.0, 0.6, False),
        ("s.tif", "cells_found", 7.0, None, None), ("s.tif:0", "focus", 0.05, 0.12, False),
        ("s.tif:1", "focus", 0.4, 0.12, True), ("s.tif:2", "focus", 0.4, 0.12, True),
        ("s.tif:0", "focus:green", 0.3, None, None), ("S1", "kappa", 0.8, None, None),
    ]  # fmt: skip
    for item, metric, value, limit, passed in rows:
        _add(summary, item, metric, value, None, limit, passed)
    assert [c.words for c in summary.facts] == ["Cells found 7", "Kappa 0.8"]
    assert [c.metric for c in summary.flags] == ["focus"]
    assert (summary.images, summary.frames, summary.frames_lost) == (1, 3, 1)


def test_no_pictures_where_none_are_wanted(tmp_path: Path) -> None:
    files, sheets = write_patient(tmp_path)
    settings = {"facility": "", "thumbnails": 0}
    write_report(files, tmp_path / "P1", sheets, ASSAYS, TABLES, settings, CODE)
    page = (tmp_path / "P1" / "report.html").read_text()
    assert "<img" not in page and "galleries" not in page


def test_digest_of_a_page_takes_its_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(pages, "sha256_of_path", lambda folder: seen.append(folder) or "0")
    pages.page_digest.cache_clear()
    pages.page_digest("liquidbiopsy.report.patient")
    pages.page_digest.cache_clear()
    assert {folder.parent.name for folder in seen} == {"core", "report"}


# Words


def statement(volume: float | None = 7.5, **fields: Any) -> Any:
    row = Observation("blood_count", **fields).row(specimen("B1", 0))
    return state(row, volume, ASSAYS["blood"])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"value": 5, "ci_low": 1.623, "ci_high": 11.668, "unit": "{cells}", "count": 5,
          "denominator": 7.5}, "5 in 7.5 ml (95 % CI 1.6–11.7)"),
        ({"value": 3, "unit": "{cells}", "count": 3, "denominator": 1e6},
         "3 of 1\u202f000\u202f000"),
        ({"value": 0.25, "unit": "1", "count": 5, "denominator": 20}, "0.25 (5 of 20)"),
        ({"value": 167, "unit": "[bp]"}, "167 [bp]"),
        ({"status": "not_detected", "lod": 0.00004, "unit": "1"},
         "Not detected (limit of detection 4.0 × 10⁻⁵)"),
        ({"status": "failed", "reason": "x"}, "Failed"),
        ({"status": "inadequate", "value": 2, "count": 2, "denominator": 7.5},
         "Inadequate (counted 2 in 7.5 ml)"),
    ],
)  # fmt: skip
def test_statements_read_well(fields: dict[str, Any], sentence: str) -> None:
    assert statement(**fields).sentence == sentence


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0"), (-1.25, "−1.2"), (12345.0, "12\u202f345"), (999.6, "1000"), (float("nan"), "–"),
     (float("inf"), "∞"), (0.04951, "0.05"), (99.96, "100.0")],
)  # fmt: skip
def test_numbers(value: float, words: str) -> None:
    assert number(value) == words


def test_names() -> None:
    assert plain("tdev_count") == "tdEV count" and plain("tumour_cell") == "Tumour cell"
    assert plain("control_high") == "Control high" and plain("PIK3CA") == "PIK3CA"


# The chart


@pytest.mark.parametrize(
    ("step", "top", "ticks"),
    [(1, 3, [0, 1, 2]), (1, 40, [0, 1, 2, 5, 10, 20]), (1, 12000, [0, 1, 10, 100, 1000, 10000]),
     (1e-4, 0.0003, [0, 0.0001, 0.0002]), (1, 0, [0, 1])],
)  # fmt: skip
def test_log_ticks(step: float, top: float, ticks: list[float]) -> None:
    assert log_ticks(step, top) == ticks


@pytest.mark.parametrize(
    ("kind", "label", "words"),
    [("treatment_stop", "Paclitaxel", "Stop: Paclitaxel"), ("other", "Fall", "Fall"),
     ("progression", None, "Progression"), ("surgery", "R0", "Surgery: R0")],
)  # fmt: skip
def test_events_in_words(kind: str, label: str | None, words: str) -> None:
    assert event_words({"kind": kind, "label": label}) == words


def test_labels_of_events_keep_apart() -> None:
    events = [{"day": d, "kind": "other", "label": f"Treatment {d}"} for d in (0, 1, 2, 50, 100)]
    placed, rows = place_labels(events, 0, 100, 800)
    by_day = {p["day"]: p for p in placed}
    assert by_day[2]["row"] == 0 < by_day[1]["row"] < by_day[0]["row"] == rows - 1
    assert by_day[50]["row"] == 0 and by_day[100]["align"] == "right"


# In the terminal


def test_lines_of_the_terminal(report: Path) -> None:
    told = lines(read(report / "report.parquet").to_pylist())
    assert [line[:5] for line in told[:2]] == [
        ("P1", "0", "day 0", "blood", "5"), ("P1", "21", "day 21", "blood", "0"),
    ]  # fmt: skip
    assert told[0][7] == "HER2 positive" and told[-1][-1] == "failed: b4.tif is not there"


def test_a_specimen_without_a_count_is_told_by_what_its_assay_puts_on_the_timeline() -> None:
    about = {"patient_id": "P1", "day": 0, "specimen_id": "S", "visit": None, "assay": "plasma"}
    blank = dict.fromkeys(["ci_low", "ci_high", "denominator", "target", "reason"])
    rows = [
        {**about, **blank, "analyte": name, "value": value, "status": "measured"}
        for name, value in (("length", 167.0), ("tumour", 0.5))
    ]
    assert lines(rows)[0][4] == "167"
    assert lines(rows, {"plasma": ["other", "tumour"]})[0][4] == "0.5"
    assert headlines()["ctdna"][0] == "mrd_tumour_fraction"


def test_columns_of_the_terminal() -> None:
    assert aligned([("a", "1"), ("bbb", "22")]) == "a     1\nbbb  22"
