"""Pages that people look at: one HTML file each, without scripts and without outside links.

The frame of every page, its style and its content-security policy are in `core/templates`; a
module that makes a page has its own templates beside it.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from liquidbiopsy.core.digest import PACKAGE, code_digest, imported_modules, sha256_of_path
from liquidbiopsy.core.words import number, plain, signed_day

TEMPLATES = "templates"
SHARED = Path(__file__).with_name(TEMPLATES)
BAR_UM = 10


def render(folder: str | Path, template: str, **values: Any) -> str:
    """A page from a template of `folder`; every value is escaped.

    Raises
    ------
    jinja2.UndefinedError
        The template uses a value that is not given.
    """
    page = _environment(Path(folder)).get_template(template).render(**values)
    return "\n".join(line.rstrip() for line in page.splitlines() if line.strip()) + "\n"


@cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([folder, SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, plain=plain, day=signed_day)
    environment.globals["style"] = (SHARED / "page.css").read_text(encoding="utf-8")
    environment.globals["bar_um"] = BAR_UM
    return environment


@dataclass(frozen=True)
class Picture:
    """A small picture as a page shows it."""

    name: str
    """What it shows."""
    src: str
    alt: str
    bar: float
    """Width of a scale bar of `BAR_UM`, in per cent of the picture; 0 where that is unknown."""


@dataclass(frozen=True)
class PicturedCell:
    """A cell with its pictures side by side and what is said of it."""

    cell_id: str
    call: str
    caption: str
    pictures: tuple[Picture, ...]


def picture(name: str, png: bytes, pixel_size_um: float | None, cell_id: str) -> Picture:
    """A PNG file as a page shows it, with a scale bar of `BAR_UM`."""
    width = int.from_bytes(png[16:20], "big")  # a PNG file says its width there
    bar = 100 * BAR_UM / (width * pixel_size_um) if pixel_size_um else 0.0
    src = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    return Picture(plain(name), src, f"Cell {cell_id}, {plain(name)}", round(bar, 1))


@cache
def page_digest(*modules: str) -> str:
    """Checksum of the code that `modules` import and of the templates beside it.

    A rule that makes a page takes it as its parameter `code`, as others take `code_digest`.
    """
    digest = hashlib.sha256(code_digest(*modules).encode())
    for name in sorted(imported_modules(*modules)):
        folder = PACKAGE.parent.joinpath(*name.split("."), TEMPLATES)
        if folder.is_dir():
            digest.update(name.encode() + sha256_of_path(folder).encode())
    return digest.hexdigest()
