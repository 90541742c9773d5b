"""Pages that people look at: one HTML file each, without scripts and without outside links.

The frame of every page, its style and its content-security policy are in `core/templates`; a
module that makes a page has its own templates beside it.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liquidbiopsy.core.digest import (
    JOINT,
    PACKAGE,
    code_digest,
    imported_modules,
    sha256_of_path,
)
from liquidbiopsy.core.pictured import BAR_UM
from liquidbiopsy.core.words import number, plain, signed_day

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = "templates"
SHARED = Path(__file__).with_name(TEMPLATES)


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
    # The rules ask for `page_digest` before each job, and render nothing.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

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


@cache
def page_digest(*modules: str) -> str:
    """Checksum of the code that `modules` import and of the templates beside it.

    A rule that makes a page takes it as its parameter `code`, as others take `code_digest`.
    """
    code, joint, packages = code_digest(*modules).partition(JOINT)
    digest = hashlib.sha256(code.encode())
    for name in sorted(imported_modules(*modules)):
        folder = PACKAGE.parent.joinpath(*name.split("."), TEMPLATES)
        if folder.is_dir():
            digest.update(name.encode() + sha256_of_path(folder).encode())
    return digest.hexdigest() + joint + packages
