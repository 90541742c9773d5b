"""Where numba keeps compiled code: a folder for each state of the code.

Numba compiles a function anew where its own file has changed, and not where a function that it
calls, in another file, has: after an update it would run the old one, or crash.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
FOLDER, OURS = "NUMBA_CACHE_DIR", "numba-"


def keep_apart(package: Path = PACKAGE) -> str:
    """Name the folder for the code as it is, for numba to find; one that a user named stays.

    It has to be called before numba is imported.
    """
    named = os.environ.get(FOLDER, "")
    if not named or Path(named).name.startswith(OURS):  # of another state, from a parent process
        name = f"{OURS}{digest_of_compiled(package)}"
        own = package / "__pycache__"
        if not os.access(package, os.W_OK):
            own = Path(tempfile.gettempdir()) / f"liquidbiopsy-{os.getuid()}"
        os.environ[FOLDER] = str(own / name)
    return os.environ[FOLDER]


def digest_of_compiled(package: Path) -> str:
    """Digest of all files of a package in which functions are compiled."""
    found = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        if b"numba" in content:
            found.update(content)
    return found.hexdigest()[:16]
