"""Regions of a build whose signal is an artefact: the ENCODE project's list, or a laboratory's."""

from __future__ import annotations

from liquidbiopsy.copynumber.regions import REGIONS, known_build
from liquidbiopsy.reads.panel import Region, read_panel


def excluded_regions(build: str | None, bed: str | None) -> list[Region]:
    """Regions whose fragments are in no window, with plain names or the file's own.

    Parameters
    ----------
    build : str or None
        As the settings name it; a list for GRCh37 comes with the workflow.
    bed : str or None
        A file that is taken instead.

    Raises
    ------
    InputError
        As `read_panel`.
    """
    if bed is not None:
        return read_panel(bed)
    shipped = REGIONS / f"excluded_{known_build(build)}.bed"
    return read_panel(str(shipped)) if shipped.is_file() else []
