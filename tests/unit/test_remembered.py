"""Checksums of large files are computed once, and never told of a file that has changed."""

import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from repository import ROOT

from liquidbiopsy.core import remembered
from liquidbiopsy.core.digest import sha256_of_path
from liquidbiopsy.core.logs import CHECKSUMS, log_to
from liquidbiopsy.core.remembered import LARGE, remembering


class Counter:
    """How often a file is read whole."""

    def __init__(self) -> None:
        self.reads, self.digest = 0, hashlib.file_digest

    def __call__(self, *arguments: Any) -> Any:
        self.reads += 1
        return self.digest(*arguments)


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    made = Counter()
    monkeypatch.setattr(remembered.hashlib, "file_digest", made)
    return made


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take files of this moment as ones that have lain still."""
    monkeypatch.setattr(remembered, "STILL_S", -60.0)


def content(first: bytes = b"a", size: int = LARGE) -> bytes:
    return first + bytes(size - 1)


def truth(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def notes(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


def test_a_large_file_is_read_once(tmp_path: Path, counter: Counter, still: None) -> None:
    slide = tmp_path / "slide.svs"
    slide.write_bytes(content())
    with remembering(tmp_path / "notes"):
        found = {sha256_of_path(slide) for _ in range(3)}
    with remembering(tmp_path / "notes"):
        found.add(sha256_of_path(str(slide)))
    assert found == {truth(slide)} and counter.reads == 1
    assert len(notes(tmp_path / "notes")) == 1


def test_it_is_read_each_time_without_a_memory(tmp_path: Path, counter: Counter) -> None:
    (tmp_path / "slide.svs").write_bytes(content())
    found = {sha256_of_path(tmp_path / "slide.svs") for _ in range(2)}
    assert found == {truth(tmp_path / "slide.svs")} and counter.reads == 2


def test_a_small_file_is_not_remembered(tmp_path: Path, still: None) -> None:
    (tmp_path / "gates.yaml").write_bytes(content(size=LARGE - 1))
    with remembering(tmp_path / "notes"):
        assert sha256_of_path(tmp_path / "gates.yaml") == truth(tmp_path / "gates.yaml")
    assert not notes(tmp_path / "notes")


def test_a_fresh_file_is_not_remembered(tmp_path: Path) -> None:
    slide = tmp_path / "slide.svs"
    slide.write_bytes(content())
    os.utime(slide, (1e9, 1e9))  # a copy that keeps times is as fresh: its change time tells
    with remembering(tmp_path / "notes"):
        sha256_of_path(slide)
    assert not notes(tmp_path / "notes")


def test_a_change_of_the_same_size_and_time_is_seen(tmp_path: Path, still: None) -> None:
    slide = tmp_path / "slide.svs"
    slide.write_bytes(content())
    state = slide.stat()
    with remembering(tmp_path / "notes"):
        before = sha256_of_path(slide)
        slide.write_bytes(content(b"b"))
        os.utime(slide, ns=(state.st_atime_ns, state.st_mtime_ns))
        assert slide.stat().st_mtime_ns == state.st_mtime_ns
        assert sha256_of_path(slide) == truth(slide) != before
        other = tmp_path / "other.svs"
        other.write_bytes(content(b"c"))
        os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
        other.replace(slide)
        assert sha256_of_path(slide) == truth(slide)


def test_a_file_that_grows_while_it_is_read(tmp_path: Path, still: None, monkeypatch: Any) -> None:
    slide = tmp_path / "slide.svs"
    slide.write_bytes(content())
    digest = hashlib.file_digest

    def and_then_it_grows(handle: Any, name: str) -> Any:
        found = digest(handle, name)
        with open(slide, "ab") as file:
            file.write(b"more")
        return found

    monkeypatch.setattr(remembered.hashlib, "file_digest", and_then_it_grows)
    with remembering(tmp_path / "notes"):
        sha256_of_path(slide)
    assert not notes(tmp_path / "notes")


@pytest.mark.parametrize("said", [b"", b"[]", b'{"sha256": 5}', b'{"sha256": "xyz"}', b"\xff"])
def test_a_spoilt_note_is_written_anew(tmp_path: Path, still: None, said: bytes) -> None:
    slide = tmp_path / "slide.svs"
    slide.write_bytes(content())
    with remembering(tmp_path / "notes"):
        sha256_of_path(slide)
        (note,) = notes(tmp_path / "notes")
        good = json.loads(note.read_text())
        note.write_bytes(said)
        assert sha256_of_path(slide) == truth(slide)
        note.write_text(json.dumps({**good, "sha256": "xyz"}))
        assert sha256_of_path(slide) == truth(slide)
        assert json.loads(note.read_text()) == good


def test_a_memory_that_cannot_be_written(tmp_path: Path, still: None) -> None:
    slide = tmp_path / "slide.svs"
    slide.write_bytes(content())
    (tmp_path / "notes").write_text("a file, where the folder would be")
    with remembering(tmp_path / "notes"):
        assert sha256_of_path(slide) == truth(slide)


def test_an_unreadable_file_is_not_recalled(tmp_path: Path, still: None) -> None:
    slide = tmp_path / "slide.svs"
    slide.write_bytes(content())
    with remembering(tmp_path / "notes"):
        sha256_of_path(slide)
        slide.unlink()
        with pytest.raises(FileNotFoundError):
            sha256_of_path(slide)


JOB = """
import sys
from liquidbiopsy.core import remembered
remembered.STILL_S = -60.0
with remembered.remembering(sys.argv[1]):
    for _ in range(20):
        for path in sys.argv[2:]:
            print(remembered.sha256_of_file(path))
"""


def test_jobs_at_the_same_time(tmp_path: Path) -> None:
    files = [tmp_path / "a.svs", tmp_path / "b.svs"]
    for name, file in zip((b"a", b"b"), files, strict=True):
        file.write_bytes(content(name))
    command = [sys.executable, "-c", JOB, str(tmp_path / "notes"), *map(str, files)]
    jobs = [
        subprocess.Popen(command, cwd=ROOT / "scripts", stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [job.communicate(timeout=60)[0].split() for job in jobs]
    assert all(lines == [truth(f) for f in files] * 20 for lines in said)
    assert sorted(p.suffix for p in notes(tmp_path / "notes")) == [".json"] * 2


def test_every_script_remembers_beside_snakemakes_notes(
    tmp_path: Path, still: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("slide.svs").write_bytes(content())
    with log_to("step.log"):
        sha256_of_path("slide.svs")
    (note,) = notes(CHECKSUMS)
    assert json.loads(note.read_text())["sha256"] == truth(Path("slide.svs"))
    assert not note.stat().st_mode & stat.S_IXUSR
    sha256_of_path("slide.svs")
    assert remembered._folders == []
