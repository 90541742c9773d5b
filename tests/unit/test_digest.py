"""Checksums: of settings, of files and folders, and of the code behind a step."""

import ast
import shutil
import subprocess
import sys

import pytest
from repository import ROOT, other_version

from liquidbiopsy.core import imports
from liquidbiopsy.core.digest import (
    code_digest,
    code_of,
    imported_modules,
    sha256_of_path,
    sha256_of_settings,
)
from liquidbiopsy.core.imports import names_imported

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
STEPS = [
    *("ctc.step_detect", "ctc.step_classify", "ctc.step_count", "ctc.gallery"),
    *("report.patient", "cohort.run"),
]
PRINT = (
    "from liquidbiopsy.core.digest import code_digest\n"
    f"for m in {STEPS}: print(m, code_digest('liquidbiopsy.' + m))"
)


def digests(scripts):
    """Digest of each step's code, from a copy of the package."""
    done = subprocess.run(
        [sys.executable, "-c", PRINT], cwd=scripts, capture_output=True, text=True, check=True
    )
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    scripts = tmp_path_factory.mktemp("package")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "scripts" / "liquidbiopsy", scripts / "liquidbiopsy", ignore=ignored)
    return scripts


@pytest.fixture(scope="module")
def before(copy):
    """Digests of the copy as it is between tests."""
    return digests(copy)


@pytest.mark.parametrize(
    ("module", "changed"),
    [
        ("ctc/detect.py", {"ctc.step_detect"}),
        ("ctc/count.py", {"ctc.step_count"}),
        (
            "core/gates.py",
            {"ctc.step_classify", "ctc.step_count"},
        ),  # marker rules are conditions too
        ("report/page.py", {"report.patient"}),
        ("cohort/pages.py", {"cohort.run"}),
        ("core/parquet.py", set(STEPS) - {"cohort.run"}),
        ("core/atomic.py", set(STEPS)),
        ("core/__init__.py", set(STEPS)),
        ("simulate/scene.py", set()),
        ("core/sheets.py", set()),
    ],
)
def test_a_changed_byte_changes_its_importers_alone(copy, before, module, changed):
    file = copy / "liquidbiopsy" / module
    text = file.read_bytes()
    file.write_bytes(text + b"\n# changed\n")
    after = digests(copy)
    file.write_bytes(text)
    assert {step for step in STEPS if before[step] != after[step]} == changed


@pytest.mark.parametrize(
    ("package", "changed"),
    [
        ("numba", {"ctc.step_detect"}),
        ("opencv-python-headless", {"ctc.step_detect"}),
        ("pysam", set()),
        ("pyarrow", set(STEPS)),
    ],
)
def test_another_version_of_a_package_changes_its_importers_alone(
    copy, before, tmp_path, package, changed, monkeypatch
):
    other_version(tmp_path, package)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    after = digests(copy)
    assert {step for step in STEPS if before[step] != after[step]} == changed
    assert {step: code_of(d) for step, d in before.items()} == {
        step: code_of(d) for step, d in after.items()
    }


def test_imports_are_followed():
    modules = imported_modules("liquidbiopsy.ctc.platforms")
    assert {"liquidbiopsy", "liquidbiopsy.core.errors", "liquidbiopsy.ctc.layouts"} <= modules
    assert "liquidbiopsy.imaging.planes" in modules  # by way of another module
    assert "liquidbiopsy.report.page" not in modules


def test_an_unknown_module_is_refused():
    with pytest.raises(ModuleNotFoundError, match="ctc.detekt is not a module"):
        code_digest("liquidbiopsy.ctc.detekt")


def test_settings_in_another_order_are_the_same():
    assert sha256_of_settings({"a": 1, "b": [2, 3]}) == sha256_of_settings({"b": [2, 3], "a": 1})
    assert sha256_of_settings({"b": [2, 3]}) != sha256_of_settings({"b": [3, 2]})


def test_files_and_folders(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    assert sha256_of_path(tmp_path / "a") == EMPTY
    empty = sha256_of_path(tmp_path)
    (tmp_path / "b").write_bytes(b"x")
    filled = sha256_of_path(tmp_path)
    (tmp_path / ".hidden").write_bytes(b"x")
    assert sha256_of_path(tmp_path) == filled != empty
    (tmp_path / "b").rename(tmp_path / "c")
    assert sha256_of_path(tmp_path) != filled
    with pytest.raises(FileNotFoundError):
        sha256_of_path(tmp_path / "nowhere")


def walked(content: bytes) -> set[str]:
    """Names that a walk over all of the code finds."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
    return found


def test_every_import_is_seen():
    """Also those within functions, branches and handlers."""
    for file in (ROOT / "scripts" / "liquidbiopsy").rglob("*.py"):
        assert set(names_imported(file.read_bytes())) == walked(file.read_bytes()), file


@pytest.mark.parametrize(
    "code",
    [
        "try:\n  x = 1 if y else 2\nexcept E:\n  import a\nelse:\n  match x:\n    case 1: import b",
        "import a.b as c, d  # why\nfrom e import (  # f\n    g,  # h, i\n    j as k,\n)\n",
        "from . import a\nfrom .b import c\nfrom ..d import e\n",
        "if x: import a\n",
        "import a; import b\n",
        "import a, \\\n    b\n",
        "from a import b, \\\n    c\n",
        "x = 'to import'\ndef f():\n\tfrom a.b import c\n",
        "import a\r\nfrom b import (c,\r\n  d)\r\n",
        "from a import *\n",
        "",
    ],
)
def test_imports_of_any_shape_are_seen(code):
    assert set(names_imported(code.encode())) == walked(code.encode())


def test_hardly_a_file_is_parsed(monkeypatch):
    """Parsing is slow, and each job of a cluster asks after all modules."""
    parsed = []
    monkeypatch.setattr(imports, "_parsed", lambda content: parsed.append(content) or [])
    files = list((ROOT / "scripts" / "liquidbiopsy").rglob("*.py"))
    for file in files:
        names_imported(file.read_bytes())
    assert len(parsed) < 0.1 * len(files)
