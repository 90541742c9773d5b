"""The pages that are made from schemas: `python -m liquidbiopsy.core.tables_doc`.

docs/tables.md from the Arrow schemas; docs/settings.md and the sheets' columns in config/README.md
from the YAML ones.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pyarrow as pa

import liquidbiopsy
from liquidbiopsy.core import settings_doc
from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.markdown import safe, table, tidy
from liquidbiopsy.core.tables import SHARED_TABLES, Table

ROOT = Path(__file__).resolve().parents[3]

INTRODUCTION = """\
# Tables

*Made by `make docs` from the schemas in `scripts/liquidbiopsy/*/tables.py` and `cohort/kinds.py`;
edit those.*

Every result is a Parquet file. An assay writes a folder for each specimen,
`results/<assay>/<specimen>/`, with its `observations`, its `quality` and detail tables of its own.
A patient's report, `results/reports/<patient>/`, has all observations of the patient in
`report.parquet`, and the detail tables of all its specimens; `results/cohort/` has the same over
all patients. Where assays have a table of the same name, their columns are put together and a
column `assay` says whose row it is. What is of the cohort alone stands
[at the end](#tables-of-the-cohort).

Units are UCUM: `1` for what has none, `um` for micrometres, `{cells}` for a count of cells. Each
column of a file carries its description and its unit, and each file these keys:
"""

METADATA = {
    "schema_version": "Version of these columns",
    "workflow_version": "Version of the workflow",
    "notice": "`research use only`",
    "code_sha256": "Checksum of the modules that made the file",
    "settings_sha256": "Checksum of the settings that were read",
    "inputs_sha256": "Name and checksum of each input, as JSON",
    "packages": "Versions of the packages that shape the numbers, as JSON",
}
"""Key of a Parquet file's metadata -> what it is."""


def tables_page() -> str:
    """The page docs/tables.md as text."""
    parts = [
        INTRODUCTION,
        table(("key", "what it is"), [(f"`{k}`", v) for k, v in METADATA.items()]),
    ]
    parts += ["\n## Tables that all assays share\n", *map(section, SHARED_TABLES)]
    for assay, module in assay_tables():
        parts.append(f"\n## Tables of the assay `{assay}`\n")
        if any("<" in field.name for shown in module.TABLES for field in shown.columns):
            told = "In names, `<channel>` stands for each channel and `<marker>` for each marker."
            parts.append(told + "\n")
        parts += map(section, module.TABLES)
        parts.append(f"\n### What `{assay}` observes\n")
        analytes = [(f"`{n}`", f"`{u}`", safe(words)) for n, (u, words) in module.ANALYTES.items()]
        parts.append(table(("analyte", "unit", "what it is"), analytes))
        parts.append(f"\n### What `{assay}` notes in `quality`\n")
        item = "its number from 0, after `<image>:` where a specimen has several images"
        parts.append(f"The item of a frame is {item}.\n")
        metrics = [
            (f"`{n}`", item, f"`{u}`", safe(words))
            for n, (item, u, words) in module.METRICS.items()
        ]
        parts.append(table(("metric", "item", "unit", "what it is"), metrics))
    kinds = import_module(f"{liquidbiopsy.__name__}.cohort.kinds")
    parts += ["\n## Tables of the cohort\n", *map(section, kinds.TABLES)]
    return tidy(parts)


def assay_tables() -> list[tuple[str, ModuleType]]:
    """The name and the module `tables` of every part of the package beside `core` that has one."""
    parts = sorted(m.name for m in pkgutil.iter_modules(liquidbiopsy.__path__) if m.ispkg)
    names = [(p, f"{liquidbiopsy.__name__}.{p}.tables") for p in parts if p != "core"]
    return [(part, import_module(name)) for part, name in names if find_spec(name)]


def section(kind: Table) -> str:
    """What one table holds: its rows, their order, its columns."""
    rows = []
    for field in kind.columns:
        about = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
        rows.append(
            (
                f"`{field.name}`",
                kind_of(field.type),
                f"`{about['unit']}`",
                "yes" if field.nullable else "no",
                safe(about["description"]),
            )
        )
    order = ", ".join(f"`{name}`" for name in kind.order)
    lines = [f"\n### `{kind.name}`\n", f"A row is {kind.row}. Sorted by {order or 'nothing'}.\n"]
    return "\n".join([*lines, table(("column", "type", "unit", "null", "what it is"), rows)])


def kind_of(kind: pa.DataType) -> str:
    """An Arrow type in a few words."""
    if pa.types.is_list(kind):
        return f"list of {kind_of(kind.value_type)}"
    if pa.types.is_struct(kind):
        return f"struct ({', '.join(kind.field(i).name for i in range(kind.num_fields))})"
    return {"bool": "boolean", "double": "float64"}.get(str(kind), str(kind))


def pages(root: Path = ROOT) -> Mapping[Path, str]:
    """Every page that is made here, by its path."""
    guide = root / "config" / "README.md"
    return {
        root / "docs" / "tables.md": tables_page(),
        root / "docs" / "settings.md": settings_doc.settings_page(root / "workflow"),
        guide: settings_doc.with_sheets(guide.read_text(encoding="utf-8"), root / "workflow"),
    }


def main() -> None:
    """Write the pages, telling which."""
    for path, words in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, words)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
