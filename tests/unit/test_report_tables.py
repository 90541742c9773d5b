"""Every chart of a report has its figures in a table under it."""

import re
import time
from pathlib import Path

import pytest
import single_cells
from reporting import ASSAYS, SETTINGS, TABLES, write_patient

from liquidbiopsy.core.rules import read_rules
from liquidbiopsy.report.patient import write_report


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write a report of two assays with rules, and one of single cells."""
    results = tmp_path_factory.mktemp("results")
    files, sheets = write_patient(results)
    rules = read_rules(["shipped"])
    write_report(files, results / "P1", sheets, ASSAYS, TABLES, SETTINGS, "d" * 64, rules)
    files, sheets = single_cells.write_picked(results / "cells")
    declared = (single_cells.ASSAYS, single_cells.TABLES, single_cells.SETTINGS)
    write_report(files, results / "cells/P1", sheets, *declared, "d" * 64)
    places: dict[str, Path] = {"two": results / "P1", "cells": results / "cells/P1"}
    return {name: (p / "report.html").read_text(encoding="utf-8") for name, p in places.items()}


@pytest.mark.parametrize("name", ["two", "cells"])
def test_every_chart_has_its_table(pages: dict[str, str], name: str) -> None:
    after = pages[name].split('<figure class="chart"')[1:]
    assert after
    for part in after:
        under = re.split(r"<h[23]", part)[0]
        assert re.search(r"<table>\s*<caption>[^<]+</caption>.*<tbody>\s*<tr", under, re.S)
        assert under.index("</figure>") < under.index("<table>")
        drawings = re.findall(r"<svg[^>]*>.{0,400}", part.split("</figure>")[0], re.S)
        assert drawings and all('role="img"' in d or "aria-label" in d for d in drawings)


def test_headings_are_in_order(pages: dict[str, str]) -> None:
    levels = [int(n) for n in re.findall(r"<h([1-6])", pages["two"])]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


def test_people_read_names_not_identifiers(pages: dict[str, str]) -> None:
    words = re.sub(r"<code>.*?</code>|<[^>]*>", " ", pages["two"].split("<main")[1], flags=re.S)
    said = set(re.findall(r"\b(?:blood|ctc|dtc|mrd)_[a-z0-9_]+", words))
    assert not said, "a name such as `ctc_count` is for tables"


def test_a_report_is_quick_and_small(tmp_path: Path) -> None:
    """Under 3 s of the processor and 3 MB; docs/benchmarks.md has a full patient's figures."""
    files, sheets = single_cells.write_picked(tmp_path)
    declared = (single_cells.ASSAYS, single_cells.TABLES, single_cells.SETTINGS)
    start = time.process_time()
    write_report(files, tmp_path / "P1", sheets, *declared, "d" * 64, read_rules(["shipped"]))
    assert time.process_time() - start < 3
    assert (tmp_path / "P1/report.html").stat().st_size < 3_000_000
