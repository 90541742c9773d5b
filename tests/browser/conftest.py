"""A headless browser for tests of the pages: the fixture `browser`, skipped where there is none."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMEOUT_S = 60
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # a page that asks for anything outside gets nothing
)


@dataclass(frozen=True)
class Browser:
    """A Chromium that opens a local page once per call, with a profile of its own."""

    program: str
    folder: Path

    def dom(self, page: Path, width: int = 1200, wait_ms: int = 0) -> str:
        """Return the page's HTML as it stands after loading, scripts (if any) having run.

        With `wait_ms`, after what scripts do later, up to so much of the page's own time.
        """
        options = [f"--window-size={width},800"]
        options += [f"--virtual-time-budget={wait_ms}"] if wait_ms else []
        return self._run("--dump-dom", *options, page.resolve().as_uri())

    def messages(self, page: Path) -> str:
        """Return what the browser has to say of the page: blocked content, failed requests."""
        options = ("--dump-dom", "--enable-logging=stderr")
        return self._run(*options, page.resolve().as_uri(), errors=True)

    def screenshot(self, page: Path, width: int = 1200, height: int = 1600) -> Path:
        """Return a PNG of the page's top `width` x `height` CSS pixels."""
        image = self.folder / f"{page.stem}.png"
        size = f"--window-size={width},{height}"
        self._run(f"--screenshot={image}", size, page.resolve().as_uri())
        return image

    def pdf(self, page: Path) -> Path:
        """Return the page as it prints, on the paper size its own style sheet asks for."""
        paper = self.folder / f"{page.stem}.pdf"
        self._run(f"--print-to-pdf={paper}", "--no-pdf-header-footer", page.resolve().as_uri())
        return paper

    def _run(self, *arguments: str, errors: bool = False) -> str:
        profile = f"--user-data-dir={self.folder / 'profile'}"
        command = [self.program, *OPTIONS, profile, *arguments]
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command, stdout=pipe, stderr=pipe, encoding="utf-8", start_new_session=True
        )
        try:
            output, messages = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its helper processes too
            process.communicate()
            raise
        assert process.returncode == 0, messages
        return messages if errors else output


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """Give a headless browser, or skip the test with the reason."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(f"no browser on PATH (looked for {', '.join(PROGRAMS)})")
    folder = tmp_path / "browser"
    folder.mkdir()
    return Browser(program, folder)
