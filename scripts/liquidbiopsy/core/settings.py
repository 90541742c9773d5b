"""Settings: filled with the defaults of their schema and checked, all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from liquidbiopsy.core.errors import Problem, UserError, did_you_mean

if TYPE_CHECKING:
    from jsonschema import ValidationError

# Where PyYAML has its C part it is ten times as fast, and every job of a cluster reads all schemas.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: str | Path) -> Any:
    """A YAML file as plain values.

    Raises
    ------
    UserError
        The file is not there or is not YAML; the message names the line.
    """
    try:
        with open(path, encoding="utf-8") as handle:
            return yaml.load(handle, Loader=LOADER)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error


def keys_twice(content: str | bytes) -> list[tuple[int, str]]:
    """Line and name of each key of a YAML text that stands once more in its place.

    YAML's readers take the last of them, and what the first said is lost in silence.
    """
    found: set[tuple[int, str]] = set()
    seen: set[int] = set()  # what an anchor shares is looked at once
    waiting = [yaml.compose(content, Loader=LOADER)]
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
            continue
        names: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in names:
                    found.add((key.start_mark.line + 1, key.value))
                names.add(key.value)
            waiting.append(value)
    return sorted(found)


def check_files(files: Iterable[str | Path]) -> list[Problem]:
    """Keys that stand twice in the files of the settings."""
    problems = []
    for file in files:
        content = Path(file).read_bytes()
        for line, key in keys_twice(content):
            words = f"'{key}' stands twice in one place, again in line {line}; leave one"
            problems.append(Problem(shown_file(file), 0, "", words))
    return problems


def shown_file(file: str | Path) -> str:
    """A file as messages name it: from the working directory, where it lies in it."""
    path, here = Path(file).absolute(), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def with_defaults(value: Any, schema: Mapping[str, Any]) -> Any:
    """A copy of `value` in which every absent setting that has a default has it.

    Defaults inside nested objects are filled too, also where the object itself is absent.
    """
    if isinstance(value, Mapping):
        filled = dict(value)
        properties = schema.get("properties", {})
        for name, sub in properties.items():
            if name not in filled and "default" in sub:
                filled[name] = sub["default"]
        others = schema.get("additionalProperties")
        for name in filled:
            sub = properties.get(name, others)
            if isinstance(sub, Mapping):
                filled[name] = with_defaults(filled[name], sub)
        return filled
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        return [with_defaults(item, schema["items"]) for item in value]
    return value


def check_settings(
    value: Any, schema: Mapping[str, Any], file: str, prefix: str = ""
) -> list[Problem]:
    """All problems of settings against their JSON schema; `prefix` stands before each key."""
    problems = [Problem(file, 0, "", words) for words in _not_plain(value, prefix)]
    if problems:
        return problems
    from jsonschema import Draft202012Validator  # most steps read YAML and check no settings

    for error in Draft202012Validator(schema).iter_errors(value):
        problems += _explain(error, file, prefix)
    return problems


def _not_plain(value: Any, where: str) -> Iterable[str]:
    """What YAML reads as it should not be: keys that are numbers, numbers that are none."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            path = f"{where}.{key}" if where else str(key)
            if not isinstance(key, str):
                yield f"{path}: a name must be text; write it in quotes"
            yield from _not_plain(inner, path)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _not_plain(inner, f"{where}.{place}")
    elif isinstance(value, float) and not abs(value) < float("inf"):
        yield f"{where}: {value} is not a number that can be used"


def _explain(error: ValidationError, file: str, prefix: str) -> Iterable[Problem]:
    """A schema error in the words of the person who wrote the settings."""
    where = ".".join([*filter(None, [prefix]), *(str(p) for p in error.absolute_path)])
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = error.schema.get("properties", {})
        for key in sorted(set(map(str, error.instance)) - set(known)):
            key_path = f"{where}.{key}" if where else key
            yield Problem(file, 0, "", f"unknown setting '{key_path}'{did_you_mean(key, known)}")
    elif error.validator == "required":
        absent = [k for k in error.validator_value if k not in error.instance]
        yield Problem(file, 0, "", f"{where or 'the settings'}: {', '.join(absent)} is missing")
    elif error.instance is None and where:
        yield Problem(file, 0, "", f"{where}: is blank; give a value, or leave its line out")
    elif error.validator == "enum":
        hint = did_you_mean(str(error.instance), map(str, error.validator_value))
        yield Problem(file, 0, "", f"{where}: '{error.instance}' is not a choice{hint}")
    elif error.validator == "contains" and "const" in error.validator_value:
        wanted = error.validator_value["const"]
        yield Problem(file, 0, "", f"{where}: '{wanted}' is not among them")
    elif error.validator == "oneOf":
        branches: dict[Any, list[ValidationError]] = {}
        for inner in error.context:
            branches.setdefault(inner.schema_path[0], []).append(inner)
        meant = [b for b in branches.values() if not _of_another_type(b)]
        if meant:
            for inner in meant[0]:
                yield from _explain(inner, file, prefix)
        else:
            kinds = " or ".join(str(b["type"]) for b in error.validator_value)
            yield Problem(file, 0, "", f"{where}: '{error.instance}' is not of type {kinds}")
    else:
        yield Problem(file, 0, "", f"{where or 'the settings'}: {error.message}")


def _of_another_type(errors: Iterable[ValidationError]) -> bool:
    """Whether a branch of `oneOf` fails because the value as a whole is of another type."""
    return any(e.validator == "type" and not e.relative_path for e in errors)
