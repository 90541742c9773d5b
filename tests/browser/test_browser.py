"""The browser of the other tests renders, runs scripts unless a page forbids them, and prints."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>t</title>{head}
<style>@page {{ size: A4 }} body {{ margin: 0; background: rgb(0, 128, 0) }}</style></head>
<body><p id="p">before</p><script>document.getElementById("p").textContent = "after"</script>
</body></html>"""

POLICY = """<meta http-equiv="Content-Security-Policy"
content="default-src 'none'; style-src 'unsafe-inline'">"""


def write(folder: Path, head: str = "") -> Path:
    page = folder / "page.html"
    page.write_text(PAGE.format(head=head), encoding="utf-8")
    return page


def test_script_runs(browser: Any, tmp_path: Path) -> None:
    assert '<p id="p">after</p>' in browser.dom(write(tmp_path))


def test_policy_stops_script_and_is_reported(browser: Any, tmp_path: Path) -> None:
    page = write(tmp_path, POLICY)
    assert '<p id="p">before</p>' in browser.dom(page)
    assert "Content Security Policy" in browser.messages(page)


def test_screenshot_has_size_and_colour(browser: Any, tmp_path: Path) -> None:
    with Image.open(browser.screenshot(write(tmp_path), width=300, height=200)) as image:
        assert image.size == (300, 200)
        assert image.convert("RGB").getpixel((150, 150)) == (0, 128, 0)


def test_prints_a4(browser: Any, tmp_path: Path) -> None:
    """A4 is 595 x 842 points."""
    content = browser.pdf(write(tmp_path)).read_bytes()
    assert content.startswith(b"%PDF")
    assert b"/MediaBox [0 0 594.9" in content or b"/MediaBox [0 0 595" in content
