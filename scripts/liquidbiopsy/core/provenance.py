"""Where a table came from: checksums of settings, inputs and code, and package versions.

No clock and no path of a machine is in it, so that equal work gives equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from liquidbiopsy import __version__
from liquidbiopsy.core.digest import code_of, sha256_of_path, sha256_of_settings
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.packages import package_versions
from liquidbiopsy.core.tables import SCHEMA_VERSION

NOTICE = "research use only"


@dataclass(frozen=True)
class Provenance:
    """What one step worked from."""

    code: str
    """Digest of the step's code, as `code_digest` gives it."""
    settings: Any = None
    """The slice of settings that the step read."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Name of each input -> its sha256."""

    def metadata(self) -> dict[str, str]:
        """Key-value metadata as every Parquet file of the workflow carries it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "workflow_version": __version__,
            "notice": NOTICE,
            "code_sha256": code_of(self.code),
            "settings_sha256": sha256_of_settings(self.settings),
            "inputs_sha256": json.dumps(dict(sorted(self.inputs.items()))),
            "packages": json.dumps(package_versions()),
        }


def checksums(paths: Mapping[str, str | Path]) -> dict[str, str]:
    """Checksum of each named input; one that cannot be read says so in place of it."""
    found = {}
    for name, path in paths.items():
        try:
            found[name] = sha256_of_path(path)
        except (OSError, InputError):
            found[name] = "unreadable"
    return found
