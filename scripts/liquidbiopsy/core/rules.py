"""Decision rules: their files chosen, read and checked; what is wrong names the file and the key.

A rule is data: conditions compare named facts with values, and nothing in a file is evaluated as
code. `liquidbiopsy.report.decisions` applies rules to patients.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from liquidbiopsy.core.errors import CheckError, Problem, did_you_mean
from liquidbiopsy.core.settings import LOADER, check_settings, keys_twice, read_yaml, with_defaults

ROOT = Path(__file__).resolve().parents[3]
RULES, SCHEMA = ROOT / "resources" / "rules", ROOT / "workflow" / "schemas" / "rule.schema.yaml"
SHIPPED = "shipped"
"""In the settings' list, all rules of resources/rules."""

PATIENT: dict[str, tuple[Any, ...]] = {
    "setting": ("dcis", "early", "metastatic"),
    "er": ("positive", "negative"),
    "pr": ("positive", "negative"),
    "her2": ("positive", "negative"),
    "hormone_receptor": ("positive", "negative"),
    "grade": (1, 2, 3),
    "clinical_risk": ("low", "high"),
}
"""Facts of the patient, and the values that each can have where it is known."""
STATES = ("measured", "not_detected", "inadequate", "failed", "missing", "contradictory")
EVENT_STATES = ("recorded", "missing")
OF_INPUT = ("value", "count", "denominator", "volume_ml", "lod", "day", "state", "reason")
OF_EVENT = ("day", "state")
TEXTS = ("state", "reason")
COMPARISONS = ("at_least", "at_most", "above", "below")
ANY_OF, LEAD_TIME = "any_of", "lead_time"


@dataclass(frozen=True)
class Rule:
    """One rule file that is sound."""

    file: str
    sha256: str
    body: Mapping[str, Any]
    """The file's content, with the defaults of the schema."""


def rule_paths(listed: Sequence[str], folder: Path = RULES) -> list[Path]:
    """Files of the rules that the settings list.

    Parameters
    ----------
    listed : sequence of str
        `shipped` for all of `folder`, the name of one of them, or a path, which has a `/` or ends
        with `.yaml`.
    folder : Path
        Rules that come with the workflow.

    Raises
    ------
    CheckError
        There is no rule of a name.
    """
    known = {p.stem: p for p in sorted(folder.glob("*.yaml"))}
    paths: list[Path] = []
    problems = []
    for place, entry in enumerate(listed):
        if entry == SHIPPED:
            paths += known.values()
        elif "/" in entry or entry.endswith(".yaml"):
            paths.append(Path(entry))
        elif entry in known:
            paths.append(known[entry])
        else:
            words = f"rules.{place}: there is no rule '{entry}'{did_you_mean(entry, known)}"
            problems.append(Problem("config.yaml", 0, "", words))
    if problems:
        raise CheckError(problems)
    return list(dict.fromkeys(paths))


def read_rules(listed: Sequence[str], folder: Path = RULES) -> list[Rule]:
    """The rules that the settings list, by ID.

    Raises
    ------
    CheckError
        Files cannot be read or are not sound, or two rules share an ID; all in one listing.
    """
    rules: dict[str, Rule] = {}
    problems: list[Problem] = []
    schema = read_yaml(SCHEMA)
    for path in rule_paths(listed, folder):
        try:
            rule = read_rule(path, schema)
        except CheckError as error:
            problems += error.problems
            continue
        other = rules.setdefault(rule.body["id"], rule)
        if other is not rule:
            words = f"id: '{rule.body['id']}' is the id of {other.file} too"
            problems.append(Problem(rule.file, 0, "", words))
    if problems:
        raise CheckError(problems)
    return [rules[name] for name in sorted(rules)]


