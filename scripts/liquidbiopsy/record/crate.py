"""A run as a Workflow Run RO-Crate: https://w3id.org/ro/wfrun/workflow/0.5, by the package rocrate.

An input is named by its checksum, as a URI of RFC 6920, and not by its place: the crate then says
the same of a file wherever it is, and names no folder of a machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import platform
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from liquidbiopsy import __version__
from liquidbiopsy.core.atomic import atomic_path, write_text
from liquidbiopsy.core.digest import PACKAGE, sha256_of_path
from liquidbiopsy.record.collect import File, Left, collect

REPOSITORY = PACKAGE.parent.parent
WORKFLOW = "Snakefile"
CODE = ("envs", "resources", "scripts", "workflow")
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
LICENSE = "https://spdx.org/licenses/MIT"
FORMATS = {
    ".bam": "application/octet-stream",
    ".geojson": "application/geo+json",
    ".html": "text/html",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".tsv": "text/tab-separated-values",
}


def write_record(path: Path, settings: Mapping[str, Any], snakemake: str) -> None:
    """Write the crate, and beside it the workflow's Snakefile, which it describes.

    Parameters
    ----------
    path : Path
        `<results>/run/ro-crate-metadata.json`.
    settings : mapping
        The run's settings, defaults filled in.
    snakemake : str
        Version of the Snakemake that runs the workflow.
    """
    results, snakefile = path.parent.parent, path.with_name(WORKFLOW)
    with atomic_path(snakefile) as partial:
        shutil.copyfile(REPOSITORY / WORKFLOW, partial)
    left = collect(results, besides=(path, snakefile))
    environments = [
        File(f"envs/{p.name}", sha256_of_path(p)) for p in sorted(REPOSITORY.glob("envs/*.yaml"))
    ]
    crate = crate_of(left, settings, code_version(), snakefile, environments, snakemake)
    text = json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False, sort_keys=True)
    write_text(path, text + "\n")


def code_version() -> str:
    """Checksum of all that the workflow is: its rules, scripts, package and decision rules."""
    files = [REPOSITORY / WORKFLOW]
    for folder in CODE:
        files += [p for p in sorted((REPOSITORY / folder).rglob("*")) if p.is_file()]
    listing = [
        f"{sha256_of_path(p)}  {p.relative_to(REPOSITORY).as_posix()}"
        for p in files
        if "__pycache__" not in p.parts
    ]
    return hashlib.sha256("\n".join(listing).encode()).hexdigest()


def crate_of(
    left: Left,
    settings: Mapping[str, Any],
    code: str,
    snakefile: Path,
    environments: list[File],
    snakemake: str,
) -> ROCrate:
    """The crate of a run, see `write_record`."""
    crate = ROCrate(version="1.1")
    crate.name = "Results of the workflow liquidbiopsy"
    crate.description = (
        "Results of one run of the workflow liquidbiopsy, with its inputs and settings. "
        "Research use only."
    )
    crate.license = _entity(crate, LICENSE, "CreativeWork", name="MIT License (of the workflow)")
    crate.datePublished = left.ended
    crate.root_dataset["conformsTo"] = [
        _entity(crate, uri, "CreativeWork", name=name, version=uri.rpartition("/")[2])
        for uri, name in PROFILES.items()
    ]
    crate.metadata.extra_contexts.append(TERMS)
    workflow = crate.add_workflow(
        str(snakefile), WORKFLOW, main=True, lang="snakemake", lang_version=snakemake
    )
    workflow["name"], workflow["version"] = "liquidbiopsy", __version__
    workflow["sha256"] = sha256_of_path(snakefile)
    needed = [_file(crate, file, _uri(file)) for file in environments]
    packages = [_software(crate, *named) for named in _versions(left)]
    workflow["softwareRequirements"] = [*packages, *needed]
    given = [_file(crate, file, _uri(file)) for file in left.inputs]
    asked = list(_settings(crate, settings))
    results = [_file(crate, file, f"../{file.name}") for file in left.outputs]
    for file in (*needed, *given, *results):
        crate.root_dataset.append_to("hasPart", file)
    action = _entity(crate, "#run", "CreateAction", name="The run that made these results")
    action["instrument"], action["object"], action["result"] = workflow, [*given, *asked], results
    action["startTime"], action["endTime"] = left.started.isoformat(), left.ended.isoformat()
    action["actionStatus"] = "http://schema.org/CompletedActionStatus"
    action["description"] = f"Checksum of the workflow's code: {code}"
    crate.root_dataset["mentions"] = [action]
    return crate


def _versions(left: Left) -> list[tuple[str, str]]:
    """Python, and the packages that the tables name."""
    return [("Python", platform.python_version()), *left.packages.items()]


def _settings(crate: ROCrate, settings: Mapping[str, Any]) -> Iterator[ContextEntity]:
    """Each setting as a value; a list or a table of them as its JSON."""
    for name, value in _leaves(settings):
        said = value if isinstance(value, (str, int, float)) else json.dumps(value)
        yield _entity(crate, f"#settings/{name}", "PropertyValue", name=name, value=said)


def _leaves(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        name = f"{above}.{key}" if above else str(key)
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, name)
        else:
            yield name, value


def _software(crate: ROCrate, name: str, number: str) -> ContextEntity:
    return _entity(crate, f"#software/{name}", "SoftwareApplication", name=name, version=number)


def _file(crate: ROCrate, file: File, uri: str) -> ContextEntity:
    """A file that stands elsewhere than in the crate's own folder."""
    more = {"contentSize": str(file.size)} if file.size is not None else {}
    kind = FORMATS.get(Path(file.name).suffix)
    more |= {"encodingFormat": kind} if kind else {}
    return _entity(crate, uri, "File", name=file.name, sha256=file.sha256, **more)


def _uri(file: File) -> str:
    """The name of a file by its bytes, as in RFC 6920."""
    code = base64.urlsafe_b64encode(bytes.fromhex(file.sha256)).decode().rstrip("=")
    return f"ni:///sha-256;{code}"


def _entity(crate: ROCrate, uri: str, kind: str, **properties: Any) -> ContextEntity:
    return crate.add(ContextEntity(crate, uri, properties={"@type": kind, **properties}))
