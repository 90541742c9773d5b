"""Run axe-core, where it is installed, over a page in the browser of the tests."""

import html
import importlib.util
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

HOLDERS = ("axe_playwright_python", "axe_core_python", "pytest_playwright_axe")
"""Wheels that carry axe.min.js; they are not in the lock, for axe-core is under the MPL."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')

RUN = """<script>%s</script>
<script>
addEventListener("load", () => axe.run({runOnly: %s}).then(found => {
  const told = document.createElement("pre");
  told.id = "axe-told";
  told.textContent = JSON.stringify({
    passes: found.passes.length,
    violations: found.violations.map(v => [v.id, v.nodes.map(n => n.target.join(" ")).slice(0, 5)]),
  });
  document.body.append(told);
}));
</script></body>"""


def axe_script() -> str:
    """Give axe-core's source, or skip the test with the reason."""
    named = os.environ.get("LIQUIDBIOPSY_AXE")
    places = [Path(named)] if named else []
    places.append(Path(__file__).parents[1] / ".axe/axe_playwright_python/axe.min.js")
    for name in HOLDERS:
        spec = importlib.util.find_spec(name)
        places += (
            [Path(p) / "axe.min.js" for p in (spec.submodule_search_locations or [])]
            if spec
            else []
        )
    found = next((p for p in places if p.is_file()), None)
    if found is None:
        pytest.skip("axe-core is not installed (LIQUIDBIOPSY_AXE names a copy of axe.min.js)")
    return found.read_text(encoding="utf-8")


def violations(browser: Any, page: Path, folder: Path, width: int) -> tuple[int, list[Any]]:
    """Give how many checks of WCAG 2.2 AA passed, and those that did not with their elements.

    The page's policy, which forbids scripts, is left out of the copy that is examined.
    """
    text = POLICY.sub("", page.read_text(encoding="utf-8"))
    script = axe_script().replace("</script", "<\\/script")
    examined = folder / f"axe-{page.stem}-{width}.html"
    run = RUN % (script, json.dumps(TAGS))
    examined.write_text(text.replace("</body>", run), encoding="utf-8")
    told = re.search(r'<pre id="axe-told">(.*?)</pre>', browser.dom(examined, width, 30_000), re.S)
    assert told, "axe-core did not come to an end"
    found = json.loads(html.unescape(told[1]))
    return found["passes"], found["violations"]
