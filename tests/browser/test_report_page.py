"""Reports in a browser: nothing is fetched, nothing runs, nothing runs over the edge of a phone."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import single_cells
from accessibility import violations
from reporting import ASSAYS, MARKUP, SETTINGS, TABLES, patient, write_patient

from liquidbiopsy.cohort.quality import write_quality
from liquidbiopsy.cohort.run import write_cohort
from liquidbiopsy.core.rules import read_rules
from liquidbiopsy.report.patient import write_report

pytestmark = pytest.mark.browser
PHONE = 390

# The page stands in a frame as wide as a phone; the script is that of the frame's owner.
MEASURE = """<!doctype html><meta charset="utf-8">
<iframe id="page" width="{width}" height="800" style="border:0" srcdoc="{page}"></iframe>
<script>
const frame = document.getElementById("page");
frame.onload = () => {{
  const page = frame.contentDocument;
  document.title = `${{page.documentElement.scrollWidth}} of ${{page.documentElement.clientWidth}}`;
}};
</script>"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write a patient's report and the pages over all patients."""
    results = tmp_path_factory.mktemp("results")
    files, sheets = write_patient(results)
    report, cohort, run = results / "reports/P1", results / "cohort", results / "run"
    write_report(files, report, sheets, ASSAYS, TABLES, SETTINGS, "d" * 64, read_rules(["shipped"]))
    rest = ([patient("P1")], sheets["specimens"], ASSAYS, TABLES, SETTINGS, "d" * 64)
    write_cohort(results / "reports", cohort, run, *rest)
    write_quality(
        cohort, run / "quality.html", run / "multiqc", sheets["specimens"], ASSAYS, SETTINGS
    )
    picked, declared = results / "cells", (single_cells.ASSAYS, single_cells.TABLES)
    files, sheets = single_cells.write_picked(picked)
    write_report(files, picked / "P1", sheets, *declared, single_cells.SETTINGS, "d" * 64)
    return {
        "report": report / "report.html",
        "cells": picked / "P1/report.html",
        "index": cohort / "index.html",
        "quality": run / "quality.html",
    }


@pytest.mark.parametrize("name", ["report", "cells", "index", "quality"])
def test_nothing_is_fetched_or_refused(browser: Any, pages: dict[str, Path], name: str) -> None:
    messages = browser.messages(pages[name])
    assert not re.search(r"CONSOLE|Refused|Content Security Policy|ERR_[A-Z]+.*http", messages)


def test_what_would_be_fetched_is_seen(browser: Any, pages: dict[str, Path]) -> None:
    """The check above would see a picture from elsewhere."""
    page = pages["report"].with_name("outside.html")
    text = pages["report"].read_text(encoding="utf-8")
    page.write_text(text.replace("</h1>", '</h1><img src="https://example.org/a.png" alt="">'))
    assert "Content Security Policy" in browser.messages(page)


class Elements(HTMLParser):
    """Collect the elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))


def test_markup_stays_text(browser: Any, pages: dict[str, Path]) -> None:
    dom = browser.dom(pages["report"])
    elements = Elements(dom).found
    assert "script" not in {tag for tag, _ in elements}
    assert not [a for _, attributes in elements for a in attributes if a.startswith("on")]
    pictures = [attributes["src"] or "" for tag, attributes in elements if tag == "img"]
    assert pictures and all(src.startswith("data:image/png") for src in pictures)
    assert dom.count(html.escape(MARKUP, quote=False)) >= 2


@pytest.mark.parametrize("name", ["report", "cells", "index", "quality"])
@pytest.mark.parametrize("width", [PHONE, 1280])
def test_page_is_no_wider_than_its_window(
    browser: Any, pages: dict[str, Path], tmp_path: Path, name: str, width: int
) -> None:
    text = pages[name].read_text(encoding="utf-8")
    owner = tmp_path / "owner.html"
    owner.write_text(MEASURE.format(width=width, page=html.escape(text)), encoding="utf-8")
    assert f"<title>{width} of {width}</title>" in browser.dom(owner)


@pytest.mark.parametrize("name", ["report", "cells", "index", "quality"])
def test_everybody_can_read_it(
    browser: Any, pages: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """The report has specimens that failed, rules, charts; WCAG 2.2 AA by axe-core."""
    passed, found = violations(browser, pages[name], tmp_path, 1280)
    assert not found and passed > 15


def test_what_not_everybody_can_read_is_seen(
    browser: Any, pages: dict[str, Path], tmp_path: Path
) -> None:
    """The check above would see faint words and a picture without a word for it."""
    page = pages["report"].with_name("faint.html")
    text = pages["report"].read_text(encoding="utf-8")
    bad = '</h1><p style="color:#bbb">faint</p><img src="data:image/png;base64,AA">'
    page.write_text(text.replace("</h1>", bad, 1), encoding="utf-8")
    _, found = violations(browser, page, tmp_path, 390)
    assert {"color-contrast", "image-alt"} <= {rule for rule, _ in found}


def test_report_prints(browser: Any, pages: dict[str, Path]) -> None:
    paper = browser.pdf(pages["report"]).read_bytes()
    assert paper.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 8
