"""Pages say what the code does: made from schemas they are up to date, links lead somewhere."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from repository import ROOT

from liquidbiopsy.core import tables_doc
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.core.settings import read_yaml, with_defaults
from liquidbiopsy.core.settings_doc import with_sheets
from liquidbiopsy.core.tables import OBSERVATIONS
from liquidbiopsy.ctc import tables as ctc
from liquidbiopsy.ctc.choices import choose
from liquidbiopsy.ctc.step_classify import classify_specimen
from liquidbiopsy.ctc.step_count import count_specimen
from liquidbiopsy.ctc.step_detect import detect_specimen
from liquidbiopsy.simulate import ctc_slide
from liquidbiopsy.simulate.parameters import CYTOKERATIN, HER2, LEUKOCYTE, NUCLEUS

ELSEWHERE = re.compile(r"\.|(demo|results)/")
PAGES = [p for p in sorted(ROOT.glob("**/*.md")) if not ELSEWHERE.match(str(p.relative_to(ROOT)))]
SMALL: dict[str, Any] = {
    **{"frame_width_px": 400, "frame_height_px": 300, "columns": 2, "rows": 1, "ctc": 3},
    **{"leukocytes_per_frame": 8.0, "debris": 0, "fibres": 0, "ctc_clusters": 0, "tdev": 2},
    "channels": (NUCLEUS, CYTOKERATIN, LEUKOCYTE, HER2),
}
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)")


@pytest.mark.parametrize("page", tables_doc.pages(), ids=lambda p: p.name)
def test_generated_page_is_up_to_date(page: Path) -> None:
    assert page.read_text("utf-8") == tables_doc.pages()[page], "run `make docs`"


def test_every_column_is_on_the_page() -> None:
    for table in ctc.TABLES:
        section = tables_doc.tables_page().split(f"### `{table.name}`")[1].split("###")[0]
        assert [*re.findall(r"^\| `([^`]+)`", section, re.M)] == table.schema.names


def test_every_key_of_the_metadata_is_described() -> None:
    assert list(tables_doc.METADATA) == list(Provenance("").metadata())


def test_page_without_a_place_for_the_sheets_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the sheets"):
        with_sheets("# Configuration\n", ROOT / "workflow")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text("utf-8")) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The analytes and metrics of a specimen with all that one can have.

    A sample with a marker and a missing frame, control cells, an image that is not there, reviews.
    """
    folder = tmp_path_factory.mktemp("specimen")
    for name in ("sample", "control"):
        ctc_slide(folder / name, **SMALL)
    next((folder / "sample" / "images").iterdir()).unlink()
    schema = read_yaml(ROOT / "workflow/assays/ctc/config.schema.yaml")
    channels = [c.name for c in SMALL["channels"]]
    platform = {"layout": "frames", "channels": channels, "pixel_size_um": 0.64, "frames": 2}
    settings = with_defaults({"platforms": {"scanner": platform}}, schema)
    made = {n: str(folder / f"{n}.parquet") for n in ("objects", "images", "frames", "crops")}
    roles = {"sample": "sample", "control": "control_high", "absent": "sample"}
    items = [
        {"specimen_id": "A", "image": str(folder / n / "images"), "platform": "scanner", "role": r}
        for n, r in roles.items()
    ]
    sections = {k: settings[k] for k in ("detection", "quality", "gallery")}
    detect_specimen(items, settings["platforms"], sections, "", made, threads=1)
    seen = read_table(made["objects"])["cell_id"].to_pylist()
    called = {"call": "artefact", "reviewer": "somebody", "reason": None}
    reviews = [{"cell_id": cell, **called} for cell in (seen[0], "nobody")]
    choice = choose(settings, schema)
    cells = str(folder / "cells.parquet")
    classify_specimen(made, choice.gates, choice.markers, reviews, code="", output=cells)
    row = {"specimen_id": "A", "patient_id": "P", "assay": "ctc", "visit": None, "day": 0}
    limits = {"markers": choice.markers, "controls": {}, "max_lost_frames": 0.2}
    out = {n: str(folder / f"{n}.parquet") for n in ("observations", "quality")}
    inputs = {"cells": cells, "images": made["images"], "frames": made["frames"]}
    count_specimen(inputs, {**row, "volume_ml": 7.5}, limits, reviews, "", out)
    return {
        "ANALYTES": set(read_table(out["observations"])["analyte"].to_pylist()),
        "METRICS": set(read_table(out["quality"])["metric"].to_pylist()),
    }


@pytest.mark.parametrize("kind", ["ANALYTES", "METRICS"])
def test_what_a_specimen_says_is_described(said: dict[str, set[str]], kind: str) -> None:
    described = getattr(ctc, kind)
    forms = {name: re.compile(re.sub(r"<\w+>", r"[a-z0-9_]+?", name)) for name in described}
    of_name = {n: [d for d, form in forms.items() if form.fullmatch(n)] for n in said[kind]}
    assert not [name for name, found in of_name.items() if not found]
    assert {d for found in of_name.values() for d in found} == set(described), "no longer made"


def test_example_in_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"patient_id": "P01", "specimen_id": "S", "assay": "ctc", "day": 0, "value": 5.0}
    rows = [row | {"analyte": a, "status": "measured"} for a in ("ctc_count", "tdev_count")]
    table = tmp_path / "results/reports/P01/report.parquet"
    write_table(table_of(rows, OBSERVATIONS), table, OBSERVATIONS, Provenance(""))
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(example, names)
    assert any(isinstance(n, pd.DataFrame) and len(n) == 1 for n in names.values())
