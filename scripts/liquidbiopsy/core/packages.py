"""The packages that shape the numbers, and which of them a module of this package imports."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version

MODULES = {
    **{n: n for n in ("dnaio", "numba", "numpy", "pyarrow", "pybwa", "pysam", "scipy", "tifffile")},
    "opencv-python-headless": "cv2",
}
"""Name of each package -> the module that is imported of it."""


@cache
def package_versions() -> dict[str, str]:
    """Versions of the packages that shape the numbers; those not installed are left out."""
    found = {}
    for name in sorted(MODULES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def packages_digest(modules: Iterable[str]) -> str:
    """Checksum of the versions of those packages whose module is one of `modules`."""
    wanted, versions = set(modules), package_versions()
    used = [f"{name} {versions.get(name)}" for name in sorted(MODULES) if MODULES[name] in wanted]
    return hashlib.sha256("\n".join(used).encode()).hexdigest()