def read_rule(path: Path, schema: Mapping[str, Any]) -> Rule:
    """Read and check one rule file; see `read_rules`."""
    file = path.name if path.parent == RULES else str(path)
    try:
        content = path.read_bytes()
        body = yaml.load(content, Loader=LOADER)  # noqa: S506 (a SafeLoader)
        twice = keys_twice(content)
    except OSError as error:
        raise CheckError([Problem(file, 0, "", f"cannot be read ({error.strerror})")]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        words = f"not valid YAML: {' '.join(str(error).split())}"
        raise CheckError([Problem(file, 0, "", words)]) from error
    filled = with_defaults(body, schema)
    problems = [Problem(file, 0, "", f"'{key}' stands twice, line {line}") for line, key in twice]
    problems += check_settings(filled, schema, file)
    if not problems:
        problems = [Problem(file, 0, "", words) for words in _wrong(filled)]
    if problems:
        raise CheckError(problems)
    return Rule(file, hashlib.sha256(content).hexdigest(), filled)


def facts_of(body: Mapping[str, Any]) -> dict[str, tuple[Any, ...] | None]:
    """Facts that a rule's conditions may name -> the words each can be; None for a number."""
    known: dict[str, tuple[Any, ...] | None] = dict(PATIENT)
    for name, spec in body["inputs"].items():
        known[name] = None
        for part in OF_EVENT if "event" in spec else OF_INPUT:
            states = EVENT_STATES if "event" in spec else STATES
            words: tuple[Any, ...] = states if part == "state" else ()
            known[f"{name}.{part}"] = words if part in TEXTS else None
    if LEAD_TIME in body:
        known[LEAD_TIME] = None
    return known


def _wrong(body: Mapping[str, Any]) -> Iterator[str]:
    """What the schema cannot see."""
    for name, spec in body["inputs"].items():
        if name in (*PATIENT, ANY_OF, LEAD_TIME):
            yield f"inputs.{name}: that name has a meaning of its own"
        if ("analyte" in spec) == ("event" in spec):
            yield f"inputs.{name}: needs either an analyte or an event"
        if "event" in spec and spec["take"] not in ("first", "latest"):
            yield f"inputs.{name}.take: of events, first or latest"
        if "days_after_baseline" in spec and spec["take"] != "first_follow_up":
            yield f"inputs.{name}.days_after_baseline: goes with take: first_follow_up"
    for end, name in body.get(LEAD_TIME, {}).items():
        if name not in body["inputs"]:
            yield f"{LEAD_TIME}.{end}: no input '{name}'{did_you_mean(name, body['inputs'])}"
    outcomes = [row["outcome"] for row in body["table"]]
    for name in body.get("beyond", ()):
        if name not in outcomes:
            yield f"beyond: no outcome '{name}'{did_you_mean(name, outcomes)}"
    known = facts_of(body)
    of_patient = {n: known[n] for n in PATIENT}
    yield from _wrong_conditions(body["applies_to"], of_patient, "applies_to")
    for place, row in enumerate(body["table"]):
        yield from _wrong_conditions(row["when"], known, f"table.{place}.when")


def _wrong_conditions(
    when: Any, known: Mapping[str, tuple[Any, ...] | None], where: str
) -> Iterator[str]:
    if not isinstance(when, Mapping):
        yield f"{where}: conditions are names with values"
        return
    for name, wanted in when.items():
        at = f"{where}.{name}"
        if name == ANY_OF:
            if not isinstance(wanted, list) or not wanted:
                yield f"{at}: needs a list of conditions"
                continue
            for place, inner in enumerate(wanted):
                yield from _wrong_conditions(inner, known, f"{at}.{place}")
        elif name not in known:
            yield f"{at}: there is no such fact{did_you_mean(name, [*known, ANY_OF])}"
        else:
            yield from _wrong_value(wanted, known[name], at)


def _wrong_value(wanted: Any, words: tuple[Any, ...] | None, at: str) -> Iterator[str]:
    """What is wrong with the value, the list of values, or the bounds that a fact must have."""
    if isinstance(wanted, Mapping):
        if words is not None and not all(isinstance(w, int) for w in words or ("",)):
            yield f"{at}: is no number that bounds could be held against"
        if not wanted:
            yield f"{at}: needs a bound: {', '.join(COMPARISONS)}"
        for key, bound in wanted.items():
            if key not in COMPARISONS:
                yield f"{at}.{key}: is not a comparison{did_you_mean(key, COMPARISONS)}"
            elif not _is_number(bound):
                yield f"{at}.{key}: '{bound}' is not a number"
        return
    listed = wanted if isinstance(wanted, list) else [wanted]
    if not listed:
        yield f"{at}: an empty list holds for nothing"
    for value in listed:
        if words is None and not _is_number(value):
            yield f"{at}: '{value}' is not a number"
        elif words and (value not in words or isinstance(value, bool)):
            yield f"{at}: '{value}' is not one of its values{did_you_mean(str(value), words)}"
        elif words == () and not isinstance(value, str):
            yield f"{at}: '{value}' is not text"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
