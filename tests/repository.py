"""What the repository's own files say of rules, imports and versions: read as text, never run."""

import ast
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "liquidbiopsy"

# What conda-forge calls a package that has another name in requirements.lock.
CONDA_NAMES = {"opencv-python-headless": "py-opencv", "openslide-bin": "openslide"}

RULE = re.compile(r"^( *)(?:rule|checkpoint)\s*(\w*)\s*:\s*$")
DIRECTIVE = re.compile(r"^( *)(\w+):(.*)$")


@dataclass(frozen=True)
class Rule:
    """One rule as written: its file, its name and the text of each directive."""

    file: Path
    name: str
    directives: dict[str, str]

    def __str__(self) -> str:
        return f"{self.file.name}: {self.name}"

    @property
    def is_job(self) -> bool:
        """Whether it runs something, unlike a rule that only collects inputs."""
        return any(kind in self.directives for kind in ("script", "shell", "run", "notebook"))

    def path(self, directive: str) -> Path:
        """Return the file that a directive such as `script` or `conda` names."""
        found = re.search(r"[\"']([^\"']+)[\"']", self.directives[directive])
        assert found, f"{self}: {directive} names no file"
        return (self.file.parent / found[1]).resolve()


def rules_in(file: Path) -> list[Rule]:
    """Return the rules of a Snakemake file laid out by snakefmt."""
    rules: list[Rule] = []
    lines = file.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if opening := RULE.match(line):
            depth = len(opening[1])
            rules.append(Rule(file, opening[2], _directives(lines[number + 1 :], depth)))
    return rules


def _directives(lines: list[str], depth: int) -> dict[str, str]:
    """Collect `name: text` of the lines that are deeper than the rule's own."""
    found: dict[str, str] = {}
    inner, current = None, None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if not line.strip():
            continue
        if indent <= depth:
            break
        inner = indent if inner is None else inner
        if indent == inner and (match := DIRECTIVE.match(line)):
            current = match[2]
            found[current] = match[3].split("#")[0]
        elif current:
            found[current] += "\n" + line
    return found


def rule_files(root: Path = ROOT) -> list[Path]:
    """Return the root Snakefile and every rule file."""
    return [root / "Snakefile", *sorted((root / "workflow").rglob("*.smk"))]


def all_rules(root: Path = ROOT) -> list[Rule]:
    """Return every rule of the workflow."""
    return [rule for file in rule_files(root) if file.exists() for rule in rules_in(file)]


def module_files(name: str, scripts: Path) -> list[Path]:
    """Return the files that importing a module of the package runs: parents first."""
    parts = name.split(".")
    files = [scripts.joinpath(*parts[:n], "__init__.py") for n in range(1, len(parts) + 1)]
    files.append(scripts.joinpath(*parts).with_suffix(".py"))
    return [file for file in files if file.is_file()]


@cache
def imports_of(file: Path, scripts: Path) -> frozenset[str]:
    """Return the full names that a Python file imports, those inside functions included."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):  # what only a type checker sees is not imported
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                here = file.relative_to(scripts).parent.parts
                above = here[: len(here) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return frozenset(names)


@cache
def third_party(entry: Path, scripts: Path = ROOT / "scripts") -> frozenset[str]:
    """Return the top-level names from outside that a script and the package behind it import."""
    seen, waiting, outside = set(), [entry], set()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for name in imports_of(file, scripts):
            top = name.split(".")[0]
            if top == PACKAGE:
                waiting += module_files(name, scripts)
            elif top not in sys.stdlib_module_names and top != "snakemake":
                outside.add(top)  # Snakemake brings itself into the environment of a script
    return frozenset(outside)


def distribution(module: str) -> str:
    """Return the name a module is installed under: `opencv-python-headless` for `cv2`."""
    names = _installed().get(module)
    assert names, f"{module} is imported but not installed"
    return normalised(names[0])


@cache
def _installed() -> Mapping[str, list[str]]:
    """Top-level module -> the names of the distributions that have it."""
    return packages_distributions()


def normalised(name: str) -> str:
    """Return a distribution's name as the lock spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: Path = ROOT / "requirements.lock") -> dict[str, str]:
    """Return version by package, of every entry of the lock."""
    entries = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", lock.read_text(encoding="utf-8"), re.M)
    return {normalised(name): version for name, version in entries}


def environment(file: Path) -> dict[str, str]:
    """Return version by package, of one `envs/*.yaml`: conda's, and the wheels under `pip`."""
    listed = yaml.safe_load(file.read_text(encoding="utf-8"))["dependencies"]
    wheels = [wheel for entry in listed if isinstance(entry, dict) for wheel in entry["pip"]]
    packages = [entry for entry in listed if isinstance(entry, str) and entry != "pip"]
    parts = [re.fullmatch(r"([a-z0-9._-]+) ?=([^=\s]+)(?:=\S+)?", entry) for entry in packages]
    parts += [re.fullmatch(r"([a-z0-9._-]+)==(\S+)", entry) for entry in wheels]
    assert all(parts), f"{file.name}: write `name =version`, found {listed}"
    return {part[1]: part[2] for part in parts if part}


def other_version(folder: Path, package: str, version: str = "99.0") -> None:
    """Write what says, to a Python that has `folder` first on its path, that a package is newer."""
    said = folder / f"{package.replace('-', '_')}-{version}.dist-info"
    said.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    (said / "METADATA").write_text(text, encoding="utf-8")
