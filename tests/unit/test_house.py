"""The repository names no machine and no package index, and its files stay short."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from repository import ROOT

# Put together here, so that this file does not hold what it looks for.
FOLDERS = "|".join(["home", "root", "work", "Users", "opt", "mnt", "scratch"])
MACHINE_PATH = re.compile(rf"(?<![\w.}}>~*-])/(?:{FOLDERS})/[\w.-]|\b[A-Z]:\\\\?Users\b")
INDEX = re.compile(
    "|".join(["pypi" + r"\.org", "files" + r"\.pythonhosted", "conda" + r"\.anaconda"])
)

LIMITS = {  # lines, by glob
    "Snakefile": 80,
    "workflow/**/*.smk": 150,
    "scripts/*.py": 40,
    "scripts/liquidbiopsy/**/*.py": 300,
}


def tracked() -> list[Path]:
    """Return the files under version control; skip where this is not a checkout."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


def offences(text: str) -> list[str]:
    """Return the lines that hold a path of a machine or the address of a package index."""
    return [line for line in text.splitlines() if MACHINE_PATH.search(line) or INDEX.search(line)]


def test_no_file_names_a_machine_or_an_index() -> None:
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content[:8192]:
            continue
        text = content.decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {line.strip()[:120]}" for line in offences(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("folder", FOLDERS.split("|"))
def test_machine_paths_are_recognised(folder: str) -> None:
    for line in (f"x = '/{folder}/me/slide.tif'", f"/{folder}/me", f"see (/{folder}/a)"):
        assert offences(line) == [line]
    for line in (f"results/{folder}/a", f"https://example.org/{folder}/a", f"{{dir}}/{folder}/a"):
        assert offences(line) == []


@pytest.mark.parametrize("pattern", LIMITS)
def test_files_are_short(pattern: str) -> None:
    files = list(ROOT.glob(pattern))
    assert files, f"nothing matches {pattern}"
    lengths = {str(f.relative_to(ROOT)): len(f.read_text("utf-8").splitlines()) for f in files}
    long = {name: lines for name, lines in lengths.items() if lines > LIMITS[pattern]}
    assert not long, f"over {LIMITS[pattern]} lines"
