"""Compiled code is kept apart for each state of the code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT

from liquidbiopsy.core.compiled import FOLDER, digest_of_compiled, keep_apart

INNER = "import numba\n@numba.njit(cache=True)\ndef inner(x):\n    return x + {n}\n"
OUTER = (
    "import numba\nfrom pkg.inner import inner\n"
    "@numba.njit(cache=True)\ndef outer(x):\n    return inner(x)\n"
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "pkg"
    folder.mkdir()
    start = "from pathlib import Path\nfrom liquidbiopsy.core.compiled import keep_apart\n"
    (folder / "__init__.py").write_text(f"{start}keep_apart(Path(__file__).parent)\n")
    (folder / "inner.py").write_text(INNER.format(n=1))
    (folder / "outer.py").write_text(OUTER)
    (folder / "plain.py").write_text("x = 1\n")
    return folder


def test_a_change_in_a_called_function_is_seen(package: Path) -> None:
    """Without folders of their own, numba gives the old result the second time."""
    results = []
    for n in (1, 100):
        (package / "inner.py").write_text(INNER.format(n=n))
        env = {k: v for k, v in os.environ.items() if k != FOLDER}
        env["PYTHONPATH"] = f"{ROOT / 'scripts'}:{package.parent}"
        program = "import pkg; from pkg.outer import outer; print(outer(1))"
        run = subprocess.run(
            [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
        )
        results.append(int(run.stdout))
    assert results == [2, 101]


def test_only_files_with_compiled_functions_count(package: Path) -> None:
    before = digest_of_compiled(package)
    (package / "plain.py").write_text("x = 2\n")
    assert digest_of_compiled(package) == before
    (package / "inner.py").write_text(INNER.format(n=7))
    assert digest_of_compiled(package) != before


def test_the_folder_of_a_parent_process_is_not_taken(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, "elsewhere/numba-0123456789abcdef")
    assert keep_apart(package).startswith(str(package))


def test_a_folder_that_is_named_stays(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, "elsewhere")
    assert keep_apart(package) == "elsewhere"


def test_a_shared_install_keeps_it_elsewhere(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert not keep_apart(package).startswith(str(package))
    monkeypatch.delenv(FOLDER)
